from __future__ import annotations

from datetime import date

import pytest

from comity.base.dated import Dated

LIMIT = Dated(((date(2020, 1, 1), "72 h"), (date(2024, 10, 18), "24 h")))


@pytest.mark.parametrize(
    ("day", "value"),
    [
        (date(2019, 12, 31), None),
        (date(2020, 1, 1), "72 h"),
        (date(2024, 10, 17), "72 h"),
        (date(2024, 10, 18), "24 h"),
        (date(2999, 1, 1), "24 h"),
    ],
)
def test_the_value_in_force_on_a_day(day, value):
    assert LIMIT.on(day) == value


def test_nothing_was_ever_in_force():
    assert Dated(()).on(date(2026, 1, 1)) is None


@pytest.mark.parametrize("days", [(date(2021, 1, 1), date(2020, 1, 1)), (date(2020, 1, 1),) * 2])
def test_steps_are_on_different_days_oldest_first(days):
    with pytest.raises(ValueError, match="oldest first"):
        Dated(tuple((day, "x") for day in days))
