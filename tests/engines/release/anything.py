"""Hypothesis strategies: any handling, any terms, any recipient, crowded around the borders of the rules."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.engines.release.case import Case, Recipient, Relation
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.iep import Actions, Demand, Iep
from comity.engines.release.terms import Category, Onward, Purpose, Terms

DAYS = [date(2026, 5, day) for day in (1, 2, 3, 4, 5)]
PARTIES = st.sampled_from(["cert.pk", "cert.xx", "cert.yy"])
# Few purposes and categories, so that a random case is not refused for them nearly always.
PURPOSES = st.sampled_from([Purpose.NETWORK_DEFENCE, Purpose.VICTIM_NOTIFICATION, Purpose.RESEARCH])
CATEGORIES = st.sampled_from([Category.INDICATOR, Category.REPORT])
REFERENCES = st.sampled_from(["https://www.first.org/tlp", "https://example.org/conditions"])

moments = st.builds(
    lambda day, hour: datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
    st.sampled_from(DAYS),
    st.integers(0, 23),
)


@st.composite
def terms(draw):
    since = draw(st.sampled_from(DAYS[:3]))
    return Terms(
        agreement="mou",
        title=draw(st.sampled_from(["First MoU", "Second MoU"])),
        source="art. 4",
        since=since,
        until=draw(st.none() | st.sampled_from([day for day in DAYS if day >= since])),
        withdrawn=draw(st.none() | st.sampled_from(DAYS)),
        highest=draw(st.sampled_from(Tlp)),
        purposes=draw(st.frozensets(PURPOSES)),
        categories=draw(st.frozensets(CATEGORIES)),
        remove_victims=draw(st.booleans()),
        onward=draw(st.sampled_from(Onward)),
        retention_days=draw(st.none() | st.integers(1, 400)),
        second_person_above=draw(st.sampled_from(Tlp)),
    )


policies = st.builds(
    Iep,
    id=st.uuids(version=4).map(str),
    name=st.just("Policy"),
    start=moments,
    end=st.none() | moments,
    encrypt_in_transit=st.sampled_from([Demand.MAY, Demand.MUST]),
    permitted_actions=st.sampled_from(Actions),
    affected_party_notifications=st.sampled_from([Demand.MAY, Demand.MUST_NOT]),
    tlp=st.sampled_from(Tlp),
    attribution=st.sampled_from(Demand),
    unmodified_resale=st.sampled_from([Demand.MAY, Demand.MUST_NOT]),
    description=st.none() | st.just("About it"),
    external_references=st.frozensets(REFERENCES),
    obfuscate_affected_parties=st.sampled_from(Demand),
)


@st.composite
def handlings(draw):
    ownership = draw(st.sampled_from(Ownership))
    received = ownership is Ownership.RECEIVED
    return Handling(
        category=draw(CATEGORIES),
        ownership=ownership,
        origin=draw(PARTIES),
        tlp=draw(st.none() | st.sampled_from(Tlp)),
        policies=draw(st.frozensets(policies, max_size=2)),
        unknown_markings=draw(st.just(frozenset()) | st.just(frozenset({"marking-definition--x"}))),
        origin_terms=draw(st.none() | terms()) if received else None,
        keep_until=draw(st.none() | st.sampled_from(DAYS)) if received else None,
        named=draw(st.frozensets(PARTIES)),
        names_victims=draw(st.booleans()),
        expires=draw(st.none() | st.sampled_from(DAYS)),
        revoked=draw(st.sampled_from([False, False, True])),
        recalled=draw(st.sampled_from([False, False, True])),
        conditions_read=draw(st.frozensets(REFERENCES)),
    )


recipients = st.builds(Recipient, PARTIES, st.sampled_from(Relation))
cases = st.builds(Case, handlings(), recipients, st.none() | terms(), PURPOSES, moments, st.booleans())
