"""What lists are narrowed by, read from the object: compared as it stands there, or not at all."""

from __future__ import annotations

import pytest

from comity.node.exchange.content import LONGEST_RELATION, facets_of, title_of
from comity.node.exchange.models import Link
from tests.node.exchange.holding import AT, indicator, joined, made, own_work, row

UNTIL = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("value", "facets"),
    [
        ({}, ("", None, "", "", "")),
        (
            {"type": "relationship", "relationship_type": "uses", "confidence": 0},
            ("uses", 0, "", "", ""),
        ),
        (
            {"type": "relationship", "relationship_type": "x" * 300},
            ("x" * LONGEST_RELATION, None, "", "", ""),
        ),
        ({"type": "relationship", "relationship_type": 7}, ("", None, "", "", "")),
        ({"type": "malware", "relationship_type": "uses", "confidence": 101}, ("", None, "", "", "")),
        ({"confidence": True, "created": "yesterday", "valid_until": 3}, ("", None, "", "", "")),
        ({"created": AT, "valid_from": AT, "valid_until": UNTIL}, ("", None, AT, AT, UNTIL)),
        ({"valid_from": "2027-01-01T00:00:00+01:00", "valid_until": UNTIL + "Z"}, ("", None, "", "", "")),
    ],
)
def test_facets(value, facets):
    assert facets_of(value) == facets


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ({"type": "file", "name": "a.exe", "hashes": {"MD5": "ab"}}, "a.exe"),
        ({"type": "file", "hashes": {"MD5": "ab", "SHA-256": "cd"}}, "cd"),
        ({"type": "file", "hashes": {"SSDEEP": "3:x"}}, "3:x"),
        ({"type": "email-message", "subject": "Invoice\n17"}, "Invoice 17"),
        ({"type": "marking-definition", "definition": {"statement": "Copyright A"}}, "Copyright A"),
        (
            {
                "type": "observed-data",
                "first_observed": AT,
                "object_refs": ["file--1", "ipv4-addr--2", "file--3"],
            },
            f"Observed {AT[:10]}: file, ipv4 addr",
        ),
        (
            {"type": "network-traffic", "protocols": ["ipv4", "tcp"], "dst_port": 443},
            "tcp over ipv4 to port 443",
        ),
        ({"type": "network-traffic", "src_port": 53}, "traffic from port 53"),
        ({"type": "note", "content": "Said."}, "Said."),
        ({"type": "x-misp-attribute", "x_misp_value": "kept as it is"}, "kept as it is"),
        (
            {"type": "marking-definition", "id": "marking-definition--1", "definition": {"tlp": "red"}},
            "marking-definition--1",
        ),
        ({"type": "malware", "id": "malware--1"}, "malware--1"),
    ],
)
def test_what_has_no_name_is_called_by_what_it_says(value, title):
    assert title_of(value, {}) == title


@pytest.mark.django_db
def test_facets_are_kept_beside_the_object(world):
    one, other = indicator("one", confidence=85, valid_until=UNTIL), made("malware", "m", is_family=False)
    join = joined("j", one, other)
    own_work(world, one, other, join)
    kept = row(one)
    assert (kept.confidence, kept.created, kept.valid_from, kept.valid_until) == (85, AT, AT, UNTIL)
    assert (row(join).relation, row(other).relation, row(other).confidence) == ("indicates", "", None)
    assert Link.objects.filter(ref=one["id"], path="source_ref", object=row(join)).exists()
