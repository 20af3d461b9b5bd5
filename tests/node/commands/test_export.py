"""Files by command: for our own devices, for a partner, to a file or the standard output."""

from __future__ import annotations

import argparse
import json

import pytest

from comity.node.accountability.models import LogEntry
from comity.node.commands import export
from comity.node.commands.output import Output
from comity.node.commands.parsing import BadUsage, Parser
from tests.node.exchange.holding import indicator, own_work
from tests.node.instruments.agreeing import Sides, sides_of

pytestmark = pytest.mark.django_db


def run(*words: str, as_json: bool = True) -> int:
    parser = Parser()
    export.arguments(parser)
    return export.run(parser.parse_args([*words], argparse.Namespace(output=Output(as_json=as_json))))


@pytest.fixture
def sides(world, far) -> Sides:
    found = sides_of(world, far)
    found.conclude()
    own_work(world, indicator("mine", confidence=70))
    return found


def test_for_our_own_devices_to_the_standard_output(sides, capfdbinary):
    assert run("--form", "list-domain") == 0
    assert capfdbinary.readouterr().out.endswith(b"\nmine.example\n")
    assert run("--form", "list-domain", "--min-confidence", "71") == 0
    assert b"mine.example" not in capfdbinary.readouterr().out
    assert not LogEntry.objects.filter(event="content-exported").exists()


def test_for_a_partner_into_a_file_and_into_the_log(sides, tmp_path, capsys):
    file = tmp_path / "zone"
    assert run("--form", "rpz", "--partner", sides.party.name, "-o", str(file)) == 0
    assert "mine.example CNAME ." in file.read_text()
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["bytes"]) == ("exported", file.stat().st_size)
    assert LogEntry.objects.filter(event="content-exported").count() == 1
    assert list(tmp_path.iterdir()) == [file]


def test_people_are_told_what_the_file_is(sides, tmp_path, capsys):
    run("--form", "zeek", "-o", str(tmp_path / "x"), as_json=False)
    assert "TLP:AMBER; 1 values" in capsys.readouterr().out


@pytest.mark.parametrize("whom", [(), ("--partner", "CERT Freedonia")])
def test_a_bundle(sides, tmp_path, whom):
    file = tmp_path / "bundle.json"
    run(*whom, "-o", str(file))
    assert [each["name"] for each in json.loads(file.read_bytes())["objects"]] == ["mine"]


def test_a_confidence_is_between_nothing_and_a_hundred(sides):
    for wrong in ("101", "-1", "many", "9" * 5_000):
        with pytest.raises(BadUsage):
            run("--form", "csv", f"--min-confidence={wrong}")
