"""What other terms would change, class by class, and counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.release.difference import Change, Shift, difference
from comity.engines.release.judge import Release, judge
from comity.engines.release.terms import Category, Purpose, Terms
from tests.engines.release import given

WIDE = given.terms()


def judged(terms: Terms | None, **differing: Any) -> Release:
    asked = given.handling(**differing), given.recipient(), terms
    return judge(*asked, purpose=Purpose.NETWORK_DEFENCE, now=given.noon())


def shift(before: Terms | None, after: Terms | None, **differing: Any) -> Shift:
    return Shift(judged(before, **differing), judged(after, **differing))


@pytest.mark.parametrize(
    ("before", "after", "differing", "changes"),
    [
        (None, WIDE, {}, {Change.MORE}),
        (WIDE, None, {}, {Change.FEWER}),
        (WIDE, WIDE, {}, set()),
        (None, None, {}, set()),
        (WIDE, given.terms(remove_victims=True), {"names_victims": True}, {Change.CUT}),
        (given.terms(remove_victims=True), WIDE, {"names_victims": True}, {Change.RESTORED}),
        (given.terms(second_person_above="amber"), WIDE, {"tlp": "amber"}, {Change.APPROVED}),
        (
            WIDE,
            given.terms(second_person_above="amber", remove_victims=True),
            {"tlp": "amber", "names_victims": True},
            {Change.FREED, Change.CUT},
        ),
        (WIDE, None, {"tlp": "clear"}, set()),
    ],
)
def test_what_becomes_of_a_class(before, after, differing, changes):
    assert shift(before, after, **differing).changes == changes


def test_counts_and_why_some_would_be_lost():
    told = difference([
        (shift(WIDE, given.terms(highest="green")), 4210),
        (shift(WIDE, given.terms(highest="green"), tlp="amber"), 12),
        (shift(None, WIDE), 3),
        (shift(WIDE, WIDE, tlp="red"), 5),
    ])  # fmt: skip  # one class to a line
    assert {change: told.count(change) for change in Change if told.count(change)} == {
        Change.MORE: 3,
        Change.FEWER: 12,
    }
    assert [(each.ground.rule, each.objects) for each in told.lost] == [("agreement.ceiling", 12)]
    assert (told.before.whole, told.after.whole) == (4222, 4213)
    assert not told.nothing
    shown = told.as_json()
    assert shown["changes"] == {
        "more": 3, "fewer": 12, "cut": 0, "restored": 0, "approved": 0, "freed": 0,
    }  # fmt: skip  # two lines
    assert shown["lost"][0]["objects"] == 12
    assert (shown["before"]["whole"], shown["after"]["whole"]) == (4222, 4213)


def test_the_same_terms_change_nothing():
    assert difference([(shift(WIDE, WIDE), 7), (shift(None, None), 2)]).nothing


def test_every_change_is_said_in_words():
    assert len({change.words for change in Change}) == len(Change)


agreed = st.none() | st.builds(
    lambda highest, categories, cut: given.terms(
        highest=highest.value, categories=[each.value for each in categories], remove_victims=cut
    ),
    st.sampled_from(Tlp),
    st.lists(st.sampled_from(Category), min_size=1, unique=True),
    st.booleans(),
)
classes = st.fixed_dictionaries({
    "tlp": st.sampled_from([label.value for label in Tlp]),
    "category": st.sampled_from([each.value for each in Category]),
    "names_victims": st.booleans(),
})  # fmt: skip  # one field to a line


@for_all(agreed, agreed, st.lists(st.tuples(classes, st.integers(1, 9)), max_size=8))
def test_the_way_back_undoes_the_way_there(before, after, held):
    def seen(one, other):
        return difference([(shift(one, other, **differing), count) for differing, count in held])

    there, back = seen(before, after), seen(after, before)
    for change, undone in [
        (Change.MORE, Change.FEWER),
        (Change.CUT, Change.RESTORED),
        (Change.APPROVED, Change.FREED),
    ]:
        assert (there.count(change), there.count(undone)) == (back.count(undone), back.count(change))
    visible = [told.whole + told.reduced for told in (there.before, there.after)]
    assert visible[1] - visible[0] == there.count(Change.MORE) - there.count(Change.FEWER)
    assert sum(each.objects for each in there.lost) >= there.count(Change.FEWER)
