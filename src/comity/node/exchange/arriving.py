"""What a partner shares with us: whether it may come in, and how it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.engines.release.handling import Ownership
from comity.engines.release.terms import Purpose, Terms
from comity.formats.markings import markings_of
from comity.formats.stix import StixObject as Found
from comity.formats.strict_json import Limits, decode
from comity.node.acts.kinds import Arrived
from comity.node.acts.models import Act, Content
from comity.node.acts.queries import contents_of_all
from comity.node.acts.services.erasing import keep_contents
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.handling import Origin, kept_until, last_day, of_class
from comity.node.exchange.services.also_given import Given, settle
from comity.node.exchange.services.storing import OWN_PATH, Way, contradiction, store
from comity.node.exchange.sights import asked
from comity.node.exchange.tracing import Version, given_to, recalled_among, taken_back_among
from comity.node.instruments import queries as agreements
from comity.node.parties.models import Party

_SOURCE = "Comity rules of arriving shares"


def admissible(arrived: Arrived, now: datetime) -> Verdict:
    """Whether the share rests on an agreement in force for its purpose, or is TLP:CLEAR throughout."""
    try:
        found = [decoded(each.wire, each.ref) for each in arrived.contents]
        for each in found:
            last_day(each.value)
    except Malformed as error:
        return _no("unreadable", error.message)
    strange = _strange(arrived, found, now)
    if strange is not None:
        return strange
    if not arrived.basis:
        return _clear_throughout(found)
    return _covered(_in_force(arrived.basis[0], arrived, now), Purpose(arrived.purpose))


def _strange(arrived: Arrived, found: Sequence[Found], now: datetime) -> Verdict | None:
    """What is wrong with the share whatever it rests on; None if nothing is."""
    if len(arrived.recipients) != 1:  # each body holds what its own agreements with the author allow
        return _no("one-recipient", "A share goes to exactly one party; make one for each.")
    wrong = ill_founded(arrived.purpose, arrived.basis)
    if wrong is not None:
        return wrong
    if not found or any(each.type in OWN_PATH for each in found):
        return _no("contents", "A share carries objects, and neither acts nor receipts among them.")
    erased = _erased(found, arrived.recipients)
    if erased:
        return _no("erased", erased)
    recalled = _recalled(found, arrived)
    if recalled:
        return _no("recalled", recalled)
    contradicted = _contradicted(arrived, found, now)
    return _no("contradiction", contradicted) if contradicted else None


def ill_founded(purpose: str, basis: Sequence[str]) -> Verdict | None:
    """What is wrong with what a share is given for and rests on, before anybody asks the agreement."""
    if purpose not in {each.value for each in Purpose}:
        return _no("purpose", "The act names no purpose that is known here.")
    if len(basis) > 1:
        return _no("basis", "A share rests on one agreement, or for TLP:CLEAR on none.")
    return None


@dataclass(frozen=True, slots=True)
class _Basis:
    """What decides how contents are kept; acts on one basis are kept together."""

    holder: Party
    author: Party
    agreement: str | None
    label: Tlp


def take(acts: Sequence[Act], now: datetime) -> None:
    """Keep what the acts carry, bound by the terms that each came under."""
    groups: dict[_Basis, list[Act]] = {}
    for act, holder in queries.receivers_of(acts):
        basis = _Basis(holder, act.author, act.basis[0] if act.basis else None, Tlp(act.tlp))
        groups.setdefault(basis, []).append(act)
    carried = contents_of_all(acts)
    for basis, its in groups.items():
        _keep(basis, [(act, content) for act in its for content in carried[act.pk]], now)


def _keep(basis: _Basis, carried: Sequence[tuple[Act, Content]], now: datetime) -> None:
    named, holder, author = basis.agreement, basis.holder, basis.author
    terms = agreements.terms_named(named, holder, author) if named else None
    until = kept_until(terms, now.astimezone(UTC).date())
    origin = Origin(Ownership.RECEIVED, author.ref, terms=terms, keep_until=until, unmarked_as=basis.label)
    if until is not None:
        keep_contents((act for act, _ in carried), until=until)
    found: list[Found] = []
    acts: dict[tuple[str, str], Act] = {}
    for act, content in carried:
        found.append(decoded(bytes(content.wire), content.ref))
        acts.setdefault((content.ref, content.modified), act)
    report = store(found, Way(holder, origin, author, brought=None, acts=acts, by=author.name, now=now))
    settle(found, report, Given(holder, author, None, acts, now, origin), author, seen=lambda _: ())


def decoded(wire: bytes, where: str) -> Found:
    """The object in canonical bytes that an act carries."""
    return Found.decode(decode(wire, limits=Limits(size=len(wire))), where)


def is_clear(wire: bytes) -> bool:
    """Whether the object itself says that it is TLP:CLEAR, in a marking that everybody can read."""
    markings = markings_of(decoded(wire, "the object"), {})
    return markings.tlp is Tlp.CLEAR and not markings.unknown


def _clear_throughout(found: Sequence[Found]) -> Verdict:
    for each in found:
        if each.type not in DEFINITIONS and not is_clear(each.raw):
            return _no("no-basis", f"It names no agreement, and {each.id} is not marked TLP:CLEAR.")
    return Verdict.yes(Ground("share.clear", _SOURCE, "Everything it carries is TLP:CLEAR."))


def _in_force(ref: str, arrived: Arrived, now: datetime) -> Terms | None:
    day = now.astimezone(UTC).date()
    terms = [t for body in arrived.recipients for t in agreements.terms_between(body, arrived.author, day)]
    return next((each for each in terms if each.agreement == ref), None)


def _covered(terms: Terms | None, purpose: Purpose) -> Verdict:
    if terms is None:
        return _no("agreement", "The agreement it names is not in force between us today.")
    if purpose not in terms.purposes:
        return _no("purpose", f"The agreement does not cover the purpose {purpose.value}.")
    text = f"The agreement is in force and covers {purpose.value}."
    return Verdict.yes(Ground("share.agreement", terms.cited, text))


def _erased(found: Sequence[Found], bodies: Sequence[Party]) -> str | None:
    """What the sender learns if one of these was erased here by law: as a content it would be here again."""
    for body in bodies:
        erased = queries.erased_among(body, (each.id for each in found))
        told = next((f"{ref}: {told}" for ref, told in erased.items()), None)
        if told:
            return told
    return None


def _recalled(found: Sequence[Found], arrived: Arrived) -> str | None:
    """What the sender learns if one of these very versions was recalled, by whomever or by itself."""
    versions = {each.version for each in found}
    for body in arrived.recipients:
        own = taken_back_among(body, arrived.author, versions)
        said = own | recalled_among(body, versions)
        told = next((f"{ref}: {said[ref, at]}" for ref, at in sorted(said)), None)
        if told:
            return told
    return None


def _contradicted(arrived: Arrived, found: Sequence[Found], now: datetime) -> str | None:
    """What the sender learns if we hold one of these versions with other content; nobody overwrites it.

    It learns nothing of a version that it does not know: its own is kept beside that.
    """
    offered = {each.version: carried.sha256 for each, carried in zip(found, arrived.contents, strict=True)}
    for body in arrived.recipients:
        here = queries.versions_held(body, (each.id for each in found))
        others = {each for each, sha256 in offered.items() if here.get(each, sha256) != sha256}
        given = queries.also_given(body, arrived.author, (ref for ref, _ in offered))
        known = _known_to(arrived, body, others - given.keys(), now)
        here = {each: here[each] for each in known} | given
        for version, sha256 in offered.items():
            if here.get(version, sha256) != sha256:
                return f"{version[0]}: {contradiction(here[version], sha256)}"
    return None


def _known_to(arrived: Arrived, body: Party, versions: set[Version], now: datetime) -> set[Version]:
    """Those of these versions, all held here, that the author gave us, was given, or may see."""
    if not versions:
        return set()
    question = asked(body, arrived.author, purpose=Purpose(arrived.purpose), now=now)
    refs = {ref for ref, _ in versions}
    known = given_to(body, arrived.author, refs)
    for row in queries.rows_of_versions(body, refs):
        release = question.judge(of_class(row.handling))
        if row.source_id == arrived.author.pk or (release.verdict.allowed and not release.removals):
            known.add((row.ref, row.modified))
    return known & versions


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(f"share.{rule}", _SOURCE, text))
