"""What a reader of a judgement sees first: how many go, how many stay, each reason once."""

from __future__ import annotations

from typing import Any

import pytest

from comity.node.acts.templatetags.judgements import at_a_glance, groups
from comity.node.site.templatetags.wording import spaced, type_of_ref


def item(name: str, *reasons: str, goes: bool = True, answer: str = "", removed: tuple[str, ...] = ()) -> Any:
    ref = name if "--" in name else f"indicator--{name}"
    grounds = [{"rule": f"test.{reason}", "source": "tests", "text": reason} for reason in reasons]
    verdict = {"answer": answer or ("yes" if goes else "no"), "grounds": grounds}
    leaves = ref if goes else None
    return {"ref": ref, "title": name, "verdict": verdict, "removed": list(removed), "leaves_as": leaves}


RED = item("red", "It is red.", goes=False)
UNMARKED = item("unmarked", "No label.", goes=False, answer="unknown")
WHOLE = item("whole", "Covered.", "Not further.")
OTHER = item("other", "Covered by another.", "Not further.")
REDUCED = item("seen", "Covered.", removed=("where_sighted_refs[0]", "where_sighted_refs[1]", "description"))
MARKING = item("marking-definition--1", "It says what a marking means.")


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([RED, WHOLE, REDUCED, MARKING], "2 go, 1 of them with a part taken out; 1 stays."),
        ([REDUCED], "1 goes, with a part taken out; 0 stay."),
        ([UNMARKED, RED], "0 go; 2 stay, 1 of them because a fact is missing."),
    ],
)
def test_one_line_says_how_many_go_and_how_many_stay(items, said):
    assert at_a_glance(items) == said


def test_what_stays_comes_first_and_no_group_is_empty():
    shown = groups([MARKING, WHOLE, REDUCED, UNMARKED, RED])
    assert [group.fate for group in shown] == ["stays", "missing", "reduced", "whole", "along"]
    assert [group.fate for group in groups([WHOLE])] == ["whole"]


def test_a_reason_of_all_is_said_once():
    (group,) = groups([WHOLE, OTHER])
    assert [ground["text"] for ground in group.common] == ["Not further."]
    assert [[ground["text"] for ground in row.grounds] for row in group.rows] == [
        ["Covered."],
        ["Covered by another."],
    ]


def test_what_was_taken_out_is_named_in_words():
    (group,) = groups([REDUCED])
    assert group.rows[0].removed == ("where sighted", "description")


def test_names_of_the_wire_in_words():
    assert spaced("attack-pattern") == "attack pattern"
    assert spaced("created_by_ref") == "created by"
    assert spaced("ipv4-addr") == "IPv4 address"
    assert spaced("x-mitre-data-component") == "MITRE data component"
    assert spaced("x_misp_uuid") == "MISP uuid"
    assert (spaced("x"), spaced("url")) == ("x", "URL")
    assert type_of_ref("course-of-action--1") == "course of action"
