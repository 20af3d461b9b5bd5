"""STIX objects: what identifies them is checked, everything else is kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.formats.canonical import canonical
from comity.formats.stix import (
    MAX_OBJECT,
    StixObject,
    _carefully,
    _plainly,
    decode_bundle,
    encode_bundle,
    in_time,
    party_id,
    version_key,
)
from comity.formats.strict_json import Limits

INDICATOR = {
    "type": "indicator",
    "spec_version": "2.1",
    "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
    "created": "2026-11-20T10:00:00.000Z",
    "modified": "2026-11-21T10:00:00.5Z",
    "pattern": "[ipv4-addr:value = '198.51.100.7']",
    "pattern_type": "stix",
    "valid_from": "2026-11-20T10:00:00Z",
    "x_example_note": {"kept": [1, 2.5, None]},
}
ADDRESS = {
    "type": "ipv4-addr",
    "spec_version": "2.1",
    "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
    "value": "198.51.100.3",
}
MARKING = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "tlp",
    "definition": {"tlp": "green"},
}
NEW_OBSERVABLE = {"type": "x-thing", "id": "x-thing--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}


def bundle(*objects: object) -> bytes:
    return json.dumps(
        {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": objects}
    ).encode()


@pytest.mark.parametrize(
    ("value", "modified"),
    [(INDICATOR, "2026-11-21T10:00:00.5Z"), (ADDRESS, None), (MARKING, None), (NEW_OBSERVABLE, None)],
)
def test_an_object_keeps_everything_and_is_known_by_its_bytes(value, modified):
    (found,) = decode_bundle(bundle(value))
    assert (found.id, found.type, found.modified) == (value["id"], value["type"], modified)
    assert found.value == value
    assert found.raw == canonical(value)
    assert found.version == (value["id"], version_key(modified))
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    ("value", "change", "where"),
    [
        (INDICATOR, {"type": None}, "/type"),
        (INDICATOR, {"type": "Indicator"}, "/type"),
        (INDICATOR, {"type": "a--b"}, "/type"),
        (INDICATOR, {"type": "malware"}, "/id"),
        (INDICATOR, {"id": "indicator--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F"}, "/id"),
        (INDICATOR, {"id": "indicator--8e2e2d2b-17d4-4cbf-938f"}, "/id"),
        (INDICATOR, {"id": f"{INDICATOR['id']}\n"}, "/id"),
        (INDICATOR, {"spec_version": "2.0"}, "/spec_version"),
        (INDICATOR, {"spec_version": ...}, "/spec_version"),
        (INDICATOR, {"created": ...}, "/created"),
        (INDICATOR, {"modified": ...}, "/modified"),
        (INDICATOR, {"modified": "2026-11-19T10:00:00Z"}, "/modified"),
        (INDICATOR, {"modified": "yesterday"}, "/modified"),
        (INDICATOR, {"created_by_ref": "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}, "/created_by_ref"),
        (INDICATOR, {"object_marking_refs": ["tlp:red"]}, "/object_marking_refs/0"),
        (INDICATOR, {"object_marking_refs": "x"}, "/object_marking_refs"),
        (INDICATOR, {"granular_markings": [1]}, "/granular_markings/0"),
        (INDICATOR, {"granular_markings": [{"marking_ref": "x"}]}, "/granular_markings/0/marking_ref"),
        (ADDRESS, {"spec_version": "2.0"}, "/spec_version"),
        (ADDRESS, {"created_by_ref": 5}, "/created_by_ref"),
        (MARKING, {"created": ...}, "/created"),
        (NEW_OBSERVABLE, {"created": "2026-11-20T10:00:00Z"}, "/spec_version"),
        (NEW_OBSERVABLE, {"modified": 5}, "/modified"),
    ],
)
def test_refusals_name_the_place(value, change, where):
    changed = {name: part for name, part in {**value, **change}.items() if part is not ...}
    with pytest.raises(Malformed) as refused:
        decode_bundle(bundle(ADDRESS, changed))
    assert refused.value.where == f"/objects/1{where}"


@pytest.mark.parametrize("value", [INDICATOR, ADDRESS, MARKING, NEW_OBSERVABLE])
def test_an_object_in_its_own_bytes_is_the_same_object(value):
    raw = json.dumps(value, indent=1).encode()
    found = StixObject.read(raw)
    assert found.raw == raw
    same = StixObject.decode(value)
    assert (found.version, found.value, found.sha256) == (same.version, same.value, same.sha256)


PLAIN = {"created": "2026-11-20T10:00:00.000Z", "modified": "2026-11-20T10:00:00.001Z"}
ANY: st.SearchStrategy[object] = st.sampled_from([
    *("2026-11-20T10:00:00.000Z", "2026-11-31T10:00:00.000Z", "2026-11-20T10:00:00.500Z", "2.1", "indicator"),
    *(INDICATOR["id"], ADDRESS["id"], MARKING["id"], f"identity--{ADDRESS['id'][11:]}", "x" * 301),
    *(None, 5, True, [], [MARKING["id"]], [MARKING["id"], 7], [[]], {}, [{"marking_ref": MARKING["id"]}]),
])  # fmt: skip  # good and bad values in turn


@given(
    st.sampled_from([INDICATOR | PLAIN, ADDRESS, MARKING, NEW_OBSERVABLE]),
    st.dictionaries(
        st.sampled_from(
            ["type", "id", "spec_version", "created", "modified", "created_by_ref", "object_marking_refs"]
        )
        | st.just("granular_markings"),
        ANY,
        max_size=2,
    ),
)
def test_the_plain_way_agrees_with_the_careful_one(value, changes):
    changed = value | changes
    plain = _plainly(changed)
    if plain is not None:
        assert plain == _carefully(Fields(changed))


def test_nearly_all_objects_go_the_plain_way():
    assert _plainly(INDICATOR | PLAIN) == (INDICATOR["id"], "indicator", PLAIN["modified"])
    assert _plainly(ADDRESS) == (ADDRESS["id"], "ipv4-addr", None)


def test_one_version_has_one_content():
    assert len(decode_bundle(bundle(INDICATOR, INDICATOR))) == 2
    with pytest.raises(Malformed, match="twice in the same version"):
        decode_bundle(bundle(INDICATOR, INDICATOR | {"name": "another"}))


@pytest.mark.parametrize(
    "text",
    [b"[]", b"{}", b'{"type":"bundle"}', b'{"type":"bundle","id":"x--5d0092c5-5f74-4287-9642-33f4c354e56d"}'],
)
def test_what_is_no_bundle(text):
    with pytest.raises(Malformed):
        decode_bundle(text)


def test_a_bundle_may_be_empty():
    assert decode_bundle(b'{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"}') == ()


def test_bounds():
    with pytest.raises(TooLarge, match="in one object"):
        StixObject.decode(INDICATOR | {"x_a": "a" * (MAX_OBJECT // 2), "x_b": "b" * (MAX_OBJECT // 2)})
    with pytest.raises(TooLarge):
        decode_bundle(bundle(*[ADDRESS] * 20), limits=Limits(size=1_000))


def test_bundle_round_trip():
    objects = decode_bundle(bundle(INDICATOR, ADDRESS))
    assert decode_bundle(encode_bundle("bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", objects)) == objects


def test_a_party_has_one_id_however_its_name_is_typed():
    usual = party_id("PK", "National CERT of Pakistan")
    assert (
        usual
        == party_id("pk", " national  CERT of pakistan ")
        == "identity--1275ce70-f807-5db3-a4f2-4328cb4ab2d2"
    )
    assert usual != party_id("DE", "National CERT of Pakistan")


@given(
    st.recursive(
        st.none() | st.integers(0, 9) | st.text(max_size=5) | st.sampled_from(list(INDICATOR.values())[:3]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(INDICATOR)), inner),
        max_leaves=10,
    )
)
def test_every_value_gives_an_object_or_malformed(value):
    try:
        assert StixObject.decode(value).value == value
    except Malformed:
        return


@pytest.mark.parametrize(
    ("spelt", "key"),
    [
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00:00.0Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00:00.000Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00:00.0000000000000000000Z", "2026-11-21T10:00:00.000Z"),
        ("2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00.500Z"),
        ("2026-11-21T10:00:00.123456000Z", "2026-11-21T10:00:00.123456Z"),
        ("2026-11-21T10:00:00.1234567Z", "2026-11-21T10:00:00.1234567Z"),
        (None, ""),
        ("", ""),
        ("no time", "no time"),
        ("2026-11-21T10:00:00+00:00", "2026-11-21T10:00:00+00:00"),
    ],
)
def test_a_version_is_an_instant_and_not_its_spelling(spelt, key):
    assert version_key(spelt) == key
    assert version_key(key) == key


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1), st.integers(0, 9))
def test_keys_are_equal_and_in_order_as_their_times(one, other, zeros):
    def key(nanos: int, more: int) -> str:
        return version_key(f"2026-11-21T10:00:00.{nanos:09}{'0' * more}Z")

    assert (key(one, zeros) == key(other, 0)) == (one == other)
    assert (in_time(key(one, zeros)) < in_time(key(other, 0))) == (one < other)


def test_a_bundle_with_one_instant_in_two_spellings_contradicts_itself():
    again = INDICATOR | {"modified": "2026-11-21T10:00:00.500Z"}
    with pytest.raises(Malformed, match="twice in the same version"):
        decode_bundle(bundle(INDICATOR, again))
