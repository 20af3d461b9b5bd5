"""What is recorded stands in the log, in order, provable, and is there exactly when its transaction is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Refused
from comity.engines.ledger.checkpoint import open_checkpoint
from comity.engines.ledger.commitment import opens
from comity.engines.ledger.proofs import (
    consistency_proof,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from comity.engines.ledger.tiles import TileRef, decode_bundle, tiles_of
from comity.engines.ledger.tree import EMPTY, leaf_hash
from comity.formats.entries import LogEntry as Entry
from comity.node.accountability import queries, readers
from comity.node.accountability.models import LogCheckpoint, LogEntry, LogHead, LogTile, Opened
from comity.node.accountability.services import erase, open_to, record
from tests.node.accountability.conftest import NOW, told


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused():
    with pytest.raises(TransactionManagementError):
        record(told(1), now=NOW)
    assert not LogEntry.objects.exists()


def recorded_and_broken_off() -> None:
    with transaction.atomic():
        record(told(300), now=NOW)
        raise LookupError


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_leaves_nothing(recorded):
    recorded(1)
    before = queries.latest_checkpoint()
    with pytest.raises(LookupError):
        recorded_and_broken_off()
    assert (queries.size(), LogEntry.objects.count(), LogTile.objects.count()) == (1, 1, 0)
    assert queries.latest_checkpoint() == before
    assert recorded(1)[0].index == 1


@pytest.mark.django_db
def test_nothing_to_record_begins_no_log():
    assert record((), now=NOW) == ()
    assert not LogHead.objects.exists()
    assert queries.size() == 0


@pytest.mark.django_db
def test_index_and_time_grow_together_even_when_the_clock_goes_back(recorded):
    places = (
        recorded(3) + recorded(2, now=NOW - timedelta(hours=1)) + recorded(1, now=NOW + timedelta(hours=1))
    )
    assert [each.index for each in places] == list(range(6))
    assert all(a.at < b.at for a, b in pairwise(places))
    assert places[5].at == NOW + timedelta(hours=1)
    assert [row.at for row in LogEntry.objects.order_by("index")] == [each.at for each in places]


@pytest.mark.django_db
def test_every_entry_opens_and_is_proven_under_the_signed_checkpoint(recorded):
    places = [each for number in (1, 300, 1, 255) for each in recorded(number)]
    checkpoint = open_checkpoint(queries.latest_checkpoint(), queries.log_key())
    assert checkpoint.size == 557
    assert checkpoint.root == EMPTY.append([each.leaf_hash for each in places]).tree.root
    for place in places[::37]:
        commitment = bytes(LogEntry.objects.get(index=place.index).commitment)
        opening = queries.opening(place.index)
        assert opens(commitment, opening.salt, opening.entry).allowed
        proof = queries.inclusion(place.index, 557)
        assert verify_inclusion(leaf_hash(commitment), place.index, 557, proof, checkpoint.root).allowed


@pytest.mark.django_db
def test_receipts_carry_proofs_that_hold(recorded):
    recorded(400)
    checkpoint = open_checkpoint(queries.latest_checkpoint(), queries.log_key())
    for carried in queries.proofs_of([399, 0, 256]):
        leaf = leaf_hash(bytes(LogEntry.objects.get(index=carried.index).commitment))
        assert verify_inclusion(leaf, carried.index, 400, carried.proof, checkpoint.root).allowed
        assert (carried.origin, Entry.decode(carried.entry).subject) == (checkpoint.origin, "comity-act--1")
    with pytest.raises(NotFound):
        queries.proofs_of([0, 400])


def by_tile(ref: TileRef) -> bytes:
    return queries.tile(ref.level, ref.index, ref.width)


def checkpoint_at(size: int) -> bytes:
    return queries.noted(LogCheckpoint.objects.get(size=size))


@pytest.mark.django_db
def test_earlier_states_are_proven_to_be_part_of_later_ones(recorded):
    sizes = [recorded(number)[-1].index + 1 for number in (1, 255, 1, 300)]
    roots = {size: open_checkpoint(checkpoint_at(size), queries.log_key()).root for size in sizes}
    for old in sizes:
        assert root_at(by_tile, old) == roots[old]
        proof = queries.consistency(old, 557)
        assert verify_consistency(old, roots[old], 557, roots[557], proof).allowed
    for old, new in ((5, 558), (-1, 5), (6, 5)):
        with pytest.raises(NotFound):
            queries.consistency(old, new)
    for index, size in ((0, 558), (-1, 5), (5, 5)):
        with pytest.raises(NotFound):
            queries.inclusion(index, size)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [700, 66_000])  # full tiles on one level and on two
def test_a_proof_takes_at_most_two_queries_in_a_log_of_any_size(size, django_assert_max_num_queries):
    grown = EMPTY.append([leaf_hash(b"%d" % each) for each in range(size)])
    LogTile.objects.bulk_create(LogTile(level=t.level, index=t.index, hashes=t.hashes) for t in grown.tiles)
    edge, root = b"".join(grown.tree.edge), grown.tree.root
    LogHead.objects.create(origin="a/log", size=size, edge=edge, root=root, last_at=NOW)
    for place in (1, size // 2, size - 1):
        with django_assert_max_num_queries(2):  # the head, and all full tiles if there are any
            included = queries.inclusion(place, size)
        with django_assert_max_num_queries(2):
            extended = queries.consistency(place, size)
        assert included == inclusion_proof(by_tile, place, size)
        assert extended == consistency_proof(by_tile, place, size)


@pytest.mark.django_db
def test_many_proofs_take_as_many_queries_as_one(recorded, django_assert_num_queries):
    recorded(800)
    for indexes in ([300], [0, 300, 600, 799]):
        with django_assert_num_queries(5):  # entries, checkpoint, its cosignatures, head, all full tiles
            carried = queries.proofs_of(indexes)
        proofs = [inclusion_proof(by_tile, index, 800) for index in indexes]
        assert [each.proof for each in carried] == proofs


@pytest.mark.django_db
def test_tiles_are_those_of_the_engine_at_every_size(recorded):
    leaves = [each.leaf_hash for number in (200, 57, 300) for each in recorded(number)]
    full = {(tile.level, tile.index): tile.hashes for tile in EMPTY.append(leaves).tiles}
    assert {(row.level, row.index): bytes(row.hashes) for row in LogTile.objects.all()} == full
    for ref in (*tiles_of(200), *tiles_of(257), *tiles_of(557)):
        if ref.level == 0:
            expected = b"".join(leaves[ref.index * 256 : ref.index * 256 + ref.width])
            assert queries.tile(ref.level, ref.index, ref.width) == expected
    commitments = [bytes(row.commitment) for row in LogEntry.objects.order_by("index")]
    assert list(decode_bundle(queries.entry_bundle(2, 45), where="bundle", width=45)) == commitments[512:]
    for level, index, width in ((0, 2, 46), (3, 0, 256)):
        with pytest.raises(NotFound):
            queries.tile(level, index, width)
    with pytest.raises(NotFound):
        queries.entry_bundle(2)


@pytest.mark.django_db
def test_salts_come_from_the_caller():
    first, second = record(told(2), now=NOW, salts=lambda size: b"s" * size)
    assert first.salt == second.salt == b"s" * 32
    assert first.commitment != second.commitment


@pytest.mark.django_db(transaction=True)
def test_threads_append_exactly(recorded):
    def append(_: int) -> list[int]:
        try:
            return [each.index for _ in range(5) for each in recorded(3)]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        indexes = sorted(index for taken in pool.map(append, range(6)) for index in taken)
    assert indexes == list(range(90))
    rows = LogEntry.objects.order_by("index")
    tree = EMPTY.append([leaf_hash(bytes(row.commitment)) for row in rows]).tree
    assert open_checkpoint(queries.latest_checkpoint(), queries.log_key()).root == tree.root
    assert all(a.at < b.at for a, b in pairwise(rows))
    assert LogCheckpoint.objects.count() == 30


@pytest.mark.django_db
def test_what_is_erased_by_law_is_gone_and_the_tree_stays_valid(recorded, counsel):
    recorded(5)
    leaf = leaf_hash(bytes(LogEntry.objects.get(index=2).commitment))
    (noted,) = erase([2], actor=counsel, why="Order 7/2026 of the court", now=NOW)
    row = LogEntry.objects.get(index=2)
    assert (row.salt, row.entry, row.erased_why) == (None, None, "Order 7/2026 of the court")
    with pytest.raises(NotFound):
        queries.opening(2)
    with pytest.raises(NotFound):
        queries.proofs_of([2])
    checkpoint = open_checkpoint(queries.latest_checkpoint(), queries.log_key())
    assert verify_inclusion(leaf, 2, 6, queries.inclusion(2, 6), checkpoint.root).allowed
    told_of = json.loads(noted.entry)
    assert (told_of["event"], told_of["index"], told_of["subject"]) == ("content-erased", 2, "comity-act--1")
    assert erase([2], actor=counsel, why="again", now=NOW) == ()
    assert queries.size() == 6


@pytest.mark.django_db
def test_erasing_needs_the_power_a_reason_and_an_entry(recorded, counsel, analyst):
    recorded(2)
    with pytest.raises(Refused) as refused:
        erase([0], actor=analyst, why="I would rather not", now=NOW)
    assert refused.value.verdict.grounds[0].rule == "role.lacks"
    with pytest.raises(Malformed):
        erase([0], actor=counsel, why="", now=NOW)
    with pytest.raises(NotFound):
        erase([0, 2], actor=counsel, why="Order 7/2026 of the court", now=NOW)
    assert queries.opening(0).index == 0
    assert queries.size() == 2


@pytest.mark.django_db
def test_an_entry_is_opened_to_one_party_and_to_no_other(recorded, counsel, analyst, observer, watchers):
    recorded(2)
    with pytest.raises(Refused):
        open_to(1, party=watchers, actor=analyst, why="asked", now=NOW)
    assert readers.line_for(observer, 1)[1] is None
    open_to(1, party=watchers, actor=counsel, why="Observer's question 4", now=NOW)
    line, opening = readers.line_for(observer, 1)
    assert (line.opened, line.subject) == (True, "comity-act--1")
    assert opening == queries.opening(1)
    assert readers.line_for(observer, 0)[1] is None
    with pytest.raises(Conflict):
        open_to(1, party=watchers, actor=counsel, why="once more", now=NOW)
    with pytest.raises(NotFound):
        open_to(9, party=watchers, actor=counsel, why="no such entry", now=NOW)
    assert Opened.objects.count() == 1


@pytest.mark.django_db
def test_a_subject_is_narrowed_by_its_event(recorded, counsel):
    recorded(2)
    assert len(readers.log_page(counsel, subject="comity-act--1", event="act-sent").lines) == 2
    assert not readers.log_page(counsel, subject="comity-act--1", event="act-received").lines
