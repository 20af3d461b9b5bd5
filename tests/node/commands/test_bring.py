"""`comity-node import`: a file says what it is, and everything that was not kept as it came is told."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from comity.base.errors import TooLarge
from comity.node.commands import bring
from comity.node.commands.output import Output
from comity.node.commands.parsing import Parser
from comity.node.exchange.models import Import
from tests.node.exchange.holding import bundle, indicator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


@pytest.fixture
def event(tmp_path: Path) -> Path:
    attribute = {
        "uuid": "5be1fc6b-2528-430e-81fb-5cd20a016219",
        "type": "text",
        "category": "Other",
        "value": "a remark",
        "timestamp": "1541536875",
    }
    known = {"uuid": "5be1fc0f-1d6c-4f38-8a52-5cd20a016219", "info": "Seen", "date": "2018-11-06"}
    said = {"Event": known | {"timestamp": "1541536875", "Attribute": [attribute]}}
    path = tmp_path / "event.json"
    path.write_text(json.dumps(said | {"padding": "x" * 70_000}))
    return path


def run(path: Path, *words: str) -> int:
    parser = Parser()
    bring.arguments(parser)
    given = [str(path), "--source", "a test", *words]
    return bring.run(parser.parse_args(given, argparse.Namespace(output=Output(as_json=False))))


def test_an_event_is_taken_for_one_and_told_of(event, capsys):
    assert run(event) == 0
    said = capsys.readouterr().out
    assert Import.objects.get().form == "misp"
    assert "\n  What STIX has no words for:\n" in said
    assert "\n  text: no STIX type: is kept as it is" in said


def test_a_form_that_is_named_counts(event):
    with pytest.raises(TooLarge):
        run(event, "--form", "stix")
    assert not Import.objects.exists()


def test_a_bundle_is_one(tmp_path, capsys):
    path = tmp_path / "bundle.json"
    path.write_bytes(bundle(indicator("one")))
    assert run(path) == 0
    assert Import.objects.get().form == "stix"
    assert "no words" not in capsys.readouterr().out
