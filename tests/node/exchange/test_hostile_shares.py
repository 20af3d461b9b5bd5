"""Acts made to do harm: several in one post, strange objects, and changes between signing and sending."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from comity.base.tlp import Tlp
from comity.formats.acts import Content
from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Delivery
from comity.node.exchange.models import StixObject, Victim
from comity.node.exchange.services.marking import mark_victim
from comity.node.federation.services import inbound, outbound
from comity.node.instruments.models import Agreement
from comity.node.parties.models import Party
from tests.node.exchange.holding import from_far, indicator, made, own_work, ref_of, shared
from tests.node.far import values
from tests.node.instruments.agreeing import Sides, proposal_body, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def posted(sides: Sides, *signed, objects=()) -> list[str]:
    """The rules by which the acts of one post are taken or refused."""
    found = inbound.sort([*objects, *values(signed)])
    said = inbound.take(sides.partner, found, now=NOW, hand_over=True, read=None)
    return [each.verdict.grounds[0].rule for each in said]


def answer(sides: Sides, to: Agreement, decision: str = "accept"):
    body = {"agreement": to.ref, "decision": decision, "terms_sha256": to.terms_sha256}
    return sides.far.act("answer-agreement", body={"title": "x", **body}, in_reply_to=to.proposal.ref)


def share_of(sides: Sides, *objects, agreement: str | None = None, **changes):
    said = {
        "contents": tuple(Content.of(Found.decode(each)) for each in objects),
        "purpose": "network-defence",
        "basis": (agreement,) if agreement else (),
    }
    return sides.far.act("share", body={"title": "From afar"}, **{**said, **changes})


def test_what_follows_an_acceptance_in_one_post_may_rest_on_it(sides):
    agreement, given = sides.propose(), indicator("given")
    share = share_of(sides, given, agreement=agreement.ref)
    assert posted(sides, answer(sides, agreement), share, objects=[given]) == ["act.taken"] * 2


@pytest.mark.parametrize("first", ["accept", "decline"])
def test_two_answers_in_one_post_are_one(sides, first):
    agreement = sides.propose()
    second = {"accept": "decline", "decline": "accept"}[first]
    found = posted(sides, answer(sides, agreement, first), answer(sides, agreement, second))
    assert found == ["act.taken", "agreement.answered"]
    agreement.refresh_from_db()
    assert agreement.state == {"accept": "in-force", "decline": "declined"}[first]


def test_two_proposals_under_one_reference_in_one_post(sides):
    body = proposal_body(some_terms())
    two = [sides.far.act("propose-agreement", body=body | {"message": text}) for text in ("a", "b")]
    assert posted(sides, *two) == ["act.taken", "agreement.known"]
    assert Agreement.objects.count() == 1


def test_a_share_to_two_of_our_bodies_is_none(sides, world):
    """The second body has no agreement with the partner, and would hold the objects bound by nothing."""
    agreement = sides.conclude()
    second = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0002",
        kind="ministry", name="Ministry", state="PK", ours=True, added=NOW,
    )  # fmt: skip
    both = (world.body.ref, second.ref)
    verdict, _ = from_far(sides, indicator("given"), basis=(agreement.ref,), recipients=both)
    assert verdict.grounds[0].rule == "share.one-recipient"
    assert not StixObject.objects.exists()


def observable(kind: str, **members):
    return {"type": kind, "id": f"{kind}--6d5f4b64-8a6a-5d4e-9f2f-6a1c0f3f0009", **members}


STRANGE = {
    "valid until the year 1": indicator("i", valid_until="0001-01-01T00:00:00Z"),
    "valid until the end of time": indicator("i", valid_until="9999-12-31T23:59:59.999999Z"),
    "valid until no time": indicator("i", valid_until="tomorrow"),
    "valid until a number": indicator("i", valid_until=1),
    "references that are no list": indicator("i", external_references=5),
    "references that are no objects": indicator("i", external_references=[1, None, {"external_id": {}}]),
    "labels that are no list": indicator("i", labels=7, aliases={"a": [1]}, hashes=3),
    "a name that is no text": indicator("i") | {"name": {"a": ["b"]}},
    "a name without end": indicator("i") | {"name": "n" * 100_000},
    "markings on parts of nothing": indicator("i", granular_markings=[{}]),
    "a sighting of nothing": made("sighting", "s", where_sighted_refs=[5, "x", None], sighting_of_ref=5),
    "a relationship of nothing": made("relationship", "r", source_ref=1, target_ref=[2]),
    "an identity without a name": made("identity", "i") | {"name": None},
    "extensions that are no object": indicator("i", extensions=[1]),
    "a type of its own": made("x-" + "y" * 240, "x", anything={"deep": [[[{"a_ref": "x"}]]]}),
    "an address without value": observable("ipv4-addr"),
    "many references": made("note", "n", object_refs=[ref_of("identity", str(n)) for n in range(999)]),
    "a definition of nothing": made("marking-definition", "m", definition_type=5, definition=[]),
}  # fmt: skip  # one to a line


@pytest.mark.parametrize("given", STRANGE.values(), ids=STRANGE.keys())
def test_strange_objects_are_taken_or_refused(agreed, given):
    agreement = Agreement.objects.get()
    share = share_of(agreed, given, agreement=agreement.ref, basis=(agreement.ref,))
    (rule,) = posted(agreed, share, objects=[given])
    assert rule in {"act.taken", "share.unreadable"}
    assert StixObject.objects.exists() == (rule == "act.taken")


def exchange(sides: Sides, now=NOW + timedelta(seconds=1)) -> Delivery:
    sides.partner.refresh_from_db()
    outbound.exchange_with(sides.partner, sides.far, now=now, random=Random(1))
    return Delivery.objects.get(act__kind="share")


def test_what_names_a_new_victim_stays_even_when_it_was_signed(agreed):
    """Between signing and sending a person learns that somebody named in it is a victim."""
    hospital = made("identity", "Lahore General Hospital", Tlp.RED, identity_class="organization")
    told = indicator("one", description="Seen at Lahore General Hospital.")
    own_work(agreed.world, hospital, told)
    act = shared(agreed, told)
    mark_victim(actor=agreed.world.analyst, ref=hospital["id"], now=NOW)
    assert Victim.objects.exists()
    delivery = exchange(agreed)
    assert (delivery.state, delivery.code) == ("withheld", "share.more-to-remove")
    assert act.ref not in agreed.far.taken


def test_what_was_removed_before_signing_goes(agreed):
    hospital = made("identity", "Lahore General Hospital", Tlp.RED, identity_class="organization")
    told = indicator("one", description="Seen at Lahore General Hospital.")
    own_work(agreed.world, hospital, told)
    mark_victim(actor=agreed.world.analyst, ref=hospital["id"], now=NOW)
    act = shared(agreed, told)
    assert exchange(agreed).state == "receipted"
    assert b"Lahore" not in agreed.far.taken[act.ref].raw


def test_an_act_of_ours_that_waits_cannot_be_answered(agreed):
    own_work(agreed.world, indicator("one"))
    act = shared(agreed, indicator("one"), tlp=Tlp.RED)
    assert act.state == "awaiting-approval"
    assert posted(agreed, share_of(agreed, in_reply_to=act.ref)) == ["act.out-of-order"]
