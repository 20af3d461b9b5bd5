"""The rules of docs/release.md as one flat list, written apart from the engine as its oracle."""

from comity.base.tlp import Tlp
from comity.engines.release.case import Case
from comity.engines.release.handling import Handling
from comity.engines.release.iep import Actions, Demand
from comity.engines.release.judge import Removal
from comity.engines.release.terms import Onward, Purpose, Terms


def answer(case: Case) -> str:
    handling, recipient, terms = case.handling, case.recipient, case.terms
    purpose, now, held = case.purpose, case.now, case.held
    labels = [policy.tlp for policy in handling.policies] + ([handling.tlp] if handling.tlp else [])
    label = max(labels, key=list(Tlp).index) if labels else None
    relation = recipient.relation.value
    theirs = handling.ownership.value == "received"
    allowed_by_source = recipient.party in handling.named
    came_under = handling.origin_terms
    today = now.date()
    acting = purpose.value in {
        "network-defence",
        "incident-response",
        "victim-notification",
        "law-enforcement",
    }

    no = []
    unknown = []
    # The markings
    unknown.append(len(handling.unknown_markings) > 0)
    unknown.append(label is None)
    no.append(label is Tlp.RED and not allowed_by_source)
    no.append(relation == "public" and label not in (None, Tlp.CLEAR))
    if theirs and not allowed_by_source:
        no.append(label is Tlp.GREEN and relation == "public")
        no.append(label is Tlp.AMBER and relation in ("public", "partner"))
        no.append(label is Tlp.AMBER_STRICT and relation != "organisation")
    # Where it comes from
    no.append(recipient.party == handling.origin and relation != "organisation")
    if came_under is not None:
        if not allowed_by_source:
            no.append(came_under.onward is Onward.NONE and relation != "organisation")
            no.append(
                came_under.onward is Onward.OWN_CONSTITUENCY
                and relation not in ("organisation", "constituent")
            )
        no.append(purpose not in came_under.purposes)
    no.append(handling.keep_until is not None and today > handling.keep_until)
    # The agreement
    if label is not Tlp.CLEAR and relation != "organisation":
        no.append(terms is None)
        if terms is not None:
            no.append(today < terms.since)
            no.append(terms.until is not None and today > terms.until)
            no.append(terms.withdrawn is not None and today >= terms.withdrawn)
            no.append(label is not None and list(Tlp).index(label) > list(Tlp).index(terms.highest))
            no.append(purpose not in terms.purposes)
            no.append(handling.category not in terms.categories)
    # The state of the thing
    no.append(handling.recalled)
    if not held:
        no.append(handling.revoked)
        no.append(handling.expires is not None and today > handling.expires)
    # The policies
    for policy in handling.policies:
        unknown.append(now < policy.start or (policy.end is not None and now >= policy.end))
        no.append(acting and policy.permitted_actions is Actions.NONE)
        no.append(
            purpose is Purpose.VICTIM_NOTIFICATION and policy.affected_party_notifications is Demand.MUST_NOT
        )
        if theirs:
            asks = policy.permitted_actions is Actions.CONTACT_FOR_INSTRUCTION
            unknown.append(acting and asks and not allowed_by_source)
            unread = policy.external_references - handling.conditions_read
            unknown.append(bool(unread - {"https://www.first.org/tlp", "https://www.first.org/iep"}))
        forbids_hiding = policy.obfuscate_affected_parties is Demand.MUST_NOT
        no.append(forbids_hiding and Removal.VICTIMS in taken_out(handling, terms))

    return "no" if any(no) else "unknown" if any(unknown) else "yes"


def taken_out(handling: Handling, terms: Terms | None) -> set[Removal]:
    theirs = handling.ownership.value == "received"
    out: set[Removal] = set()
    if handling.names_victims:
        if terms is not None and terms.remove_victims:
            out.add(Removal.VICTIMS)
        if handling.origin_terms is not None and handling.origin_terms.remove_victims:
            out.add(Removal.VICTIMS)
        if theirs and any(p.obfuscate_affected_parties is Demand.MUST for p in handling.policies):
            out.add(Removal.VICTIMS)
    if theirs and any(p.attribution is Demand.MUST_NOT for p in handling.policies):
        out.add(Removal.PROVIDER)
    return out
