"""How a judgement of many objects is shown: what stays first, then what goes, each reason once.

The items are those of `Judgement.as_json`, as an act keeps them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context

from comity.base.verdict import Answer

register = template.Library()

SHOWN = 100  # objects of one fate on a page, unless all are asked for

_DEFINITIONS = ("marking-definition--", "extension-definition--")  # nobody chose them: the others need them


@dataclass(frozen=True, slots=True)
class Row:
    """One object, with what is taken out of it and the reasons that are its own."""

    ref: str
    title: str
    removed: tuple[str, ...]
    grounds: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Objects with one fate; `common` are the reasons that hold for each of them."""

    fate: str
    words: str
    look: str
    rows: tuple[Row, ...]
    common: tuple[Mapping[str, str], ...]


_FATES = {
    "stays": ("Stays", "no"),
    "missing": ("Stays: a fact is missing", "unknown"),
    "reduced": ("Goes, with a part taken out", "yes"),
    "whole": ("Goes as it is", "yes"),
    "along": ("Goes along: it says what a marking means", "yes"),
}


@register.inclusion_tag("acts/parts/items.html", takes_context=True)
def judged_items(context: Context, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The judgement object by object, grouped by what becomes of each; long groups whole when asked for."""
    request = context["request"]
    most = len(items) if "all" in request.GET else SHOWN
    cut = [(group, group.rows[:most], len(group.rows) - most) for group in groups(items)]
    return {"groups": cut, "linked": request.method == "GET"}


@register.simple_tag
def at_a_glance(items: Sequence[Mapping[str, Any]]) -> str:
    """The judgement in one line: how many go, how many stay."""
    counts = Counter(_fate(item) for item in items)
    reduced, missing = counts["reduced"], counts["missing"]
    going, staying = counts["whole"] + reduced, counts["stays"] + missing
    go = "goes" if going == 1 else "go"
    stay = "stays" if staying == 1 else "stay"
    without = _of_them(reduced, going, "with a part taken out")
    lacking = _of_them(missing, staying, "because a fact is missing")
    return f"{going} {go}{without}; {staying} {stay}{lacking}."


def groups(items: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    """The items by their fate, in the order in which a reader decides; no empty group."""
    sorted_out: dict[str, list[Mapping[str, Any]]] = {fate: [] for fate in _FATES}
    for item in items:
        sorted_out[_fate(item)].append(item)
    return tuple(_group(fate, members) for fate, members in sorted_out.items() if members)


def _fate(item: Mapping[str, Any]) -> str:
    if not item["leaves_as"]:
        return "missing" if item["verdict"]["answer"] == Answer.UNKNOWN.value else "stays"
    if item["ref"].startswith(_DEFINITIONS):
        return "along"
    return "reduced" if item["removed"] else "whole"


def _group(fate: str, members: Sequence[Mapping[str, Any]]) -> Group:
    first, *others = members
    common = tuple(
        ground
        for ground in first["verdict"]["grounds"]
        if others and all(ground in other["verdict"]["grounds"] for other in others)
    )
    return Group(fate, *_FATES[fate], tuple(_row(item, common) for item in members), common)


def _row(item: Mapping[str, Any], common: Sequence[Mapping[str, str]]) -> Row:
    own = tuple(ground for ground in item["verdict"]["grounds"] if ground not in common)
    return Row(item["ref"], item["title"], _names(item["removed"]), own)


def _names(paths: Sequence[str]) -> tuple[str, ...]:
    """What was taken out, by the property's name: `where_sighted_refs[0]` is where sighted."""
    names = (path.partition("[")[0].partition(".")[0] for path in paths)
    return tuple(
        dict.fromkeys(name.removesuffix("_refs").removesuffix("_ref").replace("_", " ") for name in names)
    )


def _of_them(part: int, whole: int, words: str) -> str:
    if not part:
        return ""
    return f", {words}" if part == whole else f", {part} of them {words}"
