"""Rows inserted past the ORM are the rows that the ORM reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError

from comity.node.exchange.models import HandlingClass, Victim
from comity.node.parties.models import Party
from comity.node.site.bulk import insert, reserve

COLUMNS = ("id", "holder_id", "ref", "name", "how", "by_name", "at")
AT = datetime(2026, 11, 22, 6, 30, 0, 250, tzinfo=UTC)


def _holder() -> Party:
    ref = "identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0009"
    return Party.objects.create(ref=ref, kind="company", name="A", state="PK", ours=True, added=AT)


def _rows(holder: Party, keys: list[int], first: int = 0) -> list[tuple[object, ...]]:
    return [
        (key, holder.pk, f"identity--{first + place:04}", f"Ω {place} 'quoted'\n", "by-hand", "Ayesha", AT)
        for place, key in enumerate(keys)
    ]


@pytest.mark.django_db
def test_the_orm_reads_what_was_inserted():
    holder = _holder()
    with transaction.atomic():
        keys = reserve(Victim, 3)
        insert(Victim, COLUMNS, _rows(holder, keys))
    found = list(Victim.objects.filter(holder=holder).order_by("pk"))
    assert [each.pk for each in found] == keys
    assert found[1].name == "Ω 1 'quoted'\n"
    assert found[1].at == AT


@pytest.mark.django_db
def test_keys_are_new_before_and_after_rows_of_the_orm():
    holder = _holder()
    with transaction.atomic():
        first = reserve(Victim, 2)
        insert(Victim, COLUMNS, _rows(holder, first))
        between = Victim.objects.create(holder=holder, ref="identity--x", how="by-hand", by_name="A", at=AT)
        second = reserve(Victim, 2)
        insert(Victim, COLUMNS, _rows(holder, second, first=2))
    assert first < [between.pk] < second
    assert Victim.objects.filter(holder=holder).count() == 5


@pytest.mark.django_db
def test_bytes_numbers_and_nothing_are_kept():
    with transaction.atomic():
        (key,) = reserve(HandlingClass, 1)
        insert(HandlingClass, ("id", "key", "facts"), [(key, "k", '{"revoked": false}')])
    assert HandlingClass.objects.get(pk=key).facts == {"revoked": False}


@pytest.mark.django_db
@pytest.mark.parametrize("count", [0, 97, 98, 99, 785, 1_700])  # a statement of SQLite takes 785 rows, or 98
def test_any_number_of_rows_is_kept_each_once(count):
    holder = _holder()
    with transaction.atomic():
        keys = reserve(Victim, count)
        insert(Victim, COLUMNS, _rows(holder, keys))
    refs = Victim.objects.order_by("pk").values_list("pk", "ref", "at")
    assert list(refs) == [(key, f"identity--{place:04}", AT) for place, key in enumerate(keys)]


@pytest.mark.django_db
def test_a_time_is_kept_in_utc():
    holder = _holder()
    there = AT.astimezone(timezone(timedelta(hours=5)))
    with transaction.atomic():
        insert(Victim, COLUMNS, [(7, holder.pk, "identity--7", "", "by-hand", "A", there)])
    assert Victim.objects.get(at=AT).at == there


@pytest.mark.django_db
def test_constraints_hold_and_nothing_of_the_rows_stays():
    holder = _holder()
    one, two = _rows(holder, [1, 2])
    twice = [one, (2, *one[1:]), two]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Victim, COLUMNS, twice)
    assert not Victim.objects.filter(holder=holder).exists()


@pytest.mark.django_db(transaction=True)
def test_only_inside_a_transaction():
    with pytest.raises(TransactionManagementError):
        reserve(Victim, 1)
    with pytest.raises(TransactionManagementError):
        insert(Victim, COLUMNS, [])
