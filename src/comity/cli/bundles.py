"""A STIX bundle read object by object, so that one that is wrong does not hide the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from comity.base.errors import Malformed
from comity.base.fields import Fields
from comity.formats.markings import Markings, markings_of
from comity.formats.stix import ID, MAX_OBJECTS, StixObject
from comity.formats.strict_json import decode

UNMARKED = "no TLP label"
MARKING = "marking-definition"


@dataclass(frozen=True)
class Bundle:
    """The objects that can be read, and what is wrong with the rest."""

    objects: tuple[StixObject, ...]
    problems: tuple[Malformed, ...]

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The bundle in the bytes; raises `Malformed` only where they are no bundle at all."""
        fields = Fields(decode(content))
        fields.exactly("type", "bundle")
        values = fields.list("objects", most=MAX_OBJECTS) if fields.has("objects") else ()
        found: dict[tuple[str, str | None], StixObject] = {}
        problems = _id_problems(fields)
        for index, value in enumerate(values):
            where = f"/objects/{index}"
            try:
                each = StixObject.decode(value, where)
            except Malformed as problem:
                problems.append(problem)
                continue
            if found.setdefault(each.version, each).raw != each.raw:
                problems.append(Malformed(where, f"{each.id} stands here again with other content."))
        return cls(tuple(found.values()), tuple(problems))

    @cached_property
    def definitions(self) -> Mapping[str, StixObject]:
        """The marking definitions that came along."""
        return {each.id: each for each in self.objects if each.type == MARKING}

    def markings(self, found: StixObject) -> Markings:
        """What the markings of an object of this bundle say."""
        return markings_of(found, self.definitions)

    def types(self) -> Counter[str]:
        """How many objects there are of each type."""
        return Counter(each.type for each in self.objects)

    def labels(self) -> Counter[str]:
        """How many objects each marking stands on; definitions of markings are not counted."""
        return Counter(label for each in self.objects if each.type != MARKING for label in self._labels(each))

    def creators(self) -> Counter[str]:
        """How many objects each identity made, by its id and, if it came along, its name."""
        names = {each.id: str(each.value.get("name", "")) for each in self.objects if each.type == "identity"}
        made = Counter(str(each.value.get("created_by_ref", "nobody named")) for each in self.objects)
        return Counter({f"{ref} {names.get(ref, '')}".strip(): count for ref, count in made.items()})

    def _labels(self, found: StixObject) -> Iterator[str]:
        markings = self.markings(found)
        yield markings.tlp.label if markings.tlp else UNMARKED
        yield from ("IEP" for _ in (*markings.iep_markings, *markings.iep_policies))
        yield from (f"statement: {each}" for each in markings.statements)
        yield from (f"unknown: {each}" for each in sorted(markings.unknown))


def _id_problems(fields: Fields) -> list[Malformed]:
    try:
        found = fields.text("id", form=ID)
    except Malformed as problem:
        return [problem]
    return [] if found.startswith("bundle--") else [Malformed("/id", "is not the id of a bundle.")]
