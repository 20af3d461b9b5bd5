"""Where each object of a graph stands in a picture: layers from left to right, the same for the same graph.

The object itself is on the left, what is one step away beside it, what is two steps away on the right, each
next to that by which it was reached. Rows have one height, so that names never lie over one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comity.node.exchange.relations.around import Around, Edge, More, Node

WIDTH, HEIGHT, GAP = 180, 34, 8  # of a box, and between two
BETWEEN = 82  # room for the words on a line
MARGIN = 6
LONGEST = 24  # letters that fit


@dataclass(frozen=True, slots=True)
class Box:
    """An object in its place; `more` instead of one stands for links that are not drawn."""

    x: int
    y: int
    node: Node | None = None
    more: More | None = None

    @property
    def label(self) -> str:
        """The name, as far as it fits."""
        return shortened(self.node.title, LONGEST) if self.node else ""

    @property
    def text_x(self) -> int:
        """Where its words begin."""
        return self.x + 10

    @property
    def first_y(self) -> int:
        """The line of the type."""
        return self.y + 13

    @property
    def second_y(self) -> int:
        """The line of the name."""
        return self.y + 28

    @property
    def only_y(self) -> int:
        """The only line, where there is one."""
        return self.y + 21

    @property
    def width(self) -> int:
        """As wide as all."""
        return WIDTH

    @property
    def height(self) -> int:
        """As high as all."""
        return HEIGHT

    @property
    def middle(self) -> int:
        """The height at which lines meet it."""
        return self.y + HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as a curve, with its words beside the end that stands farther right."""

    path: str
    words: str
    x: int
    y: int
    forward: bool  # whether it points to the right
    across: bool = False  # between objects of which neither was reached by the other


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything in its place."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def picture(found: Around) -> Picture:
    """The layers filled row by row: an object beside the middle of what was reached by it."""
    parents = _parents(found)
    children: dict[str, list[Node]] = {each.ref: [] for each in found.first}
    for node in found.second:
        children[parents[node.ref]].append(node)
    boxes: list[Box] = []
    row = 0
    for node in found.first:
        its = children[node.ref]
        boxes += [Box(_column(2), _row(row + place), node=child) for place, child in enumerate(its)]
        boxes.append(Box(_column(1), _row(row + max(0, len(its) - 1) / 2), node=node))
        row += max(1, len(its))
    boxes += [Box(_column(1), _row(row + place), more=each) for place, each in enumerate(found.more)]
    row += len(found.more)
    boxes.insert(0, Box(MARGIN, _row(max(0, row - 1) / 2), node=found.centre))
    places = {each.node.ref: each for each in boxes if each.node}
    lines = [_line(each, places, parents, found.centre.ref) for each in found.edges]
    lines += [_to_more(places[found.centre.ref], each) for each in boxes if each.more]
    columns = 3 if found.second else 2 if len(boxes) > 1 else 1
    width = _column(columns - 1) + WIDTH + MARGIN
    return Picture(width, _row(max(1, row)) - GAP + MARGIN, tuple(boxes), tuple(lines))


def _parents(found: Around) -> Mapping[str, str]:
    """By which object each on the right was reached: the first that is joined with it."""
    first = {each.ref for each in found.first}
    second = {each.ref for each in found.second}
    parents: dict[str, str] = {}
    for each in found.edges:
        for near, far in ((each.source, each.target), (each.target, each.source)):
            if near in first and far in second:
                parents.setdefault(far, near)
    return parents


def _column(number: int) -> int:
    return MARGIN + number * (WIDTH + BETWEEN)


def _row(number: float) -> int:
    return MARGIN + round(number * (HEIGHT + GAP))


def _line(edge: Edge, places: Mapping[str, Box], parents: Mapping[str, str], centre: str) -> Line:
    source, target = places[edge.source], places[edge.target]
    words = edge.words
    if source.x == target.x:
        return _beside(source, target, words)
    left, right = sorted((source, target), key=lambda box: box.x)
    near, far = (edge.source, edge.target) if source is left else (edge.target, edge.source)
    return _between(left, right, words, forward=source is left, across=parents.get(far, centre) != near)


def _between(left: Box, right: Box, words: str, *, forward: bool, across: bool = False) -> Line:
    begin, end = left.x + WIDTH, right.x
    bend = (end - begin) // 3
    curve = f"{begin + bend},{left.middle} {begin + bend},{right.middle} {begin + 2 * bend},{right.middle}"
    path = f"M{begin},{left.middle} C{curve} L{end},{right.middle}"
    return Line(path, words, end - 6, right.middle - 4, forward, across)


def _beside(source: Box, target: Box, words: str) -> Line:
    """A bow on the right of two objects in one layer."""
    x, bow = source.x + WIDTH, 26
    path = f"M{x},{source.middle} C{x + bow},{source.middle} {x + bow},{target.middle} {x},{target.middle}"
    return Line(path, words, x, target.middle, forward=True, across=True)


def _to_more(centre: Box, box: Box) -> Line:
    words = box.more.words if box.more else ""
    return _between(centre, box, words, forward=box.more is not None and box.more.outward)
