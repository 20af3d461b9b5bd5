"""A dry run of a step about agreements: on every page, by command and by API, and true when it is taken."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from comity.base.tlp import Tlp
from comity.engines.release.difference import Change
from comity.engines.release.terms import Category, Purpose
from comity.formats.canonical import canonical
from comity.node.acts.models import Act
from comity.node.commands import see as command
from comity.node.commands.output import Output
from comity.node.commands.parsing import Parser, Unreadable
from comity.node.exchange.foreseeing import effect, foresee
from comity.node.exchange.sights import Comparison, sight
from comity.node.instruments import services
from comity.node.instruments.bodies import Decision
from comity.node.instruments.plans import with_agreement, with_terms, without_agreement
from tests.node.exchange.holding import indicator, made, own_work
from tests.node.instruments.agreeing import Sides, proposal_body, some_terms
from tests.node.instruments.test_pages import client_of, form_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
DEFENCE = Purpose.NETWORK_DEFENCE


@pytest.fixture
def holding(sides: Sides) -> Sides:
    power = made("identity", "Karakoram Power", identity_class="organization")
    told = indicator("told", description="Karakoram Power")
    sighting = made("sighting", "s", sighting_of_ref=told["id"], where_sighted_refs=[power["id"]])
    del sighting["name"]
    green, malware = indicator("green", Tlp.GREEN), made("malware", "M", is_family=True)
    own_work(sides.world, power, told, sighting, green, malware, indicator("clear", Tlp.CLEAR))
    return sides


def counts(compared: Comparison) -> dict[str, int]:
    told = compared.difference
    return {each.value: told.count(each) for each in Change if told.count(each)}


def titles(compared: Comparison, change: Change) -> set[str]:
    return set(compared.before.objects(compared.classes(change)).values_list("title", flat=True))


def visible(sides: Sides) -> set[str]:
    seen = sight(sides.world.body, sides.party, purpose=DEFENCE, now=NOW)
    return set(seen.objects([*seen.whole, *seen.reduced]).values_list("ref", flat=True))


def test_terms_before_anybody_has_proposed_them(holding):
    terms = some_terms(categories=frozenset({Category.INDICATOR}), highest=Tlp.GREEN)
    foreseen = foresee(with_terms(holding.world.body, holding.party, terms, today=TODAY), NOW)
    assert counts(foreseen.comparison) == {"more": 1}
    assert titles(foreseen.comparison, Change.MORE) == {"green"}
    wider = some_terms(remove_victims=False, second_person_above=Tlp.GREEN)
    foreseen = foresee(with_terms(holding.world.body, holding.party, wider, today=TODAY), NOW)
    assert counts(foreseen.comparison) == {"more": 5}


def test_a_replacement_can_give_less_cut_more_and_ask_for_a_second_person(holding):
    old = holding.conclude(remove_victims=False)
    terms = some_terms(
        categories=frozenset(Category) - {Category.MALWARE},
        second_person_above=Tlp.GREEN,
        remove_victims=True,
    )
    plan = with_terms(holding.world.body, holding.party, terms, replaces=old.ref, today=TODAY)
    compared = foresee(plan, NOW).comparison
    assert counts(compared) == {"fewer": 1, "cut": 3, "approved": 3}
    assert titles(compared, Change.FEWER) == {"M"}
    assert [each.ground.rule for each in compared.difference.lost] == ["agreement.category"]


def test_it_costs_as_many_judgements_as_classes(holding, django_assert_max_num_queries):
    plan = with_terms(holding.world.body, holding.party, some_terms(), today=TODAY)
    with django_assert_max_num_queries(4):
        few = len(foresee(plan, NOW).comparison.before.releases)
    own_work(holding.world, *(indicator(f"i{n}", Tlp.GREEN) for n in range(40)))
    with django_assert_max_num_queries(4):
        compared = foresee(plan, NOW).comparison
    assert len(compared.before.releases) == few
    assert compared.difference.count(Change.MORE) == 45


def test_what_was_foreseen_comes_about(holding):
    before = visible(holding)
    agreement = holding.proposed_by_far()
    compared = foresee(with_agreement(agreement, TODAY), NOW).comparison
    more = set(compared.before.objects(compared.classes(Change.MORE)).values_list("ref", flat=True))
    services.answer(
        actor=holding.diplomat, ref=agreement.ref, decision=Decision.ACCEPT, digest=agreement.terms_sha256,
        now=NOW,
    )  # fmt: skip  # one line more
    assert more
    assert visible(holding) == before | more
    agreement.refresh_from_db()
    compared = foresee(without_agreement(agreement, TODAY), NOW).comparison
    fewer = set(compared.before.objects(compared.classes(Change.FEWER)).values_list("ref", flat=True))
    services.withdraw(actor=holding.diplomat, ref=agreement.ref, day=TODAY, now=NOW)
    assert fewer == more
    assert visible(holding) == before


def test_what_changes_otherwise_until_then_is_not_laid_to_the_step(holding):
    own_work(holding.world, indicator("brief", valid_until="2026-11-25T00:00:00Z"))
    terms = some_terms(since=TODAY + timedelta(days=30))
    compared = foresee(with_terms(holding.world.body, holding.party, terms, today=TODAY), NOW).comparison
    assert "brief" not in titles(compared, Change.MORE)
    assert counts(compared).keys() == {"more"}


def test_the_purpose_is_the_first_that_the_terms_cover(holding):
    terms = some_terms(purposes=frozenset({Purpose.RESEARCH, Purpose.LAW_ENFORCEMENT}))
    plan = with_terms(holding.world.body, holding.party, terms, today=TODAY)
    assert foresee(plan, NOW).purpose is Purpose.LAW_ENFORCEMENT
    assert foresee(plan, NOW).lines
    assert foresee(plan, NOW, DEFENCE).lines == ()


@pytest.fixture
def diplomat(holding) -> Client:
    return client_of(holding.diplomat)


def text(response, status: int = 200) -> str:
    assert response.status_code == status
    content: str = response.content.decode()
    assert "UNKNOWN-VARIABLE" not in content
    return content


def first_link(page: str) -> str:
    start = page.rindex('"', 0, page.index("/if?")) + 1
    return page[start : page.index('"', start)].replace("&amp;", "&")


def test_the_form_shows_what_it_would_change(diplomat, holding):
    asked = form_of(holding, step="words", title="")
    part = text(diplomat.post("/agreements/propose", asked, headers={"HX-Request": "true"}))
    assert "would see of us, for defence of networks" in part
    assert "3 objects</a> more would be seen" in part
    assert "<html" not in part
    assert "3 objects</a> more" in text(diplomat.post("/agreements/propose", asked | {"title": "Memorandum"}))
    assert "more would be seen" in text(diplomat.get("/agreements/propose"))
    listed = text(diplomat.get(first_link(part)))
    assert "Object by object: more would be seen" in listed
    assert ">green</a>" in listed
    assert ">M</a>" not in listed
    wrong = text(diplomat.post("/agreements/propose", asked | {"partner": ""}), status=422)
    assert "more would be seen" not in wrong
    assert not Act.objects.exists()


def test_where_a_proposal_is_answered_and_where_an_agreement_is_ended(diplomat, holding):
    agreement = holding.proposed_by_far()
    for path in ("", "answer"):
        assert "5 objects</a> more would be seen" in text(diplomat.get(f"/agreements/{agreement.ref}/{path}"))
    said = {"decision": "accept", "understood": "on", "digest": agreement.terms_sha256}
    assert diplomat.post(f"/agreements/{agreement.ref}/answer", said).status_code == 302
    assert "would be seen" not in text(diplomat.get(f"/agreements/{agreement.ref}/"))
    assert "would be seen" not in text(diplomat.get(f"/agreements/{agreement.ref}/answer"))
    path = f"/agreements/{agreement.ref}/withdraw"
    page = text(diplomat.get(path))
    assert "5 objects</a> fewer would be seen" in page
    day = (timezone.now() + timedelta(days=3)).date()
    looked = text(diplomat.post(path, {"step": "effects", "day": day.isoformat(), "message": "Dear all"}))
    assert f"withdrawn={day}" in looked
    assert "Dear all" in looked
    assert "withdrawn=" in text(diplomat.post(path, {"step": "effects", "day": "whenever"}))
    agreement.refresh_from_db()
    assert agreement.state == "in-force"
    listed = text(diplomat.get(first_link(page)))
    assert "No agreement with" in listed or "was withdrawn from" in listed
    assert "Why some would no longer be seen" in listed


def test_the_page_by_purpose_and_by_parts(diplomat, holding):
    agreement = holding.conclude()
    path = f"/exchange/see/{holding.party.ref}/if"
    asked = {"agreement": agreement.ref, "withdrawn": TODAY.isoformat()}
    assert ">M</a>" in text(diplomat.get(path, asked))
    assert "Nothing changes" in text(diplomat.get(path, asked | {"show": "more"}))
    assert "Nothing changes" in text(diplomat.get(path, asked | {"purpose": "research"}))
    assert diplomat.get(path)["Location"] == f"/exchange/see/{holding.party.ref}/"
    assert diplomat.get(path, {"terms": "{"}).status_code == 400
    assert client_of(holding.world.administrator).get(path, asked).status_code == 403


def test_who_may_not_read_content_is_told_nothing(holding):
    plan = with_agreement(holding.conclude(), TODAY)
    assert effect(holding.world.administrator, plan, NOW) is None
    told = effect(holding.diplomat, plan, NOW)
    assert told is not None
    assert told.lines


def run(sides: Sides, *words: str, as_json: bool = True) -> int:
    parser = Parser()
    command.arguments(parser)
    output = argparse.Namespace(output=Output(as_json=as_json))
    return command.run(parser.parse_args([sides.party.ref, *words], output))


def test_the_command(holding, tmp_path, capsys):
    proposal = tmp_path / "proposal.json"
    proposal.write_bytes(canonical(proposal_body(some_terms())))
    assert run(holding, "--if-agreement", str(proposal)) == 0
    assert json.loads(capsys.readouterr().out)["changes"]["more"] == 5
    agreement = holding.conclude(since=TODAY)
    assert run(holding, "--if-agreement", agreement.ref, as_json=False) == 0
    assert capsys.readouterr().out == "5\tmore would be seen\n"
    assert run(holding, "--if-withdrawn", agreement.ref, as_json=False) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "5\tfewer would be seen"
    assert told[1].startswith("5\tclosed: ")
    with pytest.raises(Unreadable):
        run(holding, "--if-agreement", str(tmp_path / "none.json"))
    assert run(holding, "--purpose", "research") == 0
