"""Partners are asked again who they are: what a key that we know has signed counts, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.formats.conversation import Ask, Reply
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.node.accountability.models import LogEntry
from comity.node.federation import queries
from comity.node.federation.models import Partner, PartnerKey, Reach
from comity.node.federation.services import outbound, partners
from comity.node.federation.worker import LOOK, LOOK_SOON, look_due, partners_due
from tests.node.far import LONG_AGO, FarNode
from tests.node.world import NOW, World

pytestmark = pytest.mark.django_db

LATER = NOW + LOOK
MOVED = "http://moved.example/"


@pytest.fixture
def partner(world: World, far: FarNode) -> Partner:
    found = world.befriend(far)
    far.record(b"entry")
    far.now = LATER
    return found


def look(partner: Partner, far: FarNode, now=LATER) -> str:
    partner.refresh_from_db()
    trouble = outbound.exchange_with(partner, far, now=now, random=Random(1), look=True).trouble
    partner.refresh_from_db()
    return trouble


def moved() -> dict[str, str]:
    return {
        "address": MOVED,
        "discovery": f"{MOVED}taxii2/",
        "api_root": f"{MOVED}taxii2/comity/",
        "log_url": f"{MOVED}log/",
    }


def told(far: FarNode, **changes: object) -> NodeKey:
    """The far node names one more key, or another for the use."""
    new = Ed25519PrivateKey.generate()
    key = NodeKey.of(new.public_key(), Use.SIGN, LATER)
    known = [NodeKey.of(each.public_key(), use, LONG_AGO) for use, each in far.keys.items()]
    far.says = {"keys": (*known, key), **changes}
    return key


def logged() -> int:
    return LogEntry.objects.filter(event="partner-changed").count()


def test_every_day_and_every_hour_in_trouble(partner):
    partner.refresh_from_db()
    assert partners_due(NOW + LOOK - timedelta(seconds=1)) == []
    assert partners_due(LATER) == [partner]
    Partner.objects.update(trouble="It cannot be reached.")
    assert partners_due(NOW + LOOK_SOON - timedelta(seconds=1)) == []
    assert partners_due(NOW + LOOK_SOON) == [partner]


def test_who_cannot_be_reached_is_not_asked(world, partner):
    partners.set_ways(
        actor=world.administrator, partner=partner.pk, reach=Reach.FETCH, fetches=False, now=NOW
    )
    partner.refresh_from_db()
    assert not look_due(partner, LATER)


def test_nothing_new_leaves_no_trace(partner, far):
    assert look(partner, far) == ""
    assert (partner.looked_at, partner.changed_words, logged()) == (LATER, "", 0)
    assert not look_due(partner, LATER)


def test_a_new_address_counts_and_is_told(partner, far):
    far.says = moved()
    assert look(partner, far) == ""
    assert (partner.address, partner.api_root) == (MOVED, f"{MOVED}taxii2/comity/")
    assert "its address from http://far.example/ to http://moved.example/" in partner.changed_words
    assert (partner.changed_at, logged()) == (LATER, 1)


def test_its_node_is_asked_also_when_nothing_else_goes_well(partner, far):
    """Its inbox is gone from where it was, and the descriptor says where it is now."""
    Partner.objects.update(log_url="http://far.example/nowhere/")

    def gone(ask: Ask) -> Reply:
        return Reply(404, {"content-type": "text/plain"}, b"") if "nowhere" in ask.url else far(ask)

    partner.refresh_from_db()
    far.says = moved()
    assert outbound.exchange_with(partner, gone, now=LATER, random=Random(1), look=True).trouble
    partner.refresh_from_db()
    assert partner.log_url == f"{MOVED}log/"


def test_a_new_key_counts_from_now_on(partner, far):
    key = told(far)
    assert look(partner, far) == ""
    row = PartnerKey.objects.get(kid=key.kid)
    assert (row.use, row.since) == ("sign", LATER)
    assert f"{key.kid} is new" in partner.changed_words
    assert queries.partner_by_kid(key.kid, LATER) == partner


def test_a_key_may_end_sooner_and_never_later(partner, far):
    ends = LATER + timedelta(days=1)
    witness = far.keys[Use.WITNESS].public_key()
    others = [
        NodeKey.of(each.public_key(), use, LONG_AGO)
        for use, each in far.keys.items()
        if use is not Use.WITNESS
    ]
    far.says = {"keys": (*others, NodeKey.of(witness, Use.WITNESS, LONG_AGO, ends))}
    look(partner, far)
    assert PartnerKey.objects.get(use="witness").until == ends
    far.says = {}
    look(partner, far, LATER + timedelta(hours=1))
    assert PartnerKey.objects.get(use="witness").until == ends


def other_signer(far: FarNode) -> None:
    far.keys[Use.SIGN] = Ed25519PrivateKey.generate()


def other_log(far: FarNode) -> None:
    far.says = {"log_origin": "far.example/another"}


def other_log_key(far: FarNode) -> None:
    known = [NodeKey.of(each.public_key(), use, LONG_AGO) for use, each in far.keys.items()]
    new = NodeKey.of(Ed25519PrivateKey.generate().public_key(), Use.LOG, LATER)
    far.says = {"keys": (*(key for key in known if key.use is not Use.LOG), new)}


def older(far: FarNode) -> None:
    far.now = NOW - timedelta(days=1)


def other_node(far: FarNode) -> None:
    far.says = {"id": "identity--00000000-0000-4000-8000-000000000001"}


@pytest.mark.parametrize("change", [other_signer, other_log, other_log_key, older, other_node])
def test_what_does_not_count_changes_nothing_and_is_told(partner, far, change):
    far.says = moved()
    change(far)
    far.says = {**moved(), **far.says}
    before = dict(PartnerKey.objects.values_list("kid", "until"))
    assert "does not count" in look(partner, far)
    assert "does not count" in partner.trouble
    assert (partner.address, partner.changed_words, logged()) == (far.address, "", 0)
    assert dict(PartnerKey.objects.values_list("kid", "until")) == before


def test_the_address_of_another_partner_is_not_taken(world, partner, far):
    third = FarNode(name="CERT Sylvania", state="FR", address=MOVED)
    world.befriend(third)
    far.says = moved()
    assert "where another partner is" in look(partner, far)
    assert partner.address == far.address


def test_a_key_of_another_partner_is_not_taken(world, partner, far):
    third = FarNode(name="CERT Sylvania", state="FR", address="http://third.example/")
    world.befriend(third)
    known = [NodeKey.of(each.public_key(), use, LONG_AGO) for use, each in far.keys.items()]
    far.says = {"keys": (*known, NodeKey.of(third.keys[Use.SIGN].public_key(), Use.SIGN, LONG_AGO))}
    assert "belongs to another node" in look(partner, far)
    assert PartnerKey.objects.get(kid=thumbprint(third.keys[Use.SIGN].public_key())).partner != partner
