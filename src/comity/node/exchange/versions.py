"""The versions of an object in time: who brought each, when it was visible here, who has it, what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.db.models import Exists, OuterRef

from comity.base.errors import NotFound
from comity.node.acts.models import Act, ActContent, Delivery, DeliveryState
from comity.node.exchange import queries, searching
from comity.node.exchange.models import Recall, StixObject
from comity.node.exchange.tracing import names_of
from comity.node.parties.actors import Actor
from comity.node.site.states import Step, StepState

MOST_SHOWN = 50
_DIGITS = 18  # of a key, which fit into the column
MOST_SENT = 300  # deliveries of all versions that are told, the newest
_STATES = {
    DeliveryState.RECEIPTED: (StepState.DONE, "Receipted by"),
    DeliveryState.HANDED_OVER: (StepState.CURRENT, "Delivered, receipt awaited:"),
    DeliveryState.WAITING: (StepState.CURRENT, "On its way to"),
    DeliveryState.REFUSED: (StepState.FAILED, "Refused by"),
    DeliveryState.WITHHELD: (StepState.FAILED, "Withheld from"),
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version with what happened to it, and the version before it."""

    row: StixObject
    steps: tuple[Step, ...]
    before: StixObject | None = None

    @property
    def marking_changed(self) -> bool:
        """Whether its label is another than that of the version before."""
        return self.before is not None and self.before.tlp != self.row.tlp


def versions_for(actor: Actor, ref: str) -> list[Version]:
    """The newest versions of an object, the newest first, in a fixed number of questions."""
    rows = queries.versions_of(actor, ref).select_related("source", "act__author", "brought")
    found = list(rows.defer("wire", "words")[: MOST_SHOWN + 1])
    sent, recalls = _sent(actor, ref), _recalls(actor, ref)
    told = [Version(row, tuple(_steps(row, sent, recalls))) for row in found[:MOST_SHOWN]]
    return [replace(each, before=older) for each, older in zip(told, [*found[1:], None], strict=False)]


@dataclass(frozen=True, slots=True)
class Two:
    """Two versions beside each other, and by number what else could stand there."""

    before: StixObject
    after: StixObject
    choices: tuple[tuple[int, str], ...]


def two_of(actor: Actor, row: StixObject, before: str | int | None, after: str | int | None) -> Two:
    """The two that are asked for; the newest where nothing is, and the one before it."""
    versions = versions_for(actor, row.ref)
    same = searching.alike(actor, row, queries.decoded(row).value)
    others = {other.pk: other for each in same for other in each.newest}
    older = versions[0].before if versions and versions[0].before else row
    keys = older.pk if before in ("", None) else before, row.pk if after in ("", None) else after
    one, other = (version_named(actor, str(key)) for key in keys)
    return Two(one, other, tuple(choices_for(versions, others.values())))


def version_named(actor: Actor, key: str) -> StixObject:
    """One version of anything that the actor's body holds, by its number here; raises `NotFound`."""
    known = key.isascii() and key.isdigit() and len(key) <= _DIGITS
    rows = queries.versions_for(actor).select_related("source").defer("words")
    found = rows.filter(pk=int(key)).first() if known else None
    if found is None:
        raise NotFound("version")
    return found


def _steps(row: StixObject, sent: dict[str, list[Step]], recalls: dict[str, list[Step]]) -> Iterator[Step]:
    yield Step(StepState.DONE, _came(row), "visible here since then", row.added)
    yield from sent.get(row.modified, ())
    yield from recalls.get(row.modified, ())


def _came(row: StixObject) -> str:
    if row.act is not None:
        return f"Shared by {row.act.author.name}: {row.act.called}"
    by = row.brought.by_name if row.brought else ""
    if row.source is not None and row.source_id == row.holder_id:
        return f"Our own work, brought by {by}"
    whose = row.source.name if row.source else (row.brought.note if row.brought else "")
    return f"From {whose}, brought by {by}"


def _sent(actor: Actor, ref: str) -> dict[str, list[Step]]:
    """What became of each version with each partner, by version.

    Asked of each act that carried one: the planner would otherwise begin with all of ours.
    """
    holder = queries.own_body(actor)
    ours = Act.objects.filter(pk=OuterRef("act"), ours=True, author=holder, kind="share")
    carried = ActContent.objects.filter(Exists(ours), content__ref__in=names_of(ref))
    modified: dict[int, set[str]] = defaultdict(set)
    for act, version in carried.values_list("act", "content__modified"):
        modified[act].add(version)
    rows = Delivery.objects.filter(act__in=carried.values("act")).select_related("party").order_by("-changed")
    found: dict[str, list[Step]] = defaultdict(list)
    for each in reversed(rows[:MOST_SENT]):
        for version in modified[each.act_id]:
            found[version].append(_step(each))
    return found


def _step(delivery: Delivery) -> Step:
    state, words = _STATES[DeliveryState(delivery.state)]
    said = delivery.words if state is StepState.FAILED else ""
    return Step(state, f"{words} {delivery.party.name}", said, delivery.changed)


def _recalls(actor: Actor, ref: str) -> dict[str, list[Step]]:
    rows = Recall.objects.filter(holder_id=actor.body, ref=ref).select_related("source")
    found: dict[str, list[Step]] = defaultdict(list)
    for each in rows:
        by = each.source.name if each.source else each.by_name
        found[each.modified].append(
            Step(StepState.FAILED, f"Recalled by {by}", each.get_reason_display(), each.at)
        )
    return found


def choices_for(versions: Iterable[Version], others: Iterable[StixObject]) -> list[tuple[int, str]]:
    """What two versions can be compared: those of the object, and others with the same values."""
    own = [
        (each.row.pk, f"{each.row.modified or 'the only version'}, {_giver(each.row)}") for each in versions
    ]
    return [*own, *((row.pk, f"{row.title[:60]}, {_giver(row)}") for row in others)]


def _giver(row: StixObject) -> str:
    if row.source is None:
        return "from a file"
    return "our own" if row.source_id == row.holder_id else f"from {row.source.name}"
