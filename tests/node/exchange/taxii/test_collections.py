"""Who opens, changes and closes collections and accounts, and what a query chooses."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest

from comity.base.errors import Conflict, Malformed, NotFound
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.node.accountability.models import LogEntry
from comity.node.exchange.models import Collection, TaxiiAccount
from comity.node.exchange.services.accounts import end_account, open_account
from comity.node.exchange.services.collections import (
    Wish,
    change_collection,
    close_collection,
    open_collection,
)
from comity.node.exchange.taxii.chosen import Query, read_query
from tests.node.exchange.holding import from_elsewhere, indicator, made, own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"amber", "green", "theirs", "tool"}),
        ({"types": ["tool"]}, {"tool"}),
        ({"up_to": "green"}, {"green", "theirs"}),
        ({"sources": ["own"]}, {"amber", "green", "tool"}),
        ({"labels": ["Phishing", "other"]}, {"amber"}),
        ({"sectors": ["energy"]}, {"tool"}),
        ({"labels": ["phishing"], "sectors": ["energy"]}, set()),
        ({"labels": ["phishing"], "types": ["tool"]}, set()),
    ],
)
def test_what_a_query_chooses(agreed, query, names):
    own_work(
        agreed.world,
        indicator("amber", labels=["phishing"]),
        indicator("green", Tlp.GREEN),
        made("tool", "tool", sectors=["energy"]),
    )
    from_elsewhere(agreed.world, indicator("theirs", Tlp.GREEN))
    reader = reader_of(agreed, opened(agreed.world, query=read_query(query)))
    assert {each["name"] for page in reader.pages() for each in page} == names


@pytest.mark.parametrize(
    "query",
    [
        {"types": "x"},
        {"kinds": []},
        {"types": ["X Y"]},
        {"sources": ["me"]},
        {"up_to": "white"},
        7,
        {"labels": [""]},
    ],
)
def test_queries_that_are_none(query):
    with pytest.raises(Malformed):
        read_query(query)


def test_changing_the_query_gives_everything_anew(agreed):
    own_work(agreed.world, indicator("a"), made("tool", "t"))
    reader = reader_of(agreed, opened(agreed.world, query=Query(types=("tool",)), alias="x"))
    since = reader.poll("")
    ref = reader.collection.ref
    same = Wish(title="Other words", query=Query(types=("tool",)), alias="x")
    change_collection(actor=agreed.world.approver, ref=ref, wish=same, now=NOW)
    assert reader.poll(since) == since
    wider = Wish(title="All", alias="x")
    change_collection(actor=agreed.world.approver, ref=ref, wish=wider, now=NOW)
    assert reader.poll(since) > since
    assert len(reader.seen) == 3
    assert len(set(reader.seen)) == 2


def test_who_opens_and_closes(agreed):
    world = agreed.world
    with pytest.raises(Refused):
        open_collection(actor=world.analyst, wish=Wish(title="x"), ref=uuid4(), now=NOW)
    made_ = opened(world, alias="one")
    with pytest.raises(Conflict):
        opened(world, alias="one")
    with pytest.raises(Malformed):
        Wish(title="x", alias="A b")
    with pytest.raises(Malformed):
        Wish(title="x", description="x" * 3_000)
    reader = reader_of(agreed, made_)
    close_collection(actor=world.approver, ref=made_.ref, now=NOW)
    assert reader.ask("objects/").status_code == 404
    with pytest.raises(NotFound):
        close_collection(actor=world.approver, ref=made_.ref, now=NOW)
    opened(world, alias="one")
    events = LogEntry.objects.filter(event="collection-changed")
    assert events.count() == 3


def test_accounts(agreed):
    world, party = agreed.world, agreed.party
    with pytest.raises(Refused):
        open_account(actor=world.analyst, party=party, name="a", now=NOW)
    account, token = open_account(actor=world.administrator, party=party, name="a", now=NOW)
    assert token not in str(TaxiiAccount.objects.values().get())
    with pytest.raises(Conflict):
        open_account(actor=world.administrator, party=party, name="a", now=NOW)
    with pytest.raises(Malformed):
        open_account(actor=world.administrator, party=party, name="a:b", now=NOW)
    with pytest.raises(Malformed):
        open_account(actor=world.administrator, party=world.body, name="b", now=NOW)
    end_account(actor=world.administrator, key=account.pk, now=NOW)
    with pytest.raises(Conflict):
        end_account(actor=world.administrator, key=account.pk, now=NOW)
    with pytest.raises(NotFound):
        end_account(actor=world.administrator, key=10**9, now=NOW)
    open_account(actor=world.administrator, party=party, name="a", now=NOW)


def test_by_the_command(agreed, capsys, monkeypatch):
    from comity.node.commands import collection as command
    from comity.node.commands.output import Output
    from comity.node.commands.parsing import Parser

    def run(*words: str) -> dict[str, str]:
        parser = Parser()
        command.arguments(parser)
        args = parser.parse_args(list(words))
        args.output = Output(as_json=True)
        assert command.run(args) == 0
        said = capsys.readouterr().out.strip().splitlines()
        return dict(json.loads(said[-1])) if said else {}

    person = ("--as", "bilal@pk.example")
    told = run("open", "--title", "Tools", "--types", "tool", "--up-to", "amber", "--alias", "tools", *person)
    row = Collection.objects.get(ref=UUID(told["collection"]))
    assert row.query == {"types": ["tool"], "up_to": "amber"}
    run("change", told["collection"], "--title", "All", "--post", *person)
    row.refresh_from_db()
    assert (row.title, row.may_post, row.query) == ("All", True, {})
    assert len(run("account", agreed.party.ref, "poller")["token"]) == 43
    assert run("list")
    run("end-account", "poller")
    assert TaxiiAccount.objects.filter(revoked_at=None).count() == 0
    run("close", told["collection"], *person)
    for wrong, error in (
        (("end-account", "nobody"), NotFound),
        (("account", "identity--x", "n"), NotFound),
        (("close", "x", *person), Malformed),
    ):
        with pytest.raises(error):
            run(*wrong)
