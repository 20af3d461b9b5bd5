"""Objects that are valid have no finding, and no JSON value makes validation raise."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.formats.stix import DOMAIN_TYPES
from comity.formats.stix21.domain import DOMAIN_OBJECTS, RELATION_OBJECTS
from comity.formats.stix21.finding import Level, Rule
from comity.formats.stix21.meta import META_OBJECTS
from comity.formats.stix21.observables import OBSERVABLES
from comity.formats.stix21.validate import findings
from tests.formats.stix21.samples import IDENTITY, NOW, SAMPLES, an_id, sample

_EVERY_TYPE = {*DOMAIN_OBJECTS, *RELATION_OBJECTS, *META_OBJECTS, *OBSERVABLES, "marking-definition"}

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**80, 10**90)
    | st.floats()
    | st.text()
    | st.sampled_from(
        [
            NOW,
            IDENTITY,
            "2.1",
            "stix",
            "tlp",
            "statement",
            "cve",
            "[1]",
            "[99999999999999999999]",
            "id",
            "\ud800",
        ]
    )
    | st.sampled_from(sorted(_EVERY_TYPE)).map(an_id)
)
_NAMES = sorted(
    {name for each in SAMPLES.values() for name in each} | {"action", "a", "x_custom", "marking_ref"}
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_there_is_a_sample_of_every_type():
    assert set(SAMPLES) == _EVERY_TYPE
    assert set(DOMAIN_OBJECTS) == DOMAIN_TYPES


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_valid_object_has_no_finding(kind):
    assert findings(SAMPLES[kind]) == ()


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_only_what_is_required_is_required(kind):
    known = {**DOMAIN_OBJECTS, **RELATION_OBJECTS, **META_OBJECTS, **OBSERVABLES}.get(kind)
    for name in SAMPLES[kind]:
        found = {each.rule for each in findings(sample(kind, **{name: ...}))}
        needed = name in {"type", "id"} or (known is not None and name in known.required)
        assert (Rule.REQUIRED in found) >= needed, name


@pytest.mark.slow
@given(_JSON)
def test_any_json_value_is_taken(value):
    findings(value)


@pytest.mark.slow
@settings(deadline=None)
@given(st.data())
def test_any_change_of_a_valid_object_is_taken(data):
    kind = data.draw(st.sampled_from(sorted(SAMPLES)))
    value: dict[str, Any] = deepcopy(SAMPLES[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.sampled_from([*value, "x_custom", "extensions"]))] = data.draw(_JSON)
    for each in findings(value, pattern_problem=lambda text: text[:1]):
        assert each.where == "" or each.where.startswith("/")
        assert "STIX 2.1, section" in each.text


@pytest.mark.slow
@given(st.data())
def test_an_object_with_any_of_its_optional_properties_is_valid(data):
    kind = data.draw(st.sampled_from(sorted({**DOMAIN_OBJECTS, **RELATION_OBJECTS, **META_OBJECTS})))
    known = {**DOMAIN_OBJECTS, **RELATION_OBJECTS, **META_OBJECTS}[kind]
    kept = {"type", "id", "spec_version", "created", "modified", *known.required}
    # What constraints tie together goes together.
    kept |= {"location": {"region"}, "malware-analysis": {"result"}, "observed-data": {"object_refs"}}.get(
        kind, set()
    )
    kept |= {"name"} if kind == "malware" else set()
    optional = sorted(set(SAMPLES[kind]) - kept - {"granular_markings", "latitude", "longitude", "precision"})
    dropped = data.draw(st.sets(st.sampled_from(optional))) if optional else set()
    value = {
        name: part for name, part in SAMPLES[kind].items() if name not in dropped | {"granular_markings"}
    }
    assert findings(value) == ()


def test_nesting_without_end_is_taken():
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    assert findings(sample("campaign", x_deep=deep, labels=deep))
    assert findings({"type": "bundle", "id": an_id("bundle"), "objects": deep})


def test_a_finding_names_object_place_rule_and_section():
    (found,) = findings(sample("indicator", valid_until="2020-01-01T00:00:00Z"))
    assert found.level is Level.ERROR
    assert found.ref == an_id("indicator")
    assert found.where == "/valid_until"
    assert found.rule == "stix.order"
    assert found.text.startswith(f"{an_id('indicator')} /valid_until: is '2020-01-01T00:00:00Z', and must be")
    assert found.text.endswith("(STIX 2.1, section 4.7).")
