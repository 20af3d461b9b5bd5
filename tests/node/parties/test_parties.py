from __future__ import annotations

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.verdict import Refused
from comity.node.parties.actors import Actor
from comity.node.parties.constituency import read_constituency
from comity.node.parties.country_names import LANGUAGES, countries_named, name_of
from comity.node.parties.models import Party, PartyKind, PeopleChange
from comity.node.parties.queries import bodies_for, parties_for, party_for
from comity.node.parties.roles import Power, Role
from comity.node.parties.sectors import SECTORS, read_sectors
from comity.node.parties.services.parties import add_party, change_party
from tests.node.parties.conftest import actor_for, make_body, make_person

REF = "identity--6fa459ea-ee8a-4ca4-894e-db77e160355e"


@pytest.fixture
def wanted(by_admin, now):
    return {
        "actor": by_admin,
        "ref": REF,
        "kind": PartyKind.SECTOR_CERT,
        "name": "Energy  CERT",
        "state": "PK",
        "ours": True,
        "sectors": ["transport", "energy", "energy"],
        "constituency": read_constituency(["192.0.2.0/24"], ["AS64500"], ["energy.pk"]),
        "now": now,
    }


def test_a_body_is_added_in_normal_form(wanted, by_admin, now):
    added = add_party(**wanted)
    kept = Party.objects.get(ref=REF)
    assert kept == added
    assert (kept.name, kept.sectors, kept.networks) == (
        "Energy CERT",
        ["energy", "transport"],
        ["192.0.2.0/24"],
    )
    assert (kept.as_numbers, kept.domains, kept.added) == ([64500], ["energy.pk"], now)
    change = PeopleChange.objects.get()
    assert (change.what, change.party, change.by) == ("party-added", added, by_admin.name)


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("ref", "identity--1", "ref"),
        ("ref", REF.upper(), "ref"),
        ("name", "  ", "name"),
        ("name", "x" * 201, "name"),
        ("state", "XX", "state"),
        ("state", "", "state"),
        ("sectors", ["energy", "magic"], "sectors"),
    ],
)
def test_a_body_that_is_not_described_right_is_refused(wanted, field, value, where):
    with pytest.raises(Malformed) as refused:
        add_party(**wanted | {field: value})
    assert refused.value.where == where
    assert not Party.objects.filter(ref=REF).exists()
    assert add_party(**wanted).ref == REF


def test_a_regional_organisation_needs_no_state(wanted):
    assert add_party(**wanted | {"kind": PartyKind.REGIONAL_ORGANISATION, "state": ""}).state == ""


def test_a_party_is_added_once(wanted):
    add_party(**wanted)
    with pytest.raises(Conflict):
        add_party(**wanted)


@pytest.mark.parametrize("ours", [True, False])
def test_who_lacks_the_power_adds_no_party(wanted, by_analyst, ours):
    with pytest.raises(Refused) as refused:
        add_party(**wanted | {"actor": by_analyst, "ours": ours})
    assert refused.value.verdict.grounds[0].rule == "role.lacks"
    assert not Party.objects.filter(ref=REF).exists()


def test_a_change_keeps_what_was_before(wanted, by_admin, now):
    party = add_party(**wanted)
    same = {"actor": by_admin, "party": party, "name": party.name, "sectors": ["energy"], "now": now}
    change_party(constituency=read_constituency(["10.0.0.0/8"]), **same)
    change_party(constituency=read_constituency(["10.0.0.0/8"]), **same)  # nothing new, nothing noted
    (change,) = PeopleChange.objects.filter(what="party-changed")
    assert change.detail["changed"] == {
        "sectors": [["energy", "transport"], ["energy"]],
        "networks": [["192.0.2.0/24"], ["10.0.0.0/8"]],
        "as_numbers": [[64500], []],
        "domains": [["energy.pk"], []],
    }


def test_a_body_with_an_administrator_of_its_own_is_not_changed_by_others(by_admin, ministry, diplomat, now):
    with pytest.raises(Refused) as refused:
        change_party(
            actor=by_admin, party=ministry, name="Ours", sectors=[], constituency=read_constituency(), now=now
        )
    assert refused.value.verdict.grounds[0].rule == "people.other-body"
    assert Party.objects.get(pk=ministry.pk).name == ministry.name


def test_a_partner_is_changed_by_who_manages_partners(by_admin, by_analyst, now):
    partner = make_body("NCSC-NL", ours=False, state="NL")
    wanted = {
        "party": partner,
        "name": "NCSC",
        "sectors": [],
        "constituency": read_constituency(),
        "now": now,
    }
    with pytest.raises(Refused):
        change_party(actor=by_analyst, **wanted)
    assert change_party(actor=by_admin, **wanted).name == "NCSC"
    with pytest.raises(NotFound):
        change_party(actor=by_admin, **wanted | {"party": Party(pk=999_999)})


def test_parties_are_read_with_the_power_and_missing_ones_are_not_there(by_analyst, cert, ministry):
    partner = make_body("NCSC-NL", ours=False, state="NL")
    assert list(bodies_for(by_analyst)) == [ministry, cert, partner]
    assert list(bodies_for(by_analyst, kind=PartyKind.MINISTRY)) == [ministry]
    assert list(bodies_for(by_analyst, search="nl")) == [partner]
    assert party_for(by_analyst, cert.pk) == cert
    with pytest.raises(NotFound):
        party_for(by_analyst, 999_999)
    nobody = make_person("Nobody", (Role.OBSERVER, cert))
    assert actor_for(nobody, cert).may(Power.READ_PARTIES).allowed
    assert not parties_for(Actor(name="x", body=cert.pk)).exists()


def test_states_have_names_in_the_languages_of_the_united_nations_and_urdu():
    assert set(LANGUAGES) == {"en", "ar", "zh", "fr", "ru", "es", "ur"}
    assert {code for code, each in LANGUAGES.items() if each.direction == "rtl"} == {"ar", "ur"}
    assert name_of("PK", "ur") == "پاکستان"
    assert name_of("DE", "fr") == "Allemagne"
    assert name_of("MM") == "Myanmar"
    assert name_of("DE", "tlh") == "Germany"
    assert name_of("XX", "fr") == "XX"
    for language in LANGUAGES:
        assert len(countries_named(language)) == 249


@pytest.mark.parametrize("search", ["paki", "PAKISTAN", " pk ", "586", "PAK"])
def test_a_state_is_found_by_name_and_code(search):
    assert "PK" in [country.alpha2 for _, country in countries_named("ur", search)]


def test_sectors_are_those_of_the_directive_and_keep_its_order():
    assert len(SECTORS) == 18
    assert all(each.source.startswith("Directive (EU) 2022/2555, Annex I") for each in SECTORS.values())
    assert read_sectors(["space", "energy", "space"]) == ("energy", "space")
