"""The tables of cases, each row one judgement that a lawyer can read and extend."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.base.verdict import Answer
from comity.engines.release.judge import judge
from comity.engines.release.terms import Purpose
from tests.engines.release import given

FOLDER = Path(__file__).parent / "cases"
KNOWN = {"name", "handling", "recipient", "terms", "purpose", "day", "held", "answer", "rules", "removals",
         "second_person", "duties"}  # fmt: skip  # the columns
ANSWERS = {
    True: Answer.YES,
    False: Answer.NO,
    "unknown": Answer.UNKNOWN,
}  # YAML reads yes and no as truth values


def plain(value: Any) -> Any:
    """Days as the text that the decoders read."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value


ROWS = [case for path in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(path.read_text())]


@pytest.mark.parametrize("case", ROWS, ids=[case["name"] for case in ROWS])
def test_case(case):
    assert case.keys() <= KNOWN
    stated = plain(case.get("terms", {}))
    release = judge(
        given.handling(**plain(case.get("handling", {}))),
        given.recipient(case.get("recipient")),
        None if stated == "none" else given.terms(**stated),
        purpose=Purpose(case.get("purpose", "network-defence")),
        now=given.noon(case.get("day", given.DAY)),
        held=case.get("held", False),
    )
    assert release.verdict.answer is ANSWERS[case["answer"]], release.verdict
    assert [ground.rule for ground in release.verdict.grounds] == case["rules"]
    assert sorted(removal.value for removal in release.removals) == case.get("removals", [])
    if "second_person" in case:
        assert release.second_person is case["second_person"]
    if "duties" in case:
        assert [duty.rule for duty in release.duties] == case["duties"]


def test_every_ground_has_its_source_and_a_sentence():
    release = judge(
        given.handling(tlp="amber", received_under={"onward": "none"}),
        given.recipient(),
        given.terms(),
        purpose=Purpose.NETWORK_DEFENCE,
        now=given.noon(),
    )
    assert {(ground.rule, ground.source) for ground in release.verdict.grounds} == {
        ("tlp.reach", "FIRST TLP 2.0, TLP:AMBER"),
        ("origin.onward", "Memorandum of Understanding PK-XX, art. 4(2)"),
    }
    assert all(ground.text.endswith(".") for ground in release.verdict.grounds)


def test_every_rule_on_the_page_has_its_case_and_no_other_rule_speaks():
    page = (Path(__file__).parents[3] / "docs" / "release.md").read_text()
    table = page.partition("## The rules")[2].partition("**What is ours")[0]
    judged = {rule for case in ROWS for rule in case["rules"]}
    assert set(re.findall(r"`([a-z]+\.[a-z-]+)`", table)) == judged
