"""What release lets go only after a removal goes so by TAXII: under its own id, the same at every door."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.formats.canonical import canonical
from comity.formats.strict_json import decode as decode_json
from comity.node.accountability.models import LogEntry
from comity.node.exchange.models import ReducedName
from comity.node.instruments.bodies import written_terms
from comity.node.instruments.models import Agreement
from comity.node.parties.models import Party
from tests.node.exchange.holding import from_elsewhere, iep_marking, indicator, made, own_work, ref_of
from tests.node.instruments.agreeing import Sides, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
NAME = "Karakoram Power"
POWER = made("identity", NAME, identity_class="organization")
TOLD = indicator("told", description=f"Found at {NAME}.")
SIGHTING = made("sighting", "s", sighting_of_ref=TOLD["id"], where_sighted_refs=[POWER["id"]])
PLAIN = indicator("plain")


def decode(content: bytes) -> Any:
    return decode_json(content)


def reduced(value: dict[str, Any]) -> str:
    return redacted_id(value["id"], Removal.VICTIMS)


@pytest.fixture
def held(agreed: Sides) -> Sides:
    own_work(agreed.world, PLAIN, TOLD, SIGHTING, POWER)
    return agreed


def agree(**terms: Any) -> None:
    Agreement.objects.update(terms=written_terms(some_terms(**terms)))


def test_it_goes_without_the_victim(held, reader):
    content = reader.ask("objects/").content
    assert not any(word in content for word in (b"Karakoram", POWER["id"].encode()))
    found = {each["id"]: each for each in decode(content)["objects"]}
    assert set(found) == {PLAIN["id"], reduced(TOLD), reduced(SIGHTING)}
    told = found[reduced(TOLD)]
    assert told["description"] == "Found at [victim removed]."
    assert told["created_by_ref"] == held.world.body.ref
    assert (told["created"], told["modified"]) == (TOLD["created"], TOLD["modified"])
    assert "where_sighted_refs" not in found[reduced(SIGHTING)]


def test_every_door_tells_the_same(held, reader):
    listed = reader.ids()
    manifest = reader.get("manifest/")["objects"]
    assert [each["id"] for each in manifest] == listed
    assert [page[0]["id"] for page in reader.pages("limit=1")] == listed
    for value in (TOLD, SIGHTING):
        name = reduced(value)
        assert reader.ids(f"match[id]={name}") == [name]
        assert reader.ids(f"match[type]={value['type']}&match[id]={name}") == [name]
        assert [each["id"] for each in reader.get(f"objects/{name}/")["objects"]] == [name]
        assert reader.get(f"objects/{name}/versions/")["versions"] == [value["modified"]]
        assert [each["id"] for each in reader.get(f"manifest/?match[id]={name}")["objects"]] == [name]
    assert reduced(TOLD) in reader.ids("match[type]=indicator")


def test_its_own_id_is_that_of_nothing(held, reader):
    reader.ids()
    missing = indicator("nowhere")["id"]
    for value in (TOLD, SIGHTING, POWER):
        assert reader.ids(f"match[id]={value['id']}") == []
        assert reader.ids(f"match[id]={value['id']}&match[version]=all") == []
        for path in ("objects/{}/", "objects/{}/versions/", "objects/{}/?match[version]=all"):
            asked, nothing = (reader.ask(path.format(ref)) for ref in (value["id"], missing))
            assert (asked.status_code, asked.content) == (nothing.status_code, nothing.content)


def test_what_was_given_is_recorded_as_it_went(held, reader):
    content = reader.ask("objects/").content
    given = decode(content)["objects"]
    entry = decode(bytes(LogEntry.objects.get(event="content-given").entry or b""))
    digests = b"".join(hashlib.sha256(canonical(each)).digest() for each in given)
    assert entry["digest"] == hashlib.sha256(digests).hexdigest()
    names = dict(ReducedName.objects.values_list("name", "ref"))
    assert names == {reduced(TOLD): TOLD["id"], reduced(SIGHTING): SIGHTING["id"]}
    reader.ids()
    assert ReducedName.objects.count() == 2


def test_a_manifest_tells_names_that_can_be_asked_for(held, reader):
    reader.get("manifest/")
    assert reader.ids(f"match[id]={reduced(TOLD)}") == [reduced(TOLD)]


def test_versions_of_what_is_reduced(held, reader):
    newer = TOLD | {"modified": "2026-11-21T06:30:00.000Z", "confidence": 7}
    own_work(held.world, newer)
    reader.ids("match[version]=all")
    name = reduced(TOLD)
    assert reader.get(f"objects/{name}/versions/")["versions"] == [TOLD["modified"], newer["modified"]]
    [last] = reader.get(f"objects/{name}/")["objects"]
    assert last["confidence"] == 7
    clean = TOLD | {"modified": "2026-11-21T07:30:00.000Z", "description": "Found somewhere."}
    own_work(held.world, clean)
    assert reader.ids(f"match[id]={TOLD['id']}&match[version]=all") == [TOLD["id"]]
    assert reader.ids(f"match[id]={name}&match[version]=all") == [name, name]


def test_a_poller_is_given_each_form_once(held, reader):
    since = reader.poll("")
    assert len(reader.seen) == 3
    agree(remove_victims=False)
    since = reader.poll(since, limit=2)
    since = reader.poll(since)
    assert sorted(reader.seen[3:]) == sorted([TOLD["id"], SIGHTING["id"], POWER["id"]])
    agree(remove_victims=True)
    reader.poll(since)
    assert sorted(reader.seen[6:]) == sorted([reduced(TOLD), reduced(SIGHTING)])


def test_a_second_person_does_not_sit_at_the_door(held, reader):
    agree(second_person_above=Tlp.GREEN)
    assert reader.ids() == []
    assert reader.ids(f"match[id]={reduced(TOLD)},{PLAIN['id']}") == []


def test_a_victim_that_becomes_known(agreed, reader):
    own_work(agreed.world, PLAIN, TOLD)
    since = reader.poll("")
    assert set(reader.seen) == {PLAIN["id"], TOLD["id"]}
    own_work(agreed.world, SIGHTING, POWER)
    reader.poll(since)
    assert set(reader.seen[2:]) == {reduced(TOLD), reduced(SIGHTING)}


def test_a_definition_that_names_a_victim_stays_with_what_it_marks(held, reader):
    marking = made(
        "marking-definition", "m", Tlp.AMBER, definition_type="statement", definition={"statement": NAME}
    )
    del marking["modified"]
    marks = [*TOLD["object_marking_refs"], marking["id"]]
    marked = indicator("marked", description=NAME) | {"object_marking_refs": marks}
    own_work(held.world, marking, marked)
    assert set(reader.ids()) == {PLAIN["id"], reduced(TOLD), reduced(SIGHTING)}


def test_what_cannot_be_looked_through_stays(held, reader):
    deep: Any = NAME
    for _ in range(80):
        deep = [deep]
    own_work(held.world, indicator("deep", x_deep=deep, description=NAME))
    assert set(reader.ids()) == {PLAIN["id"], reduced(TOLD), reduced(SIGHTING)}


def test_a_provider_that_wants_no_name(agreed, reader):
    marking = iep_marking(
        "quiet",
        provider_attribution="must-not",
        permitted_actions="externally-visible-direct-actions",
        tlp="green",
    )
    source = Party.objects.create(
        ref=ref_of("identity", "source"), kind="company", name="Quiet Source", state="FR", added=NOW
    )
    told = indicator("told", Tlp.GREEN, created_by_ref=source.ref, description="By Quiet Source.")
    told["object_marking_refs"] = [*told["object_marking_refs"], marking["id"]]
    from_elsewhere(agreed.world, told, marking, party=source)
    [found] = [each for each in reader.get("objects/")["objects"] if each["type"] == "indicator"]
    assert found["id"] == redacted_id(told["id"], Removal.PROVIDER)
    assert found["description"] == "By [provider removed]."
    assert found["created_by_ref"] == agreed.world.body.ref
    assert reader.ids(f"match[id]={found['id']}") == [found["id"]]
