"""Bodies in turn: as many as may be read at a time, and everything else goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from io import BytesIO
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from comity.base.errors import Unavailable
from comity.node.site import bodies
from comity.node.site.bodies import NO_TURN, in_turn
from comity.node.site.errors import check_length


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE", 0.01)


class Requests:
    """Requests to an application that reads when it is told to."""

    def __init__(self, threads: int) -> None:
        self.served = in_turn(self._answer, threads)

    def _answer(self, environment: dict[str, Any], _start: Any) -> Iterable[bytes]:
        if environment["inside"]:
            environment["inside"](environment)
        return [b"refused" if environment.get(NO_TURN) else b"served"]

    def ask(self, body: bytes = b"", inside: Any = None, **more: Any) -> bytes:
        told = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "inside": inside, **more}
        return b"".join(self.served(told, None))


def test_a_body_that_is_not_read_yet_holds_its_turn():
    requests = Requests(threads=2)
    others: list[bytes] = []

    def unread(_: dict[str, Any]) -> None:
        others.append(requests.ask(b"second"))
        others.append(requests.ask())  # without a body

    requests.ask(b"first", unread)
    assert others == [b"refused", b"served"]
    assert requests.ask(b"third") == b"served"  # the turn ended with the request


@pytest.mark.parametrize("how", ["read", "readline"])
def test_a_body_that_is_read_leaves_its_turn(how):
    requests = Requests(threads=2)
    others: list[bytes] = []

    def read(environment: dict[str, Any]) -> None:
        assert getattr(environment["wsgi.input"], how)(100) == b"first"
        others.append(requests.ask(b"second"))

    assert requests.ask(b"first", read) == b"served"
    assert others == [b"served"]


def test_a_body_that_ends_before_its_length_is_broken_off():
    requests = Requests(threads=2)

    def read(environment: dict[str, Any]) -> None:
        assert environment["wsgi.input"].read(9) == b"fir"
        assert environment["wsgi.input"].read(0) == b""
        environment["wsgi.input"].read(9)

    with pytest.raises(ConnectionResetError):
        requests.ask(b"fir", read, CONTENT_LENGTH="500")
    assert requests.ask(b"second") == b"served"


def test_a_failure_leaves_the_turn():
    requests = Requests(threads=1)

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            requests.ask(b"first", fail)
    assert requests.ask(b"second") == b"served"


@pytest.mark.parametrize("length", ["", "x", "-1", "²"])
def test_what_is_no_length_takes_no_turn(length):
    assert Requests(threads=1).ask(b"", CONTENT_LENGTH=length) == b"served"


def test_the_refusal_is_in_words(rf):
    with pytest.raises(Unavailable, match="send it again in a moment") as raised:
        check_length(rf.post("/", {}, **{NO_TURN: True}))
    assert raised.value.code == "too-many-bodies"


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time that turns are measured by; whoever may wait does so for a minute."""
    now = [0.0]
    monkeypatch.setattr(bodies, "PATIENCE", 60.0)
    monkeypatch.setattr(bodies, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_who_comes_while_all_are_stuck_is_refused_at_once(clock):
    """Nobody waits a second time for turns that did not move: a crowd of slow senders costs one moment."""
    requests = Requests(threads=2)
    begun = time.monotonic()

    def unread(_: dict[str, Any]) -> None:
        clock[0] = 100.0
        assert [requests.ask(b"another") for _number in range(4)] == [b"refused"] * 4

    requests.ask(b"first", unread)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(("size", "answer"), [(bodies.MUCH, b"served"), (bodies.MUCH - 1, b"refused")])
def test_others_wait_for_a_long_body_that_comes_on(clock, size, answer):
    """Long posts are read and understood piece by piece: one more is not refused for that."""
    requests = Requests(threads=2)
    others: list[bytes] = []

    def read(environment: dict[str, Any]) -> None:
        clock[0] = 100.0
        environment["wsgi.input"].read(size)
        other = Thread(target=lambda: others.append(requests.ask(b"second")))
        other.start()
        if answer == b"refused":
            other.join()
        environment["wsgi.input"].read(10)
        other.join()

    requests.ask(b"x" * (size + 10), read)
    assert others == [answer]
