"""Giving to a partner's own collection: what release lets go, each object's fate, nothing twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from comity.base.errors import Conflict
from comity.base.tlp import Tlp
from comity.base.verdict import Refused
from comity.formats.conversation import PartnerRefused, PartnerUnavailable
from comity.formats.entries import Event
from comity.formats.strict_json import decode
from comity.node.accountability.models import LogEntry
from comity.node.exchange import queries, remotes
from comity.node.exchange.models import Posted, PostState, RemoteCollection
from comity.node.exchange.reasons import RecallReason
from comity.node.exchange.services import closing
from comity.node.exchange.services.erasing import erase_object, lift
from comity.node.exchange.services.marking import mark_victim
from comity.node.exchange.services.posting import Given
from comity.node.exchange.services.pushing import push, take_back
from comity.node.exchange.services.remotes import end_remote
from comity.node.federation.services import partners
from comity.node.parties.actors import Actor, system_actor
from comity.node.parties.roles import Power
from tests.node.exchange.holding import AT, from_elsewhere, iep_marking, indicator, joined, made, own_work
from tests.node.exchange.taxii.shelf import Shelf
from tests.node.exchange.taxii.test_pulling import opened
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW

ONE, TWO = indicator("one", Tlp.GREEN), indicator("two", Tlp.GREEN)


@pytest.fixture
def remote(agreed: Sides) -> RemoteCollection:
    return opened(agreed.world, actor=agreed.world.approver, party=agreed.party, note="", gives=True)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def node(sides: Sides) -> Actor:
    return system_actor("the node", sides.world.body.pk, Power.READ_CONTENT)


def pushed(sides: Sides, remote: RemoteCollection, shelf: Shelf, **more: Any) -> Given:
    return push(actor=node(sides), remote=remote, transport=shelf, now=NOW, **more)


def states(*values: dict[str, Any]) -> list[str]:
    found = dict(Posted.objects.values_list("ref", "state"))
    return [found.get(each["id"], "") for each in values]


def entries(event: Event) -> list[dict[str, Any]]:
    rows = LogEntry.objects.filter(event=event.value).order_by("index")
    found: list[Any] = [decode(bytes(each.entry or b"")) for each in rows]
    return found


def newer(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**value, "modified": AT.replace("06:30", "07:30"), **changes}


def ids(values: Iterable[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in values]


def test_what_the_partner_may_see_is_posted_once(agreed, remote, shelf):
    red, unmarked = indicator("red", Tlp.RED), indicator("unmarked", None)
    own_work(agreed.world, ONE, TWO, red, unmarked)
    done = pushed(agreed, remote, shelf)
    assert sorted(shelf.stored) == sorted(ids([ONE, TWO]))
    assert states(ONE, TWO, red, unmarked) == ["taken", "taken", "", ""]
    assert dict(done.counts) == {"taken": 2}
    remote.refresh_from_db()
    assert (remote.posted_at, remote.trouble) == (NOW, "")
    assert not pushed(agreed, remote, shelf).counts
    assert len(shelf.posts) == 1
    own_work(agreed.world, newer(ONE))
    assert pushed(agreed, remote, shelf).counts[PostState.TAKEN] == 1
    assert shelf.posts[1] == [ONE["id"]]


def test_what_goes_is_recorded_before_it_goes(agreed, remote, shelf):
    own_work(agreed.world, ONE, TWO)

    class Gone(Shelf):
        def __call__(self, ask: Any) -> Any:
            if ask.method == "POST":
                raise PartnerUnavailable("The line is gone.")
            return super().__call__(ask)

    with pytest.raises(PartnerUnavailable):
        pushed(agreed, remote, Gone())
    assert states(ONE, TWO) == ["sending", "sending"]
    (entry,) = entries(Event.CONTENT_PUSHED)
    assert (entry["count"], entry["to"], entry["purpose"]) == (2, [agreed.party.ref], "network-defence")
    remote.refresh_from_db()
    assert remote.trouble == "The line is gone."
    pushed(agreed, remote, shelf)
    assert states(ONE, TWO) == ["taken", "taken"]
    assert len(entries(Event.CONTENT_PUSHED)) == 2


def test_a_victim_stays_unnamed_and_a_relationship_follows_its_ends(agreed, remote, shelf):
    victim = made("identity", "Ministry of Water", Tlp.GREEN, identity_class="organization")
    told = indicator("told", Tlp.GREEN, description="Seen at the Ministry of Water.")
    malware = made("malware", "Snake", Tlp.GREEN, is_family=False)
    own_work(agreed.world, joined("j", ONE, malware, Tlp.GREEN), ONE, malware, told, victim)
    mark_victim(actor=agreed.world.analyst, ref=victim["id"], now=NOW)
    pushed(agreed, remote, shelf)
    assert b"Water" not in b"".join(wire for _, wire in shelf.stored.values())
    last = shelf.posts[-1]
    assert [each.partition("--")[0] for each in last] == ["relationship"]


def test_a_definition_goes_with_the_first_that_needs_it(agreed, remote, shelf):
    marking = iep_marking("policy", permitted_actions="externally-visible-direct-actions")
    marked = [
        {**each, "object_marking_refs": [*each["object_marking_refs"], marking["id"]]} for each in (ONE, TWO)
    ]
    own_work(agreed.world, marking, marked[0])
    pushed(agreed, remote, shelf)
    own_work(agreed.world, marked[1])
    pushed(agreed, remote, shelf)
    assert [sorted(each) for each in shelf.posts] == [sorted([ONE["id"], marking["id"]]), [TWO["id"]]]


def test_refusals_are_told_object_by_object(agreed, remote, shelf):
    own_work(agreed.world, ONE, TWO)
    shelf.refuse = lambda each: "Not from you." if each["name"] == "two" else ""
    done = pushed(agreed, remote, shelf)
    assert states(ONE, TWO) == ["taken", "refused"]
    assert done.problems == [(TWO["id"], "Not from you.")]
    assert not pushed(agreed, remote, shelf).counts
    shelf.refuse = lambda _: ""
    assert pushed(agreed, remote, shelf, again=True).counts[PostState.TAKEN] == 1
    assert states(TWO) == ["taken"]


def test_a_refusal_of_what_is_there_already_is_no_refusal(agreed, remote, shelf):
    own_work(agreed.world, ONE, TWO)
    shelf.put(ONE, {**TWO, "name": "another"})
    shelf.refuse = lambda _: "Unable to process object"
    pushed(agreed, remote, shelf)
    assert states(ONE, TWO) == ["taken", "refused"]


def test_one_object_that_spoils_a_whole_post_is_found(agreed, remote, shelf):
    values = [indicator(f"i{number}", Tlp.GREEN) for number in range(9)]
    own_work(agreed.world, *values)
    shelf.refuse = lambda each: "No." if each["name"] == "i5" else ""
    shelf.whole = True
    pushed(agreed, remote, shelf)
    assert states(*values) == ["taken"] * 5 + ["refused"] + ["taken"] * 3


def test_posts_are_as_long_as_the_server_takes(agreed, remote, shelf):
    values = [indicator(f"i{number}", Tlp.GREEN) for number in range(9)]
    long = indicator("long", Tlp.GREEN, description="x" * 3_000)
    own_work(agreed.world, *values, long)
    shelf.most_bytes = 2_000
    done = pushed(agreed, remote, shelf)
    assert done.counts[PostState.TAKEN] == 9
    assert done.problems == [(long["id"], "It is longer than the 2,000 bytes that the server takes.")]
    assert all(len(each.body or b"") <= 2_000 for each in shelf.asked)


def test_what_is_not_decided_is_asked_for_the_next_time(agreed, remote, shelf, monkeypatch):
    own_work(agreed.world, ONE)
    shelf.pending = True
    assert pushed(agreed, remote, shelf).counts[PostState.PENDING] == 1
    assert states(ONE) == ["pending"]
    shelf.pending = False
    assert pushed(agreed, remote, shelf).counts[PostState.TAKEN] == 1
    assert states(ONE) == ["taken"]
    assert len(shelf.posts) == 1


def test_what_a_server_has_forgotten_is_posted_again(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    shelf.pending = True
    pushed(agreed, remote, shelf)
    shelf.pending = False
    shelf.waiting.clear()
    pushed(agreed, remote, shelf)
    assert states(ONE) == ["taken"]
    assert len(shelf.posts) == 2


def test_a_revocation_reaches_whoever_was_given_the_object(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    own_work(agreed.world, newer(ONE, revoked=True), newer(TWO, revoked=True))
    pushed(agreed, remote, shelf)
    assert shelf.posts[1:] == [[ONE["id"]]]
    assert b'"revoked":true' in shelf.stored[ONE["id"]][1]


def test_what_was_recalled_is_taken_back(agreed, remote, shelf):
    own_work(agreed.world, ONE, TWO)
    pushed(agreed, remote, shelf)
    because = closing.Because(RecallReason.WRONG.value, "Ada")
    closing.close(agreed.world.body, {(ONE["id"], ONE["modified"])}, because, NOW)
    pushed(agreed, remote, shelf)
    assert list(shelf.stored) == [TWO["id"]]
    assert states(ONE, TWO) == ["withdrawn", "taken"]
    (entry,) = entries(Event.CONTENT_TAKEN_BACK)
    assert entry["count"] == 1
    pushed(agreed, remote, shelf)
    assert len(shelf.posts) == 1


def test_a_person_takes_back_what_was_given(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    with pytest.raises(Refused):
        take_back(actor=agreed.world.analyst, remote=remote, refs=[ONE["id"]], transport=shelf, now=NOW)
    assert list(shelf.stored) == [ONE["id"]]
    more = {"remote": remote, "transport": shelf, "now": NOW, "actor": agreed.world.approver}
    assert take_back(refs=[ONE["id"], TWO["id"]], **more) == 1
    assert (shelf.stored, states(ONE)) == ({}, ["withdrawn"])


def test_a_server_that_keeps_what_it_says_it_deleted_is_found_out(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    shelf.keeps = True
    more = {"remote": remote, "transport": shelf, "now": NOW, "actor": agreed.world.approver}
    assert take_back(refs=[ONE["id"]], **more) == 0
    row = Posted.objects.get()
    assert (row.state, row.words.endswith("and has it still.")) == ("asked", True)
    shelf.keeps = False
    shelf.put(newer(ONE))
    assert take_back(refs=[ONE["id"]], **more) == 1
    assert states(ONE) == ["withdrawn"]


def erased(sides: Sides, value: dict[str, Any]) -> None:
    erase_object(actor=sides.world.approver, ref=str(value["id"]), why="Act 12", now=NOW)


def test_what_was_erased_by_law_is_deleted_there(agreed, remote, shelf):
    own_work(agreed.world, ONE, TWO)
    pushed(agreed, remote, shelf)
    own_work(agreed.world, newer(ONE))
    pushed(agreed, remote, shelf)
    erased(agreed, ONE)
    assert set(Posted.objects.filter(ref=ONE["id"]).values_list("state", flat=True)) == {"leaving"}
    pushed(agreed, remote, shelf)
    assert list(shelf.stored) == [TWO["id"]]
    assert set(Posted.objects.filter(ref=ONE["id"]).values_list("state", flat=True)) == {"withdrawn"}
    assert [each["count"] for each in entries(Event.CONTENT_TAKEN_BACK)] == [2]
    asked = len(shelf.asked)
    pushed(agreed, remote, shelf)
    assert not [each for each in shelf.asked[asked:] if each.method == "DELETE"]


def test_it_is_asked_again_until_the_server_has_deleted_it(agreed, remote, shelf):
    own_work(agreed.world, ONE, TWO)
    pushed(agreed, remote, shelf)
    erased(agreed, ONE)
    shelf.away = True
    with pytest.raises(PartnerUnavailable):
        pushed(agreed, remote, shelf)
    assert states(ONE) == ["asked"]
    shelf.away, shelf.deletes = False, False
    own_work(agreed.world, indicator("three", Tlp.GREEN))
    pushed(agreed, remote, shelf)  # what it refuses keeps nothing else back
    assert indicator("three")["id"] in shelf.stored
    row = Posted.objects.get(ref=ONE["id"])
    assert (row.state, row.words[:31]) == ("asked", "The server does not delete it: ")
    assert list(remotes.to_look_at(agreed.world.analyst)) == [remote]
    shelf.deletes, shelf.can_write = True, False
    with pytest.raises(Conflict, match="may not post"):  # and still it has to delete
        pushed(agreed, remote, shelf)
    assert (states(ONE), ONE["id"] in shelf.stored) == (["withdrawn"], False)
    assert len(entries(Event.CONTENT_TAKEN_BACK)) == 1


def test_what_was_erased_and_comes_in_again_is_deleted_before_it_is_given(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    erased(agreed, ONE)
    lift(actor=agreed.world.approver, ref=ONE["id"], why="Order withdrawn", now=NOW)
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    assert [each.method for each in shelf.asked if each.method in ("POST", "DELETE")] == ["POST", "DELETE"]
    assert states(ONE) == ["withdrawn"]  # what was taken back is given again by a new version alone


def test_a_collection_that_was_ended_is_left_to_a_person(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    end_remote(actor=agreed.world.approver, ref=remote.ref, now=NOW)
    erased(agreed, ONE)
    row = Posted.objects.get()
    assert (row.state, "ask its owner" in row.words) == ("leaving", True)
    page = client_of(agreed.world.approver).get(f"/exchange/objects/{ONE['id']}/")
    assert "ask its owner" in page.content.decode()


def test_what_a_server_has_not_deleted_when_it_is_ended_is_left_to_a_person(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    erased(agreed, ONE)
    end_remote(actor=agreed.world.approver, ref=remote.ref, now=NOW)
    assert "ask its owner" in Posted.objects.get().words


def test_the_pages_of_erasing_tell_where_it_was_posted(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    client = client_of(agreed.world.approver)
    assert "collections of others" in client.get(f"/exchange/objects/{ONE['id']}/erase").content.decode()
    erased(agreed, ONE)
    assert "To be deleted there" in client.get(f"/exchange/objects/{ONE['id']}/").content.decode()


def test_what_the_server_took_counts_as_known_there(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    pushed(agreed, remote, shelf)
    holder, party = agreed.world.body, agreed.party
    assert queries.known_there(holder, party, [ONE["id"], TWO["id"]]) == {ONE["id"]}


def test_what_is_not_ours_to_give_stays(agreed, remote, shelf):
    from_elsewhere(agreed.world, indicator("amber"))
    pushed(agreed, remote, shelf)
    assert shelf.stored == {}


def test_a_collection_that_takes_no_posts(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    shelf.can_write = False
    with pytest.raises(Conflict, match="may not post"):
        pushed(agreed, remote, shelf)
    assert states(ONE) == [""]


def test_nothing_is_given_where_nobody_decided_it(agreed, shelf):
    remote = opened(agreed.world, party=agreed.party, note="", name="read only")
    with pytest.raises(Conflict):
        pushed(agreed, remote, shelf)
    with pytest.raises(Refused):
        opened(agreed.world, party=agreed.party, note="", name="given", gives=True)
    assert shelf.asked == []


def test_nothing_is_given_to_a_suspended_partner(agreed, remote, shelf):
    own_work(agreed.world, ONE)
    partners.suspend(actor=agreed.world.administrator, partner=agreed.partner.pk, why="x", now=NOW)
    remote = remotes.remote_for(agreed.world.analyst, remote.ref)
    with pytest.raises(Refused, match="suspended"):
        pushed(agreed, remote, shelf)
    assert shelf.asked == []


def test_a_refusal_of_the_account_ends_the_run(agreed, remote, shelf):
    own_work(agreed.world, ONE)

    class Shut(Shelf):
        def __call__(self, ask: Any) -> Any:
            reply = super().__call__(ask)
            return type(reply)(403, reply.headers, b"") if ask.method == "POST" else reply

    with pytest.raises(PartnerRefused):
        pushed(agreed, remote, Shut())
    assert states(ONE) == ["sending"]


def test_many_objects_are_walked_in_portions(agreed, remote, shelf, monkeypatch):
    monkeypatch.setattr("comity.node.exchange.services.pushing.PORTION", 4)
    values = [indicator(f"i{number}", Tlp.GREEN) for number in range(11)]
    own_work(agreed.world, *values)
    pushed(agreed, remote, shelf)
    assert [len(each) for each in shelf.posts] == [4, 4, 3]
    assert states(*values) == ["taken"] * 11
