"""Ids of observables that follow from their content, held against those that stix2 gives."""

from __future__ import annotations

import json
import warnings

import pytest

from comity.formats.stix21.identifiers import deterministic_id
from comity.formats.stix21.observables import OBSERVABLES
from tests.formats.stix21.samples import SAMPLES, SHA256, an_id, sample

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import stix2  # type: ignore[import-untyped]  # it carries no types

# Of several hashes one counts, and process has nothing that makes an id.
_VARIANTS = [
    *(
        SAMPLES[kind]
        for kind in sorted(OBSERVABLES)
        if OBSERVABLES[kind].contributing and kind != "network-traffic"
    ),
    # stix2 writes times anew before it makes the id; these are written so already.
    sample("network-traffic", start="2026-11-22T03:00:00Z", end="2026-11-22T03:00:01.5Z"),
    sample("file", hashes={"SHA-256": SHA256, "TLSH": "0A" * 35}, extensions=...),
    sample("file", hashes={"TLSH": "0A" * 35}, name="ü\u2028"),
    sample("file", hashes=..., extensions=..., parent_directory_ref=...),
    sample("software", cpe=..., swid=...),
]


@pytest.mark.parametrize("value", _VARIANTS, ids=lambda value: value["type"])
def test_the_ids_of_stix2(value):
    kind = value["type"]
    bare = {name: part for name, part in value.items() if name not in {"id", "granular_markings"}}
    made = json.loads(stix2.parse(bare, allow_custom=True).serialize())
    assert deterministic_id(kind, value, OBSERVABLES[kind].contributing) == made["id"]


def test_nothing_that_makes_an_id():
    assert deterministic_id("process", SAMPLES["process"], ()) is None
    assert deterministic_id("file", {"type": "file", "id": an_id("file")}, ("hashes", "name")) is None


def test_content_without_canonical_form():
    assert deterministic_id("mutex", {"name": "\ud800"}, ("name",)) is None
