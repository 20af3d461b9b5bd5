"""Bring the newest version of an object to every party that an older one was given.

A new version reaches nobody by itself: only acts carry objects to partners. What is offered here goes by the
path of every share, judged for each party; the node composes it, and whoever made the change answers for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.db.models import Exists, OuterRef

from comity.base.errors import Malformed
from comity.base.verdict import Ground, Verdict
from comity.engines.release.terms import Purpose
from comity.node.acts.kinds import Draft, Item, Judgement
from comity.node.acts.models import Act, ActContent, ActState, Delivery, DeliveryState
from comity.node.acts.services import composing
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.judging import SECOND_PERSON
from comity.node.exchange.kinds import NAME
from comity.node.exchange.models import RecallNotice, StricterFor
from comity.node.exchange.services.sharing import Wish, draft_of
from comity.node.exchange.tracing import HAS, Version, names_of
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.models import Party

MOST_TOGETHER = 500  # objects in one act
_ON_ITS_WAY = (*HAS, DeliveryState.WAITING)
_STOPPED = (ActState.DECLINED, ActState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Given:
    """What of one object was given to one party, or is on its way there, under its names on the wire."""

    party: Party
    ref: str
    versions: frozenset[Version]
    arrived: frozenset[Version]  # those that the party may have by now
    receipted: bool  # whether it receipted one of them
    purpose: Purpose  # for which it was given last

    def lacks(self, modified: str) -> bool:
        """Whether this version is not among them."""
        return modified not in {version for _, version in self.versions}


@dataclass(frozen=True, slots=True)
class Words:
    """What partners read first, and who made the change: that person is never the second one."""

    title: str
    message: str = ""
    answerable: int | None = None  # key of a person


@dataclass(slots=True)
class Offered:
    """What became of one party's objects: the acts that bring them, and why the others stay."""

    party: Party
    acts: dict[str, Act] = field(default_factory=dict)
    stays: dict[str, Verdict] = field(default_factory=dict)  # release keeps these from the party
    later: dict[str, Verdict] = field(default_factory=dict)  # nothing can be brought to the party now


def behind(holder: Party, refs: Iterable[str]) -> list[Given]:
    """Who was given one of these objects, and not the newest version that is held here."""
    wanted = tuple(dict.fromkeys(refs))
    newest = {ref: row.modified for ref, row in queries.held(holder, wanted).items()}
    return [each for each in given_of(holder, wanted) if each.ref in newest and each.lacks(newest[each.ref])]


def given_of(holder: Party, refs: Iterable[str]) -> list[Given]:
    """Who was given these objects, save those who were asked to delete them since, by party and object."""
    return [each for chunk in queries.chunks(refs) for each in _given(holder, chunk)]


@transaction.atomic
def offer_newest(holder: Party, given: Sequence[Given], words: Words, now: datetime) -> list[Offered]:
    """Share the newest version with each of these parties, as far as release lets it go there."""
    found: dict[int, Offered] = {}
    for party, purpose, refs in _together(given):
        offered = found.setdefault(party.pk, Offered(party))
        wish = Wish(refs=refs, purpose=purpose, title=words.title, message=words.message)
        _offer(offered, wish, holder, words.answerable, now)
    return list(found.values())


def node_of(holder: Party, answerable: int | None) -> Actor:
    """The node itself as composer, for a person who answers for what it does."""
    acting = system_actor(f"The node of {holder.name}"[:200], holder.pk)
    return Actor(name=acting.name, body=acting.body, made_by=answerable)


def _offer(offered: Offered, wish: Wish, holder: Party, answerable: int | None, now: datetime) -> None:
    """Together; where one object fits into no act, the halves apart, until it stands alone."""
    part = Offered(offered.party)
    try:
        with transaction.atomic():
            _offer_together(part, wish, holder, answerable, now)
    except Malformed as error:
        half = len(wish.refs) // 2
        if not half:
            offered.later[wish.refs[0]] = Verdict.no(Ground(error.code, "form of an act", error.message))
            return
        for refs in (wish.refs[:half], wish.refs[half:]):
            _offer(offered, replace(wish, refs=refs), holder, answerable, now)
    else:
        offered.acts |= part.acts
        offered.stays |= part.stays
        offered.later |= part.later


def _offer_together(
    offered: Offered, wish: Wish, holder: Party, answerable: int | None, now: datetime
) -> None:
    """First judged as one; then an act for what may go at once, and one for what a second person sees."""
    whole = draft_of(holder, wish, offered.party, now)
    judged = composing.judge(whole, now)
    offered.stays |= {each.ref: each.verdict for each in judged.items if not each.leaving}
    for refs in _by_second_person(each for each in judged.items if each.leaving and each.ref in wish.refs):
        if refs == wish.refs:
            _compose(offered, whole, judged, node_of(holder, answerable), now)
        else:
            part = draft_of(holder, replace(wish, refs=refs), offered.party, now)
            _compose(offered, part, composing.judge(part, now), node_of(holder, answerable), now)


def _compose(offered: Offered, draft: Draft, judged: Judgement, actor: Actor, now: datetime) -> None:
    if not judged.verdict.allowed:
        offered.later |= dict.fromkeys(draft.selection, judged.verdict)
        return
    act = composing.compose_by_node(actor=actor, draft=draft, now=now)
    for each in judged.items:
        if not each.leaving:
            offered.stays[each.ref] = each.verdict
        elif each.ref in draft.selection:
            offered.acts[each.ref] = act


def _by_second_person(items: Iterable[Item]) -> Iterator[tuple[str, ...]]:
    """What needs approval does not hold up what needs none."""
    piles: Mapping[bool, list[str]] = {False: [], True: []}
    for each in items:
        asks = any(ground.rule == SECOND_PERSON for ground in each.verdict.grounds)
        piles[asks].append(each.ref)
    return (tuple(pile) for pile in piles.values() if pile)


def _together(given: Sequence[Given]) -> Iterator[tuple[Party, Purpose, tuple[str, ...]]]:
    """What goes to one party for one purpose, in portions that one act carries."""

    def key(each: Given) -> tuple[int, str]:
        return each.party.pk, each.purpose.value

    for _, some in groupby(sorted(given, key=key), key=key):
        its = list(some)
        for start in range(0, len(its), MOST_TOGETHER):
            refs = tuple(each.ref for each in its[start : start + MOST_TOGETHER])
            yield its[0].party, its[0].purpose, refs


def _given(holder: Party, refs: Sequence[str]) -> Iterator[Given]:
    """Asked of the acts that carried them, as `tracing.had_by` does for one object."""
    here = {name: ref for ref in refs if not ref.startswith(DEFINITIONS) for name in names_of(ref)}
    carried = _carried(holder, here)
    sent: dict[tuple[str, int], list[Delivery]] = {}
    for delivery in _deliveries(carried):
        for ref in {here[name] for name, _ in carried[delivery.act_id]}:
            sent.setdefault((ref, delivery.party_id), []).append(delivery)
    asked_back = _asked_back(holder, refs)
    for (ref, party), its in sorted(sent.items(), key=lambda pair: pair[0]):
        since = asked_back.get((ref, party))
        if since is None or its[-1].added > since:
            yield _given_one(ref, its, carried, here)


def _given_one(
    ref: str, its: Sequence[Delivery], carried: Mapping[int, set[Version]], here: Mapping[str, str]
) -> Given:
    def versions(some: Iterable[Delivery]) -> frozenset[Version]:
        return frozenset(pair for each in some for pair in carried[each.act_id] if here[pair[0]] == ref)

    return Given(
        party=its[0].party,
        ref=ref,
        versions=versions(its),
        arrived=versions(each for each in its if each.state in HAS),
        receipted=any(each.state == DeliveryState.RECEIPTED for each in its),
        purpose=Purpose(its[-1].act.purpose),
    )


def _carried(holder: Party, here: Mapping[str, str]) -> dict[int, set[Version]]:
    """The versions that shares of ours carried of these names, by the key of the act."""
    shared = Act.objects.filter(pk=OuterRef("act"), ours=True, author=holder, kind=NAME)
    rows = ActContent.objects.filter(Exists(shared))
    found: dict[int, set[Version]] = {}
    for chunk in queries.chunks(here):
        named = rows.filter(content__ref__in=chunk)
        for act, name, modified in named.values_list("act_id", "content__ref", "content__modified"):
            found.setdefault(act, set()).add((name, modified))
    return found


def _deliveries(acts: Iterable[int]) -> list[Delivery]:
    """Those of the acts that arrived or are on their way, in the order in which they were recorded."""
    rows = Delivery.objects.filter(state__in=_ON_ITS_WAY).select_related("party", "act")
    slim = rows.defer("act__wire", "act__judgement", "act__body", "act__selection")
    found = [each for chunk in queries.chunks(acts) for each in slim.filter(act__in=chunk)]
    return sorted(found, key=lambda each: each.position)


def _asked_back(holder: Party, refs: Iterable[str]) -> dict[tuple[str, int], datetime]:
    """When each party was last asked to delete each object; what the node would ask may be overtaken."""
    asked = Act.objects.filter(pk=OuterRef("act"), author=holder).exclude(state__in=_STOPPED)
    by_node = StricterFor.objects.filter(act=OuterRef("act"), act__state=ActState.AWAITING)
    rows = RecallNotice.objects.filter(Exists(asked), ~Exists(by_node))
    found: dict[tuple[str, int], datetime] = {}
    for chunk in queries.chunks(refs):
        told = rows.filter(ref__in=chunk).values_list("ref", "act__recipients", "act__composed_at")
        for ref, party, at in told:
            found[ref, party] = max(at, found.get((ref, party), at))
    return found
