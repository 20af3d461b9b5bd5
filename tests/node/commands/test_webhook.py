"""Webhooks by command: entered, listed, paused, resumed, told again and ended."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.node.commands import webhook
from comity.node.commands.output import Output
from comity.node.commands.parsing import Parser
from comity.node.exchange.models import HookForm, HookState, Webhook
from tests.node.exchange.taxii.asking import opened
from tests.node.instruments.agreeing import Sides, sides_of

pytestmark = pytest.mark.django_db
ADDRESS = "https://soc.example/comity"


@pytest.fixture
def sides(world, far) -> Sides:
    return sides_of(world, far)


@pytest.fixture
def told(capsys):
    """Runs a command, and gives the lines that it says."""

    def run(*words: str) -> list[dict[str, Any]]:
        parser = Parser()
        webhook.arguments(parser)
        args = parser.parse_args([*words], argparse.Namespace(output=Output(as_json=True)))
        assert webhook.run(args) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_from_entering_to_the_end(sides, told):
    row = opened(sides.world)
    [said] = told("add", str(row.ref), sides.party.ref, ADDRESS, "--content", "--everything")
    found = Webhook.objects.get()
    assert (said["event"], said["webhook"], found.form, found.cursor) == (
        "entered",
        found.pk,
        HookForm.CONTENT,
        0,
    )
    number = str(found.pk)
    assert told("pause", number)[0]["state"] == HookState.PAUSED
    assert told("resume", number)[0]["state"] == HookState.ASKED
    with pytest.raises(Conflict):
        told("replay", number, "2026-11-01T00:00:00Z")
    Webhook.objects.update(state=HookState.ACTIVE)
    told("replay", number, "2026-11-01T00:00:00Z")
    [line] = told("list")
    assert (line["address"], line["party"], line["state"]) == (ADDRESS, "CERT Freedonia", "active")
    assert "Told again from 2026-11-01" in line["last"]
    assert told("end", number)[0]["state"] == HookState.ENDED
    assert told("list") == []


def test_what_is_not_there(sides, told):
    row = opened(sides.world)
    with pytest.raises(NotFound):
        told("add", str(row.ref), "identity--x", ADDRESS)
    with pytest.raises(NotFound):
        told("add", sides.party.ref.partition("--")[2], sides.party.ref, ADDRESS)
    with pytest.raises(Malformed):
        told("add", "all", sides.party.ref, ADDRESS)
    with pytest.raises(NotFound):
        told("pause", "7")
    assert not Webhook.objects.exists()
