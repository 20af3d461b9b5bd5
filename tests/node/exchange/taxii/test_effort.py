"""How long a page takes tells nothing of what a caller may not see: neither questions nor rows depend on it.

The effort is counted in questions and, on SQLite, in steps of its machine, which do not vary as time does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comity.base.tlp import Tlp
from comity.node.exchange.models import StixObject
from comity.node.site import rates
from tests.node.exchange.holding import indicator, made, own_work
from tests.node.exchange.taxii.asking import Reader
from tests.node.instruments.agreeing import Sides

pytestmark = pytest.mark.django_db
OPEN = [indicator(f"open {n}") for n in range(12)]
NEWEST = indicator("newest")
MANY = 1_200
GRAIN = 50  # steps of the machine that are counted as one
PATHS = (
    "objects/?limit=5",
    "objects/?limit=1000",
    "objects/?match[type]=indicator&limit=1000",
    "objects/?match[type]=malware",
    "objects/?match[version]=all&limit=5",
    "objects/?match[version]=first&limit=5",
    "objects/?match[version]=first,last&limit=1000",
    "manifest/?match[version]=first&limit=5",
    "objects/?match[version]=2026-11-20T06:30:00.000Z&limit=5",
    f"objects/?match[id]={OPEN[3]['id']}",
    f"objects/?match[id]={indicator('nowhere')['id']}",
    "manifest/?limit=5",
    f"objects/{OPEN[3]['id']}/",
    f"objects/{OPEN[3]['id']}/versions/",
    f"objects/{indicator('nowhere')['id']}/",
)


@dataclass(frozen=True)
class Effort:
    questions: int
    steps: int


@pytest.fixture(autouse=True)
def _counted_ahead(monkeypatch):
    """The limit of requests asks the database now and then, whoever asks for what."""
    monkeypatch.setattr(rates, "_PORTIONS", 1)
    monkeypatch.setattr(rates, "_in_hand", {})


def effort(reader: Reader, path: str, **headers: Any) -> Effort:
    steps = 0

    def counted() -> int:
        nonlocal steps
        steps += 1
        return 0

    def ask() -> None:
        reply = reader.ask(path, **headers)
        assert not reply.streaming or b"".join(reply.streaming_content)

    ask()  # what is compiled once is compiled
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(counted, GRAIN)
    with CaptureQueriesContext(connection) as asked:
        ask()
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(None, 0)
    return Effort(len(asked.captured_queries), steps)


def hide(sides: Sides) -> None:
    """Many objects that are closed, before, between and behind what is open."""
    hidden = [indicator(f"hidden {n}", Tlp.RED) for n in range(MANY)]
    own_work(sides.world, *hidden[:400], *OPEN[:6], *hidden[400:800], *OPEN[6:], *hidden[800:], NEWEST)


def test_pages_take_no_longer_for_what_is_hidden(agreed, reader):
    red = indicator("red", Tlp.RED)
    own_work(agreed.world, *OPEN, NEWEST, red)
    before = {path: effort(reader, path) for path in PATHS}
    StixObject.objects.all().delete()
    hide(agreed)
    for path, few in before.items():
        many = effort(reader, path)
        assert many.questions == few.questions, path
        assert many.steps <= few.steps * 1.1 + 10, path  # one more for each hidden row would be 24


def test_lists_take_no_longer_for_what_is_hidden(agreed, reader):
    def polled() -> tuple[Effort, Effort]:
        reply = reader.ask(path)
        assert b"example" in b"".join(reply.streaming_content)
        tag = str(reply.headers["ETag"])
        return effort(reader, path), effort(reader, path, If_None_Match=tag)

    path = f"/lists/{reader.root.split('/')[2]}/{reader.collection.ref}/zeek"
    own_work(agreed.world, *OPEN, NEWEST, indicator("red", Tlp.RED))
    before = polled()
    StixObject.objects.all().delete()
    hide(agreed)
    for few, many in zip(before, polled(), strict=True):
        assert many.questions == few.questions
        assert many.steps <= few.steps * 1.1 + 10
    assert before[1].questions < before[0].questions


def test_what_is_hidden_takes_as_long_as_what_is_missing(agreed, reader):
    own_work(agreed.world, *OPEN, *(indicator(f"hidden {n}", Tlp.RED) for n in range(20)))
    for path in ("objects/{}/", "objects/{}/versions/", "objects/?match[id]={}", "manifest/?match[id]={}"):
        hidden = effort(reader, path.format(indicator("hidden 7", Tlp.RED)["id"]))
        missing = effort(reader, path.format(indicator("nowhere")["id"]))
        assert hidden.questions == missing.questions, path
        assert hidden.steps <= missing.steps + 5, path  # it is found, and its class looked at


def test_it_is_counted_what_is_open(agreed, reader):
    own_work(agreed.world, *(made("tool", f"t{n}") for n in range(300)))
    few, many = effort(reader, "objects/?limit=10"), effort(reader, "objects/?limit=300")
    assert connection.vendor != "sqlite" or many.steps > few.steps
