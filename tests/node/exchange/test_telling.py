"""What we report of an object reaches whoever gave it: by hand, or by a rule that stands."""

from __future__ import annotations

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.node.accountability.models import LogEntry
from comity.node.acts.models import Act, ActState
from comity.node.exchange import telling
from comity.node.exchange.models import TellingRule
from comity.node.exchange.reports import Report, What
from comity.node.exchange.scores import sightings_of
from comity.node.exchange.services.closing import Because, close, reopen
from comity.node.exchange.services.reporting import record_reports
from comity.node.exchange.services.telling import begin_rule, end_rule, look_at, tell
from comity.node.instruments.models import Agreement
from tests.node.exchange.holding import carried, indicator, own_work, row
from tests.node.exchange.test_scores import BAD, opinion, sighting, told_by_far
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
THEIRS = indicator("theirs")


@pytest.fixture
def given(agreed):
    """The partner gave us an indicator."""
    told_by_far(agreed, THEIRS)
    return agreed


def reported(sides, ref=THEIRS["id"], **said):
    return record_reports(actor=sides.world.analyst, reports=[(ref, Report(**said))], now=NOW)


def told(sides, ref=THEIRS["id"]):
    return tell(actor=sides.world.analyst, ref=ref, now=NOW)


def test_the_giver_is_told_in_one_step(given):
    done = reported(given, count=3, where="Bank of Nowhere")
    act = told(given)
    assert act.state == ActState.RECORDED
    assert list(act.recipients.all()) == [given.party]
    assert act.basis == [Agreement.objects.get().ref]  # under the agreement under which it came
    left = redacted_id(done.refs[0], Removal.VICTIMS)
    assert carried(act) == {left}  # and the victim stays unnamed
    assert "Nowhere" not in str(act.wire)
    with pytest.raises(Conflict):
        told(given)
    wrong = reported(given, what=What.FALSE_POSITIVE, why="Ours.")
    assert carried(told(given)) == set(wrong.refs)  # only what is new


def test_only_what_another_party_gave_has_a_giver(agreed):
    own_work(agreed.world, BAD)
    reported(agreed, BAD["id"])
    with pytest.raises(NotFound):
        told(agreed, BAD["id"])
    with pytest.raises(NotFound):
        told(agreed)
    told_by_far(agreed, THEIRS)
    with pytest.raises(Conflict):  # nothing was reported
        told(agreed)
    reported(agreed)
    with pytest.raises(Refused):
        tell(actor=agreed.world.approver, ref=THEIRS["id"], now=NOW)
    assert not Act.objects.filter(ours=True, kind="share").exists()


def test_a_rule_tells_at_once(given):
    world = given.world
    with pytest.raises(Refused):
        begin_rule(actor=world.analyst, party=given.party, now=NOW)
    begin_rule(actor=world.approver, party=given.party, now=NOW)
    with pytest.raises(Conflict):
        begin_rule(actor=world.approver, party=given.party, now=NOW)
    [one] = reported(given).told
    assert one.act is not None
    assert one.act.state == ActState.RECORDED
    assert one.act.composed_by_id is None  # the node did, and the analyst answers for it
    assert one.act.answerable_id == world.analyst.person
    with pytest.raises(Conflict):
        told(given)
    end_rule(actor=world.approver, party=given.party, now=NOW)
    assert reported(given).told == ()
    with pytest.raises(NotFound):
        end_rule(actor=world.approver, party=given.party, now=NOW)
    events = LogEntry.objects.filter(event="telling-changed")
    assert events.count() == 2
    assert TellingRule.objects.get().ended_by_name == world.approver.name
    with pytest.raises(Malformed):
        begin_rule(actor=world.approver, party=world.body, now=NOW)


def test_a_rule_waits_for_a_second_person_where_the_agreement_asks(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    told_by_far(sides, THEIRS)
    begin_rule(actor=sides.world.approver, party=sides.party, now=NOW)
    [one] = reported(sides).told
    assert one.act is not None
    assert one.act.state == ActState.AWAITING


def test_what_release_keeps_back_is_kept_here_all_the_same(given):
    begin_rule(actor=given.world.approver, party=given.party, now=NOW)
    done = reported(given, tlp=Tlp.RED)  # above the agreement's ceiling
    [one] = done.told
    assert one.act is None
    assert one.why is not None
    assert not one.why.allowed
    assert telling.untold(row(THEIRS)) == list(done.refs)  # nothing is lost: a person can tell it


def test_what_is_said_of_an_object_is_listed(given):
    reported(given, count=2)
    told_by_far(
        given,
        sighting("s", THEIRS, count=0),
        opinion("o", THEIRS, "agree"),
        opinion("f", THEIRS, "strongly-disagree", labels=["false-positive"]),
        opinion("e", THEIRS, "disagree", labels=["expired"]),
    )
    lines = telling.remarks_on(given.world.analyst, row(THEIRS))
    assert {each.words for each in lines} == {
        "seen 2 times",
        "looked for, not seen",
        "agree",
        "a false positive",
        "over",
    }
    assert [each.told for each in lines if each.ours] == [False]
    told(given)
    lines = telling.remarks_on(given.world.analyst, row(THEIRS))
    assert [each.told for each in lines if each.ours] == [True]
    assert telling.remarks_on(given.world.administrator, row(THEIRS)) == []


def test_a_doubt_about_our_own_work_is_a_matter_until_somebody_looked(agreed):
    world = agreed.world
    own_work(world, BAD)
    told_by_far(agreed, opinion("f", BAD, "strongly-disagree", labels=["false-positive"]))
    assert telling.doubts_of_ours(world.analyst).count() == 1
    assert telling.doubts_of_ours(world.administrator).count() == 0
    with pytest.raises(Refused):
        look_at(actor=world.approver, ref=BAD["id"], now=NOW)
    assert look_at(actor=world.analyst, ref=BAD["id"], now=NOW) == 1
    assert telling.doubts_of_ours(world.analyst).count() == 0


def test_a_doubt_about_what_others_made_is_no_matter_of_ours(given):
    told_by_far(given, opinion("f", THEIRS, "strongly-disagree", labels=["false-positive"]))
    assert telling.doubts_of_ours(given.world.analyst).count() == 0


def test_a_recalled_doubt_counts_for_nothing_until_it_is_open_again(agreed):
    world = agreed.world
    own_work(world, BAD)
    wrong = opinion("f", BAD, "strongly-disagree", labels=["false-positive"])
    told_by_far(agreed, wrong)
    version = {(wrong["id"], wrong["modified"])}
    close(world.body, version, Because("wrong", world.analyst.name), NOW)
    assert sightings_of(world.analyst, [BAD["id"]]) == {}
    assert telling.doubts_of_ours(world.analyst).count() == 0
    reopen(actor=world.approver, ref=wrong["id"], now=NOW)
    assert sightings_of(world.analyst, [BAD["id"]])[BAD["id"]].false == 1
