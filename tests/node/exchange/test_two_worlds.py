"""A partner cannot tell whether what it may not see is there: the same questions have the same answers.

By every resource of TAXII, as a feed of MISP, and as lists for devices. Webhooks need no story of their own:
a call is made of the places that the same scope gives (`services/calling.py`), and none where there are
none. What a partner asks by acts is in `test_two_worlds_acts.py`; what people of the node open, in
`test_two_worlds_pages.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.release.terms import Category
from comity.formats.stix import is_observable
from comity.node.exchange.feeds import doors, list_doors
from comity.node.exchange.models import Collection, TaxiiAccount
from comity.node.exchange.taxii import callers
from comity.node.instruments.bodies import written_terms
from comity.node.instruments.models import Agreement
from comity.node.site import rates
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.exchange.worlds import (
    Partner,
    Story,
    Thing,
    Value,
    Version,
    bring,
    difference,
    told_in,
    version_of,
)
from tests.node.instruments.agreeing import Sides, some_terms
from tests.node.world import NOW

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(600)]
LABELS = (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED)
labels = st.sampled_from(LABELS)
things = st.builds(
    Thing,
    kind=st.sampled_from(["indicator", "address", "report", "relationship"]),
    labels=st.lists(labels, min_size=1, max_size=3).map(tuple),
    about=st.integers(1, 3),
)
terms = st.fixed_dictionaries(
    {
        "highest": st.sampled_from(LABELS[:3]),
        "categories": st.frozensets(
            st.sampled_from([Category.INDICATOR, Category.OBSERVATION, Category.REPORT]), min_size=1
        ),
    }
)
_thorough = settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOTHING = "indicator--00000000-0000-4000-8000-00000000dead"


@dataclass
class Scene:
    """What comes in, in which order, and under which terms."""

    sides: Sides
    batches: list[list[Value]]
    agreed: list[dict[str, Any]]

    @property
    def refs(self) -> list[str]:
        return [*dict.fromkeys(each["id"] for batch in self.batches for each in batch), NOTHING]

    @property
    def simple(self) -> bool:
        """Whether nothing is hidden but by its own class: what names observables, or has older versions that
        are seen alone no more, is looked up by a question more."""
        versions = [each["id"] for batch in self.batches for each in batch]
        return len(set(versions)) == len(versions) and not any(is_observable(ref) for ref in versions)

    def told(self, partner: Partner, only: set[Version] | None) -> None:
        for number, batch in enumerate(self.batches):
            if number < len(self.agreed):
                self._agree(self.agreed[number])
            bring(self.sides.world, batch, NOW + timedelta(seconds=number), only)
            partner.look()
        for change in self.agreed:
            self._agree(change)
            partner.look()

    def _agree(self, change: dict[str, Any]) -> None:
        terms = some_terms(remove_victims=False, **change)
        Agreement.objects.update(terms=written_terms(terms))


def scene_of(sides: Sides, batches: list[list[Thing]], agreed: list[dict[str, Any]]) -> Scene:
    values = [
        [value for place, thing in enumerate(batch) for value in thing.values(number, place)]
        for number, batch in enumerate(batches)
    ]
    unique = [list({version_of(each): each for each in batch}.values()) for batch in values]
    return Scene(sides, unique, agreed)


@pytest.fixture
def reader(agreed, monkeypatch):
    monkeypatch.setattr(callers, "RATE", 10**9)
    monkeypatch.setattr(list_doors, "MADE", 10**9)
    monkeypatch.setattr(list_doors, "READ", 10**18)
    monkeypatch.setattr(rates, "MINUTE", 10**9)  # a minute that begins in one world alone is counted there
    # A feed of MISP gives what is a second old: whoever asks comes two seconds later.
    later = SimpleNamespace(now=lambda: timezone.now() + timedelta(seconds=2))
    monkeypatch.setattr(doors, "timezone", later)
    return reader_of(agreed, opened(agreed.world, alias="all", may_post=True))


@_thorough
@given(
    batches=st.lists(st.lists(things, min_size=1, max_size=5), min_size=1, max_size=2),
    agreed_on=st.lists(terms, max_size=2),
)
def test_reading_tells_nothing_of_what_is_hidden(agreed, reader, *, batches, agreed_on):
    scene = scene_of(agreed, batches, agreed_on)
    cannot_be_told_apart(reader, scene, scene.told)


class Way(Enum):
    """How a partner gives a version that may be held already."""

    SAME = "the same bytes"
    OTHER = "other content"
    NEWER = "a newer version"
    OLDER = "an older version"

    def of(self, value: Value) -> Value:
        """What is given."""
        if self is Way.OTHER:
            return value | {"x_word": "other"}
        if self is Way.SAME or "modified" not in value:
            return value
        times = {Way.NEWER: "2026-11-20T07:00:00.000Z", Way.OLDER: "2026-11-20T06:30:00Z"}
        return value | {"created": "2026-11-20T06:00:00.000Z", "modified": times[self]}


gifts = st.lists(st.tuples(st.sampled_from(Way), st.integers(0, 4)), min_size=1, max_size=6)


@_thorough
@given(
    batches=st.lists(st.lists(things, min_size=1, max_size=4), min_size=1, max_size=1),
    posts=st.lists(gifts, min_size=1, max_size=2),
)
def test_giving_tells_nothing_of_what_is_hidden(agreed, reader, *, batches, posts):
    """Post, read, withdraw what was posted, in every way, of things that are hidden and that are not."""
    scene = scene_of(agreed, batches, [])
    everything = [value for batch in scene.batches for value in batch]

    def story(partner: Partner, only: set[Version] | None) -> None:
        scene.told(partner, only)
        for gift in posts:
            partner.post([way.of(everything[place % len(everything)]) for way, place in gift])
            partner.read()
        for ref in scene.refs:
            for query in ("?match[version]=last", "", ""):
                partner.ask(f"objects/{ref}/{query}", "DELETE")
        partner.read()

    cannot_be_told_apart(reader, scene, story)


def cannot_be_told_apart(reader: Reader, scene: Scene, story: Story) -> None:
    one = told_in(reader, scene.refs, story, None)
    other = told_in(reader, scene.refs, story, one.seen)
    assert one.seen == other.seen
    if not scene.simple:
        one.told, other.told = ([replace(each, questions=0) for each in side.told] for side in (one, other))
    differences = [difference(*pair) for pair in zip(one.told, other.told, strict=True) if pair[0] != pair[1]]
    assert not differences, "\n".join(differences[:5])


def test_there_is_a_difference_to_see(agreed, reader):
    """The oracle sees: an object more that the partner may see is another world."""
    shown = scene_of(agreed, [[Thing("indicator", (Tlp.GREEN,), 1)]], [])
    both = scene_of(agreed, [[Thing("indicator", (Tlp.GREEN,), 1), Thing("address", (Tlp.CLEAR,), 1)]], [])
    assert (
        told_in(reader, both.refs, shown.told, None).told != told_in(reader, both.refs, both.told, None).told
    )
    assert Collection.objects.count() == TaxiiAccount.objects.count() == 1
