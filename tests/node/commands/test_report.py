"""Reports of sensors by command: all lines, or none."""

from __future__ import annotations

import argparse
import io
import json
import sys

import pytest

from comity.base.errors import Malformed, TooLarge
from comity.node.commands import report
from comity.node.commands.output import Output
from comity.node.commands.parsing import Parser, Unreadable
from comity.node.exchange.models import Remark
from comity.node.exchange.services.telling import begin_rule
from tests.node.exchange.holding import from_elsewhere, indicator, own_work
from tests.node.exchange.test_scores import BAD
from tests.node.instruments.agreeing import sides_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def run(file, as_json: bool = True) -> int:
    parser = Parser()
    report.arguments(parser)
    words = [str(file), "--as", "ayesha@pk.example"]
    return report.run(parser.parse_args(words, argparse.Namespace(output=Output(as_json=as_json))))


def lines(*values: object) -> bytes:
    return b"\n\n".join(json.dumps(value).encode() for value in values)


@pytest.fixture
def file(tmp_path, world):
    own_work(world, BAD)
    return tmp_path / "hits.jsonl"


def test_the_lines_of_a_sensor(file, capsys):
    wrong = {"object": BAD["id"], "what": "false-positive", "why": "Ours."}
    file.write_bytes(lines({"value": "bad[.]example", "count": 2}, wrong))
    assert run(file) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["what"] for each in told] == ["seen", "false-positive"]
    assert {each["about"] for each in told} == {BAD["id"]}
    assert Remark.objects.count() == 2


def test_the_standard_input(file, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines({"object": BAD["id"]}))))
    assert run("-", as_json=False) == 0
    assert f"{BAD['id']}: seen (sighting--" in capsys.readouterr().out


def test_what_became_of_telling_the_giver(file, world, far, capsys):
    sides = sides_of(world, far)
    sides.conclude()
    from_elsewhere(world, theirs := indicator("theirs"), party=sides.party)
    begin_rule(actor=world.approver, party=sides.party, now=NOW)
    file.write_bytes(lines({"object": theirs["id"], "tlp": "red"}))
    assert run(file) == 0
    [_, told] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told["event"], told["act"]) == ("told", None)
    assert told["why"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": "x y z"}, "line 3, value"),
        ({"object": BAD["id"], "colour": "red"}, "line 3, /colour"),
        ({"object": BAD["id"], "what": "expired"}, "line 3, why"),
        ([], "line 3, the document"),
    ],
)
def test_one_wrong_line_stops_all(file, wrong, said):
    file.write_bytes(lines({"object": BAD["id"]}, wrong))
    with pytest.raises(Malformed) as refused:
        run(file)
    assert refused.value.message.startswith(said)
    assert not Remark.objects.exists()


def test_files_that_are_not_there_or_never_end(file, monkeypatch):
    with pytest.raises(Unreadable):
        run(file)
    monkeypatch.setattr(report, "_MOST", 10)
    file.write_bytes(b"x" * 11)
    with pytest.raises(TooLarge):
        run(file)
