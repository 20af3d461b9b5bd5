"""What is related to an object that somebody names: by a relationship of a type, or by any property."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from comity.engines.scoring.remarks import Kind
from comity.formats.stix import ID
from comity.formats.stix21.relationships import COMMON, SUGGESTED
from comity.node.exchange import fulltext
from comity.node.exchange.content import DEFINITIONS, JOINING, LONGEST_RELATION, folded
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.queries import objects_for, plain
from comity.node.exchange.scores import standing_remarks
from comity.node.parties.actors import Actor

ENDS = ("source_ref", "target_ref")
OF_AUTHORS = ("created_by_ref", "object_marking_refs", "marking_ref")  # they join nearly all to a few
MOST_RELATED = 1_000  # relationships of one object that are followed, the newest
FEW_SIGHTED = 500  # objects that were sighted, up to which they are looked up by their names
MOST_MEANT = 20  # objects that one name may mean
_LOOKED_AT = 300  # that carry the words of a name
RELATIONS = frozenset({kind for _, kind, _ in SUGGESTED} | COMMON)


@dataclass(frozen=True, slots=True)
class Related:
    """What somebody wants the relatives of: the objects that were meant, and the type of relationship."""

    asked: str  # in the person's words
    relation: str  # empty: by any property, and by relationships of any type
    meant: tuple[tuple[str, str], ...]  # ref and title of each; none if nothing here is called so

    @property
    def told(self) -> str:
        """What is wanted, in words."""
        how = f"related by “{self.relation}” to" if self.relation else "related to"
        titles = ", ".join(dict.fromkeys(title for _, title in self.meant))
        return f"{how} {titles}" if titles else f"{how} something that is not held here: “{self.asked}”"

    @property
    def refs(self) -> tuple[str, ...]:
        """The objects by their ids."""
        return tuple(ref for ref, _ in self.meant)


def related_to(actor: Actor, words: str) -> Related | None:
    """What the words mean: an id, or a name or number like T1566, behind a type of relationship or alone."""
    asked = plain(" ".join(words.split()))
    if not asked:
        return None
    first, _, rest = asked.partition(" ")
    relation = first.casefold() if rest and first.casefold() in RELATIONS else ""
    named = rest if relation else asked
    return Related(asked, relation[:LONGEST_RELATION], _meant(actor, named))


def _meant(actor: Actor, named: str) -> tuple[tuple[str, str], ...]:
    """The objects with this id; else those whose name is this, or that carry it as a word of its own."""
    held = objects_for(actor).exclude(type__in=(*DEFINITIONS, *JOINING))
    if ID.fullmatch(named):
        return tuple(held.filter(ref=named).values_list("ref", "title")) or ((named, named),)
    found = fulltext.carrying(held, named.split(), parts=[objects_for(actor)], most=_LOOKED_AT)
    rows = found.values_list("ref", "title", "words")[:_LOOKED_AT]
    wanted = folded(named)
    return tuple(
        (ref, title) for ref, title, words in rows
        if folded(title) == wanted or (" " not in wanted and wanted in words.split())
    )[:MOST_MEANT]  # fmt: skip  # one clause to a line


def related_keys(actor: Actor, wanted: Related) -> list[int]:
    """The keys of what is joined to one of the objects, by the newest relationships."""
    held = objects_for(actor).order_by()
    joins = list(_joining(held, wanted))
    refs = set(Link.objects.filter(object__in=joins, path__in=ENDS).values_list("ref", flat=True))
    keys: set[int] = set()
    if not wanted.relation:
        own = Link.objects.filter(object__in=held.filter(ref__in=wanted.refs).values("pk"))
        refs |= set(own.exclude(path__in=OF_AUTHORS).values_list("ref", flat=True)[:MOST_RELATED])
        keys = set(_naming(wanted))
    return [*held.filter(ref__in=refs - {*wanted.refs}).values_list("pk", flat=True), *keys]


def sighted(actor: Actor) -> Q:
    """What was seen somewhere; few are looked up by their names, of many each object asks for its own."""
    seen = standing_remarks(actor.body).filter(kind=Kind.SEEN.value, count__gt=0).order_by()
    refs = list(seen.values_list("ref", flat=True).distinct()[: FEW_SIGHTED + 1])
    if len(refs) > FEW_SIGHTED:
        return Q(Exists(seen.filter(ref=OuterRef("ref"))))
    keys = objects_for(actor).filter(ref__in=refs).values_list("pk", flat=True)
    return Q(pk__in=list(keys))


def _joining(held: QuerySet[StixObject], wanted: Related) -> QuerySet[Link, int]:
    """The keys of the newest relationships of these objects."""
    joining = held.filter(pk=OuterRef("object"), type="relationship")
    joining = joining.filter(relation=wanted.relation) if wanted.relation else joining
    links = Link.objects.filter(ref__in=wanted.refs, path__in=ENDS).filter(Exists(joining))
    return links.order_by("-object_id").values_list("object", flat=True)[:MOST_RELATED]


def _naming(wanted: Related) -> QuerySet[Link, int]:
    """The keys of what names these objects otherwise; relationships are no relatives themselves."""
    links = Link.objects.filter(ref__in=wanted.refs).exclude(path__in=(*OF_AUTHORS, *ENDS))
    return links.order_by("-object_id").values_list("object", flat=True)[:MOST_RELATED]
