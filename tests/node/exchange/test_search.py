"""The search: each word as a part of an object's text, by the index and by reading through alike."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from comity.base.tlp import Tlp
from comity.node.exchange import fulltext, searching, wordindex
from comity.node.exchange.models import Import, Link, StixObject
from comity.node.exchange.narrowing import Narrow
from comity.node.parties.actors import Actor
from comity.node.parties.models import Party
from tests.node.exchange.holding import from_elsewhere, indicator, made, own_work
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture(params=["read through", "waiting", "half waiting", "index", "index, often"])
def way(request, monkeypatch):
    """Each way to the same answer: a short list is read through, for a long one the index is asked."""
    if request.param != "read through":
        monkeypatch.setattr(fulltext, "FEW", 0)
        monkeypatch.setattr(fulltext, "_OFTEN", 0 if request.param == "index, often" else 50)
        monkeypatch.setattr(
            sys.modules[__name__], "indexed", {"waiting": 0, "half waiting": 1}.get(request.param, 9)
        )


indexed = 0  # objects whose words are in the index before a search


def found(actor: Actor, words: str, **more: Any) -> list[str]:
    wordindex.index_some(indexed)
    return [each.title for each in searching.listed(actor, Narrow(words=words, **more))]


@pytest.fixture
def held(world: World) -> World:
    own_work(world, indicator("Alpha"))
    own_work(world, indicator("Beta", Tlp.GREEN, description="Seen at 10.0.0.17, 50% off"))
    from_elsewhere(
        world,
        made(
            "malware",
            "gamma",
            aliases=["Трансом", "Straße Ünïcode", 'it\'s "gam" a_b'],
            hashes={"SHA-256": HASH},
        ),
    )
    return world


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("ALPHA", ["Alpha"]),
        ("pha.exam", ["Alpha"]),
        ("example", ["Beta", "Alpha"]),
        ("example beta", ["Beta"]),
        ("beta alpha", []),
        ("10.0.0.1", ["Beta"]),
        ("10.0.0.18", []),
        (HASH, ["gamma"]),
        (HASH[7:40].upper(), ["gamma"]),
        (HASH[7:40] + "0", []),
        ("am", ["gamma", "Beta", "Alpha"]),
        ("ph example", ["Alpha"]),
        ("gam indicator", []),
        ("0%", ["Beta"]),
        ("%%%", []),
        ("a_b", ["gamma"]),
        ("a_a", []),
        ("50% off", ["Beta"]),
        ("it's", ["gamma"]),
        ('"gam"', ["gamma"]),
        ('" OR "', []),
        ("alpha OR beta", []),
        ("nsom", []),
        ("нсом", ["gamma"]),
        ("ТРАНСОМ", ["gamma"]),  # noqa: RUF001  another script, on purpose
        ("STRASSE", ["gamma"]),
        ("ünïcode", ["gamma"]),
        ("u\u0308ni\u0308code", ["gamma"]),
        ("ＧＡＭ", ["gamma"]),  # noqa: RUF001  letters of another width
        ("\\", []),
        ("al\0pha", ["Alpha"]),
        ("[domain", ["Beta", "Alpha"]),
    ],
)
def test_every_word_is_part_of_what_is_found(held, words, titles):
    assert sorted(found(held.analyst, words)) == sorted(titles)


@pytest.mark.usefixtures("way")
def test_a_search_is_narrowed_like_the_list(held):
    assert found(held.analyst, "example", tlp="green") == ["Beta"]
    assert found(held.analyst, "gam", kind="malware") == ["gamma"]
    assert found(held.analyst, "gam", kind="indicator") == []
    assert found(held.analyst, "example", source=held.body.ref) == ["Beta", "Alpha"]
    assert found(held.analyst, "gam", source=held.body.ref) == []
    assert found(held.analyst, "gam", brought=str(Import.objects.get(note="a public feed").pk)) == ["gamma"]


@pytest.mark.usefixtures("way")
def test_the_newest_come_first_and_no_more_than_asked(world):
    for number in range(5):
        own_work(world, indicator(f"common{number}"))
    assert found(world.analyst, "common") == [f"common{number}" for number in (4, 3, 2, 1, 0)]
    two = [each.title for each in searching.listed(world.analyst, Narrow(words="common"), 2)[:2]]
    assert two == ["common4", "common3"]


@pytest.mark.usefixtures("way")
def test_only_what_the_body_holds_is_found_and_only_by_who_may_read(held):
    other = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0002",
        kind="ministry",
        name="M",
        state="PK",
        ours=True,
        added=NOW,
    )
    assert found(replace(held.analyst, body=other.pk), "example") == []
    assert found(held.administrator, "example") == []
    StixObject.objects.filter(title="Beta").update(holder=other)
    assert found(held.analyst, "example") == ["Alpha"]
    assert found(replace(held.analyst, body=other.pk), "example") == ["Beta"]


def test_words_without_an_index_are_looked_for_in_the_newest(world, monkeypatch):
    monkeypatch.setattr(fulltext, "FEW", 0)
    monkeypatch.setattr(fulltext, "NEWEST", 2)
    for name in ("Zy one", "Zy two", "Other"):
        own_work(world, indicator(name))
    assert found(world.analyst, "zy") == ["Zy two"]
    assert found(world.analyst, "one zy") == ["Zy one"]
    monkeypatch.setattr(fulltext, "NEWEST", 3)
    assert found(world.analyst, "zy") == ["Zy two", "Zy one"]


def test_a_page_of_hits_says_when_there_are_more(world, monkeypatch):
    monkeypatch.setattr(searching, "FOUND", 2)
    for number in range(3):
        own_work(world, indicator(f"common{number}"))
    page = client_of(world.analyst)
    assert "More than 2 objects" in body(page.get("/exchange/?words=common"))
    assert "1 object, newest" in body(page.get("/exchange/?words=common0"))


@pytest.mark.django_db(transaction=True)
def test_what_was_there_before_the_index_is_in_it(world, monkeypatch):
    monkeypatch.setattr(fulltext, "FEW", 0)
    own_work(world, indicator("Alpha"))
    for change in (wordindex.drop, wordindex.make):
        with connection.schema_editor() as editor:
            change(editor)
    own_work(world, indicator("Beta"))
    assert found(world.analyst, "example") == ["Beta", "Alpha"]
    assert wordindex.index_some() == 2
    assert found(world.analyst, "example") == ["Beta", "Alpha"]


@pytest.mark.usefixtures("way")
def test_the_index_follows_changes_and_deletions(held):
    StixObject.objects.filter(title="Alpha").update(words="something else altogether")
    assert found(held.analyst, "alpha") == []
    assert found(held.analyst, "altogether") == ["Alpha"]
    Link.objects.all().delete()
    StixObject.objects.filter(title="Beta").delete()
    assert found(held.analyst, "10.0.0.1") == []
    own_work(held, indicator("Delta"))
    assert found(held.analyst, "example") == ["Delta"]


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM exchange_words_waiting")
        return int(cursor.fetchone()[0])


def test_whoever_stores_indexes_as_well_when_many_wait(world, monkeypatch):
    own_work(world, indicator("Alpha"), indicator("Beta"))
    assert waiting() == 2
    monkeypatch.setattr(wordindex, "MOST_WAITING", 2)
    own_work(world, indicator("Gamma"))
    assert waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_the_routine_indexes_all_that_waits(world, monkeypatch):
    monkeypatch.setattr(wordindex, "AT_ONCE", 2)
    own_work(world, *(indicator(f"common{number}") for number in range(5)))
    wordindex.index_all(NOW)
    assert waiting() == 0


@pytest.mark.parametrize("count", [0, 1, 3], ids=["waiting", "half", "indexed"])
def test_nothing_is_left_in_the_index_of_what_was_deleted(world, count):
    own_work(world, indicator("Alpha"), indicator("Beta"), indicator("Gamma"))
    wordindex.index_some(count)
    StixObject.objects.all().delete()
    assert waiting() == 0
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("INSERT INTO exchange_words(exchange_words) VALUES ('integrity-check')")
            cursor.execute("SELECT count(*) FROM exchange_words WHERE exchange_words MATCH '\"xam\"'")
        else:
            cursor.execute("SELECT count(*) FROM exchange_words")
        assert cursor.fetchone() == (0,)
