"""Every rule for STIX objects has a line in the page of the wire, under its level, and no other rule has."""

import json

from comity.formats.stix21.finding import WARNINGS, Rule
from comity.formats.stix21.validate import findings
from tests.docs import pages

PAGE = "docs/wire/stix.md"


def _rules(heading: str) -> list[str]:
    text = pages.read(PAGE).partition(f"\n### {heading}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    return [row[0].strip("`") for row in pages.rows(text)]


def test_errors_have_their_lines():
    assert sorted(_rules("Errors")) == sorted(rule for rule in Rule if rule not in WARNINGS)


def test_warnings_have_their_lines():
    assert sorted(_rules("Warnings")) == sorted(WARNINGS)


def test_the_example_has_the_findings_that_the_page_shows():
    (example,) = pages.blocks(PAGE, "json")
    for each in findings(json.loads(example)):
        place = f" `{each.where}` |" if each.where else " |"
        assert f"| {each.level.value} |{place} `{each.rule}` | {each.text} |" in pages.read(PAGE)
