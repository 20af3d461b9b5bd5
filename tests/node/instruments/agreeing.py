"""Two sides that agree: our diplomat, and a partner's node that proposes and answers over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from comity.base.tlp import Tlp
from comity.base.verdict import Verdict
from comity.engines.release.terms import Category, Onward, Purpose, Terms
from comity.node.federation.models import Partner
from comity.node.federation.services import inbound
from comity.node.instruments import services
from comity.node.instruments.bodies import terms_digest, written_terms
from comity.node.instruments.models import Agreement
from comity.node.parties.actors import Actor
from comity.node.parties.models import Membership, Party, Person
from comity.node.parties.roles import Role
from tests.node.far import FarNode, values
from tests.node.world import NOW, World


def some_terms(**changes: Any) -> Terms:
    told = {
        "agreement": f"agreement--{uuid4()}",
        "title": "Memorandum on sharing",
        "source": "art. 4",
        "since": date(2026, 11, 1),
        "highest": Tlp.AMBER,
        "purposes": frozenset({Purpose.NETWORK_DEFENCE, Purpose.INCIDENT_RESPONSE}),
        "categories": frozenset(Category),
        "onward": Onward.OWN_CONSTITUENCY,
        "second_person_above": Tlp.AMBER,
        "remove_victims": True,
    }
    return Terms(**{**told, **changes})


@dataclass
class Sides:
    world: World
    far: FarNode
    partner: Partner
    diplomat: Actor

    @property
    def party(self) -> Party:
        return self.partner.party

    def propose(self, **changes: Any) -> Agreement:
        terms = some_terms(**changes)
        services.propose(actor=self.diplomat, partner=self.party, terms=terms, now=NOW)
        return Agreement.objects.get(ref=terms.agreement)

    def proposed_by_far(self, now: datetime = NOW, **changes: Any) -> Agreement:
        body = proposal_body(some_terms(**changes))
        self.far.now = now
        self.arrive(self.far.act("propose-agreement", body=body), now=now).require()
        return Agreement.objects.get(ref=body["agreement"])

    def answered_by_far(self, to: Agreement, now: datetime = NOW, **changes: Any) -> Verdict:
        body = {
            "title": "Our answer",
            "agreement": to.ref,
            "decision": "accept",
            "terms_sha256": to.terms_sha256,
        }
        self.far.now = now
        reply = changes.pop("in_reply_to", to.proposal.ref)
        return self.arrive(self.far.act("answer-agreement", body=body | changes, in_reply_to=reply), now=now)

    def conclude(self, now: datetime = NOW, **changes: Any) -> Agreement:
        agreement = self.propose(**changes)
        self.answered_by_far(agreement, now=now).require()
        agreement.refresh_from_db()
        return agreement

    def arrive(self, signed: Any, *objects: Any, now: datetime = NOW, far: FarNode | None = None) -> Verdict:
        """The verdict with which our node answers an act that the far node hands over."""
        partner = self.partner if far is None else Partner.objects.get(party__ref=far.ref)
        found = inbound.sort([*values([signed]), *objects])
        said = inbound.take(partner, found, now=now, hand_over=True, read=None)
        return next(each.verdict for each in said if each.ref == signed.act.id)


def proposal_body(terms: Terms) -> dict[str, Any]:
    return {"title": terms.title, "agreement": terms.agreement, "terms": written_terms(terms)}


def digest_of(body: dict[str, Any]) -> str:
    return terms_digest(body["agreement"], body["title"], body["terms"])


def sides_of(world: World, far: FarNode) -> Sides:
    person = Person.objects.create(email="esma@pk.example", name="Esma", added=NOW)
    Membership.objects.create(person=person, body=world.body, role="diplomat", since=NOW - timedelta(days=1))
    actor = Actor(name="Esma", body=world.body.pk, person=person.pk, roles=frozenset({Role.DIPLOMAT}))
    return Sides(world, far, world.befriend(far), actor)
