import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.cli.mending import MAX_PROBLEMS, form_problems
from comity.formats.acts import decode_act
from tests.cli import world
from tests.cli.run import Said, comity

ACT: dict[str, Any] = json.loads(world.act())
COMPARED = ("--descriptor", "a.json", "--bundle", "bundle.json")


def problems(said: Said) -> list[tuple[str, str]]:
    return [(line["code"], line["where"]) for line in said.lines[:-1]]


def lint(here: Path, *more: str, **differing: Any) -> Said:
    (here / "act.json").write_text(json.dumps(ACT | differing))
    return comity("lint", "act.json", *more)


def test_a_sound_act_has_no_problems(here: Path):
    said = lint(here, *COMPARED)
    assert (said.status, said.lines) == (0, [{"command": "lint", "problems": 0, "not_compared": []}])
    assert lint(here).lines[-1]["not_compared"] == ["descriptor", "bundle"]


def test_every_problem_of_form_is_listed_with_its_place(here: Path):
    content = dict(ACT["contents"][0])
    said = lint(
        here,
        wire=2,
        created="yesterday",
        kind="Share",
        recipients=["nobody"],
        body=[],
        contents=[content, {**content, "sha256": "x"}, {**content, "ref": "y"}],
        in_reply_to=None,
        revoked=False,
        object_marking_refs=[],
        extensions={},
        signature={"protected": "x"},
    )
    assert said.status == 1
    assert {where for _, where in problems(said)} == {
        "/wire", "/modified", "/created", "/kind", "/recipients/0", "/body", "/contents/1/sha256",
        "/contents/2/ref", "/in_reply_to", "/revoked", "/object_marking_refs", "/signature/signature",
        "/extensions/extension-definition--80ab4182-6fca-427f-be3d-73f41983b6ff",
    }  # fmt: skip  # as many as were made
    assert ("wire.version", "/wire") in problems(said)
    assert said.lines[-1]["problems"] == 13


@pytest.mark.parametrize(
    ("differing", "where"),
    [
        ({"author": "x"}, ["/created_by_ref", "/author"]),
        ({"author": 1}, ["/author"]),
        ({"created_by_ref": world.B_ID}, ["/created_by_ref"]),
        ({"created": 1}, ["/created"]),
        ({"modified": "2026-01-05T03:00:00.001Z"}, ["/modified"]),
        ({"recipients": [world.A_ID]}, ["/recipients"]),
        ({"contents": {}}, ["/contents"]),
        ({"expires": "2020-01-01T00:00:00.000Z"}, ["/expires"]),
    ],
)
def test_what_belongs_together_is_one_problem(here: Path, differing: dict[str, Any], where: list[str]):
    assert lint(here).status == 0
    assert [place for _, place in problems(lint(here, **differing))] == where


def test_what_is_no_act_at_all_is_one_problem(here: Path):
    (here / "act.json").write_bytes(b"[]")
    said = comity("lint", "act.json")
    assert (said.status, problems(said)) == (1, [("malformed", "the document")])


def test_what_is_no_json_is_bad_input(here: Path):
    (here / "act.json").write_bytes(b'{"type": "comity-act", "type": "x"}')
    said = comity("lint", "act.json")
    assert (said.status, said.out) == (2, "")
    assert said.err == "malformed: act.json, at …/type: a key occurs twice in one object.\n"


def test_the_signature_is_compared_with_the_author(here: Path):
    assert problems(lint(here, "--descriptor", "b.json")) == [
        ("act.wrong-sender", "/author"), ("act.unknown-key", "/signature")
    ]  # fmt: skip  # as they are told
    assert problems(lint(here, *COMPARED, kind="notify")) == [("act.bad-signature", "/signature")]


def test_every_content_is_compared_with_the_bundle(here: Path):
    changed = {**world.INDICATOR.value, "name": "changed"}
    (here / "bundle.json").write_bytes(world.bundle(changed))
    assert problems(lint(here, *COMPARED)) == [("act.content-changed", "/contents/0")]
    (here / "bundle.json").write_bytes(world.bundle())
    assert problems(lint(here, *COMPARED)) == [("act.content-missing", "/contents/0")]


def test_people_read_a_line_for_each(here: Path):
    said = lint(here, "--text", kind="Share")
    assert said.out == (
        "/kind: 'Share' has the wrong form. [malformed]\n"
        "Problems: 1. Not compared: --descriptor, --bundle not given.\n"
    )


def test_an_act_may_come_from_standard_input(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(world.act())))
    assert comity("lint", "-").status == 0


def test_problems_are_bounded():
    content = {"ref": "x", "sha256": "x"}
    assert len(list(form_problems(ACT | {"contents": [content] * 200}))) == MAX_PROBLEMS


def test_what_no_member_can_be_blamed_for_ends_the_list():
    found = list(form_problems(ACT | {"x": 2**60, "kind": "Share"}))
    assert [each.where for each in found] == ["the value"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from([*ACT, "in_reply_to", "expires", "purpose", "basis", "revoked", "a/b~c"])


def first_problem(value: object) -> list[tuple[str, str]]:
    try:
        decode_act(value)
    except Malformed as first:
        return [(first.where, first.problem)]
    return []


@given(st.dictionaries(members, anything, max_size=6), st.sets(members, max_size=3))
def test_no_problem_is_told_twice_and_none_only_for_a_sound_act(changed: dict[str, Any], without: set[str]):
    value = {name: part for name, part in (ACT | changed).items() if name not in without}
    found = [(each.where, each.problem) for each in form_problems(value)]
    assert len(set(found)) == len(found) < MAX_PROBLEMS
    assert found[:1] == first_problem(value)
