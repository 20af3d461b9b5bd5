"""Markings: the strictest label counts, and what cannot be read is named."""

import pytest

from comity.base.tlp import Tlp
from comity.formats.markings import (
    IEP_EXTENSION,
    TLP_EXTENSION,
    TLP_IDS,
    Markings,
    markings_of,
    tlp_definition,
)
from comity.formats.stix import StixObject

WHITE, GREEN, AMBER, RED = (
    f"marking-definition--{uuid}"
    for uuid in (
        "613f2e26-407d-48c7-9eca-b8e91df99dc9",
        "34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "f88d31f6-486f-44da-b317-01333bde0b82",
        "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
    )
)
OWN = "marking-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"


def marked(*refs: str, **more: object) -> StixObject:
    address = {
        "type": "ipv4-addr",
        "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd",
        "value": "198.51.100.3",
    }
    return StixObject.decode({**address, **({"object_marking_refs": list(refs)} if refs else {}), **more})


def defined(**more: object) -> dict[str, StixObject]:
    common = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": OWN,
        "created": "2026-01-01T00:00:00Z",
    }
    return {OWN: StixObject.decode({**common, **more})}


@pytest.mark.parametrize("tlp", Tlp)
def test_the_labels_of_version_2(tlp):
    assert markings_of(marked(TLP_IDS[tlp]), {}) == Markings(tlp)


@pytest.mark.parametrize(
    ("ref", "tlp"), [(WHITE, Tlp.CLEAR), (GREEN, Tlp.GREEN), (AMBER, Tlp.AMBER), (RED, Tlp.RED)]
)
def test_the_labels_of_version_1(ref, tlp):
    assert markings_of(marked(ref), {}) == Markings(tlp)


def test_the_published_definition_of_a_label_is_an_object():
    found = StixObject.decode(tlp_definition(Tlp.AMBER_STRICT))
    assert found.id == TLP_IDS[Tlp.AMBER_STRICT]
    assert found.value["name"] == "TLP:AMBER+STRICT"


def test_no_marking_is_no_label():
    assert markings_of(marked(), {}) == Markings()


def test_the_strictest_counts_and_a_part_counts_for_the_whole():
    parts = [
        {"marking_ref": RED, "selectors": ["value"]},
        {"lang": "en", "selectors": ["value"]},
    ]
    assert markings_of(marked(GREEN, TLP_IDS[Tlp.CLEAR], granular_markings=parts), {}).tlp is Tlp.RED


def test_a_marking_nobody_explains_is_unknown():
    assert markings_of(marked(GREEN, OWN), {}) == Markings(Tlp.GREEN, unknown=frozenset({OWN}))


@pytest.mark.parametrize(
    ("definition", "tlp"),
    [
        ({"definition_type": "tlp", "definition": {"tlp": "white"}}, Tlp.CLEAR),
        ({"extensions": {TLP_EXTENSION: {"tlp_2_0": "amber+strict"}}}, Tlp.AMBER_STRICT),
        (
            {
                "definition_type": "tlp",
                "definition": {"tlp": "green"},
                "extensions": {TLP_EXTENSION: {"tlp_2_0": "red"}},
            },
            Tlp.RED,
        ),
    ],
)
def test_a_label_under_another_id(definition, tlp):
    assert markings_of(marked(OWN), defined(**definition)) == Markings(tlp)


def test_policies_and_statements():
    policy = {"iep_version": 2.0, "name": "x"}
    assert markings_of(marked(OWN), defined(definition_type="iep", definition=policy)).iep_policies == (
        policy,
    )
    extended = defined(extensions={IEP_EXTENSION: {"iep_version": "2.0"}})
    assert markings_of(marked(OWN), extended) == Markings(iep_markings=(extended[OWN].value,))
    notice = defined(definition_type="statement", definition={"statement": "Copyright 2026"})
    assert markings_of(marked(OWN), notice) == Markings(statements=("Copyright 2026",))


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"definition_type": "tlp", "definition": {"tlp": "purple"}},
        {"definition_type": "tlp", "definition": {"tlp": ["red"]}},
        {"definition_type": "tlp", "definition": "red"},
        {"definition_type": "iep", "definition": {}},
        {"definition_type": "statement", "definition": {"statement": 5}},
        {"definition_type": "x-other", "definition": {"tlp": "clear"}},
        {"extensions": []},
        {"extensions": {TLP_EXTENSION: "clear"}},
        {"extensions": {"extension-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f": {"tlp_2_0": "clear"}}},
    ],
)
def test_a_definition_of_which_nothing_is_understood_is_unknown(definition):
    assert markings_of(marked(OWN), defined(**definition)) == Markings(unknown=frozenset({OWN}))
