"""What leaves by a share, what stays and why, and that nothing else is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest

from comity.base.errors import Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Answer, Refused
from comity.engines.release.judge import Removal
from comity.engines.release.redact import redacted_id
from comity.engines.release.terms import Category, Purpose
from comity.formats.stix import decode_bundle
from comity.formats.strict_json import decode
from comity.node.acts.kinds import Judgement
from comity.node.acts.models import Act, ActState, Content, Delivery
from comity.node.acts.services import approving, composing, delivering
from comity.node.exchange import kinds
from comity.node.exchange.models import StixObject
from comity.node.exchange.services.exporting import export_bundle
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.exchange.services.sharing import draft_for, preview, share
from comity.node.instruments import services as instruments
from comity.node.parties.models import Party
from tests.node.exchange.holding import (
    SAMPLES,
    bundle,
    carried,
    from_elsewhere,
    iep_marking,
    indicator,
    joined,
    made,
    own_work,
    ref_of,
    shared,
    wish,
)
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def judged(sides, *values, now=NOW, **more) -> Judgement:
    return preview(sides.world.analyst, wish(*values, **more), sides.party, now)


def staying(judgement: Judgement) -> dict[str, str]:
    return {item.ref: item.verdict.grounds[0].rule for item in judgement.items if item.leaving is None}


def refused(call) -> str:
    before = (Act.objects.count(), Content.objects.count(), Delivery.objects.count())
    with pytest.raises(Refused) as error:
        call()
    assert (Act.objects.count(), Content.objects.count(), Delivery.objects.count()) == before
    return error.value.verdict.grounds[0].rule


def test_what_the_agreement_covers_leaves_and_the_rest_stays(agreed):
    open_, red, strict, unmarked = (
        indicator("open"),
        indicator("red", Tlp.RED),
        indicator("strict", Tlp.AMBER_STRICT),
        indicator("unmarked", None),
    )
    own_work(agreed.world, open_, red, strict, unmarked)
    judgement = judged(agreed, open_, red, strict, unmarked)
    assert staying(judgement) == {
        red["id"]: "tlp.red",
        strict["id"]: "agreement.ceiling",
        unmarked["id"]: "tlp.unmarked",
    }
    assert judgement.items[3].verdict.answer is Answer.UNKNOWN
    act = shared(agreed, open_, red, strict, unmarked)
    assert (act.state, act.tlp, act.purpose) == (ActState.RECORDED, "amber", "network-defence")
    assert carried(act) == {open_["id"]}
    assert len(act.basis) == 1
    assert decode(bytes(Content.objects.get().wire)) == open_


def test_without_an_agreement_only_what_says_itself_that_it_is_clear(sides):
    clear, amber = indicator("clear", Tlp.CLEAR), indicator("amber")
    said = indicator("said", None)
    own_work(sides.world, clear, amber)
    from_elsewhere(sides.world, said, unmarked_as=Tlp.CLEAR)
    judgement = judged(sides, clear, amber, said)
    assert staying(judgement) == {amber["id"]: "basis.none", said["id"]: "share.unmarked"}
    act = shared(sides, clear, amber, said)
    assert (carried(act), act.tlp, act.basis) == ({clear["id"]}, "clear", [])
    assert refused(lambda: shared(sides, amber)) == "share.none"


def test_a_victim_is_taken_out(agreed):
    power = made("identity", "Karakoram Power", identity_class="organization")
    server = indicator("server")
    sighting = made(
        "sighting",
        "s",
        sighting_of_ref=server["id"],
        where_sighted_refs=[power["id"]],
        description="Seen at Karakoram Power twice.",
    )
    del sighting["name"]
    hidden = indicator("hidden", x_customer="karakoram power")
    about = joined("about", server, power)
    own_work(agreed.world, power, server, sighting, hidden, about)
    judgement = judged(agreed, server, sighting, power, hidden, about)
    assert staying(judgement) == {
        power["id"]: "redact.party",
        hidden["id"]: "redact.remains",
        about["id"]: "redact.required",
    }
    item = next(item for item in judgement.items if item.ref == sighting["id"])
    assert item.leaving is not None
    assert set(item.removed) == {"where_sighted_refs[0]", "description"}
    act = shared(agreed, server, sighting, power, hidden, about)
    assert carried(act) == {server["id"], redacted_id(sighting["id"])}
    left = b"".join(bytes(wire) for wire in Content.objects.values_list("wire", flat=True)).lower()
    assert b"karakoram" not in left
    assert power["id"].encode() not in left


def test_title_and_message_name_no_victim_either(agreed):
    power = made("identity", "Karakoram Power", identity_class="organization")
    server = indicator("server")
    sighting = made("sighting", "s", sighting_of_ref=server["id"], where_sighted_refs=[power["id"]])
    own_work(agreed.world, power, server, sighting)
    said = refused(lambda: shared(agreed, server, message="Seen at KARAKORAM power."))
    assert said == "share.words"
    assert shared(agreed, server, message="Seen at a power company.").state == ActState.RECORDED


def test_an_agreement_that_lets_victims_be_named(sides):
    sides.conclude(remove_victims=False)
    power = made("identity", "Karakoram Power", identity_class="organization")
    told = indicator("told", description="Karakoram Power")
    sighting = made("sighting", "s", sighting_of_ref=told["id"], where_sighted_refs=[power["id"]])
    own_work(sides.world, power, told, sighting)
    assert carried(shared(sides, power, told, message="At Karakoram Power")) == {power["id"], told["id"]}


def test_a_relationship_needs_both_its_ends(agreed):
    malware, red, open_ = made("malware", "M", is_family=True), indicator("red", Tlp.RED), indicator("open")
    first, second = joined("first", open_, malware), joined("second", red, malware)
    sighting = made("sighting", "of red", sighting_of_ref=red["id"])
    del sighting["name"]
    own_work(agreed.world, malware, red, open_, first, second, sighting)
    judgement = judged(agreed, malware, red, open_, first, second, sighting)
    assert staying(judgement) == {
        red["id"]: "tlp.red",
        second["id"]: "share.end-missing",
        sighting["id"]: "share.end-missing",
    }
    assert staying(judged(agreed, first)) == {first["id"]: "share.end-missing"}


def test_an_end_that_the_partner_has_is_enough(agreed):
    malware, open_ = made("malware", "M", is_family=True), indicator("open")
    own_work(agreed.world, open_, joined("r", open_, malware))
    from_elsewhere(agreed.world, malware, party=agreed.party)
    act = shared(agreed, open_)
    Delivery.objects.filter(act=act).update(state="receipted", next_try=None)
    assert staying(judged(agreed, joined("r", open_, malware))) == {}


def test_the_id_of_an_observable_that_stays_is_not_told(agreed):
    address = {
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": ref_of("ipv4-addr", "x"),
        "value": "192.0.2.1",
    }
    red = address | {"object_marking_refs": indicator("x", Tlp.RED)["object_marking_refs"]}
    seen = made("observed-data", "o", first_observed="2026-11-20T00:00:00Z", object_refs=[red["id"]])
    own_work(agreed.world, red, seen)
    assert staying(judged(agreed, seen)) == {seen["id"]: "share.reveals"}


def test_definitions_travel_with_what_needs_them_unless_they_name_a_victim(agreed):
    def marking(name: str, statement: str):
        value = made("marking-definition", name, None, definition_type="statement")
        del value["modified"]
        return value | {"definition": {"statement": statement}}

    power = made("identity", "Karakoram Power", identity_class="organization")
    plain, telling = marking("plain", "Copyright Example"), marking("telling", "Property of Karakoram Power")
    first, second = indicator("first"), indicator("second", description="Karakoram Power")
    first["object_marking_refs"] = [*first["object_marking_refs"], plain["id"]]
    second["object_marking_refs"] = [*second["object_marking_refs"], telling["id"]]
    sighting = made("sighting", "s", sighting_of_ref=first["id"], where_sighted_refs=[power["id"]])
    own_work(agreed.world, power, plain, telling, first, second, sighting)
    act = shared(agreed, first, second, plain)
    assert carried(act) == {first["id"], plain["id"]}
    assert staying(judged(agreed, first, second)) == {second["id"]: "share.definition"}
    only = judged(agreed, plain)
    assert only.verdict.grounds[0].rule == "share.nothing-chosen"


def test_what_a_partner_gave_is_bound_by_its_label_and_not_given_back(agreed):
    back, amber, green = indicator("back", Tlp.GREEN), indicator("amber"), indicator("green", Tlp.GREEN)
    from_elsewhere(agreed.world, back, party=agreed.party)
    from_elsewhere(agreed.world, amber, green)
    assert staying(judged(agreed, back, amber, green)) == {
        back["id"]: "origin.return",
        amber["id"]: "tlp.reach",
    }


@pytest.mark.parametrize("known", [True, False])
def test_a_provider_that_wants_no_name_is_taken_out(agreed, known):
    marking = iep_marking(
        "quiet",
        provider_attribution="must-not",
        permitted_actions="externally-visible-direct-actions",
        tlp="green",
    )
    source = Party.objects.create(
        ref=ref_of("identity", "source"), kind="company", name="Quiet Source", state="FR", added=NOW
    )
    told = indicator("told", Tlp.GREEN, created_by_ref=source.ref, description="By Quiet Source.")
    told["object_marking_refs"] = [*told["object_marking_refs"], marking["id"]]
    if known:
        from_elsewhere(agreed.world, told, marking, party=source)
    else:
        content = bundle(told, marking)
        import_bundle(
            actor=agreed.world.analyst, file=BytesIO(content), source=Source(None, "Quiet Source"), now=NOW
        )
    act = shared(agreed, told)
    assert carried(act) == {redacted_id(told["id"], Removal.PROVIDER), marking["id"]}
    left = b"".join(bytes(wire) for wire in Content.objects.values_list("wire", flat=True))
    assert source.ref.encode() not in left
    assert b"Quiet Source" not in left


def test_observers_see_no_content(agreed):
    clear = indicator("clear", Tlp.CLEAR)
    own_work(agreed.world, clear)
    assert staying(judged(agreed, clear)) == {}
    agreed.party.kind = "observer"
    agreed.party.save()
    assert staying(judged(agreed, clear)) == {clear["id"]: "observer.no-content"}


def test_a_second_person_above_the_threshold(sides):
    sides.conclude(second_person_above=Tlp.GREEN)
    amber, green = indicator("amber"), indicator("green", Tlp.GREEN)
    own_work(sides.world, amber, green)
    assert shared(sides, green).state == ActState.RECORDED
    act = shared(sides, amber)
    assert act.state == ActState.AWAITING
    assert act.second_person is not None
    assert act.second_person["rule"] == "agreement.second-person"
    approving.approve(actor=sides.world.approver, ref=act.ref, now=NOW)
    assert carried(act) == {amber["id"]}


def test_the_agreement_that_lets_most_go_is_taken(sides):
    narrow = sides.conclude(highest=Tlp.GREEN)
    wide = sides.conclude(highest=Tlp.AMBER, categories=frozenset({Category.INDICATOR}))
    malware = made("malware", "M", Tlp.GREEN, is_family=True)
    amber, green = indicator("amber"), indicator("green", Tlp.GREEN)
    own_work(sides.world, malware, amber, green)
    assert shared(sides, amber, green).basis == [wide.ref]
    assert shared(sides, malware, green).basis == [narrow.ref]


def test_an_agreement_that_ended_says_why_nothing_goes(agreed):
    amber = indicator("amber")
    own_work(agreed.world, amber)
    agreement = shared(agreed, amber).basis[0]
    day = NOW.date() + timedelta(days=1)
    instruments.withdraw(actor=agreed.diplomat, ref=agreement, day=day, now=NOW)
    judgement = judged(agreed, amber, now=NOW + timedelta(days=1))
    assert staying(judgement) == {amber["id"]: "agreement.not-in-force"}


def test_judged_again_before_sending(agreed):
    amber = indicator("amber")
    own_work(agreed.world, amber)
    act = shared(agreed, amber)
    [delivery] = Delivery.objects.select_related("act", "party").filter(act=act)
    assert delivering.judged_again([delivery], now=NOW) == [delivery]
    day = NOW.date() + timedelta(days=1)
    instruments.withdraw(actor=agreed.diplomat, ref=act.basis[0], day=day, now=NOW)
    assert delivering.judged_again([delivery], now=NOW + timedelta(days=1)) == []
    delivery.refresh_from_db()
    assert (delivery.state, delivery.code) == ("withheld", "agreement.not-in-force")
    assert "withdrawn" in delivery.words


def test_revoked_in_between_is_withheld_but_whoever_has_it_is_told(agreed):
    old = indicator("i")
    own_work(agreed.world, old)
    act = shared(agreed, old)
    revoked = indicator("i", revoked=True, modified="2026-11-21T00:00:00Z")
    own_work(agreed.world, revoked)
    [delivery] = Delivery.objects.filter(act=act)
    verdict = kinds.still_allowed(act, agreed.party, NOW)
    assert verdict.grounds[0].rule == "object.revoked"
    assert staying(judged(agreed, revoked)) == {revoked["id"]: "object.revoked"}
    Delivery.objects.filter(pk=delivery.pk).update(state="receipted", next_try=None)
    assert staying(judged(agreed, revoked)) == {}
    StixObject.objects.all().delete()
    assert kinds.still_allowed(act, agreed.party, NOW).grounds[0].rule == "share.gone"


def test_drafts_that_contradict_themselves(agreed):
    amber = indicator("amber")
    own_work(agreed.world, amber)
    draft = draft_for(agreed.world.analyst, wish(amber), agreed.party, NOW)

    def rule_of(**changes) -> str:
        verdict = composing.judge(replace(draft, **changes), NOW).verdict
        assert not verdict.allowed
        return verdict.grounds[0].rule

    assert composing.judge(draft, NOW).verdict.allowed
    assert rule_of(tlp=Tlp.GREEN) == "share.label"
    assert rule_of(purpose="fun") == "share.purpose"
    assert rule_of(purpose="") == "share.purpose"
    assert rule_of(selection=()) == "share.nothing-chosen"
    assert rule_of(basis=("agreement--0",)) == "share.agreement"
    assert rule_of(basis=(*draft.basis, "agreement--0")) == "share.basis"
    third = Party.objects.create(ref=ref_of("identity", "t"), kind="state", name="T", state="FR", added=NOW)
    assert kinds.judge(replace(draft, recipients=(agreed.party, third)), NOW).verdict.grounds[0].rule == (
        "share.one-recipient"
    )
    with pytest.raises(NotFound):
        composing.judge(replace(draft, selection=(ref_of("indicator", "none"),)), NOW)
    with pytest.raises(Malformed):
        composing.judge(replace(draft, body={"message": "x"}), NOW)
    with pytest.raises(Malformed):
        composing.judge(replace(draft, selection=(amber["id"],) * (kinds.MOST_SHARED + 1)), NOW)


def test_a_purpose_that_the_agreement_does_not_cover(agreed):
    amber = indicator("amber")
    own_work(agreed.world, amber)
    judgement = judged(agreed, amber, purpose=Purpose.RESEARCH)
    assert staying(judgement) == {amber["id"]: "agreement.purpose"}


def test_who_may_share(agreed):
    amber = indicator("amber")
    own_work(agreed.world, amber)
    for actor in (agreed.world.approver, agreed.world.observer, agreed.diplomat):
        refused(lambda actor=actor: share(actor=actor, wish=wish(amber), partners=[agreed.party], now=NOW))
    assert shared(agreed, amber).state == ActState.RECORDED


def test_the_sample_report_as_the_demonstration_tells_it(agreed):
    for name in ("pk-report.json", "attack-revil.json"):
        content = (SAMPLES / name).read_bytes()
        import_bundle(
            actor=agreed.world.analyst, file=BytesIO(content), source=Source(agreed.world.body), now=NOW
        )
    report = decode_bundle((SAMPLES / "pk-report.json").read_bytes())
    judgement = judged(agreed, *(each.value for each in report))
    rules = sorted(staying(judgement).values())
    assert rules == ["agreement.ceiling", "redact.party", "share.end-missing", "tlp.red", "tlp.unmarked"]
    assert [item.removed for item in judgement.items if item.removed] == [
        ("where_sighted_refs[0]", "description")
    ]
    attack = decode_bundle((SAMPLES / "attack-revil.json").read_bytes())
    unmarked = judged(agreed, *(each.value for each in attack))
    assert set(staying(unmarked).values()) == {"tlp.unmarked"}


def test_an_export_is_what_a_share_would_carry(agreed):
    content = (SAMPLES / "pk-report.json").read_bytes()
    import_bundle(
        actor=agreed.world.analyst, file=BytesIO(content), source=Source(agreed.world.body), now=NOW
    )
    act = shared(agreed, *(each.value for each in decode_bundle(content)))
    written = b"".join(
        export_bundle(
            actor=agreed.world.analyst, partner=agreed.party, purpose=Purpose.NETWORK_DEFENCE, now=NOW
        )
    )
    assert {each.id for each in decode_bundle(written)} == carried(act)
    assert b"Karakoram" not in written
    with pytest.raises(Refused):
        export_bundle(
            actor=agreed.world.observer, partner=agreed.party, purpose=Purpose.NETWORK_DEFENCE, now=NOW
        )


def test_what_the_importer_alone_calls_clear_goes_under_the_agreement(sides):
    agreement = sides.conclude()
    said = indicator("said to be clear", None)
    from_elsewhere(sides.world, said, unmarked_as=Tlp.CLEAR)
    act = shared(sides, said)
    assert (carried(act), act.basis) == ({said["id"]}, [agreement.ref])
