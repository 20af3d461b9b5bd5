"""The handling class of each object that comes in, worked out once for all that look alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.redact import Parties
from comity.formats.stix import StixObject as Found
from comity.node.exchange import queries
from comity.node.exchange.handling import Origin, handling_of, last_day, names_any
from comity.node.exchange.models import HandlingClass
from comity.node.exchange.services.holding import BATCH

_NOBODY = Parties(frozenset(), frozenset())


@dataclass(slots=True)
class Classifier:
    """Gives each object the number of its class; the classes are numbered as they occur."""

    origin: Origin
    definitions: Mapping[str, Found]
    others: frozenset[str]  # authors that are parties and not ours: what they made is theirs
    victims: Parties
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _classes: list[Handling] = field(default_factory=list)

    def number(self, found: Found) -> int:
        """The number of the object's class, for `rows`."""
        value = found.value
        author = value.get("created_by_ref", "")
        author = author if author in self.others else ""
        named = names_any(value, self.victims, found.raw)
        alike = (
            found.type,
            author,
            named,
            tuple(value.get("object_marking_refs", ())),
            found.sha256 if "granular_markings" in value else "",
            last_day(value),
            value.get("revoked") is True,
        )
        number = self._numbers.get(alike)
        if number is None:
            handling = handling_of(found, self.definitions, self._origin(author), _NOBODY)
            number = self._numbers[alike] = len(self._classes)
            self._classes.append(replace(handling, names_victims=named))
        return number

    def rows(self) -> list[tuple[int, str]]:
        """The key and the TLP label of each class, by number."""
        keys = keys_of(self._classes)
        return [(keys[each], each.label.value if each.label else "") for each in self._classes]

    def _origin(self, author: str) -> Origin:
        """What another party made is that party's, whoever brings it."""
        if author and self.origin.ownership is Ownership.OWN:
            return replace(self.origin, ownership=Ownership.RECEIVED, party=author)
        return self.origin


def keys_of(handlings: Sequence[Handling] | Iterable[Handling]) -> dict[Handling, int]:
    """The key of the row of each class; rows that are missing are made."""
    digests = {handling: handling.key() for handling in set(handlings)}
    HandlingClass.objects.bulk_create(
        [
            HandlingClass(key=key, facts=handling.as_json(), keep_until=handling.keep_until)
            for handling, key in digests.items()
        ],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    rows = HandlingClass.objects.values_list("key", "pk")
    found = {key: pk for chunk in queries.chunks(digests.values()) for key, pk in rows.filter(key__in=chunk)}
    return {handling: found[key] for handling, key in digests.items()}
