"""A line to one server, over a socket."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from comity.formats.conversation import Ask, PartnerUnavailable
from comity.link.transport import Line, PrivateAddress, drive
from tests.link.publisher import Publisher, publishing


@pytest.fixture
def server() -> Iterator[Publisher]:
    with publishing() as publisher:
        yield publisher


def test_who_asks_shows_what_it_was_given_and_nothing_else(server):
    server.put("there")
    with Line(authorization="Bearer xyz") as line:
        reply = line(Ask(f"{server.address}list.txt", (("added_after", "a b"),), accept="text/plain"))
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"there", "text/plain")
    ((path, headers),) = server.asked
    assert path == "/list.txt?added_after=a+b"
    assert headers["authorization"] == "Bearer xyz"
    assert (headers["accept"], headers["accept-encoding"]) == ("text/plain", "identity")
    assert "signature" not in headers


def test_no_more_is_read_than_was_asked_for(server):
    server.put(b"x" * 1_000_000)
    with Line() as line:
        assert len(line(Ask(f"{server.address}list.txt", limit=10)).body) < 1_000_000


def test_a_redirect_is_told_and_not_followed(server):
    server.status, server.headers = 302, {"Location": "http://127.0.0.1:1/"}
    server.put("")
    with Line() as line:
        assert line(Ask(f"{server.address}list.txt")).status == 302


def test_a_server_that_drips_is_hung_up_on(server):
    def drip(to):
        to.send_response(200)
        to.end_headers()
        for _ in range(200):
            time.sleep(0.02)
            to.wfile.write(b"x")

    server.answer = drip
    with Line(timeout=0.2) as line, pytest.raises(PartnerUnavailable, match=r"within 0\.2 seconds"):
        line(Ask(server.address))


def test_pages_that_each_come_in_time_end_as_well(server):
    server.put("x")

    def pages():
        while True:
            yield Ask(f"{server.address}list.txt")

    with Line(altogether=0.2) as line, pytest.raises(PartnerUnavailable, match="ended at"):
        drive(pages(), line)


def test_a_private_address_is_asked_only_where_it_is_named(server):
    server.put("x")
    with (
        Line(private=frozenset()) as line,
        pytest.raises(PrivateAddress, match=r"private address 127\.0\.0\.1"),
    ):
        line(Ask(f"{server.address}list.txt"))
    with Line(private=frozenset({"127.0.0.1"})) as line:
        assert line(Ask(f"{server.address}list.txt")).status == 200


def test_nobody_there_is_said_in_words():
    with Line(timeout=1) as line, pytest.raises(PartnerUnavailable, match="cannot be reached"):
        line(Ask("http://127.0.0.1:1/"))


def test_a_line_is_open_within_its_context_alone():
    with pytest.raises(RuntimeError, match="context"):
        Line()(Ask("http://127.0.0.1:1/"))
