"""Prepared questions answer as the same questions asked in the usual way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from comity.node.parties.models import Party
from comity.node.site.among import Among
from comity.node.site.prepared import Prepared, columns_of, made

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 3, 0, 0, 1, tzinfo=UTC)
NAMED = Prepared(lambda ref: Party.objects.filter(ref=ref).values_list(*columns_of(Party)), str)


def between(begin: datetime, end: datetime, most: int):
    rows = Party.objects.filter(added__gte=begin, added__lt=end, pk__gt=most)
    return rows.order_by("pk").values_list("name", "added", "domains")


BETWEEN = Prepared(between, datetime, datetime, int)


def among(refs: tuple[str, ...], begin: datetime):
    return Party.objects.filter(Among("ref", refs), added__gte=begin).order_by("pk").values_list("ref")


AMONG = Prepared(among, tuple, datetime)


@pytest.fixture
def parties() -> list[Party]:
    return [
        Party.objects.create(
            ref=f"identity--{n:08}-1111-4111-8111-111111111111", kind="ministry", name=f"Ministry {n}",
            state="PK", domains=[f"{n}.example", "é"], added=NOW + timedelta(days=n),
        )
        for n in range(4)
    ]  # fmt: skip  # a row


def test_the_same_rows(parties):
    for days in range(5):
        told = (NOW, NOW + timedelta(days=days), parties[0].pk)
        assert BETWEEN.rows(*told) == list(between(*told))
    assert BETWEEN.rows(NOW, NOW, 0) == []
    assert BETWEEN.first(NOW, NOW, 0) is None


def test_many_texts_are_one_argument(parties):
    refs = tuple(each.ref for each in parties[1:3])
    assert AMONG.rows(refs, NOW) == [(ref,) for ref in refs]
    assert AMONG.rows((*refs, "é'\"", refs[0]), NOW) == [(ref,) for ref in refs]
    assert AMONG.rows((), NOW) == []


def test_the_same_models(parties):
    for each in parties:
        row = NAMED.first(each.ref)
        assert row is not None
        found = made(Party, row)
        assert {name: getattr(found, name) for name in columns_of(Party)} == {
            name: getattr(each, name) for name in columns_of(Party)
        }
    found.name = "Renamed"
    found.save(update_fields=["name"])
    assert Party.objects.get(pk=found.pk).name == "Renamed"


def test_a_part_of_another_statement(parties):
    sql, values = BETWEEN.bound(NOW, NOW + timedelta(days=9), 0)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS told", values)
        assert cursor.fetchone() == (4,)


def test_it_is_compiled_once(parties):
    asked = []

    def make(ref: str):
        asked.append(ref)
        return Party.objects.filter(ref=ref).values_list("name")

    question = Prepared(make, str)
    assert [question.rows(each.ref) for each in parties] == [[(each.name,)] for each in parties]
    assert len(asked) == 1


def test_an_argument_that_the_statement_has_not():
    lost = Prepared(lambda _ref: Party.objects.values_list("name"), str)
    with pytest.raises(ValueError, match="not found"):
        lost.rows("x")
