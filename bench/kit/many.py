"""A node that has worked for years, made in a minute: rows written in bulk, always the same for one seed.

The rows are what the product's own path would have left, but for signatures: no page looks at those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Model

from comity.base.tlp import Tlp
from comity.engines.ledger.checkpoint import Checkpoint, sign_checkpoint
from comity.engines.ledger.commitment import commit
from comity.engines.ledger.tree import EMPTY, leaf_hash
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.terms import Category, Onward, Purpose, Terms, category_of
from comity.formats.canonical import canonical
from comity.formats.entries import Event
from comity.formats.entries import LogEntry as Entry
from comity.node.accountability import identity
from comity.node.accountability.models import LogCheckpoint, LogEntry, LogHead, LogTile, SeenLog
from comity.node.acts.models import Act, ActContent, Content, Delivery, Receipt
from comity.node.exchange import counts, wordindex
from comity.node.exchange.content import links_of, title_of, words_of
from comity.node.exchange.models import Import, Link, StixObject
from comity.node.exchange.services.classing import keys_of
from comity.node.exchange.services.places import take_until
from comity.node.exchange.services.storing import Report
from comity.node.federation.models import Partner
from comity.node.instruments.bodies import terms_digest, written_terms
from comity.node.instruments.models import Agreement
from comity.node.keys import KeyUse, node_key
from comity.node.parties.models import MachineUser, Membership, Party, PeopleChange, Person
from comity.node.parties.queries import our_bodies
from comity.node.parties.roles import Role

BEGAN = datetime(2024, 1, 8, 7, tzinfo=UTC)
AT = "2026-11-20T06:30:00.000Z"
ROWS = 5_000  # in one statement's list
_PLACES = ("ministry", "power grid", "bank", "harbour", "hospital", "university", "airline", "registry")
_THINGS = ("Phishing", "Ransomware", "Command server", "Scanning", "Leaked keys", "Defacement", "Worm")
_TYPES = ("indicator", "malware", "identity", "tool", "campaign", "relationship")
_LABELS = (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED)

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything."""

    acts: int = 100_000
    objects: int = 20_000
    partners: int = 50
    agreements: int = 200
    people: int = 60


@dataclass(frozen=True, slots=True)
class Years:
    """What was made, for who looks at it."""

    everyone: Person  # holds every role
    act: str  # a share of ours, with its receipt
    receipt: int
    arrived: str
    awaiting: str
    agreement: str
    proposed: str
    object: str
    brought: int
    partner: Party
    partner_key: int
    entry: int
    half: int  # of the acts


def years_of() -> Years:
    """What `work_for_years` left in this node: one of each kind, from the middle."""
    shares = Act.objects.filter(kind="share")
    sent = shares.filter(ours=True, deliveries__state="receipted").order_by("pk")
    act = sent[sent.count() // 2]
    partner = Partner.objects.select_related("party").order_by("pk")[1]
    return Years(
        everyone=Person.objects.get(email="person0@bench.example"),
        act=act.ref,
        receipt=act.receipts.get().pk,
        arrived=shares.filter(ours=False).order_by("pk")[10].ref,
        awaiting=shares.filter(state="awaiting-approval").order_by("-pk")[0].ref,
        agreement=Agreement.objects.filter(state="in-force").order_by("pk")[0].ref,
        proposed=Agreement.objects.filter(state="proposed").order_by("pk")[0].ref,
        object=StixObject.objects.filter(type="indicator").order_by("pk")[60].ref,
        brought=Import.objects.get().pk,
        partner=partner.party,
        partner_key=partner.pk,
        entry=act.log_index or 0,
        half=Act.objects.count() // 2,
    )


@transaction.atomic
def work_for_years(sizes: Sizes, seed: int = 29) -> None:
    """Fill a new node; everything is committed at once, and what its worker would index by now is indexed."""
    filling = _Filling(sizes, Random(seed))
    filling.all()
    wordindex.index_all(filling.now)


class _Filling:
    """The steps, in an order in which each finds what it refers to."""

    def __init__(self, sizes: Sizes, random: Random) -> None:
        self.sizes = sizes
        self.random = random
        self.body = our_bodies().get()
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.leaves: list[bytes] = []
        self.entries: list[LogEntry] = []

    def all(self) -> None:
        everyone = self._people()
        partners = self._partners(everyone)
        objects = self._objects(partners)
        acts = self._acts(partners, objects, everyone)
        self._agreements(acts, partners)
        self._log()

    def _people(self) -> Person:
        people = _all(
            Person,
            (
                Person(email=f"person{number}@bench.example", name=f"Person {number:03}", added=BEGAN)
                for number in range(self.sizes.people)
            ),
        )
        roles = list(Role)
        held = [(people[0], role) for role in roles]
        held += [(person, self.random.choice(roles)) for person in people[1:]]
        _all(
            Membership,
            (Membership(person=one, body=self.body, role=role.value, since=BEGAN) for one, role in held),
        )
        Authenticator.objects.create(user=people[0], type="totp", data={"secret": "not used"})
        _all(
            PeopleChange,
            (
                PeopleChange(at=self._past(), by="Person 000", what="link-made", person=person)
                for person in people
                for _ in range(20)
            ),
        )
        _all(
            MachineUser,
            (
                MachineUser(
                    name=f"Program {n}", body=self.body, roles=["analyst"], token_hash=_hex(n), since=BEGAN
                )
                for n in range(10)
            ),
        )
        return people[0]

    def _partners(self, person: Person) -> list[Party]:
        states = ("UY", "DE", "KE", "FR", "MY", "TN", "EE", "JP", "BR", "EG")
        parties = _all(
            Party,
            (
                Party(
                    ref=f"identity--{self._uuid()}",
                    kind="national-cert",
                    name=f"National CERT {number:03}",
                    state=states[number % len(states)],
                    added=BEGAN,
                )
                for number in range(self.sizes.partners)
            ),
        )
        _all(
            Partner,
            (
                Partner(
                    party=party,
                    address=f"https://cert{number}.example/",
                    state="accepted",
                    state_words="Accepted by Person 000.",
                    state_since=BEGAN,
                    descriptor=b"{}",
                    descriptor_at=BEGAN,
                    fingerprint=" ".join(["abandon"] * 12),
                    api_root=f"https://cert{number}.example/taxii2/comity/",
                    log_origin=f"cert{number}.example/log",
                    log_url=f"https://cert{number}.example/log/",
                    witness_name=f"cert{number}.example/witness",
                    heard_at=self.now - timedelta(minutes=number),
                    accepted_by=person,
                )
                for number, party in enumerate(parties)
            ),
        )
        _all(
            SeenLog,
            (SeenLog(origin=f"cert{n}.example/log", vkey="", at=BEGAN) for n in range(len(parties))),
        )
        return parties

    def _objects(self, partners: Sequence[Party]) -> list[StixObject]:
        """Every fifth is our own; the others came by files from a partner. A class for each combination."""
        brought = Import.objects.create(
            holder=self.body, form="stix", sha256=_hex(0), note="a feed", by_name="Person 000", at=BEGAN,
            ended=True, report=Report().as_json(),
        )  # fmt: skip  # a row
        ids: list[str] = []
        rows: list[StixObject] = []
        links: list[tuple[int, tuple[tuple[str, str], ...]]] = []
        handlings: list[Handling] = []
        for number in range(self.sizes.objects):
            value = self._stix(number, ids)
            ids.append(value["id"])
            giver = None if number % 5 == 0 else partners[number % 10]
            label = _LABELS[number // 7 % len(_LABELS)]
            ownership = Ownership.RECEIVED if giver else Ownership.OWN
            origin = (giver or self.body).ref
            handlings.append(Handling(category_of(value["type"]), ownership, origin, label))
            wire = canonical(value)
            links.append((number, links_of(value)))
            rows.append(
                StixObject(
                    holder=self.body,
                    ref=value["id"],
                    type=value["type"],
                    modified=AT,
                    sha256=sha256(wire).hexdigest(),
                    wire=wire,
                    title=title_of(value, {}),
                    words=words_of(value),
                    tlp=label.value,
                    source=giver,
                    brought=brought,
                    added=BEGAN + timedelta(seconds=number * 60),
                )
            )
        classes = keys_of(handlings)
        for row, handling in zip(rows, handlings, strict=True):
            row.handling_id = classes[handling]
        made = _all(StixObject, rows)
        take_until(self.body, rows[-1].added)
        counts.keep_up()
        _all(
            Link,
            (Link(object=made[n], path=path, ref=ref) for n, pairs in links for path, ref in pairs),
        )
        return made

    def _stix(self, number: int, before: Sequence[str]) -> dict[str, Any]:
        kind = _TYPES[number % len(_TYPES)]
        value = {
            "type": kind,
            "spec_version": "2.1",
            "id": f"{kind}--{self._uuid()}",
            "created": AT,
            "modified": AT,
        }
        if kind == "relationship":
            ends = {"source_ref": before[number - 5], "target_ref": before[number - 4]}
            return value | ends | {"relationship_type": "indicates"}
        value["name"] = f"{self._title()} {number}"
        value["description"] = "Seen in the traffic of several operators; the list of addresses is complete."
        if kind == "indicator":
            pattern = f"[domain-name:value = 'c2-{number}.example']"
            value |= {"pattern": pattern, "pattern_type": "stix", "valid_from": AT}
        return value

    def _acts(self, partners: Sequence[Party], objects: Sequence[StixObject], person: Person) -> list[Act]:
        """Half are ours. One in five hundred waits for approval, and one was declined."""
        step = (self.now - BEGAN) / (self.sizes.acts + 1)
        drafts = [
            self._act(number, BEGAN + step * number, partners[number // 3 % len(partners)], objects, person)
            for number in range(self.sizes.acts)
        ]
        acts = _all(Act, drafts)
        with_whom = [(act, partners[number // 3 % len(partners)]) for number, act in enumerate(acts)]
        through = Act.recipients.through
        _all(
            through,
            (through(act_id=act.pk, party_id=far.pk if act.ours else self.body.pk) for act, far in with_whom),
        )
        self._carry(acts, objects)
        gone = [(act, far) for act, far in with_whom if act.state == "recorded"]
        _all(Delivery, (self._delivery(act, far, place) for place, (act, far) in enumerate(gone) if act.ours))
        _all(Receipt, (self._receipt(act, far) for act, far in gone if self._arrived(act)))
        return acts

    def _act(
        self, number: int, at: datetime, far: Party, objects: Sequence[StixObject], person: Person
    ) -> Act:
        ours = number % 2 == 0
        state = {4: "awaiting-approval", 8: "declined"}.get(number % 500, "recorded")
        kind = ("share", "propose-agreement", "answer-agreement")[(number % 100 < 2) + (number % 100 == 1)]
        ref, title = f"comity-act--{self._uuid()}", f"{self._title()}, case {number}"
        body = {"title": title, "message": "As agreed on the telephone."}
        carried = objects[number % len(objects)]
        ground = {"rule": "agreement.covers", "source": "Memorandum, art. 4", "text": "It covers indicators."}
        verdict = {"answer": "yes", "grounds": [ground] * 3}
        item = {"ref": carried.ref, "title": carried.title, "verdict": verdict, "removed": []}
        item |= {"leaves_as": carried.ref, "sha256": carried.sha256}
        wire = canonical({"type": "comity-act", "id": ref, "body": body, "filler": "x" * 900})
        act = Act(
            ref=ref,
            kind=kind,
            state=state,
            ours=ours,
            author=self.body if ours else far,
            tlp="amber",
            purpose="network-defence",
            title=title,
            basis=[],
            body=body,
            selection=[carried.ref],
            judgement={"verdict": verdict, "items": [item], "basis": []} if ours else None,
            second_person=ground if state != "recorded" else None,
            composed_by=person if ours and number % 3 == 0 and state == "recorded" else None,
            composed_by_name=person.name if ours else far.name,
            composed_at=at,
        )
        if state == "recorded":
            act.wire, act.sha256, act.recorded_at = wire, sha256(wire).hexdigest(), at
            event = Event.ACT_SENT if ours else Event.ACT_RECEIVED
            act.log_index = self._logged(Entry(event, at, ref, act.sha256, kind), at)
        return act

    def _carry(self, acts: Sequence[Act], objects: Sequence[StixObject]) -> None:
        _all(
            Content,
            (
                Content(sha256=row.sha256, ref=row.ref, modified=row.modified, wire=row.wire)
                for row in objects
            ),
        )
        _all(
            ActContent,
            (
                ActContent(act=act, content_id=objects[number % len(objects)].sha256, position=0)
                for number, act in enumerate(acts)
                if act.kind == "share"
            ),
        )

    def _delivery(self, act: Act, far: Party, place: int) -> Delivery:
        done = self._arrived(act)
        return Delivery(
            act=act,
            party=far,
            state="receipted" if done else "waiting",
            position=act.log_index or place,
            added=act.composed_at,
            attempts=1,
            next_try=None if done else self.now + timedelta(days=1),
            words=f"{far.name} signed a receipt." if done else f"{far.name} cannot be reached.",
            changed=act.composed_at,
        )

    def _receipt(self, act: Act, far: Party) -> Receipt:
        ref, at = f"comity-receipt--{self._uuid()}", act.composed_at
        wire = canonical({"type": "comity-receipt", "id": ref, "filler": "x" * 2000})
        index = act.log_index or 0
        if act.ours:
            index = self._logged(Entry(Event.RECEIPT_RECEIVED, at, act.ref, sha256(wire).hexdigest()), at)
        return Receipt(
            act=act,
            party=far if act.ours else self.body,
            issued=not act.ours,
            ref=ref,
            wire=wire,
            sha256=sha256(wire).hexdigest(),
            at=at,
            log_index=index,
        )

    def _arrived(self, act: Act) -> bool:
        """All but one in a hundred of ours have their receipt."""
        return not act.ours or (act.log_index or 0) % 100 != 0

    def _agreements(self, acts: Sequence[Act], partners: Sequence[Party]) -> None:
        gone = [act for act in acts if act.state == "recorded"]
        proposals = [act for act in gone if act.kind == "propose-agreement"]
        answers = [act for act in gone if act.kind == "answer-agreement"]
        states = ("in-force",) * 7 + ("proposed", "declined", "withdrawn")
        _all(
            Agreement,
            (
                self._agreement(
                    proposal, answer, partners[number % len(partners)], states[number % len(states)]
                )
                for number, (proposal, answer) in enumerate(
                    islice(zip(proposals, answers, strict=False), self.sizes.agreements)
                )
            ),
        )

    def _agreement(self, proposal: Act, answer: Act, far: Party, state: str) -> Agreement:
        since = BEGAN.date()
        terms = Terms(
            agreement=f"agreement--{self._uuid()}",
            title=f"Memorandum {proposal.pk}",
            source="art. 4",
            since=since,
            highest=Tlp.AMBER,
            purposes=frozenset({Purpose.NETWORK_DEFENCE, Purpose.INCIDENT_RESPONSE}),
            categories=frozenset(Category),
            onward=Onward.OWN_CONSTITUENCY,
            second_person_above=Tlp.AMBER,
            remove_victims=True,
        )
        answered, begun = state != "proposed", state in ("in-force", "withdrawn")
        written = written_terms(terms)
        return Agreement(
            ref=terms.agreement,
            title=terms.title,
            ours=self.body,
            partner=far,
            state=state,
            terms=written,
            terms_sha256=terms_digest(terms.agreement, terms.title, written),
            proposal=proposal,
            answer=answer if answered else None,
            withdrawal=answer if state == "withdrawn" else None,
            since=since if begun else None,
            ended=date(2025, 6, 1) if state == "withdrawn" else None,
        )

    def _logged(self, entry: Entry, at: datetime) -> int:
        """The place of an entry in a log that holds nothing else."""
        index = len(self.leaves)
        salt = sha256(b"salt" + index.to_bytes(8)).digest()
        commitment = commit(salt, entry.raw)
        self.leaves.append(leaf_hash(commitment))
        self.entries.append(
            LogEntry(
                index=index,
                at=BEGAN + timedelta(seconds=index),
                event=entry.event.value,
                subject=entry.subject,
                commitment=commitment,
                salt=salt,
                entry=entry.raw,
            )
        )
        return index

    def _log(self) -> None:
        """The log anew, from its first entry: what the node wrote at its beginning is left out."""
        for old in (LogEntry, LogTile, LogCheckpoint, LogHead):
            old.objects.all().delete()
        grown = EMPTY.append(self.leaves)
        _all(LogEntry, self.entries)
        _all(LogTile, (LogTile(level=t.level, index=t.index, hashes=t.hashes) for t in grown.tiles))
        origin, tree = identity.new_origin(), grown.tree
        last = self.entries[-1].at
        LogHead.objects.create(
            origin=origin, size=tree.size, edge=b"".join(tree.edge), root=tree.root, last_at=last
        )
        note = sign_checkpoint(Checkpoint(origin, tree.size, tree.root), node_key(KeyUse.LOG)).encode()
        LogCheckpoint.objects.create(size=tree.size, root=tree.root, note=note, at=last)

    def _title(self) -> str:
        return f"{self.random.choice(_THINGS)} at a {self.random.choice(_PLACES)}"

    def _past(self) -> datetime:
        return BEGAN + (self.now - BEGAN) * self.random.random()

    def _uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)


def _all(model: type[M], rows: Iterable[M]) -> list[M]:
    """Insert in portions, so that the generator's rows need no second list."""
    made: list[M] = []
    source: Iterator[M] = iter(rows)
    while portion := list(islice(source, ROWS)):
        made += model._default_manager.bulk_create(portion)  # noqa: SLF001  any model's own manager
    return made


def _hex(number: int) -> str:
    return sha256(number.to_bytes(8)).hexdigest()
