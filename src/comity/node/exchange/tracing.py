"""Which partners have an object, in which versions, and how far a recall has come with each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from comity.base.errors import NotFound
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.formats.stix import in_time
from comity.node.acts.models import Act, ActContent, ActState, Delivery, DeliveryState
from comity.node.acts.together import all_asked_about, once_together
from comity.node.exchange import queries
from comity.node.exchange.models import Recall, RecallNotice, StixObject, TakenBack
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power

HAS = (DeliveryState.RECEIPTED, DeliveryState.HANDED_OVER)  # what was handed over may be there already
_SHARE = "share"
Version = tuple[str, str]  # ref, and `formats.stix.version_key` of `modified`


@dataclass(frozen=True, slots=True)
class Asked:
    """A recall on its way to one partner: the act, its state or that of its delivery, and since when."""

    act: Act
    state: str
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Had:
    """A partner that has the object, under the names and in the versions that it was given."""

    party: Party
    versions: tuple[Version, ...]
    receipted: datetime | None  # None: handed over, and the receipt is awaited
    recall: Asked | None = None

    @property
    def newest(self) -> str:
        """The latest version that it was given."""
        return max((modified for _, modified in self.versions), key=in_time)


def names_of(ref: str) -> frozenset[str]:
    """The object's name here, and those under which it leaves after a removal."""
    return frozenset({ref, *(redacted_id(ref, removal) for removal in Removal)})


def had_by(holder: Party, ref: str) -> list[Had]:
    """The partners that were given the object, by name.

    Asked of the acts that carried it, and of each of these: the planner would rather begin with all of ours.
    """
    carried: dict[int, set[Version]] = {}
    shared = Act.objects.filter(pk=OuterRef("act"), ours=True, author=holder, kind=_SHARE)
    rows = ActContent.objects.filter(Exists(shared), content__ref__in=names_of(ref))
    for act, name, modified in rows.values_list("act_id", "content__ref", "content__modified"):
        carried.setdefault(act, set()).add((name, modified))
    sent = Delivery.objects.filter(act__in=rows.values("act")).select_related("party")
    given: dict[Party, list[Delivery]] = {}
    for delivery in sent.order_by("party__name", "changed"):
        if delivery.state in HAS:
            given.setdefault(delivery.party, []).append(delivery)
    asked = _asked(holder, ref)
    return [
        Had(
            party,
            tuple(sorted({version for each in its for version in carried[each.act_id]})),
            next((each.changed for each in its if each.state == DeliveryState.RECEIPTED), None),
            asked.get(party.pk),
        )
        for party, its in given.items()
    ]


def had_for(actor: Actor, ref: str) -> list[Had]:
    """The same for those who may read content."""
    return had_by(queries.own_body(actor), ref) if actor.may(Power.READ_CONTENT).allowed else []


def given_to(holder: Party, party: Party, refs: Iterable[str]) -> set[Version]:
    """The versions of these, by their names on the wire, that the party was given by shares of ours."""
    ours = {"act__ours": True, "act__author": holder, "act__kind": _SHARE}
    done = Delivery.objects.filter(**ours, act=OuterRef("act"), party=party, state__in=HAS)
    rows = ActContent.objects.filter(Exists(done))
    found = rows.values_list("content__ref", "content__modified")
    return {pair for chunk in queries.chunks(refs) for pair in found.filter(content__ref__in=chunk)}


def given_by(holder: Party, party: Party, versions: Iterable[Version]) -> set[Version]:
    """Those of the versions that the party gave to this body of ours by shares."""
    wanted = set(versions)
    theirs = {"ours": False, "author": party, "kind": _SHARE, "recipients": holder}
    rows = ActContent.objects.filter(Exists(Act.objects.filter(**theirs, pk=OuterRef("act"))))
    found = rows.values_list("content__ref", "content__modified")
    refs = (ref for ref, _ in wanted)
    return wanted & {pair for chunk in queries.chunks(refs) for pair in found.filter(content__ref__in=chunk)}


def of_others(holder: Party, party: Party, versions: Collection[Version]) -> set[Version]:
    """Those held from elsewhere: whoever sends us what is ours must not be able to close it by a recall."""
    rows = StixObject.objects.filter(holder=holder).exclude(source=party).values_list("ref", "modified")
    refs = (ref for ref, _ in versions)
    return {pair for chunk in queries.chunks(refs) for pair in rows.filter(ref__in=chunk)} & set(versions)


def recalls_for(actor: Actor) -> QuerySet[Recall]:
    """What was asked back of the actor's body or by it; none without the power to read content."""
    if not actor.may(Power.READ_CONTENT).allowed:
        return Recall.objects.none()
    return Recall.objects.filter(holder_id=actor.body).select_related("source", "act")


def recall_for(actor: Actor, ref: str) -> Recall | None:
    """The newest recall of a version of this object that is not deleted yet."""
    return recalls_for(actor).filter(ref=ref, deleted_at=None).first()


def to_delete(actor: Actor, ref: str = "") -> QuerySet[Recall]:
    """What others have asked back of us and is still here; of one object if it is named."""
    rows = recalls_for(actor).filter(source__isnull=False, deleted_at=None)
    return rows.filter(ref=ref) if ref else rows


def held_among(actor: Actor, refs: Iterable[str]) -> set[str]:
    """Those of the objects that the actor's body holds."""
    rows = queries.objects_for(actor).values_list("ref", flat=True)
    return {ref for chunk in queries.chunks(refs) for ref in rows.filter(ref__in=chunk)}


def object_to_recall(actor: Actor, ref: str) -> list[Had]:
    """The partners that have an object; raises `NotFound` if nobody does."""
    found = had_for(actor, ref)
    if not found:
        raise NotFound("partner that has the object")
    return found


def recalled_among(holder: Party, versions: Iterable[Version]) -> dict[Version, str]:
    """Those of the versions that were recalled, with what is said of it to whoever brings them."""
    wanted = set(versions)
    if not wanted or not _ever_recalling(holder):
        return {}
    return _told(Recall.objects.filter(holder=holder).values_list("ref", "modified", "at"), wanted)


def taken_back_among(holder: Party, party: Party | None, versions: Iterable[Version]) -> dict[Version, str]:
    """Those of the versions that the party itself asked back, whether they are closed by that or not."""
    wanted = set(versions)
    if party is None or not wanted:
        return {}
    found: dict[Version, str] = {}
    if _ever_recalling(holder):
        own = Recall.objects.filter(holder=holder, source=party)
        found |= _told(own.values_list("ref", "modified", "at"), wanted)
    if _ever_taken_back(holder, party):
        beside = TakenBack.objects.filter(holder=holder, party=party)
        found |= _told(beside.values_list("ref", "modified", "at"), wanted)
    return found


def take_back(holder: Party, party: Party, versions: Iterable[Version], now: datetime) -> None:
    """Remember that the party asked these back, which others had given before."""
    rows = [TakenBack(holder=holder, party=party, ref=r, modified=m, at=now) for r, m in sorted(versions)]
    TakenBack.objects.bulk_create(rows, ignore_conflicts=True, batch_size=queries.CHUNK)


def recalled_in(act: Act, here: Mapping[str, str]) -> str | None:
    """The first object of an act of ours of which the very version that it carries was recalled.

    `here` gives the name here of each object by its name on the wire.
    """
    if not _ever_recalled(act.author, all_asked_about(here.values())).intersection(here.values()):
        return None
    carried = ActContent.objects.filter(act=act).values_list("content__ref", "content__modified")
    versions = {(here.get(ref, ref), modified) for ref, modified in carried}
    return next((ref for ref, _ in sorted(recalled_among(act.author, versions))), None)


def note(act: Act, refs: Iterable[str]) -> None:
    """Remember which objects of ours an act asks back."""
    rows = [RecallNotice(act=act, ref=ref) for ref in sorted(set(refs))]
    RecallNotice.objects.bulk_create(rows, ignore_conflicts=True)


def name_here(holder: Party, name: str) -> str:
    """The name here of what left under this one, as the judgement of the share that carried it tells."""
    carrying = ActContent.objects.filter(
        act__ours=True, act__author=holder, act__kind=_SHARE, content__ref=name
    )
    for judgement in carrying.values_list("act__judgement", flat=True)[:1]:
        items = (judgement or {}).get("items", ())
        return next((str(item["ref"]) for item in items if item["leaves_as"] == name), name)
    return name


@once_together
def _ever_recalling(holder: Party) -> bool:
    """Whether anything of this body was ever recalled: most have no recall, and no act pays for looking."""
    return Recall.objects.filter(holder=holder).exists()


@once_together
def _ever_taken_back(holder: Party, party: Party) -> bool:
    """The same of what others had given as well."""
    return TakenBack.objects.filter(holder=holder, party=party).exists()


@once_together
def _ever_recalled(holder: Party, refs: tuple[str, ...]) -> frozenset[str]:
    """Those of the objects of which a version was recalled."""
    rows = Recall.objects.filter(holder=holder).values_list("ref", flat=True)
    return frozenset(ref for chunk in queries.chunks(refs) for ref in rows.filter(ref__in=chunk))


def _told(rows: QuerySet[Any, Any], wanted: set[Version]) -> dict[Version, str]:
    found = (row for chunk in queries.chunks(ref for ref, _ in wanted) for row in rows.filter(ref__in=chunk))
    return {
        (ref, modified): f"This version was recalled on {at:%Y-%m-%d}; a new version may come in."
        for ref, modified, at in found
        if (ref, modified) in wanted
    }


def _asked(holder: Party, ref: str) -> dict[int, Asked]:
    """The latest recall of the object to each party, by its key."""
    notices = list(RecallNotice.objects.filter(ref=ref).values_list("act", flat=True))
    acts = Act.objects.filter(pk__in=notices, author=holder).order_by("composed_at")
    found: dict[int, Asked] = {}
    for act in acts.prefetch_related("recipients", "deliveries"):
        sent = {each.party_id: each for each in act.deliveries.all()}
        for party in act.recipients.all():
            way = sent.get(party.pk)
            words = way.words if way else ActState(act.state).label
            state, at = (way.state, way.changed) if way else (act.state, act.composed_at)
            found[party.pk] = Asked(act, state, words, at)
    return found
