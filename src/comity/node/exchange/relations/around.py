"""The graph around one object: what it is joined with, two steps far, and how much more there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain, zip_longest
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.queries import objects_for
from comity.node.exchange.relations.related import ENDS, OF_AUTHORS
from comity.node.parties.actors import Actor
from comity.node.site.prepared import Prepared, Row

NEAR = 1_000  # links of the object itself that are looked at
_BESIDE = ("object_refs", "sighting_of_ref")  # by which others name an object, followed like relationships
_NAMED = 2_000  # links of the objects around it that are looked at


class Reach(Enum):
    """How much of the graph is drawn."""

    NEAR = "near"
    WIDE = "wide"

    @property
    def first(self) -> int:
        """Objects one step away, at most."""
        return 24 if self is Reach.NEAR else 80

    @property
    def second(self) -> int:
        """Objects two steps away, at most."""
        return 35 if self is Reach.NEAR else 160

    @property
    def each(self) -> int:
        """Links that are followed of each end of an object one step away."""
        return 3 if self is Reach.NEAR else 5


@dataclass(frozen=True, slots=True)
class Node:
    """An object in the picture; `held` says whether we have it."""

    ref: str
    type: str
    title: str
    tlp: str = ""
    held: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """A relationship joins two objects, or one names the other by a property."""

    source: str
    words: str
    target: str

    def other(self, ref: str) -> str:
        """The end that is not this one."""
        return self.source if self.target == ref else self.target


@dataclass(frozen=True, slots=True)
class More:
    """Links of the object that are not drawn: so many of one kind."""

    words: str
    type: str  # of the other ends
    outward: bool
    count: int


@dataclass(frozen=True, slots=True)
class Around:
    """The object, what is drawn around it, how all that is joined, and what is left out."""

    centre: Node
    first: tuple[Node, ...]
    second: tuple[Node, ...]
    edges: tuple[Edge, ...]
    more: tuple[More, ...]
    beyond: bool  # whether there are more than NEAR links

    @property
    def left_out(self) -> int:
        """How many links of the object are not drawn."""
        return sum(each.count for each in self.more)

    @property
    def told(self) -> list[tuple[Node, str, Node]]:
        """The edges as sentences, for a table."""
        nodes = {each.ref: each for each in (self.centre, *self.first, *self.second)}
        return [(nodes[each.source], each.words, nodes[each.target]) for each in self.edges]


def around(actor: Actor, row: StixObject, reach: Reach = Reach.NEAR) -> Around:
    """What the object is joined with, in a fixed number of questions however large the star is."""
    held = objects_for(actor).order_by()
    links, beyond = _links_of(held, row)
    chosen, more = _chosen(links, row.ref, reach.first)
    first = _nodes(held, dict.fromkeys(ref for each in chosen if (ref := each.other(row.ref)) != row.ref))
    far = _links_from(held, row.holder_id, [each.ref for each in first.values() if each.held], reach)
    known = {row.ref, *first}
    new = dict.fromkeys(ref for each in far for ref in (each.source, each.target) if ref not in known)
    second = _nodes(held, list(new)[: reach.second])
    drawn = known | second.keys()
    edges = (*chosen, *(each for each in far if {each.source, each.target} <= drawn))
    centre = Node(row.ref, row.type, row.title, row.tlp)
    once = tuple(dict.fromkeys(edges))
    return Around(centre, tuple(first.values()), tuple(second.values()), once, more, beyond)


def _links_of(held: QuerySet[StixObject], row: StixObject) -> tuple[list[Edge], bool]:
    """The links of the object: of the newest things that name it, and all that it names itself."""
    own = row.links.exclude(path__in=OF_AUTHORS).order_by("path", "ref").values_list("path", "ref")
    named = [Edge(row.ref, path, ref) for path, ref in own[:NEAR]]
    naming = Link.objects.filter(ref=row.ref).exclude(path__in=OF_AUTHORS)
    naming = naming.filter(Exists(held.filter(pk=OuterRef("object"))))
    found = list(naming.order_by("-path", "-object_id").values_list("object", "path")[: NEAR + 1])
    joins = [key for key, path in found[:NEAR] if path in ENDS]
    others = {key: path for key, path in found[:NEAR] if path not in ENDS}
    refs = dict(held.filter(pk__in=list(others)).values_list("pk", "ref"))
    told = [Edge(refs[key], path, row.ref) for key, path in others.items() if key in refs]
    return [*_joined(held, joins), *named, *told], len(found) > NEAR


def _joined(held: QuerySet[StixObject], keys: Iterable[int]) -> list[Edge]:
    """What these relationships join, in their order."""
    wanted = list(dict.fromkeys(keys))
    ends: dict[int, dict[str, str]] = defaultdict(dict)
    for key, path, ref in Link.objects.filter(object__in=wanted, path__in=ENDS).values_list(
        "object", "path", "ref"
    ):
        ends[key][path] = ref
    words = dict(held.filter(pk__in=wanted).values_list("pk", "relation"))
    source, target = ENDS
    return [
        Edge(ends[key][source], words[key], ends[key][target])
        for key in wanted
        if key in words and ends[key].keys() >= set(ENDS)
    ]


def _links_from(held: QuerySet[StixObject], holder: int, near: Sequence[str], reach: Reach) -> list[Edge]:
    """A few links of each object one step away; a hub is not read through for them."""
    refs: dict[int, str] = {}
    joins: list[int] = []
    named: list[tuple[int, str, str]] = []
    for key, ref, *found in _naming_each(holder, near, reach):
        refs[key] = ref
        naming = [
            (each, path) for each, (path, _) in zip(found, _few(reach), strict=True) if each is not None
        ]
        joins += [each for each, path in naming if path in ENDS]
        named += [(each, path, ref) for each, path in naming if path not in ENDS]
    here = dict(held.filter(pk__in=[key for key, *_ in named]).values_list("pk", "ref"))
    told = [Edge(here[key], path, ref) for key, path, ref in named if key in here]
    return [*_joined(held, sorted(joins, reverse=True)), *_named(refs, reach), *told]


def _few(reach: Reach) -> list[tuple[str, int]]:
    """By what others name an object, and the place of each among the newest that do."""
    return [(path, place) for path in (*ENDS, *_BESIDE) for place in range(reach.each)]


def _naming_each(holder: int, refs: Sequence[str], reach: Reach) -> list[Row]:
    """The key and ref of each of these objects, and the keys of a few that name it: a column for each."""
    return _NAMING[reach].rows(holder, *refs, *[""] * (reach.first - len(refs))) if refs else []


def _asked_of_each(reach: Reach) -> Prepared:
    """A dozen questions in one, which take ten times longer to compile than the database to answer."""

    def make(holder: int, *refs: str) -> QuerySet[StixObject, Any]:
        held = StixObject.objects.filter(holder=holder, latest=True).order_by()
        asked = {f"{path}{n}": Subquery(_naming(held, path)[n : n + 1]) for path, n in _few(reach)}
        return held.filter(ref__in=refs).annotate(**asked).values_list("pk", "ref", *asked)

    return Prepared(make, int, *[str] * reach.first)


def _naming(held: QuerySet[StixObject], path: str) -> QuerySet[Link, Any]:
    links = Link.objects.filter(ref=OuterRef("ref"), path=path)
    here = links.filter(Exists(held.filter(pk=OuterRef("object"))))
    return here.order_by("-object_id").values("object")


_NAMING = {reach: _asked_of_each(reach) for reach in Reach}


def _named(refs: Mapping[int, str], reach: Reach) -> list[Edge]:
    """What these objects name themselves, a few of each property."""
    links = Link.objects.filter(object__in=list(refs)).exclude(path__in=OF_AUTHORS)
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for key, path, ref in links.order_by("object_id", "path", "ref").values_list("object", "path", "ref")[
        :_NAMED
    ]:
        found[key, path].append(ref)
    return [Edge(refs[key], path, ref) for (key, path), named in found.items() for ref in named[: reach.each]]


def _nodes(held: QuerySet[StixObject], refs: Iterable[str]) -> dict[str, Node]:
    """What is to be drawn, in this order; what we do not hold by its id alone."""
    wanted = list(refs)
    rows = held.filter(ref__in=wanted).values_list("ref", "type", "title", "tlp")
    here = {ref: Node(ref, kind, title, tlp) for ref, kind, title, tlp in rows}
    return {ref: here.get(ref) or Node(ref, _type_of(ref), ref, held=False) for ref in wanted}


def _chosen(links: Sequence[Edge], ref: str, most: int) -> tuple[list[Edge], tuple[More, ...]]:
    """So many links, one of each kind in turn, so that a star hides no other; and what is left of each."""
    kinds: dict[tuple[str, str, bool], list[Edge]] = defaultdict(list)
    for each in dict.fromkeys(links):
        kinds[each.words, _type_of(each.other(ref)), each.source == ref].append(each)
    turns = chain.from_iterable(zip_longest(*kinds.values()))
    chosen = set([each for each in turns if each is not None][:most])
    more = tuple(
        More(*kind, count)
        for kind, its in kinds.items()
        if (count := sum(each not in chosen for each in its))
    )
    return [each for its in kinds.values() for each in its if each in chosen], more


def _type_of(ref: str) -> str:
    """What an id says its object is; no other is taken in."""
    return ref.partition("--")[0]
