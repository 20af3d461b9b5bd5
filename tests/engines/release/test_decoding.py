"""The decoders are strict and total: a value, or `Malformed` that says where."""

from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import MAX_LIST, MAX_PROSE
from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling
from comity.engines.release.iep import STIX_EXTENSION, Iep
from comity.engines.release.terms import MOST_DAYS, Terms
from tests.engines.release import given

MARKING: dict[str, Any] = {  # the example that OASIS publishes with the extension, and its external reference
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--da05d443-ad8d-46fc-abf5-31d3d00290f1",
    "created": "2024-01-10T14:52:41.853121Z",
    "name": "IEP data marking",
    "external_references": [{"source_name": "FIRST", "url": "https://www.first.org/iep"}],
    "extensions": {
        STIX_EXTENSION: {
            "extension_type": "property-extension",
            "encrypt_in_transit": "may",
            "permitted_actions": "externally-visible-direct-actions",
            "affected_party_notifications": "may",
            "tlp": "amber",
            "provider_attribution": "must-not",
            "unmodified_resale": "must-not",
            "iep_id": "0224bfdf-ea3a-49c3-96f6-66d908bb1845",
            "iep_version": 2.0,
            "description": "This is a TLP-AMBER Information Exchange Policy",
            "start_date": "2022-10-01T00:00:00Z",
        }
    },
}


@pytest.mark.parametrize(
    ("differing", "where"),
    [
        ({"agreement": " "}, "terms/agreement"),
        ({"title": "x" * (MAX_PROSE + 1)}, "terms/title"),
        ({"since": "2025-02-30"}, "terms/since"),
        ({"since": "2025-1-1"}, "terms/since"),
        ({"until": "2024-12-31"}, "terms"),
        ({"highest": "white"}, "terms/highest"),
        ({"highest": ["amber"]}, "terms/highest"),
        ({"purposes": "research"}, "terms/purposes"),
        ({"purposes": ["research", "research"]}, "terms/purposes"),
        ({"purposes": ["research", 7]}, "terms/purposes/1"),
        ({"categories": ["indicator"] * (MAX_LIST + 1)}, "terms/categories"),
        ({"remove_victims": 1}, "terms/remove_victims"),
        ({"retention_days": 0}, "terms/retention_days"),
        ({"retention_days": True}, "terms/retention_days"),
        ({"retention_days": MOST_DAYS + 1}, "terms/retention_days"),
        ({"surprise": "a condition of a later version"}, "terms/surprise"),
    ],
)
def test_bad_terms_say_where(differing, where):
    with pytest.raises(Malformed) as caught:
        Terms.from_json({**given.TERMS, **differing})
    assert caught.value.where == where


def test_a_missing_field_says_which():
    lacking = {name: value for name, value in given.TERMS.items() if name != "onward"}
    with pytest.raises(Malformed, match="is missing") as caught:
        Terms.from_json(lacking)
    assert caught.value.where == "terms/onward"


def test_too_much_is_its_own_error():
    with pytest.raises(TooLarge):
        Terms.from_json({**given.TERMS, "title": "x" * (MAX_PROSE + 1)})


@pytest.mark.parametrize(
    ("differing", "where"),
    [
        ({"iep_version": 1.0}, "iep/iep_version"),
        ({"id": "Not-A-UUID"}, "iep/id"),
        ({"start_date": "2020-01-01"}, "iep/start_date"),
        ({"start_date": "2020-13-01T00:00:00Z"}, "iep/start_date"),
        ({"encrypt_in_transit": "must-not"}, "iep/encrypt_in_transit"),
        ({"unmodified_resale": "must"}, "iep/unmodified_resale"),
        ({"external_references": [""]}, "iep/external_references/0"),
        ({"encrypt_at_rest": "must"}, "iep/encrypt_at_rest"),
    ],
)
def test_bad_policies_say_where(differing, where):
    with pytest.raises(Malformed) as caught:
        Iep.from_json({**given.IEP, **differing})
    assert caught.value.where == where


def test_a_policy_by_reference_is_not_a_policy():
    with pytest.raises(Malformed):
        Iep.from_json({"id_ref": given.IEP["id"], "url": "https://www.first.org/x.iepj", "iep_version": 2.0})


def test_white_is_clear():
    assert given.policy(tlp="white").tlp is Tlp.CLEAR


def test_the_policy_survives_keeping():
    policy = given.policy(end_date="2026-05-03T12:00:00.5Z", external_references=["https://example.org/a"])
    assert Iep.from_json(policy.as_json()) == policy


def test_the_stix_form_says_the_same_as_firsts():
    policy = Iep.from_marking(MARKING)
    assert policy == Iep.from_json({
        **given.IEP,
        "id": "0224bfdf-ea3a-49c3-96f6-66d908bb1845",
        "name": "IEP data marking",
        "description": "This is a TLP-AMBER Information Exchange Policy",
        "start_date": "2022-10-01T00:00:00Z",
        "tlp": "amber",
        "attribution": "must-not",
        "unmodified_resale": "must-not",
        "external_references": ["https://www.first.org/iep"],
    })  # fmt: skip  # one statement to a line


@pytest.mark.parametrize(
    ("differing", "where"),
    [
        ({"extensions": {}}, f"marking-definition/extensions/{STIX_EXTENSION}"),
        ({"extensions": {**MARKING["extensions"], "other": {}}}, "marking-definition/extensions/other"),
        ({"external_references": ["x"]}, "marking-definition/external_references/0"),
    ],
)
def test_bad_markings_say_where(differing, where):
    with pytest.raises(Malformed) as caught:
        Iep.from_marking({**MARKING, **differing})
    assert caught.value.where == where


def test_what_is_ours_came_under_nobodys_terms():
    with pytest.raises(Malformed, match="ours") as caught:
        Handling.from_json({**given.HANDLING, "keep_until": "2026-05-03"})
    assert caught.value.where == "handling"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@over(
    st.sampled_from(
        [(Terms.from_json, given.TERMS), (Iep.from_json, given.IEP), (Handling.from_json, given.HANDLING)]
    ),
    st.data(),
)
def test_any_value_anywhere_is_read_or_refused(decoder, data):
    decode, usual = decoder
    name = data.draw(st.sampled_from(sorted(usual)))
    try:
        value = decode({**usual, name: data.draw(json_values)})
    except Malformed:
        return
    assert decode(value.as_json()) == value


@over(json_values)
def test_anything_at_all_is_read_or_refused(value):
    for decode in (Terms.from_json, Iep.from_json, Iep.from_marking, Handling.from_json):
        with pytest.raises(Malformed):
            decode(value)
