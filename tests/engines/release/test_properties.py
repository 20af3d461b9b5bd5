"""What holds for every case: the engine agrees with the slow version, and no door opens that should not."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comity.base.tlp import Tlp
from comity.base.verdict import Answer
from comity.engines.release.case import Case
from comity.engines.release.handling import Handling
from comity.engines.release.judge import Release, judge, judge_any
from comity.engines.release.terms import Purpose, Terms
from tests.engines.release import anything, slow
from tests.engines.release import given as usual

thorough = settings(max_examples=300, deadline=None)


def judged(case: Case) -> Release:
    asked = case.handling, case.recipient, case.terms
    return judge(*asked, purpose=case.purpose, now=case.now, held=case.held)


def judged_under(case: Case, agreed: list[Terms]) -> Release:
    asked = case.handling, case.recipient, agreed
    return judge_any(*asked, purpose=case.purpose, now=case.now, held=case.held)


def usual_case(handling: Handling) -> Case:
    return Case(handling, usual.recipient(), None, Purpose.NETWORK_DEFENCE, usual.noon(), held=False)


@pytest.mark.slow
@thorough
@given(anything.cases)
def test_agrees_with_the_slow_version(case):
    release = judged(case)
    assert release.verdict.answer.value == slow.answer(case)
    expected = slow.taken_out(case.handling, case.terms) if release.verdict.allowed else set()
    assert release.removals == expected


@pytest.mark.slow
@thorough
@given(anything.cases)
def test_nothing_goes_beyond_its_terms(case):
    label, terms = case.handling.label, case.terms
    if judged(case).verdict.allowed and label is not Tlp.CLEAR and not case.at_home:
        assert terms is not None
        assert label <= terms.highest
        assert case.purpose in terms.purposes
        assert case.handling.category in terms.categories
        assert terms.since <= case.now.date()


@pytest.mark.slow
@thorough
@given(anything.cases, st.sampled_from(Tlp))
def test_a_higher_label_never_opens(case, label):
    low = case.handling.tlp
    raised = replace(case.handling, tlp=max(label, low) if low else None)
    if judged(replace(case, handling=raised)).verdict.allowed:
        assert judged(case).verdict.allowed


@pytest.mark.slow
@thorough
@given(anything.cases, anything.PURPOSES)
def test_a_further_purpose_never_closes(case, added):
    wider = replace(case.terms, purposes=case.terms.purposes | {added}) if case.terms else None
    if judged(case).verdict.allowed:
        assert judged(replace(case, terms=wider)).verdict.allowed


@pytest.mark.slow
@thorough
@given(anything.cases, anything.terms())
def test_one_agreement_that_allows_is_enough(case, further):
    agreed = [terms for terms in (case.terms, further) if terms]
    answers = {judged(replace(case, terms=terms)).verdict.answer for terms in agreed}
    best = next(answer for answer in (Answer.YES, Answer.UNKNOWN, Answer.NO) if answer in answers)
    assert judged_under(case, agreed).verdict.answer is best


@given(anything.handlings(), anything.handlings())
@example(usual.handling(), usual.handling())
def test_a_class_survives_keeping_and_has_one_key(one, other):
    assert Handling.from_json(one.as_json()) == one
    assert (one.key() == other.key()) is (one == other)


@given(anything.terms())
def test_terms_survive_keeping(terms):
    assert Terms.from_json(terms.as_json()) == terms


def test_the_key_is_the_same_in_every_year():
    kept = usual.handling(policies=[{}], received_under={}, names_victims=True)
    assert kept.key() == "344861f4a974112af2e4d967fe0c4debd4f89e9e81c310a21f3f68af8f35fdc9"


def test_of_two_that_allow_the_one_that_cuts_less_is_taken():
    case = usual_case(usual.handling(names_victims=True))
    agreed = [usual.terms(remove_victims=True), usual.terms(title="Incident protocol")]
    release = judged_under(case, agreed)
    assert (release.verdict.grounds[0].source, release.removals) == (
        "Incident protocol, art. 4(2)",
        frozenset(),
    )
    assert judged_under(case, agreed[:1]).removals
    assert judged_under(case, []).verdict.grounds[0].rule == "basis.none"


def test_a_refusal_gives_the_grounds_of_every_agreement_once():
    agreed = [usual.terms(purposes=[]), usual.terms(purposes=[]), usual.terms(title="Other", highest="clear")]
    release = judged_under(usual_case(usual.handling()), agreed)
    assert [ground.rule for ground in release.verdict.grounds] == ["agreement.purpose", "agreement.ceiling"]
