"""Warninglists of MISP, as they are written and as they are not; and those that are shipped."""

import json
from pathlib import Path

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.base.known import Manner, Sort
from comity.formats.warninglists import reading
from comity.formats.warninglists.reading import read_list, shipped

LIST = {
    "name": "RFC 1918",
    "version": 5,
    "description": "private addresses",
    "type": "cidr",
    "matching_attributes": ["ip-src", "domain|ip"],
    "list": ["10.0.0.0/8", "172.16.0.0/12"],
}


def read(**changes: object):
    members = {name: value for name, value in (LIST | changes).items() if value is not None}
    return read_list(json.dumps(members).encode())


def test_a_list():
    found = read()
    assert (found.name, found.version, found.manner) == ("RFC 1918", 5, Manner.NETWORK)
    assert found.entries == ("10.0.0.0/8", "172.16.0.0/12")
    assert found.sorts == {Sort.ADDRESS}


@pytest.mark.parametrize(
    ("types", "manner", "sorts"),
    [
        (["domain", "url"], "string", {Sort.NAME, Sort.URL}),
        (["domain|ip"], "hostname", {Sort.NAME, Sort.ADDRESS}),
        (["filename|md5", "sha256", "sha512/224"], "string", {Sort.HASH}),
        (["filename", "email-dst"], "substring", {Sort.FILE, Sort.EMAIL}),
        (["btc"], "regex", {Sort.OTHER}),
        ([], "string", set()),
        (None, "string", set()),
        ([], "cidr", {Sort.ADDRESS}),
        (["domain"], "cidr", {Sort.ADDRESS}),
    ],
)
def test_what_a_list_speaks_of(types: list[str] | None, manner: str, sorts: set[Sort]):
    found = read(matching_attributes=types, type=manner)
    assert found.sorts == sorts
    assert all(found.speaks_of(each) for each in sorts or Sort)
    assert found.speaks_of(Sort.URL) == (not sorts or Sort.URL in sorts)


def test_what_misp_takes_for_granted():
    found = read(type=None, version=None, list={"a.example": "why", "": "nothing"})
    assert (found.manner, found.version, found.entries) == (Manner.EXACT, 1, ("a.example",))
    assert read(list=["a.example", ""], type="string").entries == ("a.example",)


@pytest.mark.parametrize(
    ("member", "value"),
    [("name", None), ("list", None), ("list", "x"), ("list", [5]), ("type", "glob"), ("version", -1)],
)
def test_what_is_no_list(member: str, value: object):
    with pytest.raises(Malformed) as caught:
        read(**{member: value})
    assert f"/{member}" in caught.value.where


def test_a_list_has_a_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_ENTRIES", 1)
    with pytest.raises(TooLarge):
        read()


def test_the_shipped_lists():
    found = shipped()
    assert len(found) == len(list((Path(reading.__file__).parent / "lists").glob("*.json"))) == 26
    # Whoever may choose a name chooses one that holds the part: such lists are for those who ask for them.
    assert {each.manner for each in found} == {Manner.NETWORK, Manner.EXACT, Manner.BENEATH}
    assert all(each.sorts and each.entries for each in found)
