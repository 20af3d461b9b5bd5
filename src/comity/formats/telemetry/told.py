"""YAML as it was written: every member with its line, and every problem noted, not only the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import yaml

from comity.base.errors import Malformed

LARGEST = 1 << 18  # characters of a file
T = TypeVar("T")
E = TypeVar("E")


@dataclass(slots=True)
class Problems:
    """What was found wrong in one file, by line."""

    where: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, node: yaml.Node, said: str) -> None:
        """Note what is wrong at a node."""
        self.found.append((node.start_mark.line + 1, said))

    def raise_any(self) -> None:
        """Raise `Malformed` with all of them."""
        if self.found:
            said = "; ".join(f"line {line}: {what}" for line, what in sorted(self.found))
            raise Malformed(self.where, said)


def opened(text: str, where: str) -> Told:
    """The members of a YAML text; raises `Malformed` for what is no such text."""
    if len(text) > LARGEST:
        raise Malformed(where, f"has {len(text):,} characters; at most {LARGEST:,} are read.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise Malformed(where, f"is not YAML: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(node, yaml.MappingNode):
        raise Malformed(where, "line 1: expected names with values")
    return Told(node, Problems(where))


class Told:
    """The members of one mapping; each is asked for once, and what nobody asks for is a problem."""

    def __init__(self, node: yaml.Node, problems: Problems) -> None:
        self.node, self.problems = node, problems
        self._members: dict[str, yaml.Node] = {}
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if str(key.value) in self._members:
                problems.add(key, f"{key.value}: stands twice")
            self._members[str(key.value)] = value
        if not isinstance(node, yaml.MappingNode):
            problems.add(node, "expected names with values")

    def wrong(self, said: str) -> None:
        """Something is wrong with the whole of it."""
        self.problems.add(self.node, said)

    def has(self, name: str) -> bool:
        """Whether it is there and was not asked for."""
        return name in self._members

    def text(self, name: str, *, needed: bool = False) -> str:
        """A text; an empty one if it is missing."""
        node = self._members.pop(name, None)
        if node is None:
            if needed:
                self.wrong(f"{name}: is missing")
            return ""
        return self._text(node, name)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        node = self._members.pop(name, None)
        return self._texts(node, name) if node is not None else ()

    def truth(self, name: str) -> bool:
        """True or false; false if it is missing."""
        said = self.text(name)
        if said not in {"", "true", "false"}:
            self.wrong(f"{name}: expected true or false")
        return said == "true"

    def choice(self, name: str, read: Callable[[str], E]) -> E | None:
        """What a word stands for, as an enum reads it."""
        node = self._members.get(name)
        said = self.text(name, needed=True)
        try:
            return read(said)
        except ValueError:
            if node is not None:
                self.problems.add(node, f"{name}: {said!r} is not known")
            return None

    def told(self, name: str) -> Told | None:
        """The members of a member."""
        node = self._members.pop(name, None)
        return Told(node, self.problems) if node is not None else None

    def rest(self) -> Iterator[tuple[str, yaml.Node]]:
        """All members that nobody asked for yet."""
        members, self._members = self._members, {}
        yield from members.items()

    def each_texts(self) -> dict[str, tuple[str, ...]]:
        """The other members, each a list of texts or one text."""
        return {name: self._texts(node, name) for name, node in self.rest()}

    def each_text(self) -> dict[str, str]:
        """The other members, each a text."""
        return {name: self._text(node, name) for name, node in self.rest()}

    def nothing_else(self) -> None:
        """What nobody asked for is a problem."""
        for name, node in self.rest():
            self.problems.add(node, f"{name}: is not known here")

    def _text(self, node: yaml.Node, name: str) -> str:
        if isinstance(node, yaml.ScalarNode) and node.value:
            return str(node.value)
        self.problems.add(node, f"{name}: expected a text")
        return ""

    def _texts(self, node: yaml.Node, name: str) -> tuple[str, ...]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(filter(None, (self._text(each, name) for each in nodes)))
