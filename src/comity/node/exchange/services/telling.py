"""Tell whoever gave us an object what we report of it: by a share, by hand or by a standing rule."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.lines import as_line
from comity.base.verdict import Verdict
from comity.engines.release.terms import Purpose
from comity.formats.entries import Event, LogEntry
from comity.node.accountability.services import record
from comity.node.acts.models import Act
from comity.node.acts.services import composing
from comity.node.exchange import queries, telling
from comity.node.exchange.models import Remark, StixObject, TellingRule
from comity.node.exchange.reaching import node_of
from comity.node.exchange.services.sharing import Wish, draft_of, share
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What became of telling one giver by its rule: the act, or why nothing went."""

    party: Party
    act: Act | None = None
    why: Verdict | None = None

    @property
    def reason(self) -> str | None:
        """Why nothing went, in a sentence."""
        return None if self.why is None else self.why.grounds[0].text


@transaction.atomic
def tell(*, actor: Actor, ref: str, now: datetime) -> Act:
    """Share what we report of an object with whoever gave it to us, as far as they do not have it."""
    actor.may(Power.READ_CONTENT).require()
    row = queries.object_for(actor, ref)
    giver = telling.giver_of(row)
    if giver is None:
        raise NotFound("giver of the object that is another party")
    refs = telling.untold(row)
    if not refs:
        raise Conflict(f"{giver.name} was told all that we report of it.")
    return share(actor=actor, wish=_wish(refs, [row], telling.purpose_of(row)), partners=[giver], now=now)[0]


def tell_by_rule(
    holder: Party, reports: Mapping[str, str], answerable: int | None, now: datetime
) -> list[Told]:
    """Share these reports, each by the ref of what it is about, with those givers for whom a rule stands.

    In the caller's transaction; what release keeps back is told, and spoils nothing.
    """
    rows = _rows(holder, set(reports.values()))
    rules = telling.told_by_rule(holder, filter(None, map(telling.giver_of, rows.values())))
    known = {ref: about for ref, about in reports.items() if about in rows}
    return list(_Telling(holder, rows, known, answerable, now).all(rules))


@dataclass(frozen=True, slots=True)
class _Telling:
    """Reports, each by the ref of what it is about, and the rows of what they are about."""

    holder: Party
    rows: Mapping[str, StixObject]
    reports: Mapping[str, str]
    answerable: int | None
    now: datetime

    def all(self, rules: Container[int]) -> Iterator[Told]:
        """One act for each giver and purpose, or several where there are many reports."""
        piles: dict[tuple[Party, Purpose], list[str]] = {}
        for ref, about in self.reports.items():
            giver = telling.giver_of(self.rows[about])
            if giver is not None and giver.pk in rules:
                piles.setdefault((giver, telling.purpose_of(self.rows[about])), []).append(ref)
        for (party, purpose), refs in piles.items():
            for start in range(0, len(refs), telling.MOST_TOLD):
                yield self._one(party, purpose, refs[start : start + telling.MOST_TOLD])

    def _one(self, party: Party, purpose: Purpose, refs: Sequence[str]) -> Told:
        about = [self.rows[ref] for ref in dict.fromkeys(self.reports[ref] for ref in refs)]
        draft = draft_of(self.holder, _wish(refs, about, purpose), party, self.now)
        judged = composing.judge(draft, self.now)
        if not judged.verdict.allowed:
            return Told(party, why=judged.verdict)
        actor = node_of(self.holder, self.answerable)
        return Told(party, composing.compose_by_node(actor=actor, draft=draft, now=self.now))


def _wish(refs: Iterable[str], about: Sequence[StixObject], purpose: Purpose) -> Wish:
    more = f" and {len(about) - 1} more" if len(about) > 1 else ""
    title = as_line(f"What we report of {about[0].type} {about[0].ref.partition('--')[2][:8]}{more}")
    return Wish(refs=tuple(refs), purpose=purpose, title=title[:LONGEST_TITLE])


def _rows(holder: Party, refs: Iterable[str]) -> dict[str, StixObject]:
    rows = StixObject.objects.filter(holder=holder, latest=True).select_related("source", "act")
    slim = rows.defer("wire", "words", "act__wire", "act__judgement", "act__body", "act__selection")
    return {row.ref: row for chunk in queries.chunks(refs) for row in slim.filter(ref__in=chunk)}


@transaction.atomic
def begin_rule(*, actor: Actor, party: Party, now: datetime) -> TellingRule:
    """From now on a giver is told by itself what we report of its objects."""
    actor.may(Power.APPROVE).require()
    holder = queries.own_body(actor)
    if party.ours:
        raise Malformed("party", f"{party.name} is a body of this node.")
    if TellingRule.objects.select_for_update().filter(holder=holder, party=party, ended_at=None).exists():
        raise Conflict(f"{party.name} is told already.")
    made = TellingRule.objects.create(
        holder=holder, party=party, made_by_id=actor.person, made_by_name=actor.name, made_at=now
    )
    _record(made, "begun", now)
    return made


@transaction.atomic
def end_rule(*, actor: Actor, party: Party, now: datetime) -> TellingRule:
    """From now on a person decides each time."""
    actor.may(Power.APPROVE).require()
    rows = TellingRule.objects.select_for_update(of=("self",)).select_related("holder", "party")
    found = rows.filter(holder_id=actor.body, party=party, ended_at=None).first()
    if found is None:
        raise NotFound("rule for this partner")
    found.ended_by_name, found.ended_at = actor.name, now
    found.save(update_fields=["ended_by_name", "ended_at"])
    _record(found, "ended", now)
    return found


@transaction.atomic
def look_at(*, actor: Actor, ref: str, now: datetime) -> int:
    """Put aside what others report as a false positive of an object of ours: a person has looked at it."""
    actor.may(Power.IMPORT).require()
    queries.object_for(actor, ref)
    keys = list(telling.doubts_of_ours(actor).filter(ref=ref).values_list("pk", flat=True))
    return Remark.objects.filter(pk__in=keys, looked_at=None).update(looked_at=now)


def _record(rule: TellingRule, what: str, now: datetime) -> None:
    entry = LogEntry(
        Event.TELLING_CHANGED, now, f"telling rule {rule.pk}", sender=rule.holder.ref, to=(rule.party.ref,),
        more={"what": what},
    )  # fmt: skip  # an entry
    record([entry], now=now)
