"""Erasing by command: acts and objects go by law, by people who may, with a reason and after a question."""

from __future__ import annotations

import argparse
import io
import json
import sys

import pytest

from comity.base.errors import ComityError, Conflict, NotFound
from comity.base.verdict import Refused
from comity.node.acts.models import Act
from comity.node.commands import erase
from comity.node.commands.output import Output
from comity.node.commands.parsing import BadUsage, Parser
from comity.node.exchange.models import ErasedObject, StixObject
from tests.node.exchange.holding import indicator, own_work, shared
from tests.node.instruments.agreeing import Sides, sides_of

pytestmark = pytest.mark.django_db
ANALYST, APPROVER = "ayesha@pk.example", "bilal@pk.example"
WHY = "Decision 7 of the supervisory authority"


def run(*words: str, by: str = APPROVER, yes: bool = True) -> int:
    parser = Parser()
    erase.arguments(parser)
    more = ["--why", WHY, "--as", by, *(["--yes"] if yes and words[0] != "lift" else [])]
    return erase.run(parser.parse_args([*words, *more], argparse.Namespace(output=Output(as_json=True))))


@pytest.fixture
def sides(world, far) -> Sides:
    found = sides_of(world, far)
    found.conclude()
    return found


@pytest.fixture
def act(sides) -> Act:
    own_work(sides.world, indicator("mine"))
    return shared(sides, indicator("mine"))


REF = indicator("mine")["id"]


def test_an_object_then_the_act_that_carries_it_then_lifted(act, capsys):
    assert run("object", REF) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"event": "erased", "object": REF, "carried_by": [act.ref]}
    assert not StixObject.objects.filter(ref=REF).exists()
    assert run("act", act.ref) == 0
    told = json.loads(capsys.readouterr().out)
    expected = {"event": "erased", "act": act.ref, "sha256": act.sha256, "log_index": act.log_index}
    assert told == expected
    act.refresh_from_db()
    assert (act.erased_why, act.erased_by, act.wire) == (WHY, "Bilal", None)
    assert run("lift", REF) == 0
    assert json.loads(capsys.readouterr().out) == {"event": "lifted", "object": REF}
    assert not ErasedObject.objects.exists()


@pytest.mark.parametrize("what", ["act", "object", "lift"])
def test_not_without_the_power_and_not_what_is_not_there(act, what):
    ref = act.ref if what == "act" else REF
    if what == "lift":
        run("object", REF)
    with pytest.raises(Refused):
        run(what, ref, by=ANALYST)
    with pytest.raises(NotFound):
        run(what, ref[:-1] + ("0" if ref[-1] != "0" else "1"))
    with pytest.raises(NotFound):
        run(what, ref, by="nobody@pk.example")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdin", "error"), [(io.StringIO(""), BadUsage), (Terminal("no\n"), Conflict), (Terminal("yes\n"), None)]
)
def test_it_asks_once_more(act, monkeypatch, stdin, error: type[ComityError] | None):
    monkeypatch.setattr(sys, "stdin", stdin)
    if error is None:
        assert run("act", act.ref, yes=False) == 0
        return
    with pytest.raises(error):
        run("act", act.ref, yes=False)
    act.refresh_from_db()
    assert act.erased_at is None
