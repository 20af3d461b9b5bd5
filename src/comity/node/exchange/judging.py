"""Object by object: what of a selection may leave for one partner, in which form, and why not the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from comity.base.verdict import Ground, Verdict
from comity.engines.release.judge import Release, Removal
from comity.engines.release.redact import Parties, Redacted, redacted_id
from comity.formats.canonical import canonical, sha256_hex
from comity.formats.markings import TLP_OF_ID
from comity.formats.stix import OBSERVABLES
from comity.formats.stix import StixObject as Found
from comity.node.acts.kinds import Item, Leaving
from comity.node.acts.together import all_asked_about, once_together
from comity.node.exchange import queries, remotes
from comity.node.exchange.content import DEFINITIONS, links_of
from comity.node.exchange.handling import names_any, of_class
from comity.node.exchange.models import StixObject
from comity.node.exchange.reducing import taken_out
from comity.node.exchange.sights import Asked
from comity.node.parties.models import Party

SOURCE = "Comity rules of sharing"
SECOND_PERSON = "agreement.second-person"
# Without both its ends a relationship says nothing, and a sighting nothing without what was sighted.
_ENDS = {"relationship": ("source_ref", "target_ref"), "sighting": ("sighting_of_ref",)}


@dataclass(slots=True)
class _Candidate:
    """One object on its way out: the judgement of its class, and what is left of it."""

    row: StixObject
    release: Release
    found: Found
    verdict: Verdict
    value: Mapping[str, Any] | None = None  # as it would leave; None if it stays
    removed: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = field(default=())

    def stays(self, rule: str, text: str) -> None:
        """Keep it here, for this reason."""
        self.verdict, self.value = Verdict.no(Ground(f"share.{rule}", SOURCE, text)), None

    @property
    def item(self) -> Item:
        """The judgement for people and for the act."""
        leaving = leaving_of(self.value) if self.value is not None else None
        removed = self.removed if leaving else ()
        return Item(self.row.ref, self.row.title, self.verdict, removed, leaving)


def judged_items(
    question: Asked, rows: Sequence[StixObject], *, going: AbstractSet[str] = frozenset()
) -> tuple[Item, ...]:
    """The judgement of each object; definitions that leaving objects need follow at the end.

    `going` are the names of what leaves beside them.
    """
    candidates, definitions = _judged(question, rows, going)
    return (*(each.item for each in candidates), *_needed(candidates, definitions))


def values_leaving(
    question: Asked, rows: Sequence[StixObject]
) -> Iterator[tuple[StixObject, Mapping[str, Any] | None]]:
    """The same judgement for whoever reads the objects only: each as it would leave, None if it stays."""
    candidates, _ = _judged(question, rows, frozenset())
    return ((each.row, each.value) for each in candidates)


def _judged(
    question: Asked, rows: Sequence[StixObject], beside: AbstractSet[str]
) -> tuple[list[_Candidate], dict[str, Found]]:
    """What becomes of each object, and the definitions that they name."""
    chosen = [row for row in rows if row.type not in DEFINITIONS]
    candidates = _by_class(question, chosen)
    _take_out(candidates, question)
    _without_revealing(candidates, question)
    definitions = _definitions(candidates, question.holder)
    _without_secret_definitions(candidates, definitions, queries.victims_of(question.holder))
    _with_their_ends(candidates, question, beside)
    return candidates, definitions


def leaving_of(value: Mapping[str, Any]) -> Leaving:
    """The object as it would leave."""
    wire = canonical(dict(value))
    return Leaving(str(value["id"]), str(value.get("modified", "")), wire, sha256_hex(wire))


def _by_class(question: Asked, rows: Sequence[StixObject]) -> list[_Candidate]:
    """Judge each class once; whoever receipted an earlier version is told when the object is revoked."""
    held = receipted(question, (row.ref for row in rows))
    judged: dict[tuple[int, bool], Release] = {}
    candidates = []
    for row in rows:
        key = (row.handling_id, row.ref in held)
        if key not in judged:
            judged[key] = question.judge(of_class(row.handling), held=key[1])
        release, found = judged[key], queries.decoded(row)
        value = found.value if release.verdict.allowed else None
        links = links_of(found.value)
        candidates.append(_Candidate(row, release, found, _explained(release, question), value, links=links))
    return candidates


def receipted(question: Asked, refs: Iterable[str]) -> set[str]:
    """Those of which the partner has a version."""
    wanted = set(refs)
    return wanted & _had(question.holder, question.partner, all_asked_about(wanted)) if wanted else set()


@once_together
def _had(holder: Party, partner: Party, refs: tuple[str, ...]) -> set[str]:
    """Those of which the partner has a version, under their own id or the one after a removal."""
    names = {name: ref for ref in refs for name in (ref, *(redacted_id(ref, r) for r in Removal))}
    there = queries.receipted_by(holder, partner, names) | remotes.taken_by(holder, partner, names)
    return {names[name] for name in there}


def _explained(release: Release, question: Asked) -> Verdict:
    """A yes with its conditions: what the receiver owes, and whether a second person approves."""
    if not release.verdict.allowed:
        return release.verdict
    source = question.terms[0].cited if question.terms else SOURCE
    second = Ground(SECOND_PERSON, source, "A second person has to approve before it leaves.")
    more = (second,) if release.second_person else ()
    return Verdict.yes(*release.verdict.grounds, *release.duties, *more)


def _take_out(candidates: Iterable[_Candidate], question: Asked) -> None:
    victims = queries.victims_of(question.holder)
    for each in candidates:
        if each.value is not None and each.release.removals:
            removals = each.release.removals
            left = taken_out(each.row, each.value, removals, victims, creator=question.holder.ref)
            if isinstance(left, Redacted):
                each.value, each.removed = left.object, left.removed
            else:
                each.verdict, each.value = left, None


def _without_revealing(candidates: Sequence[_Candidate], question: Asked) -> None:
    """The id of an observable follows from its value, so naming one that must stay would tell it."""
    named = {ref for each in candidates for _, ref in each.links if ref.partition("--")[0] in OBSERVABLES}
    rows = queries.held(question.holder, named)
    secret = {
        ref for ref, row in rows.items()
        if not question.judge(of_class(row.handling)).verdict.allowed
    }  # fmt: skip  # one clause to a line
    for each in candidates:
        told = next((ref for _, ref in each.links if ref in secret), None)
        if each.value is not None and told:
            named_so = rows[told].title
            each.stays("reveals", f"It names “{named_so}”, which stays here, and whose id tells its value.")


def _definitions(candidates: Iterable[_Candidate], holder: Party) -> dict[str, Found]:
    """The definitions that the objects need and that we hold; those of TLP stand in the standard."""
    named = {ref for each in candidates for _, ref in each.links if ref.startswith(DEFINITIONS)}
    return queries.definitions_held(holder, named - TLP_OF_ID.keys())


def _without_secret_definitions(
    candidates: Iterable[_Candidate], definitions: Mapping[str, Found], victims: Parties
) -> None:
    telling = {ref for ref, found in definitions.items() if names_any(found.value, victims)}
    for each in candidates:
        told = next((ref for _, ref in each.links if ref in telling), None)
        if each.value is not None and told and each.release.removals:
            each.stays("definition", f"Its marking {told} names a victim, and has to travel with it.")


def _with_their_ends(candidates: Sequence[_Candidate], question: Asked, beside: AbstractSet[str]) -> None:
    """Keep what joins objects that do not both get there; what leaves under another id is not the same."""
    joined = {each.row.ref: _ends(each) for each in candidates if each.row.type in _ENDS}
    ends = {ref for joins in joined.values() for ref in joins}
    there = queries.known_there(question.holder, question.partner, ends) | (ends & beside)
    titles = {ref: ref for ref in ends} | queries.titles_held(question.holder, ends)
    changed = True
    while changed:
        changed = False
        going = {str(each.value["id"]) for each in candidates if each.value is not None}
        for each in candidates:
            missing = next((ref for ref in joined.get(each.row.ref, ()) if ref not in going | there), None)
            if each.value is not None and missing:
                text = f"It joins “{titles[missing]}”, which does not leave as it is and is not there."
                each.stays("end-missing", text)
                changed = True


def _ends(each: _Candidate) -> tuple[str, ...]:
    return tuple(str(each.found.value[end]) for end in _ENDS[each.row.type] if end in each.found.value)


def _needed(candidates: Iterable[_Candidate], definitions: Mapping[str, Found]) -> list[Item]:
    named = {ref for each in candidates if each.value is not None for _, ref in each.links}
    ground = Ground("share.definition", SOURCE, "It says what a marking or an extension of the others means.")
    return [
        Item(ref, str(found.value.get("name", ref)), Verdict.yes(ground), (), leaving_of(found.value))
        for ref, found in sorted(definitions.items())
        if ref in named
    ]
