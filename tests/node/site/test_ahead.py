"""Items that are made ahead are the same items, and an error among them is not lost."""

from __future__ import annotations

import threading

import pytest

from comity.node.site.ahead import ahead


@pytest.mark.parametrize("count", [0, 1, 4, 5, 50])
def test_the_same_items_in_their_order(count):
    assert list(ahead(iter(range(count)))) == list(range(count))


def test_they_are_made_by_one_other_thread_before_they_are_asked_for():
    made = threading.Event()
    threads = set()

    def items():
        for number in range(3):
            threads.add(threading.get_ident())
            if number == 2:
                made.set()
            yield number

    found = ahead(items())
    assert next(found) == 0
    assert made.wait(10)
    assert list(found) == [1, 2]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_error_comes_in_its_place():
    def items():
        yield 1
        raise LookupError

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(LookupError):
        next(found)


def test_who_needs_no_more_leaves_no_thread():
    before = threading.active_count()
    found = ahead(iter(range(10)))
    assert next(found) == 0
    found.close()
    assert threading.active_count() == before
