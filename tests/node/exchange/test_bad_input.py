"""Bad input by every way in: refused or kept with the reason, nothing else harmed, and nothing lost."""

from __future__ import annotations

import gzip
import json
import time
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest

from comity.base.errors import ComityError
from comity.formats.canonical import canonical
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import decode
from comity.node.acts.models import Act
from comity.node.exchange.models import HandlingClass, Import, Label, Link, StixObject, Value, Victim
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.instruments.models import Agreement
from comity.node.parties.models import Party
from comity.node.parties.roles import Role
from tests.node.api.conftest import program  # noqa: F401  a fixture
from tests.node.exchange.bad_input import BAD, WRONG_TIMES, Bad, Fate
from tests.node.exchange.holding import from_far, indicator, own_work, ref_of, row
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.test_pages import upload
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
GOOD = indicator("good")
OURS = indicator("ours", description="was here before")
# The other ways share the reader: of the many wrong times every fifteenth is enough.
SOME = [name for place, name in enumerate(BAD) if place % 15 == 0 or name not in WRONG_TIMES]
SLOWEST = 8.0  # seconds of processor time that one bad object may cost
_TABLES = (StixObject, Link, Label, Value, HandlingClass, Victim, Import, Act, Party)


def digest() -> str:
    """Everything that is held."""
    found = sha256()
    for table in _TABLES:
        for values in table.objects.order_by("pk").values_list():
            found.update(repr(values).encode())
    return found.hexdigest()


def written(bad: Bad) -> bytes:
    """A bundle of the bad and the good."""
    listed = ",".join((*bad.texts, json.dumps(GOOD)))
    return f'{{"type":"bundle","id":"{ref_of("bundle", "b")}","objects":[{listed}]}}'.encode()


def unharmed() -> None:
    """What was there before is as it was."""
    assert bytes(row(OURS).wire) == canonical(OURS)
    assert StixObject.objects.filter(latest=True, ref=OURS["id"]).count() == 1


def told_of(bad: Bad, report: dict[str, Any]) -> None:
    """The report says what became of it."""
    listed = {Fate.REFUSED: report["refused"], Fate.DOUBTED: report["faulty"]}
    if bad.fate is Fate.KEPT:
        assert (report["refused"], report["faulty"]) == ([], [])
    else:
        assert [why for _, why in listed[bad.fate] if why]
    assert StixObject.objects.filter(ref=GOOD["id"]).exists()
    kept = StixObject.objects.filter(ref=bad.ref).exists()
    assert kept == (bad.fate is not Fate.REFUSED)


@pytest.fixture(autouse=True)
def _ours(world):
    own_work(world, OURS)


@pytest.mark.parametrize("name", BAD)
def test_in_a_file(world, name):
    bad = BAD[name]
    begun = time.process_time()
    file = BytesIO(written(bad))
    done = import_bundle(actor=world.analyst, file=file, source=Source(world.body), now=NOW)
    assert time.process_time() - begun < SLOWEST
    told_of(bad, done.report)
    assert done.ended
    unharmed()


@pytest.mark.parametrize("name", SOME)
def test_by_the_page(world, name):
    answer = upload(client_of(world.analyst), written(BAD[name]), source="own")
    assert answer.status_code == 302
    told_of(BAD[name], Import.objects.latest("pk").report)
    assert client_of(world.analyst).get(answer.headers["Location"]).status_code == 200
    for each in StixObject.objects.all():
        assert client_of(world.analyst).get(f"/exchange/objects/{each.ref}/").status_code == 200
    unharmed()


@pytest.mark.parametrize("name", SOME)
def test_by_the_api(world, program, name):  # noqa: F811  the fixture
    caller = program(Role.ANALYST)
    answer = caller.post("/imports?source=" + world.body.ref, written(BAD[name]))
    assert answer.status_code == 201
    told_of(BAD[name], answer.json())
    for each in StixObject.objects.all():
        assert caller.get(f"/objects/{each.ref}").status_code == 200
    unharmed()


@pytest.mark.parametrize("name", SOME)
def test_by_a_post(agreed, name):
    bad = BAD[name]
    reader = reader_of(agreed, opened(agreed.world, may_post=True))
    envelope = b'{"objects":[%b]}' % ",".join((*bad.texts, json.dumps(GOOD))).encode()
    answer = reader.ask("objects/", "POST", envelope)
    assert answer.status_code == 202
    told = json.loads(answer.content)
    assert told["success_count"] + told["failure_count"] == told["total_count"] == len(bad.texts) + 1
    assert all(each["message"] for each in told.get("failures", ()))
    assert bool(told["failure_count"]) == (bad.fate is Fate.REFUSED)
    told_of(bad, Import.objects.get(form="taxii").report)
    assert reader.ask("objects/").status_code == 200
    unharmed()


def _twice() -> list[dict[str, Any]]:
    """One version with two contents, one with one content, and an id of two versions."""
    first = indicator("twice")
    return [
        first,
        first | {"description": "other"},
        GOOD,
        GOOD,
        GOOD | {"modified": "2026-11-20T07:00:00.000Z"},
    ]


def test_ids_that_stand_twice_in_a_file(world):
    bundle = {"type": "bundle", "id": ref_of("bundle", "b"), "objects": _twice()}
    file = BytesIO(json.dumps(bundle).encode())
    done = import_bundle(actor=world.analyst, file=file, source=Source(world.body), now=NOW)
    kept_twice(done.report)


def test_ids_that_stand_twice_in_a_post(agreed):
    reader = reader_of(agreed, opened(agreed.world, may_post=True))
    told = reader.posted(*_twice())
    assert (told["success_count"], told["failure_count"]) == (4, 1)
    kept_twice(Import.objects.get(form="taxii").report)


def kept_twice(report: dict[str, Any]) -> None:
    first = _twice()[0]
    assert (report["new"], report["known"], [ref for ref, _ in report["refused"]]) == (3, 1, [first["id"]])
    assert json.loads(bytes(row(first).wire)) == first
    assert row(GOOD).modified == "2026-11-20T07:00:00.000Z"
    assert StixObject.objects.filter(ref=GOOD["id"]).count() == 2
    unharmed()


_GOOD = json.dumps({"objects": [GOOD]}).encode()
WRONG_BODIES: dict[str, tuple[bytes, dict[str, str], set[int]]] = {
    "a web page": (b"<html></html>", {"Content_Type": "text/html"}, {415}),
    "plain JSON": (_GOOD, {"Content_Type": "application/json"}, {415}),
    "TAXII 2.0": (_GOOD, {"Content_Type": "application/vnd.oasis.taxii+json;version=2.0"}, {415}),
    "TAXII 9": (_GOOD, {"Content_Type": "application/taxii+json;version=9"}, {415}),
    "no type": (_GOOD, {"Content_Type": ""}, {415}),
    "compressed": (gzip.compress(_GOOD), {"Content-Encoding": "gzip"}, {422, 415}),
    "in chunks": (_GOOD, {"Transfer-Encoding": "chunked", "Content-Length": ""}, {411}),
    "broken off": (_GOOD[:-20], {}, {422}),
    "nothing": (b"", {}, {415, 422}),
    "a length that is none": (_GOOD, {"Content-Length": "many"}, {400}),
    "a length below zero": (_GOOD, {"Content-Length": "-1"}, {400}),
    "a length beyond all": (_GOOD, {"Content-Length": "9" * 40}, {413}),
    "two texts": (_GOOD + _GOOD, {}, {422}),
    "a list": (b"[]", {}, {422}),
    "objects that are one": (b'{"objects":{}}', {}, {422}),
    "objects twice": (b'{"objects":[],"objects":[]}', {}, {422}),
    "another mark of order": (b"\xef\xbb\xbf" + _GOOD, {}, {422}),
    "UTF-16": (_GOOD.decode().encode("utf-16"), {}, {422}),
    "more beside than in it": (b'{"x":"%b","objects":[]}' % (b"x" * 100_000), {}, {422, 413}),
}


@pytest.mark.parametrize(("body", "headers", "statuses"), WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
def test_a_post_that_is_none_changes_nothing(agreed, body, headers, statuses):
    reader = reader_of(agreed, opened(agreed.world, may_post=True))
    before = digest()
    answer = reader.ask("objects/", "POST", body, **headers)
    assert answer.status_code in statuses, answer.content
    assert json.loads(answer.content)["error_code"]
    assert digest() == before


@pytest.mark.parametrize("name", SOME)
def test_by_a_share(agreed, name):
    """A share is taken as it is signed, or refused whole; what has no canonical form cannot be signed."""
    try:
        found = [Found.decode(decode(each.encode())) for each in BAD[name].texts]
    except ComityError:
        assert BAD[name].fate is Fate.REFUSED
        return
    before = digest()
    verdict, act = from_far(
        agreed, *(each.value for each in found), GOOD, basis=(Agreement.objects.get().ref,)
    )
    if verdict.allowed:
        assert BAD[name].fate is not Fate.REFUSED
        assert StixObject.objects.filter(ref=GOOD["id"]).exists()
        assert client_of(agreed.world.analyst).get(f"/acts/{act.act.id}/").status_code == 200
    else:
        assert BAD[name].fate is Fate.REFUSED
        assert verdict.grounds[0].text
        assert digest() == before
    unharmed()
