"""A TAXII 2.1 client, driven by hand: what it asks, makes of each reply, and does not believe."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import ComityError, Malformed, TooLarge
from comity.formats.conversation import MAX_REPLY, PartnerRefused, PartnerUnavailable, Reply
from comity.formats.taxii import (
    Discovery,
    Entry,
    Outcome,
    Status,
    encode_manifest,
    encode_versions,
    envelope_of,
)
from comity.formats.taxii_client import (
    MAX_EMPTY,
    Filters,
    Reading,
    collection_url,
    delete_object,
    discover,
    envelope,
    envelopes,
    has_version,
    object_url,
    post_envelope,
    read_collection,
    read_object,
    read_status,
    roots_of,
)
from comity.formats.taxii_pages import Manifest, RawEnvelope, VersionList, with_spec_version
from tests.formats.test_exchange import BOX, ROOT, converse, ok, refused_by
from tests.vectors.formats.make import ADDRESS, INDICATOR

URL = f"{ROOT}collections/{BOX}/objects/"
Query = tuple[tuple[str, str], ...]
FIRST, SECOND, THIRD = (f"2026-11-22T03:00:00.00000{each}Z" for each in (1, 2, 3))


def page(*objects: bytes, following: str | None = None, last: str = "") -> Reply:
    body = envelope_of(objects, following=following)
    return ok(body, x_taxii_date_added_last=last) if last else ok(body)


def walked(reading: Reading[Any], replies: Sequence[Reply]) -> tuple[list[Query], list[Any]]:
    """What was asked, and the contents of the pages."""
    asked: list[Query] = []
    contents: list[Any] = []
    left = list(replies)
    while not reading.ended:
        conversation = reading.next_page()
        ask = next(conversation)
        while True:
            asked.append(ask.query)
            try:
                ask = conversation.send(left.pop(0))
            except StopIteration as end:
                contents.append(end.value.content)
                break
    assert left == []
    return asked, contents


def reading(**more: Any) -> Reading[RawEnvelope]:
    return Reading(URL, RawEnvelope.decode, **more)


def stopped(replies: Sequence[Reply], walk: Reading[Any] | None = None) -> ComityError:
    with pytest.raises(ComityError) as refused:
        walked(walk or reading(), replies)
    return refused.value


def test_pages_are_read_by_the_cursor_in_their_own_bytes():
    odd = b'{"type" : "indicator",  "id": "x"}'
    walk = reading(filters=Filters(added_after=FIRST, types=("indicator", "malware")), limit=2)
    asked, contents = walked(
        walk, [page(odd, INDICATOR.raw, following="a b", last=SECOND), page(ADDRESS.raw, last=THIRD)]
    )
    common = (("added_after", FIRST), ("match[type]", "indicator,malware"), ("limit", "2"))
    assert asked == [common, (*common, ("next", "a b"))]
    assert [each.objects for each in contents] == [(odd, INDICATOR.raw), (ADDRESS.raw,)]
    assert walk.last == THIRD


def test_filters_are_written_as_the_standard_does():
    filters = Filters(ids=("a", "b"), versions=("first", FIRST), spec_versions=("2.1",))
    assert filters.matches == (
        ("match[id]", "a,b"),
        ("match[version]", f"first,{FIRST}"),
        ("match[spec_version]", "2.1"),
    )


def test_without_a_cursor_it_goes_on_behind_the_last_instant():
    more = b'{"more":true,"objects":[%b]}'
    asked, _ = walked(
        reading(limit=1),
        [
            ok(more % INDICATOR.raw, x_taxii_date_added_last=FIRST),
            ok(b'{"more":true,"next":"","objects":[%b]}' % ADDRESS.raw, x_taxii_date_added_last=SECOND),
            page(),
        ],
    )
    limit = ("limit", "1")
    assert asked == [(limit,), (("added_after", FIRST), limit), (("added_after", SECOND), limit)]


@pytest.mark.parametrize("headers", [{}, {"x_taxii_date_added_last": FIRST}])
def test_more_without_saying_where_is_refused(headers):
    walk = reading(filters=Filters(added_after=FIRST))
    error = stopped([ok(b'{"more":true,"objects":[%b]}' % INDICATOR.raw, **headers)], walk)
    assert isinstance(error, Malformed)
    assert "neither `next` nor a later instant" in error.message


def test_the_latest_instant_counts_however_pages_are_ordered():
    walk = reading()
    walked(walk, [page(INDICATOR.raw, following="2", last=SECOND), page(ADDRESS.raw, last=FIRST)])
    assert walk.last == SECOND


def test_an_instant_that_is_none_is_told_and_not_remembered():
    walk = reading()
    conversation = walk.next_page()
    next(conversation)
    with pytest.raises(StopIteration) as end:
        conversation.send(page(INDICATOR.raw, last="Thu Feb 20 2020 22:10:20 GMT+0000"))
    assert end.value.value.problem.startswith(f"{URL}, header x-taxii-date-added-last: ")
    assert (walk.last, walk.ended) == (None, True)


def test_a_page_that_is_too_long_is_asked_for_with_fewer_objects():
    long = ok(b"x" * (MAX_REPLY + 1))
    asked, _ = walked(reading(limit=10), [long, page(INDICATOR.raw, following="2"), page()])
    assert asked == [
        (("limit", "10"),),
        (("limit", "2"),),
        (("limit", "2"), ("next", "2")),
    ]
    assert isinstance(stopped([long], reading(limit=1)), TooLarge)


@pytest.mark.parametrize(
    "replies",
    [
        [page(INDICATOR.raw, following="a"), page(INDICATOR.raw, following="a")],
        [
            page(INDICATOR.raw, following="a"),
            page(ADDRESS.raw, following="b"),
            page(INDICATOR.raw, following="a"),
        ],
        [ok(b'{"more":true,"next":"a"}')] * 2,
        [ok(b'{"more":true,"next":"%d"}' % each) for each in range(MAX_EMPTY + 1)],
    ],
)
def test_pages_that_lead_in_circles_are_refused(replies):
    error = stopped(replies)
    assert isinstance(error, Malformed)
    assert error.message.startswith(f"{URL}: the pages do not end: ")


def test_pages_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("comity.formats.taxii_client.MAX_PAGES", 3)
    replies = [page(b'{"n":%d}' % each, following=str(each)) for each in range(4)]
    assert "too many" in stopped(replies).message


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (ok(b"<html>", "text/html"), "the reply is text/html, not application/taxii+json"),
        (ok(b"{}", "application/taxii+json;version=2.0"), "not TAXII 2.1"),
        (ok(b"{}", "application/vnd.oasis.taxii+json"), "the reply is application/vnd.oasis.taxii+json"),
        (ok(b"<html>"), "not JSON"),
        (ok(b'{"objects":{}}'), "/objects"),
        (ok(b'{"objects":[{]}'), "/objects"),
        (ok(b'{"more":1}'), "/more"),
        (ok(b'{"next":"\\n"}'), "/next"),
        (ok(b'{"objects":[],"objects":[]}'), "/objects"),
        (Reply(302, {"location": "https://elsewhere.example/"}), "points to https://elsewhere.example/"),
        (Reply(301, {"location": "https://else where"}), "(it has moved)"),
        (Reply(404, {}, b"<html>"), "it has no such thing for us"),
    ],
)
def test_what_is_no_page_is_refused_in_words(reply, words):
    assert words in stopped([reply]).message


def test_who_is_told_to_come_later_comes_later_for_a_while():
    later = Reply(429, {"retry-after": "50"})
    walk = reading(patience=45)
    conversation = walk.next_page()
    assert next(conversation).wait == 0
    assert conversation.send(later).wait == 20
    assert conversation.send(later).wait == 20
    with pytest.raises(PartnerUnavailable, match="asked too often"):
        conversation.send(later)
    asked, contents = walked(reading(patience=60), [later, page(INDICATOR.raw)])
    assert (len(asked), len(contents)) == (2, 1)
    assert isinstance(stopped([Reply(503)], reading(patience=60)), PartnerUnavailable)
    assert isinstance(stopped([later]), PartnerUnavailable)


def test_a_manifest_and_versions_are_pages_too():
    entries = [Entry(INDICATOR.id, FIRST, "2026-11-20T06:30:00.000Z"), Entry(ADDRESS.id, SECOND, SECOND)]
    replies = [
        ok(encode_manifest(entries[:1], more=True), x_taxii_date_added_last=FIRST),
        ok(encode_manifest(entries[1:], more=False), x_taxii_date_added_last=SECOND),
    ]
    asked, contents = walked(Reading(f"{ROOT}manifest/", Manifest.decode), replies)
    assert [each.entries for each in contents] == [(entries[0],), (entries[1],)]
    assert asked[1][0] == ("added_after", FIRST)
    reply = ok(encode_versions([FIRST, SECOND], more=False, following=None))
    _, (found,) = walked(Reading(f"{ROOT}versions/", VersionList.decode), [reply])
    assert found.versions == (FIRST, SECOND)


@pytest.mark.parametrize(
    ("decode", "text", "where"),
    [
        (Manifest.decode, b'{"objects":[{"id":"x"}]}', "/objects/0/id"),
        (
            Manifest.decode,
            b'{"objects":[{"id":"%b","date_added":"now"}]}' % INDICATOR.id.encode(),
            "/objects/0/date_added",
        ),
        (VersionList.decode, b'{"versions":["today"]}', "/versions/0"),
        (VersionList.decode, b'{"versions":"all"}', "/versions"),
    ],
)
def test_lists_are_read_strictly(decode, text, where):
    with pytest.raises(Malformed) as refused:
        decode(text)
    assert refused.value.where == where


@pytest.mark.parametrize("decode", [RawEnvelope.decode, Manifest.decode, VersionList.decode])
@given(text=st.binary(max_size=60) | st.text('{}[]",:objects\\ 1more', max_size=60).map(str.encode))
def test_every_input_gives_a_page_or_malformed(decode, text):
    try:
        found = decode(text)
    except Malformed:
        return
    assert len(found) >= 0


def test_a_type_in_the_place_of_the_version_of_stix_is_put_right():
    wrong = b'{"id":"indicator--1", "type":"indicator","spec_version": "indicator","name":"x"}'
    right = b'{"id":"indicator--1","name":"x","spec_version":"2.1","type":"indicator"}'
    assert with_spec_version(wrong) == right
    assert with_spec_version(right) is None
    assert with_spec_version(b'{"type":"indicator","spec_version":"malware"}') is None
    assert with_spec_version(b'{"type":"indicator","spec_version":"indicator"') is None


def test_roots_are_resolved_where_they_were_read():
    found = Discovery("x", ("/one/", "https://b.example/two", "gopher://c/"), default="https://b.example/two")
    assert roots_of("https://a.example/taxii2/", found) == (
        "https://b.example/two/",
        "https://a.example/one/",
    )
    assert converse(discover("https://a.example/taxii2/"), ok(found.encode()))[1] == found


def test_a_collection_by_its_alias():
    text = b'{"id":"%b","title":"x","can_read":true,"can_write":false}' % BOX.encode()
    (ask,), found = converse(read_collection(ROOT, "all/../x"), ok(text))
    assert (ask.url, found.id) == (f"{ROOT}collections/all%2F..%2Fx/", BOX)


def test_a_status_can_be_asked_for_later():
    done = Status(BOX, complete=True, successes=(Outcome("a", "b"),))
    (ask,), status = converse(read_status(ROOT, BOX, wait=3), ok(done.encode()))
    assert (ask.url, ask.wait, status) == (f"{ROOT}status/{BOX}/", 3, done)


def test_objects_are_posted_in_their_own_bytes():
    done = Status(BOX, complete=True, successes=(Outcome("a", "b"),))
    body = envelope([INDICATOR.raw, b'{"a" : 1}'])
    (ask,), status = converse(post_envelope(ROOT, BOX, body), ok(done.encode(), status=202))
    assert (ask.url, ask.body) == (URL, b'{"objects":[' + INDICATOR.raw + b',{"a" : 1}]}')
    assert status == done


@given(st.lists(st.integers(1, 40)), st.integers(20, 90), st.integers(1, 5))
def test_a_post_is_never_longer_than_the_server_takes(sizes, most, count):
    objects = [b"%d" % place + b"x" * size for place, size in enumerate(sizes)]
    portions = list(envelopes(objects, most_bytes=most, most_objects=count))
    assert [each for portion in portions for each in portion] == objects
    for portion in portions:
        assert 1 <= len(portion) <= count
        assert len(envelope(portion)) <= most or len(portion) == 1


def test_an_object_is_taken_back():
    asked, gone = converse(delete_object(ROOT, BOX, INDICATOR.id, versions=("all",)), Reply(200))
    assert (asked[0].method, asked[0].url) == ("DELETE", object_url(ROOT, BOX, INDICATOR.id))
    assert (asked[0].query, gone) == ((("match[version]", "all"),), True)
    assert converse(delete_object(ROOT, BOX, INDICATOR.id), Reply(404))[1] is False
    assert isinstance(refused_by(Reply(403), delete_object(ROOT, BOX, INDICATOR.id)), PartnerRefused)


def test_whether_a_version_is_there():
    told = ok(encode_versions([FIRST, SECOND], more=False, following=None))
    (ask,), there = converse(has_version(ROOT, BOX, INDICATOR.id, SECOND.replace("Z", "0Z")), told)
    assert (ask.url, there) == (f"{object_url(ROOT, BOX, INDICATOR.id)}versions/", True)
    assert converse(has_version(ROOT, BOX, INDICATOR.id, THIRD), told)[1] is False
    assert converse(has_version(ROOT, BOX, INDICATOR.id), told)[1] is True
    assert converse(has_version(ROOT, BOX, INDICATOR.id), Reply(404))[1] is False
    assert isinstance(refused_by(Reply(403), has_version(ROOT, BOX, INDICATOR.id)), PartnerRefused)


def test_one_object_is_read():
    (ask,), found = converse(read_object(ROOT, BOX, INDICATOR.id, FIRST), page(INDICATOR.raw))
    assert (ask.url, ask.query[0]) == (object_url(ROOT, BOX, INDICATOR.id), ("match[version]", FIRST))
    assert found == (INDICATOR.raw,)
    assert converse(read_object(ROOT, BOX, INDICATOR.id), Reply(404))[1] == ()
    assert isinstance(refused_by(Reply(403), read_object(ROOT, BOX, INDICATOR.id)), PartnerRefused)


def test_names_in_addresses_are_escaped():
    assert collection_url("https://a.example/x", "a b?") == "https://a.example/x/collections/a%20b%3F/"
