"""A partner's node asks by acts after what it may not see: what is hidden is answered as what is not there.

Two ends are left. An act or an agreement has one place in the record, so whoever names a reference that
others use is told that it is taken; it is a random UUID, which only its parties have. And what was recalled
here, or erased by law, is said to whoever brings it (docs/wire/taxii.md), since it must not be sent on. Log
indexes and checkpoints count what all parties do; they are public, and left out of what is compared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from comity.base.tlp import Tlp
from comity.formats.acts import Content, SignedAct, decode_act
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import decode
from comity.formats.taxii import Envelope
from comity.node.acts.models import Act
from comity.node.federation.collections import inbox_id, outbox_id
from comity.node.federation.services import inbound
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import indicator, joined, made, own_work, shared
from tests.node.exchange.taxii.asking import Reader, opened, reader_of
from tests.node.exchange.test_hostile_shares import share_of
from tests.node.exchange.worlds import undone
from tests.node.far import FarNode, values
from tests.node.federation.test_doors import knock
from tests.node.instruments.agreeing import Sides, proposal_body, some_terms
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
HIDDEN = indicator("hidden", Tlp.RED, description="Nobody else knows.")
THEIRS = indicator("theirs")  # which another partner was given
Told = list[tuple[str, str, str, str]]


@pytest.fixture
def agreed(sides: Sides) -> Sides:
    """Who asks, under an agreement up to TLP:GREEN."""
    sides.conclude(highest=Tlp.GREEN)
    return sides


@pytest.fixture
def third(agreed: Sides) -> Sides:
    """Another partner, with whom nothing is agreed yet."""
    far = FarNode(name="CERT Ruritania", state="AT", address="http://ruritania.example/")
    return replace(agreed, far=far, partner=agreed.world.befriend(far))


def hide(third: Sides) -> dict[str, str]:
    """What the asking partner has no part in: objects, an agreement, a proposal, a share; their names."""
    own_work(third.world, HIDDEN, THEIRS)
    agreement = third.conclude()
    sent = shared(third, THEIRS)
    waits = third.propose()
    return {
        "sent": sent.ref,
        "agreement": agreement.ref,
        "waits": waits.ref,
        "proposal": waits.proposal.ref,
        "terms": waits.terms_sha256,
    }


def questions(asker: Sides, named: dict[str, str], sent: SignedAct | None) -> list[list[Any]]:
    """Acts, receipts and objects that name what is hidden; with other names the same of what is not there."""
    agreement = Agreement.objects.get(partner=asker.party).ref
    under = {"agreement": agreement}
    answer = {"agreement": named["waits"], "decision": "accept", "terms_sha256": named["terms"]}
    ending = {"title": "x", "agreement": named["agreement"], "day": f"{NOW.date()}", "reason": "x"}
    newer = HIDDEN | {"modified": "2026-11-21T06:30:00.000Z"}
    seen = made("sighting", "seen", sighting_of_ref=HIDDEN["id"])
    del seen["name"]
    shares = [
        [*values([share_of(asker, each, **under)]), each]
        for each in (HIDDEN, THEIRS | {"x_word": "other"}, newer, seen, joined("j", HIDDEN, THEIRS))
    ]
    back = [{"ref": each["id"], "versions": [each["modified"]]} for each in (HIDDEN, THEIRS)]
    recalled = {"title": "x", "message": "", "reason": "wrong", "objects": back}
    replacing = proposal_body(some_terms()) | {"replaces": named["agreement"]}
    spoken = [
        asker.far.act(in_reply_to=named["sent"]),
        asker.far.act(in_reply_to=named["proposal"]),
        asker.far.act("answer-agreement", body={"title": "x", **answer}, in_reply_to=named["proposal"]),
        asker.far.act("answer-agreement", body={"title": "x", **answer}),
        asker.far.act("withdraw-agreement", body=ending),
        asker.far.act("propose-agreement", body=replacing),
        asker.far.act("recall", body=recalled),
        asker.far.act("share", body={"title": "x"}, contents=_contents(HIDDEN), purpose="network-defence"),
    ]
    receipts = [asker.far.receipt_for(sent).value] if sent else []
    return [*shares, [HIDDEN], *([each] for each in [*values(spoken), *receipts])]


def _contents(*some: dict[str, Any]) -> tuple[Content, ...]:
    return tuple(Content.of(Found.decode(each)) for each in some)


def told(asker: Sides, asked: list[list[Any]]) -> Told:
    """What the node says of each, in a post for each as well as all in one."""
    found: Told = []
    for portion in (*asked, [value for each in asked for value in each]):
        said = inbound.take(asker.partner, inbound.sort(portion), now=NOW, hand_over=True, read=None)
        found += [(e.ref, e.version, e.verdict.grounds[0].rule, e.verdict.grounds[0].text) for e in said]
    return found


def posted(poster: Reader) -> Told:
    """The same after acts spoke of it, by TAXII: what the partner gave and recalled, and what it did not."""
    status = poster.posted(HIDDEN, THEIRS, THEIRS | {"x_word": "other"}, indicator("new", Tlp.CLEAR))
    listed = (*status.get("successes", ()), *status.get("failures", ()))
    return [(each["id"], each["version"], each.get("message", ""), "") for each in listed]


def test_acts_that_name_what_is_hidden_are_answered_as_where_it_never_was(agreed, third):
    poster = reader_of(agreed, opened(agreed.world, may_post=True))
    with undone():
        named = hide(third)
        sent = decode_act(bytes(Act.objects.get(ref=named["sent"]).wire or b""))
        asked = questions(agreed, named, sent)
        with_it = [*told(agreed, asked), *posted(poster)]
    with undone():
        own_work(third.world, indicator("something else", Tlp.RED))
        without = [*told(agreed, asked), *posted(poster)]
    assert with_it == without
    assert {rule for *_, rule, _ in without} >= {
        "act.taken", "act.out-of-order", "agreement.unknown", "agreement.replaces", "receipt.other-act",
        "act.content-missing", "wire.no-act",
    }  # fmt: skip  # as people would write a list of words


def test_in_one_world_the_hidden_and_the_missing_are_refused_alike(agreed, third):
    named = hide(third)
    missing = {
        key: f"{ref.partition('--')[0]}--00000000-0000-4000-8000-00000000dea{place}" if "--" in ref else ref
        for place, (key, ref) in enumerate(named.items())
    }
    found = []
    for each in (named, missing):
        with undone():
            found.append(_of_references(told(agreed, questions(agreed, each, None)), each))
    here, gone = found
    assert here == gone


def _of_references(found: Told, named: dict[str, str]) -> list[tuple[str, str]]:
    """Rules and texts, with the names that were asked for left out."""
    texts = [(rule, text) for _, _, rule, text in found]
    for key, ref in named.items():
        texts = [(rule, text.replace(ref, key)) for rule, text in texts]
    return texts


def test_a_reference_that_others_use_is_said_to_be_taken_and_nothing_more(agreed, third):
    """The one difference that a single record leaves: it needs a reference of 122 random bits."""
    named = hide(third)
    same_act = agreed.far.act(id=named["sent"])
    body = proposal_body(some_terms(agreement=named["agreement"]))
    same_agreement = agreed.far.act("propose-agreement", body=body)
    found = told(agreed, [values([same_act, same_agreement])])
    assert {rule for *_, rule, _ in found} == {"act.conflict", "agreement.known"}
    assert not [text for *_, text in found if third.party.name in text or third.party.ref in text]


def test_the_status_of_another_party_is_one_that_never_was(agreed, third):
    collection = opened(agreed.world, may_post=True)
    poster, asker = reader_of(third, collection, name="theirs"), reader_of(agreed, collection)
    told = poster.posted(indicator("new", Tlp.CLEAR))
    assert poster.ask(f"status/{told['id']}/", root=True).status_code == 200
    other, none = (asker.ask(f"status/{each}/", root=True) for each in (told["id"], uuid4()))
    assert (other.status_code, other.content) == (none.status_code, none.content)
    inbox = f"/taxii2/comity/collections/{inbox_id(agreed.world.body, third.party)}/objects/"
    posted_acts: Any = decode(
        knock(third.far, "POST", inbox, Envelope((third.far.act().value,)).encode()).content
    )
    own = knock(third.far, "GET", f"/taxii2/comity/status/{posted_acts['id']}/")
    assert own.status_code == 200
    other, none = (
        knock(agreed.far, "GET", f"/taxii2/comity/status/{each}/") for each in (posted_acts["id"], uuid4())
    )
    assert (other.status_code, other.content) == (none.status_code, none.content)


def test_the_collections_of_another_partner_are_ones_that_never_were(agreed, third):
    shared_with = outbox_id(agreed.world.body, third.party)
    assert knock(third.far, "GET", f"/taxii2/comity/collections/{shared_with}/objects/").status_code == 200
    for place in ("", "objects/"):
        for method in ("GET", "POST"):
            other, none = (
                knock(agreed.far, method, f"/taxii2/comity/collections/{each}/{place}")
                for each in (shared_with, uuid4())
            )
            assert (other.status_code, other.content) == (none.status_code, none.content)
