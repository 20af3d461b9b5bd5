"""What partners share is taken under an agreement, kept with its provenance, and bound when passed on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.judge import judge
from comity.engines.release.terms import Onward, Purpose
from comity.node.acts.kinds import Arrived, Leaving
from comity.node.acts.models import Act
from comity.node.exchange import queries
from comity.node.exchange.arriving import admissible
from comity.node.exchange.models import StixObject
from comity.node.exchange.sights import recipient_of
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import from_far, indicator, made, own_work, row
from tests.node.far import FarNode
from tests.node.instruments.agreeing import some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def rule(verdict) -> str:
    assert not verdict.allowed
    assert not Act.objects.filter(kind="share").exists()
    return str(verdict.grounds[0].rule)


def under(agreement: Agreement, **more: Any) -> dict[str, Any]:
    return {"basis": (agreement.ref,), **more}


def test_kept_with_where_it_came_from(sides):
    agreement = sides.conclude(retention_days=30)
    given = indicator("given")
    verdict, act = from_far(sides, given, **under(agreement))
    assert verdict.allowed
    kept = row(given)
    assert kept.act is not None
    assert (kept.source, kept.act.ref, kept.brought) == (sides.party, act.act.id, None)
    facts = Handling.from_json(kept.handling.facts)
    assert (facts.ownership, facts.origin) == (Ownership.RECEIVED, sides.party.ref)
    assert facts.origin_terms is not None
    assert facts.origin_terms.agreement == agreement.ref
    assert facts.keep_until == NOW.date() + timedelta(days=30)
    assert queries.object_for(sides.world.analyst, given["id"]) == kept


def test_what_is_unmarked_has_the_label_of_its_act(sides):
    agreement = sides.conclude()
    given = indicator("given", None)
    assert from_far(sides, given, tlp=Tlp.GREEN, **under(agreement))[0].allowed
    assert row(given).tlp == "green"


def test_without_an_agreement_in_force_only_clear_is_taken(sides):
    given = indicator("given")
    assert rule(from_far(sides, given)[0]) == "share.no-basis"
    proposed = sides.propose()
    assert rule(from_far(sides, given, **under(proposed))[0]) == "share.agreement"
    agreement = sides.conclude(until=NOW.date() + timedelta(days=2))
    over = from_far(sides, given, now=NOW + timedelta(days=3), **under(agreement))[0]
    assert rule(over) == "share.agreement"
    unknown = some_terms().agreement
    assert rule(from_far(sides, given, basis=(unknown,))[0]) == "share.agreement"
    assert rule(from_far(sides, given, basis=(agreement.ref, unknown))[0]) == "share.basis"
    assert not StixObject.objects.exists()
    assert from_far(sides, indicator("clear", Tlp.CLEAR))[0].allowed
    assert row(indicator("clear", Tlp.CLEAR)).source == sides.party


def test_the_agreement_of_another_partner_is_no_basis(sides, world):
    agreement = sides.conclude()
    third = FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")
    other = type(sides)(world, third, world.befriend(third), sides.diplomat)
    assert rule(from_far(other, indicator("given"), **under(agreement))[0]) == "share.agreement"


def test_a_purpose_outside_the_agreement(sides):
    agreement = sides.conclude()
    verdict, _ = from_far(sides, indicator("i"), **under(agreement, purpose="research"))
    assert rule(verdict) == "share.purpose"
    for unknown in ("fun", None):
        verdict, _ = from_far(sides, indicator("i"), **under(agreement, purpose=unknown))
        assert rule(verdict) == "share.purpose"


def test_what_a_body_says_beyond_its_form_is_kept_and_counts_for_nothing(sides):
    agreement, given = sides.conclude(), indicator("given")
    body = {"title": "From afar", "purpose": "research", "agreement": some_terms().agreement}
    verdict, act = from_far(sides, given, **under(agreement, body=body))
    assert verdict.allowed
    kept = Act.objects.get(ref=act.act.id)
    assert (kept.body, kept.purpose, kept.basis) == (body, "network-defence", [agreement.ref])
    origin = Handling.from_json(row(given).handling.facts).origin_terms
    assert origin is not None
    assert origin.agreement == agreement.ref


def test_an_empty_share_and_acts_as_content(sides):
    agreement = sides.conclude()
    assert rule(from_far(sides, **under(agreement))[0]) == "share.contents"
    unreadable = Leaving("indicator--0", "", b'{"type":"indicator"}', "0" * 64)
    arrived = Arrived("share", sides.party, (sides.world.body,), {}, (unreadable,), None, NOW, "research")
    assert rule(admissible(arrived, NOW)) == "share.unreadable"


def test_other_content_for_a_version_held_here_changes_nothing(sides):
    agreement = sides.conclude()
    ours, theirs = indicator("i"), indicator("i", description="other")
    own_work(sides.world, ours)
    verdict, _ = from_far(sides, theirs, indicator("more"), **under(agreement))
    assert rule(verdict) == "share.contradiction"
    assert row(ours).sha256 in verdict.grounds[0].text
    assert StixObject.objects.count() == 1
    assert from_far(sides, ours, **under(agreement))[0].allowed
    assert row(ours).source == sides.world.body  # it stays ours


def test_passing_on_is_judged_by_the_terms_it_came_under(sides, world):
    agreement = sides.conclude(onward=Onward.NONE)
    green = indicator("green", Tlp.GREEN)
    assert from_far(sides, green, **under(agreement))[0].allowed
    third = FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")
    party = world.befriend(third).party
    handling = Handling.from_json(row(green).handling.facts)
    verdict = judge(
        handling, recipient_of(world.body, party), some_terms(), purpose=Purpose.NETWORK_DEFENCE, now=NOW
    ).verdict
    assert [ground.rule for ground in verdict.grounds] == ["origin.onward"]


def test_a_victim_that_a_partner_names_is_known_from_then_on(sides):
    agreement = sides.conclude()
    power = made("identity", "Karakoram Power", identity_class="organization")
    server = indicator("server")
    sighting = made("sighting", "s", sighting_of_ref=server["id"], where_sighted_refs=[power["id"]])
    assert from_far(sides, server, power, sighting, **under(agreement))[0].allowed
    assert queries.victims_of(sides.world.body).names == {"Karakoram Power"}


def test_the_same_act_twice_counts_once(sides):
    agreement = sides.conclude()
    given = indicator("given")
    _, act = from_far(sides, given, **under(agreement))
    again = sides.arrive(act, given)
    assert again.allowed
    assert (StixObject.objects.count(), Act.objects.filter(kind="share").count()) == (1, 1)
