"""A publisher that is slow, endless, packed without measure, somewhere else, or no publisher at all."""

from __future__ import annotations

import dataclasses
import gzip
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import pytest
from django.conf import settings as django_settings

from comity.base.errors import Malformed, TooLarge
from comity.node.exchange.feeds.credentials import NoCredential, read_credential
from comity.node.exchange.feeds.reaching import FeedUnavailable, Folder, Web, check_address
from comity.node.exchange.feeds.running import FIRST_REST, rest_after, run_due
from comity.node.exchange.models import Feed, FeedRun, Outcome, StixObject
from tests.link.publisher import Publisher, publishing
from tests.node.exchange.feeds.reading import HOUR, opened, ran
from tests.node.world import NOW

HERE = frozenset({"127.0.0.1"})


@pytest.fixture
def server():
    with publishing() as found:
        yield found


def got(server: Publisher, path: str = "list.txt", *, most: int = 1_000, seconds: float = 2.0, **more):
    with Web(more.pop("allowed", HERE), seconds, **more) as web:
        return web.get(f"{server.address}{path}", most=most)


def refused(server: Publisher, **more) -> str:
    with pytest.raises((FeedUnavailable, TooLarge)) as raised:
        got(server, **more)
    return raised.value.message


def start(to: BaseHTTPRequestHandler, status: int = 200, **headers: str) -> None:
    to.send_response(status)
    for name, value in headers.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()


def test_a_private_address_is_not_asked(server):
    server.put("a\n")
    assert "private address 127.0.0.1" in refused(server, allowed=frozenset())
    assert server.asked == []


def test_an_endless_answer_is_cut_off(server):
    def endless(to):
        start(to)
        with suppress(OSError):  # whoever reads hangs up
            while True:
                to.wfile.write(b"a" * 1_000)

    server.answer = endless
    assert "more than 1,000 bytes" in refused(server)


def test_an_answer_that_drips_is_cut_off(server):
    def drips(to):
        start(to)
        with suppress(OSError):  # as above
            for _ in range(100):
                to.wfile.write(b"a\n")
                to.wfile.flush()
                time.sleep(0.05)

    server.answer = drips
    begun = time.monotonic()
    assert "within 0.4 seconds" in refused(server, seconds=0.4)
    assert time.monotonic() - begun < 3


def test_an_answer_that_calls_itself_too_long_is_not_read(server):
    server.answer = lambda to: start(to, Content_Length="99999999999")
    assert "99,999,999,999 bytes" in refused(server)


def test_a_redirect_on_the_same_host_is_followed(server):
    server.put("a\n", "new.txt")
    plain = server.respond

    def leads(to):
        if to.path == "/list.txt":
            start(to, 301, Location="/new.txt", Content_Length="0")
        else:
            server.answer = None
            plain(to)

    server.answer = leads
    assert got(server).body == b"a\n"


@pytest.mark.parametrize("aim", ["http://other.example/list.txt", "https://127.0.0.2/", "file:///etc/passwd"])
def test_a_redirect_to_another_host_is_not_followed(server, aim):
    server.answer = lambda to: start(to, 302, Location=aim, Content_Length="0")
    with pytest.raises((FeedUnavailable, Malformed)):
        got(server)
    assert len(server.asked) == 1


def test_redirects_without_end_are_given_up(server):
    server.answer = lambda to: start(to, 302, Location=to.path, Content_Length="0")
    assert "leads on and on" in refused(server)


def test_a_credential_goes_to_the_host_that_it_is_for(server, tmp_path):
    (tmp_path / "key").write_text("Auth-Key: s3cret\n?token=a%20b\n")
    server.put("a\n")
    assert got(server, credential=read_credential(tmp_path, "key")).body == b"a\n"
    path, headers = server.asked[0]
    assert (path, headers["auth-key"]) == ("/list.txt?token=a+b", "s3cret")
    with publishing() as other:
        other.put("b\n")
        server.answer = lambda to: start(to, 302, Location=f"{other.address}list.txt", Content_Length="0")
        assert got(server, credential=read_credential(tmp_path, "key")).body == b"b\n"
        assert "auth-key" not in other.asked[0][1]
        assert other.asked[0][0] == "/list.txt"


@pytest.mark.parametrize("text", ["", "\0", "Bad header\n", "X: \x07\n"])
def test_a_credential_that_is_none_says_so(tmp_path, text):
    (tmp_path / "key").write_text(text)
    if text:
        with pytest.raises(NoCredential):
            read_credential(tmp_path, "key")
    with pytest.raises(NoCredential):
        read_credential(tmp_path, "missing")
    with pytest.raises(Malformed):
        read_credential(tmp_path, "../secret")


def test_a_server_that_asks_for_time_gets_it(world, publisher):
    publisher.put("a\n")
    publisher.status, publisher.headers = 429, {"Retry-After": "7200"}
    run = ran(opened(world, f"{publisher.address}list.txt"))
    assert (run.outcome, run.problem) == (Outcome.FAILED, "127.0.0.1 answers 429 Too Many Requests.")
    assert Feed.objects.get().due == NOW + 2 * HOUR


def test_failures_in_a_row_are_tried_more_and_more_seldom(world, publisher):
    feed = opened(world, f"{publisher.address}gone.txt")
    for _ in range(3):
        ran(feed)
    found = Feed.objects.get()
    assert (found.failures, found.due) == (3, NOW + 4 * FIRST_REST)
    assert found.problem == "127.0.0.1 answers 404 Not Found."
    assert rest_after(99, HOUR) == 6 * HOUR
    assert rest_after(99, 24 * HOUR) == 24 * HOUR


def test_a_page_in_place_of_a_list_changes_nothing(world, publisher):
    publisher.put("a.example.net\n")
    feed = opened(world, f"{publisher.address}list.txt")
    ran(feed)
    publisher.put("<!DOCTYPE html><html>Please log in</html>")
    run = ran(feed, NOW + HOUR)
    assert (run.outcome, run.problem) == (
        Outcome.FAILED,
        "the feed: is a web page where a list was expected.",
    )
    assert StixObject.objects.count() == 1


CHANGED = {
    "JSON": b'[{"host":"a.example.net"},{"host":"b.example.net"}]',
    "an object": b'{"error":"please register"}',
    "XML": b'<?xml version="1.0"?><rss><channel/></rss>',
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "UTF-16": "a.example.net\n".encode("utf-16"),
    "nothing": b"",
    "one line without end": b"a" * 2_000_000,
    "another form of list": b"id;host;seen\n1;a.example.net;2026\n2;b.example.net;2026\n",
}


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream"])
@pytest.mark.parametrize("body", CHANGED.values(), ids=CHANGED.keys())
def test_a_feed_that_becomes_something_else_loses_nothing(world, publisher, body, kind):
    publisher.put("".join(f"host{n}.example.net\n" for n in range(20)))
    feed = opened(world, f"{publisher.address}list.txt")
    assert ran(feed).new == 20
    publisher.put(body)
    publisher.headers["Content-Type"] = kind
    run = ran(feed, NOW + HOUR)
    assert run.outcome in (Outcome.FAILED, Outcome.HELD)
    assert run.problem
    assert (run.new, run.gone) == (0, 0)
    assert StixObject.objects.count() == 20


def test_a_packed_list_that_unfolds_without_measure_is_refused(world, publisher, monkeypatch):
    monkeypatch.setattr("comity.node.exchange.feeds.lists.unpacked", _small)
    publisher.put(gzip.compress(b"a" * 100_000))
    run = ran(opened(world, f"{publisher.address}list.txt"))
    assert "more than 1,000 bytes when unpacked" in run.problem


def _small(body: bytes) -> bytes:
    from comity.formats.feeds.unpacking import unpacked

    return unpacked(body, most=1_000)


def test_the_worker_runs_what_is_due_once(world, publisher):
    publisher.put("a.example.net\n")
    feed = opened(world, f"{publisher.address}list.txt")
    assert [each.feed.pk for each in run_due(NOW)] == [feed.pk]
    assert run_due(NOW) == []
    assert len(run_due(NOW + HOUR)) == 1
    assert FeedRun.objects.count() == 2


def test_files_are_read_from_their_folder_alone(tmp_path):
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "list.txt").write_text("a\n")
    (tmp_path / "secret").write_text("s")
    (folder / "way").symlink_to(tmp_path)
    reach = Folder(folder)
    first = reach.get("file:list.txt")
    assert first is not None
    assert reach.get("file:list.txt", etag=first.etag) is None
    for address in ("file:../secret", "file:/etc/passwd", "file:way/secret", "file:"):
        with pytest.raises(Malformed):
            reach.get(address)
    with pytest.raises(FeedUnavailable, match="no such file"):
        reach.get("file:missing.txt")
    with pytest.raises(TooLarge):
        reach.get("file:list.txt", most=1)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.example/", "https://", "https://a:b@x.example/", "http://x.example/list", "https://x:0/",
        "https://x.example/a b", "https://x:99999/", "https://[::1/", "file:../x", "list.txt", "",
    ],
)  # fmt: skip  # one list
def test_addresses_that_no_feed_has(address):
    with pytest.raises(Malformed):
        check_address(address, dataclasses.replace(django_settings.CONFIG, feed_hosts="127.0.0.1"))


def test_what_the_folder_holds_is_a_feed_too(world):
    folder = django_settings.CONFIG.feeds
    folder.mkdir(exist_ok=True)
    (folder / "list.txt").write_text("a.example.net\n")
    run = ran(opened(world, "file:list.txt"))
    assert (run.outcome, run.new) == (Outcome.DONE, 1)
