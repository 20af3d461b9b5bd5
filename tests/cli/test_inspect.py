"""`comity inspect` and `comity fingerprint`."""

import json
from pathlib import Path
from typing import Any

import pytest

from comity.formats.descriptor import decode_descriptor
from tests.cli import world
from tests.cli.run import Said, comity

TERMS: dict[str, Any] = {
    "agreement": "mou",
    "title": "Memorandum",
    "source": "art. 4(2)",
    "since": "2020-01-01",
    "until": None,
    "withdrawn": None,
    "highest": "amber",
    "purposes": ["network-defence"],
    "categories": ["indicator", "sighting", "malware"],
    "remove_victims": True,
    "onward": "within-tlp",
    "retention_days": None,
    "second_person_above": "green",
}
IEP: dict[str, Any] = {
    "id": "01bc4353-4829-4d55-8d52-0ab7e0790df9",
    "name": "Policy",
    "iep_version": 2.0,
    "start_date": "2020-01-01T00:00:00Z",
    "encrypt_in_transit": "may",
    "permitted_actions": "externally-visible-direct-actions",
    "affected_party_notifications": "may",
    "tlp": "amber",
    "attribution": "must-not",
    "unmodified_resale": "may",
}
MARKING = "marking-definition--00000000-0000-4000-8000-00000000000f"
VICTIM = world.stix("identity", 9, name="Lahore Power", identity_class="organization")


def pattern(number: int, tlp: str | None = "amber", **more: Any) -> dict[str, Any]:
    return world.stix("indicator", number, tlp, pattern="[url:value = 'x']", pattern_type="stix", **more)


def marked(policy: dict[str, Any]) -> list[dict[str, Any]]:
    definition = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": MARKING,
        "created": "2026-01-02T10:00:00.000Z",
        "definition_type": "iep",
        "definition": policy,
    }
    return [definition, pattern(1, None, object_marking_refs=[MARKING])]


def inspect(here: Path, objects: list[dict[str, Any]], *more: str) -> Said:
    text = {"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": objects}
    (here / "bundle.json").write_text(json.dumps(text))
    (here / "terms.json").write_text(json.dumps(TERMS))
    return comity("inspect", "bundle.json", *more)


def why(here: Path, objects: list[dict[str, Any]], *more: str) -> Said:
    return inspect(here, objects, "--why", "--terms", "terms.json", "--recipient", "cert.xx", *more)


def judged(said: Said) -> dict[str, tuple[str, list[str], list[str]]]:
    return {
        line["object"]: (
            line["verdict"]["answer"],
            [ground["rule"] for ground in line["verdict"]["grounds"]],
            line["removed"],
        )
        for line in said.lines
        if "object" in line
    }


def table(said: Said, title: str) -> dict[str, int]:
    return {line["name"]: line["objects"] for line in said.lines if line.get("table") == title}


def test_a_bundle_is_counted(here: Path):
    author = {**world.stix("identity", 1, "clear", name="CERT A"), "id": world.A_ID}
    objects = [author, pattern(1), pattern(2, None), pattern(2, None), {**world.stix("malware", 1, "red")}]
    said = inspect(here, objects)
    assert said.status == 0
    assert table(said, "types") == {"indicator": 2, "identity": 1, "malware": 1}
    assert table(said, "markings") == {"TLP:CLEAR": 1, "TLP:AMBER": 1, "no TLP label": 1, "TLP:RED": 1}
    assert table(said, "creators") == {f"{world.A_ID} CERT A": 4}
    assert said.lines[-1] == {"command": "inspect", "objects": 4, "problems": 0}


def test_markings_of_every_sort_are_named(here: Path):
    statement = {
        **marked({})[0], "definition_type": "statement", "definition": {"statement": "Copyright"}
    }  # fmt: skip
    unknown = MARKING.replace("0f", "0e")
    objects = [statement, pattern(1, None, object_marking_refs=[MARKING, unknown]), *marked(IEP)[:0]]
    names = table(inspect(here, objects), "markings")
    assert names == {"no TLP label": 1, "statement: Copyright": 1, f"unknown: {unknown}": 1}
    assert table(inspect(here, marked(IEP)), "markings") == {"no TLP label": 1, "IEP": 1}


def test_every_object_that_is_wrong_is_named_and_the_others_are_counted(here: Path):
    twice = {**pattern(3), "name": "other"}
    said = inspect(here, [pattern(1), {"type": "x"}, {**pattern(2), "modified": "?"}, pattern(3), twice])
    places = [line["where"] for line in said.lines if "where" in line]
    assert (said.status, places) == (1, ["/objects/1/type", "/objects/2/modified", "/objects/4"])
    assert said.lines[-1] == {"command": "inspect", "objects": 2, "problems": 3}


@pytest.mark.parametrize("identifier", [None, "x", world.A_ID])
def test_a_bundle_needs_its_id(here: Path, identifier: str | None):
    text = {"type": "bundle"} | ({} if identifier is None else {"id": identifier})
    (here / "bundle.json").write_text(json.dumps(text))
    said = comity("inspect", "bundle.json")
    assert (said.status, [line["where"] for line in said.lines[:-1]]) == (1, ["/id"])


def test_what_is_no_bundle_is_bad_input(here: Path):
    said = comity("inspect", "act.json")
    assert (said.status, said.out, said.err) == (2, "", "malformed: act.json, at /type: must be 'bundle'.\n")


def test_every_object_is_judged_with_its_grounds(here: Path):
    said = why(here, [pattern(1), pattern(2, "red"), pattern(3, None), pattern(4, "clear"), pattern(5)])
    assert said.status == 0
    assert [(answer, rules) for answer, rules, _ in judged(said).values()] == [
        ("yes", ["basis.agreement"]),
        ("no", ["tlp.red", "agreement.ceiling"]),
        ("unknown", ["tlp.unmarked"]),
        ("yes", ["basis.clear"]),
        ("yes", ["basis.agreement"]),
    ]
    picture = next(line["picture"] for line in said.lines if "picture" in line)
    assert (picture["whole"], picture["refused"], picture["undecided"]) == (3, 1, 1)


def test_without_terms_only_what_is_clear_goes(here: Path):
    said = inspect(here, [pattern(1), pattern(2, "clear")], "--why", "--recipient", "cert.xx")
    assert [answer for answer, _, _ in judged(said).values()] == ["no", "yes"]


def test_terms_may_be_a_list(here: Path):
    inspect(here, [])
    (here / "list.json").write_text(json.dumps([{**TERMS, "highest": "green"}, TERMS]))
    said = comity("inspect", "bundle.json", "--why", "--terms", "list.json", "--recipient", "cert.xx")
    assert said.status == 0
    (here / "list.json").write_text(json.dumps([TERMS] * 1001))
    said = comity("inspect", "bundle.json", "--why", "--terms", "list.json", "--recipient", "cert.xx")
    assert (said.status, said.err) == (
        2,
        "too-large: list.json, at terms: are 1,001; at most 1,000 are read.\n",
    )


@pytest.mark.parametrize("named", [VICTIM["id"], "Lahore Power"])
def test_a_victim_is_taken_out_or_the_object_stays(here: Path, named: str):
    sighting = world.stix(
        "sighting", 1, sighting_of_ref=pattern(1)["id"], description="Seen at Lahore Power, today"
    )
    objects = [VICTIM, pattern(1), sighting, pattern(2, description="lahorepower.example")]
    found = judged(why(here, objects, "--victim", named))
    assert found[sighting["id"]] == ("yes", ["basis.agreement"], ["description"])
    assert found[pattern(1)["id"]] == ("yes", ["basis.agreement"], [])
    assert found[pattern(2)["id"]][:2] == ("no", ["redact.remains"])
    assert found[VICTIM["id"]][0] == "no"


def test_a_name_that_cannot_be_compared_closes_the_door(here: Path):
    said = why(here, [pattern(1)], "--victim=---")
    assert said.status == 2
    assert said.err.startswith("malformed: the name of a party to be taken out: a name needs")


def test_what_was_received_goes_as_far_as_its_source_allows(here: Path):
    found = judged(why(here, [pattern(1)], "--from", "cert.yy"))
    assert found[pattern(1)["id"]][:2] == ("no", ["tlp.reach"])


def test_a_provider_that_may_not_be_named_is_taken_out(here: Path):
    definition, indicator = marked({**IEP, "tlp": "white"})
    indicator["description"] = "From cert.yy with care"
    found = judged(why(here, [definition, indicator], "--from", "cert.yy"))
    assert found == {indicator["id"]: ("yes", ["basis.clear"], ["description"])}


@pytest.mark.parametrize(
    ("objects", "where"),
    [
        (marked({**IEP, "tlp": "pink"}), "iep/tlp"),
        ([pattern(1, valid_until="soon")], "/valid_until"),
    ],
)
def test_what_cannot_be_read_is_not_judged(here: Path, objects: list[dict[str, Any]], where: str):
    said = why(here, objects)
    assert (said.status, judged(said)) == (1, {})
    assert [line["where"] for line in said.lines if "where" in line] == [f"{pattern(1)['id']}, {where}"]


def test_what_is_past_its_time_or_revoked_stays(here: Path):
    said = why(here, [pattern(1, valid_until="2021-01-01T00:00:00Z"), pattern(2, revoked=True)])
    assert [rules for _, rules, _ in judged(said).values()] == [["object.expired"], ["object.revoked"]]


def test_why_needs_somebody_to_ask_for(here: Path):
    said = comity("inspect", "bundle.json", "--why")
    assert (said.status, said.err) == (
        2,
        "bad-usage: --why needs --recipient. See `comity inspect --help`.\n",
    )


def test_people_read_it_in_words(here: Path):
    said = why(here, [pattern(1), pattern(2, "red")], "--text")
    assert f"{pattern(1)['id']}: goes\n    The agreement covers indicators, for defence of" in said.out
    assert f"{pattern(2)['id']}: stays\n    It is TLP:RED" in said.out
    assert "cert.xx would see 1 whole and 0 with something taken out; 1 stay" in said.out
    assert "types:\n  indicator\t2\n" in said.out
    assert "types: none\n" in inspect(here, [], "--text").out


def test_a_fingerprint_is_twelve_words(here: Path):
    said = comity("fingerprint", "a.json")
    words = decode_descriptor(world.A.descriptor()).words
    assert (said.status, tuple(said.lines[0]["words"])) == (0, words)
    assert " ".join(words or ()) in comity("fingerprint", "a.json", "--text").out


def test_an_altered_descriptor_has_no_fingerprint(here: Path):
    (here / "a.json").write_bytes(world.A.descriptor().replace(b"CERT 1", b"CERT 9"))
    said = comity("fingerprint", "a.json")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("refused: The signature does not fit")
