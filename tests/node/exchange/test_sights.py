"""What a partner would see: the query never yields what the engine, asked object by object, does not."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import zip_longest

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.release.case import Recipient, Relation
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.judge import judge
from comity.engines.release.terms import Category, Onward, Purpose, Terms
from comity.node.exchange import sights
from comity.node.exchange.models import HandlingClass, StixObject
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.sights import Sight, sight, who_may_see
from comity.node.federation.models import Partner
from comity.node.instruments import queries as agreements
from comity.node.instruments.bodies import written_terms
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import from_elsewhere, indicator, made, own_work, row
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
DEFENCE = Purpose.NETWORK_DEFENCE
PARTNER = FarNode(name="CERT Freedonia", state="DE", address="http://far.example/").ref


def see(sides: Sides) -> Sight:
    return sight(sides.world.body, sides.party, purpose=DEFENCE, now=NOW)


def test_counts_by_reason(agreed):
    power = made("identity", "Karakoram Power", identity_class="organization")
    told = indicator("told", description="Karakoram Power")
    sighting = made("sighting", "s", sighting_of_ref=told["id"], where_sighted_refs=[power["id"]])
    own_work(agreed.world, indicator("a"), indicator("b"), indicator("red", Tlp.RED), told, sighting)
    from_elsewhere(agreed.world, indicator("unmarked", None), indicator("unmarked too", None))
    own_work(agreed.world, power)
    seen = see(agreed)
    picture = seen.picture
    assert (picture.whole, picture.reduced, picture.refused, picture.undecided) == (2, 3, 1, 2)
    assert {(reason.ground.rule, reason.objects) for reason in picture.reasons} == {
        ("tlp.red", 1),
        ("agreement.ceiling", 1),
        ("tlp.unmarked", 2),
    }
    assert seen.objects(seen.closed("tlp.unmarked")).count() == 2
    assert seen.objects(seen.closed()).count() == seen.count(seen.closed()) == 3
    assert seen.objects(list(seen.releases)).count() == seen.count(seen.releases) == 8


@pytest.mark.parametrize("few", [0, 1_000])
def test_a_list_of_few_objects_is_that_of_their_classes(agreed, monkeypatch, few):
    monkeypatch.setattr(sights, "FEW", few)
    own_work(agreed.world, *(indicator(f"i{n}") for n in range(5)), indicator("red", Tlp.RED))
    own_work(agreed.world, indicator("clear", Tlp.CLEAR))
    seen = see(agreed)
    for classes, count in ((seen.whole, 6), (seen.closed(), 1), ([], 0)):
        assert len(seen.listed(classes)) == count
        assert list(seen.listed(classes)) == list(seen.objects(classes))


def test_the_number_of_judgements_is_that_of_classes(agreed, django_assert_max_num_queries):
    own_work(agreed.world, *(indicator(f"i{n}") for n in range(40)))
    with django_assert_max_num_queries(6):
        assert len(see(agreed).releases) == 1


def seen_whole(sides: Sides) -> list[str]:
    seen = see(sides)
    return [each.tlp for each in seen.objects(seen.whole)]


def test_a_suspended_partner_is_a_stranger(agreed):
    own_work(agreed.world, indicator("amber"))
    own_work(agreed.world, indicator("clear", Tlp.CLEAR))
    assert seen_whole(agreed) == ["clear", "amber"]
    Partner.objects.update(state="suspended")
    assert seen_whole(agreed) == ["clear"]


def test_who_may_see_one_object(agreed, django_assert_num_queries):
    own_work(agreed.world, indicator("amber"))
    kept = StixObject.objects.select_related("handling", "holder").get()
    with django_assert_num_queries(2):
        [(party, release), *_] = who_may_see(kept, [agreed.party] * 5, purpose=DEFENCE, now=NOW)
    assert (party, release.verdict.allowed) == (agreed.party, True)
    ours = who_may_see(row(indicator("amber")), [agreed.party], purpose=Purpose.RESEARCH, now=NOW)
    assert ours[0][1].verdict.grounds[0].rule == "agreement.purpose"


days = st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 20))


@st.composite
def handlings(draw) -> Handling:
    own = draw(st.booleans())
    terms = None if own else draw(st.none() | st.builds(some_terms, onward=st.sampled_from(Onward)))
    return Handling(
        category=draw(st.sampled_from(Category)),
        ownership=Ownership.OWN if own else Ownership.RECEIVED,
        origin=draw(st.sampled_from([PARTNER, "identity--b", "a feed"])),
        tlp=draw(st.none() | st.sampled_from(Tlp)),
        unknown_markings=draw(st.frozensets(st.just("marking-definition--x"))),
        origin_terms=terms,
        keep_until=None if own else draw(days),
        names_victims=draw(st.booleans()),
        expires=draw(days),
        revoked=draw(st.booleans()),
    )


offers = st.builds(
    some_terms,
    highest=st.sampled_from(Tlp),
    purposes=st.frozensets(st.sampled_from(Purpose), min_size=1),
    categories=st.frozensets(st.sampled_from(Category), min_size=1),
    remove_victims=st.booleans(),
    until=days.filter(lambda day: day is None or day >= NOW.date()),
)


@pytest.fixture
def two(sides) -> list[Agreement]:
    return [sides.conclude(), sides.conclude()]


def stand(rows: list[Agreement], terms: list[Terms]) -> None:
    """From now on these are the terms in force; an agreement for which there are none has ended."""
    for row_, each in zip_longest(rows, terms):
        Agreement.objects.filter(pk=row_.pk).update(
            terms=written_terms(each or some_terms()), ended=None if each else date(2026, 11, 22)
        )


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    classes=st.lists(handlings(), min_size=1, max_size=12),
    terms=st.lists(offers, max_size=2),
    purpose=st.sampled_from(Purpose),
    after=st.integers(0, 20),
)
def test_nothing_is_visible_that_the_engine_refuses(sides, two, *, classes, terms, purpose, after):
    now = NOW + timedelta(days=after)
    stand(two, terms)
    StixObject.objects.all().delete()
    HandlingClass.objects.all().delete()
    done = own_work(sides.world)
    keys = keys_of(classes)
    StixObject.objects.bulk_create(
        StixObject(
            holder=sides.world.body, ref=f"indicator--{place}", type="indicator", sha256=str(place),
            wire=b"{}", title="x", words="x", handling_id=keys[handling], brought=done,
            added=NOW + timedelta(seconds=place),
        )
        for place, handling in enumerate(classes)
    )  # fmt: skip  # a row
    asked = {"purpose": purpose, "now": now}
    seen = sight(sides.world.body, sides.party, **asked)
    whole = set(seen.objects(seen.whole).values_list("ref", flat=True))
    less = set(seen.objects(seen.reduced).values_list("ref", flat=True))
    recipient = Recipient(sides.party.ref, Relation.PARTNER)
    standing = agreements.terms_between(sides.world.body, sides.party, now.date())
    assert len(standing) == len([each for each in terms if each.until is None or each.until >= now.date()])
    for place, handling in enumerate(classes):
        allowing = [
            release
            for each in (standing or [None])
            if (release := judge(handling, recipient, each, **asked)).verdict.allowed
        ]
        ref = f"indicator--{place}"
        assert (ref in whole) == any(not release.removals for release in allowing)
        assert (ref in whole | less) == bool(allowing)
