"""A small world: our body with people in their roles, and a kind of act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.node.acts import kinds
from comity.node.acts.kinds import Body, Draft, Judgement, Kind, Verb
from comity.node.federation.models import Partner
from comity.node.federation.services import own, partners
from comity.node.parties.actors import Actor
from comity.node.parties.models import Membership, Party, Person
from comity.node.parties.roles import Role
from tests.node.far import FarNode

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


class NoteBody(Body):
    """A message; `word` decides how it is judged."""

    word: str = "go"


def judge_note(draft: Draft, _now: datetime) -> Judgement:
    if draft.body.get("word") == "stay":
        return Judgement(Verdict.no(Ground("note.stay", "tests", "The word is stay.")))
    return Judgement(Verdict.yes(Ground("note.go", "tests", "The word is not stay.")))


def second_for_note(draft: Draft, _judgement: Judgement) -> Ground | None:
    if draft.body.get("word") == "two":
        return Ground("note.two", "tests", "The word asks for two.")
    return None


def still_note(act, party, now) -> Verdict:
    if act.body.get("word") == "late":
        return Verdict.no(Ground("note.late", "tests", "It is too late for this word."))
    return Verdict.yes(Ground("note.still", "tests", "It may still go."))


def admissible_note(arrived, now) -> Verdict:
    if arrived.body.get("word") == "unwelcome":
        return Verdict.no(Ground("note.unwelcome", "tests", "This word is not welcome."))
    return Verdict.yes(Ground("note.welcome", "tests", "Welcome."))


NOTE = Kind(
    name="test-note",
    verb=Verb.NOTIFY,
    title="Test note",
    body=NoteBody,
    composers=frozenset({Role.ANALYST, Role.APPROVER}),
    judge=judge_note,
    second_person=second_for_note,
    template="acts/parts/plain.html",
    still_allowed=still_note,
    admissible=admissible_note,
)
kinds.register(NOTE)


@dataclass
class World:
    body: Party
    analyst: Actor
    approver: Actor
    second: Actor
    administrator: Actor
    observer: Actor

    def draft(self, *recipients: Party, word: str = "go", tlp: Tlp = Tlp.AMBER, **more: Any) -> Draft:
        return Draft(
            kind="test-note",
            author=self.body,
            recipients=recipients,
            body={"title": f"Note: {word}", "word": word},
            tlp=tlp,
            **more,
        )

    def befriend(self, far: FarNode, now: datetime = NOW) -> Partner:
        """Introduce and accept the far node, as a person does."""
        signed = far.descriptor(now)
        partner = partners.introduce(actor=self.administrator, address=far.address, signed=signed, now=now)
        far.meet(own.descriptor(now).descriptor)
        return partners.accept(
            actor=self.administrator, partner=partner.pk, fingerprint=partner.fingerprint, now=now
        )


def found_world(now: datetime) -> World:
    body = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001",
        kind="national-cert",
        name="PakCERT",
        state="PK",
        ours=True,
        added=now,
    )
    own.know_own_keys(now)

    def person(name: str, *roles: Role) -> Actor:
        found = Person.objects.create(email=f"{name}@pk.example", name=name.title(), added=now)
        for role in roles:
            Membership.objects.create(person=found, body=body, role=role.value, since=now)
        return Actor(name=found.name, body=body.pk, person=found.pk, roles=frozenset(roles))

    return World(
        body,
        person("ayesha", Role.ANALYST),
        person("bilal", Role.APPROVER),
        person("chanda", Role.APPROVER, Role.ANALYST),
        person("dara", Role.ADMINISTRATOR),
        person("omar", Role.OBSERVER),
    )
