"""The kind of act by which objects are shared with one partner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict, all_of
from comity.engines.release.terms import Purpose
from comity.node.acts.kinds import Body, Draft, Item, Judgement, Kind, Verb
from comity.node.acts.models import Act
from comity.node.exchange import arriving, queries
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.handling import names_any, of_class
from comity.node.exchange.judging import SECOND_PERSON, SOURCE, judged_items, receipted
from comity.node.exchange.models import StixObject
from comity.node.exchange.sights import Asked, asked
from comity.node.exchange.tracing import recalled_in
from comity.node.instruments import queries as agreements
from comity.node.parties.models import Party
from comity.node.parties.roles import Role

NAME = "share"
MOST_SHARED = 5_000


def judge(draft: Draft, now: datetime) -> Judgement:
    """What of the selection leaves under the agreement that the draft names, object by object.

    Without one, TLP:CLEAR alone leaves.
    """
    if len(draft.recipients) != 1:
        return Judgement(_no("one-recipient", "A share goes to exactly one partner; make one for each."))
    wrong = arriving.ill_founded(draft.purpose, draft.basis)
    if wrong is not None:
        return Judgement(wrong)
    question = question_of(draft, draft.recipients[0], now)
    if draft.basis and not question.terms:
        return Judgement(
            _no("agreement", "There is no agreement with this reference between the two parties.")
        )
    items = judged_items(question, selected(draft.author, draft.selection))
    items = items if question.terms else tuple(map(_plainly_clear, items))
    parts = (_label_covers(draft, items), _words_name_nobody(draft.body, question), _whole(items))
    return Judgement(all_of(parts), items, draft.basis)


def question_of(share: Draft | Act, partner: Party, now: datetime) -> Asked:
    """What is asked of the release engine: this share, under its one agreement or under none."""
    question = asked(share.author, partner, purpose=Purpose(share.purpose), now=now)
    terms = [agreements.terms_named(ref, share.author, partner) for ref in share.basis]
    return replace(question, terms=tuple(each for each in terms if each))


def selected(holder: Party, refs: tuple[str, ...]) -> list[StixObject]:
    """The objects chosen, in their order; raises `NotFound` if the holder lacks one."""
    if len(refs) > MOST_SHARED:
        raise Malformed("selection", f"{len(refs):,} objects; one share carries at most {MOST_SHARED:,}.")
    rows = queries.held(holder, refs)
    missing = next((ref for ref in refs if ref not in rows), None)
    if missing:
        raise NotFound(f"object {missing}")
    return [rows[ref] for ref in dict.fromkeys(refs)]


def highest_label(rows: Iterable[StixObject]) -> Tlp:
    """The strictest label of these objects."""
    return max((Tlp(row.tlp) for row in rows if row.tlp), key=lambda label: label.rank, default=Tlp.CLEAR)


def second_person(_draft: Draft, judgement: Judgement) -> Ground | None:
    """The ground that asks for four eyes, if one of the leaving objects does."""
    grounds = (ground for item in judgement.items if item.leaving for ground in item.verdict.grounds)
    return next((ground for ground in grounds if ground.rule == SECOND_PERSON), None)


def still_allowed(act: Act, party: Party, now: datetime) -> Verdict:
    """The judgement of the classes again, at the time of sending: an agreement may have ended meanwhile."""
    judgement = act.judgement or {}
    leaving = {item["ref"]: item["sha256"] for item in judgement.get("items", ()) if item["leaves_as"]}
    question = question_of(act, party, now)
    rows = queries.held(act.author, leaving)
    gone = next((ref for ref in leaving if ref not in rows), None)
    if gone:
        return _no("gone", f"{gone} is no longer held here.")
    here = {item["leaves_as"]: item["ref"] for item in judgement.get("items", ()) if item["leaves_as"]}
    recalled = recalled_in(act, here)
    if recalled:
        return _no("recalled", f"{recalled} was recalled after the share was recorded.")
    held = receipted(question, rows)
    classes = {
        (row.handling_id, row.ref in held): row.handling
        for row in rows.values()
        if row.type not in DEFINITIONS
    }
    judged = {key: question.judge(of_class(row), held=key[1]) for key, row in classes.items()}
    if not judged:
        return _no("empty", "Nothing of it may leave.")
    reduced = {key[0] for key, release in judged.items() if release.removals}
    removed = _still_removed(
        question, rows, {r: leaving[r] for r in leaving if rows[r].handling_id in reduced}
    )
    return all_of((removed, *(release.verdict for release in judged.values())))


def _still_removed(question: Asked, rows: Mapping[str, StixObject], signed: Mapping[str, str]) -> Verdict:
    """Whether these objects were signed without all that has to be removed now: a victim may be new."""
    now = judged_items(question, list(rows.values())) if signed else ()
    leaving = {item.ref: item.leaving.sha256 for item in now if item.leaving}
    changed = next((ref for ref, digest in signed.items() if leaving.get(ref) != digest), None)
    if changed:
        text = f"What has to be removed from {changed} has changed since it was signed; compose it again."
        return _no("more-to-remove", text)
    return Verdict.yes(Ground("share.removed", SOURCE, "What has to be removed was removed before signing."))


def _label_covers(draft: Draft, items: tuple[Item, ...]) -> Verdict:
    """The act's own label is at least that of what it carries: its title and message speak of it."""
    leaving = [item.ref for item in items if item.leaving]
    rows = queries.held(draft.author, leaving).values()
    needed = highest_label(row for row in rows if row.type not in DEFINITIONS)
    if needed <= draft.tlp:
        return Verdict.yes(
            Ground("share.label", SOURCE, f"The act is {draft.tlp.label}, as its contents need.")
        )
    text = f"It carries {needed.label} objects and is marked {draft.tlp.label}; mark it {needed.label}."
    return _no("label", text)


def _words_name_nobody(body: Mapping[str, Any], question: Asked) -> Verdict:
    """What a person writes beside the objects is bound by the removal of victims as they are."""
    said = {"id": "", "description": f"{body['title']}\n{body.get('message', '')}"}
    removing = any(terms.remove_victims for terms in question.terms)
    if removing and names_any(said, queries.victims_of(question.holder)):
        return _no(
            "words", "The title or the message names a victim; the agreement lets nobody name victims."
        )
    return Verdict.yes(
        Ground("share.words", SOURCE, "Title and message name no victim that must stay unnamed.")
    )


def _whole(items: tuple[Item, ...]) -> Verdict:
    judged = [item for item in items if not item.ref.startswith(DEFINITIONS)]
    leaving = sum(item.leaving is not None for item in judged)
    if not judged:
        return _no("nothing-chosen", "Nothing was chosen; choose at least one object.")
    if leaving:
        text = f"{leaving} of {len(judged)} objects leave; {len(judged) - leaving} stay here."
        return Verdict.yes(Ground("share.some", SOURCE, text))
    first = dict.fromkeys(ground for item in judged for ground in item.verdict.grounds)
    return Verdict.no(Ground("share.none", SOURCE, "None of the objects may leave."), *list(first)[:5])


def _plainly_clear(item: Item) -> Item:
    """Without an agreement the receiver knows that something is TLP:CLEAR only by the marking it carries."""
    if item.leaving is None or item.ref.startswith(DEFINITIONS) or arriving.is_clear(item.leaving.wire):
        return item
    text = (
        "It carries no TLP label itself; without an agreement the receiver cannot know that it is TLP:CLEAR."
    )
    return Item(item.ref, item.title, _no("unmarked", text))


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"share.{rule}", SOURCE, text))


SHARE = Kind(
    name=NAME,
    verb=Verb.SHARE,
    title="Share threat information",
    body=Body,
    composers=frozenset({Role.ANALYST, Role.DUTY_OFFICER}),
    judge=judge,
    second_person=second_person,
    template="exchange/bodies/share.html",
    compose_view="exchange:share",
    still_allowed=still_allowed,
    admissible=arriving.admissible,
    on_arrived=arriving.take,
    by_node=True,  # newer versions to those who have an older one
)
