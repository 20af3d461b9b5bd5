"""What people see of collections of others, and what the worker does for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from comity.base.tlp import Tlp
from comity.node.exchange.models import RemoteCollection
from comity.node.exchange.services import regular_giving
from tests.link.publisher import publishing
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.shelf import COLLECTION, Shelf
from tests.node.exchange.taxii.test_pulling import opened, pulled
from tests.node.exchange.taxii.test_pushing import pushed, states
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import NOW

ONE, TWO = indicator("one", Tlp.GREEN), indicator("two", Tlp.GREEN)


@pytest.fixture
def remote(agreed: Sides) -> RemoteCollection:
    world = agreed.world
    return opened(world, actor=world.approver, party=agreed.party, note="", gives=True, name="Their shelf")


def test_without_any(agreed, django_assert_max_num_queries):
    analyst = client_of(agreed.world.analyst)
    assert "No collection of others yet" in body(analyst.get("/exchange/collections/elsewhere/"))
    assert "of others need" not in body(analyst.get("/"))


def test_the_fate_of_each_object_is_shown(agreed, remote):
    own_work(agreed.world, ONE, TWO)
    refusing = Shelf(refuse=lambda each: "Not from you." if each["name"] == "two" else "")
    pushed(agreed, remote, refusing)
    analyst = client_of(agreed.world.analyst)
    listed = body(analyst.get("/exchange/collections/elsewhere/"))
    assert "Their shelf" in listed
    assert "In order" in listed
    page = body(analyst.get(f"/exchange/collections/elsewhere/{remote.ref}/"))
    assert "Taken (1)" in page
    assert "Not from you." in page
    refused = body(analyst.get(f"/exchange/collections/elsewhere/{remote.ref}/?state=refused"))
    assert (">two<" in refused, ">one<" in refused) == (True, False)
    of_object = body(analyst.get(f"/exchange/objects/{TWO['id']}/"))
    assert "Where it was posted" in of_object
    assert "Not from you." in of_object


def test_trouble_stands_on_the_first_page(agreed, remote):
    remote.trouble = "The line is gone."
    remote.save()
    analyst = client_of(agreed.world.analyst)
    assert "1 collection of others needs a look" in body(analyst.get("/"))
    assert "The line is gone." in body(analyst.get("/exchange/collections/elsewhere/"))
    assert "The line is gone." in body(analyst.get(f"/exchange/collections/elsewhere/{remote.ref}/"))


def test_one_that_is_only_read(agreed):
    remote = opened(agreed.world, name="public")
    shelf = Shelf()
    shelf.put(ONE)
    pulled(agreed.world, remote, shelf)
    page = body(client_of(agreed.world.analyst).get(f"/exchange/collections/elsewhere/{remote.ref}/"))
    assert "Nothing is given here" in page
    assert "2026-11-20T00:00:00.000001Z" in page


def test_another_body_or_nobody_sees_it(agreed, remote):
    assert client_of(agreed.world.administrator).get("/exchange/collections/elsewhere/").status_code == 403
    missing = "/exchange/collections/elsewhere/3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f9999/"
    assert client_of(agreed.world.analyst).get(missing).status_code == 404


def test_the_worker_gives_what_is_new(agreed):
    world = agreed.world
    own_work(world, ONE)
    shelf = Shelf()
    with publishing() as publisher:
        publisher.answer = shelf.over_http
        told = {"party": agreed.party, "note": "", "gives": True, "actor": world.approver}
        opened(world, name="away", api_root="http://127.0.0.1:9/api/", **told)
        opened(world, name="there", api_root=f"{publisher.address}api/", collection=COLLECTION, **told)
        opened(world, name="read only", note="a public server")
        assert regular_giving.give_all(NOW) == 1
        assert list(shelf.stored) == [ONE["id"]]
        own_work(world, TWO)
        assert regular_giving.give_all(NOW) == 1
    assert states(TWO) == ["taken"]
    assert "cannot be reached" in RemoteCollection.objects.get(name="away").trouble


NEW = "/exchange/collections/elsewhere/new"


@pytest.fixture
def typed(settings) -> Iterator[tuple[Shelf, dict[str, object]]]:
    """A server on this machine, which the operator named, and what a person types to open its collection."""
    settings.CONFIG = dataclasses.replace(settings.CONFIG, feed_hosts="127.0.0.1")
    shelf = Shelf()
    with publishing() as publisher:
        publisher.answer = shelf.over_http
        yield (
            shelf,
            {
                "name": "Their shelf",
                "api_root": f"{publisher.address}api/",
                "collection": COLLECTION,
                "scheme": "basic",
                "user": "us",
                "secret": "never-shown-again",
                "source": "elsewhere",
                "note": "A public server",
                "purpose": "network-defence",
            },
        )


def test_opened_tried_read_and_closed_by_page(agreed, typed, settings):
    shelf, said = typed
    shelf.put(ONE)
    analyst = client_of(agreed.world.analyst)
    assert NEW in body(analyst.get("/exchange/collections/elsewhere/"))
    page = body(analyst.post(NEW, said, follow=True))
    assert "The server answers: it is called “All”, and we may read and post to it." in page
    remote = RemoteCollection.objects.get()
    there = f"/exchange/collections/elsewhere/{remote.ref}/"
    assert "A name and a password (HTTP Basic)" in page
    for path in (there, f"{there}credential", f"{there}close", "/exchange/collections/elsewhere/"):
        assert "never-shown-again" not in body(analyst.get(path))
    assert analyst.post(f"{there}read", follow=True).context["report"]["new"] == 1
    assert "Nothing is new there." in body(analyst.post(f"{there}read", follow=True))
    assert "deleted" in body(analyst.get(f"{there}close"))
    assert RemoteCollection.objects.get().ended_at is None
    assert "Their shelf” is closed" in body(analyst.post(f"{there}close", follow=True))
    assert not (settings.CONFIG.credentials / f"{remote.ref}.json").exists()
    assert analyst.get(there).status_code == 404


def test_what_cannot_be_opened_stands_at_its_field_and_no_secret_comes_back(agreed, typed):
    _, said = typed
    analyst = client_of(agreed.world.analyst)
    wrong = {
        "api_root": "ftp://taxii.example/",
        "user": "a:b",
        "types": "Not A Type",
        "collection": "a b",
        "note": " ",
        "name": "",
    }
    for name, value in wrong.items():
        answer = analyst.post(NEW, {**said, name: value})
        assert answer.status_code == 422, name
        assert answer.context["form"].errors.keys() == {name}, name
        assert "never-shown-again" not in body(answer)
    assert not RemoteCollection.objects.exists()
    analyst.post(NEW, said)
    again = analyst.post(NEW, said)
    assert (again.status_code, "named" in body(again)) == (422, True)


def test_trying_a_server_says_what_is_wrong(agreed, typed, settings):
    shelf, said = typed
    analyst = client_of(agreed.world.analyst)
    away = body(
        analyst.post(NEW, {**said, "name": "away", "api_root": "http://127.0.0.1:9/api/"}, follow=True)
    )
    assert "The server was asked, in vain: http://127.0.0.1:9/api/collections/" in away
    analyst.post(NEW, said)
    there = f"/exchange/collections/elsewhere/{RemoteCollection.objects.get(name='Their shelf').ref}/"
    other = {"scheme": "token", "secret": "tok", "user": ""}
    assert "From now on" in body(analyst.post(f"{there}credential", other, follow=True))
    assert analyst.post(f"{there}credential", {"scheme": "token"}).status_code == 422
    shelf.breaks_after = 0
    assert "It broke off; what was read is kept." in body(analyst.post(f"{there}read", follow=True))
    assert "The last attempt broke off" in body(analyst.get(there))
    settings.CONFIG = dataclasses.replace(settings.CONFIG, feed_hosts="")
    assert "It has the private address 127.0.0.1" in body(analyst.post(f"{there}try", follow=True))


def test_who_may_open_which(agreed, typed):
    _, said = typed
    giving = {**said, "gives": "on", "source": agreed.party.ref, "note": ""}
    approver, analyst = client_of(agreed.world.approver), client_of(agreed.world.analyst)
    refused = approver.post(NEW, said)
    assert (refused.status_code, refused.context["form"].errors.keys()) == (422, {"gives"})
    analyst.post(NEW, giving)
    assert not RemoteCollection.objects.get().gives  # the field is not hers
    page = body(approver.post(NEW, {**giving, "name": "given"}, follow=True))
    given = RemoteCollection.objects.get(name="given")
    assert "we may read and post to it" in page
    there = f"/exchange/collections/elsewhere/{given.ref}/"
    assert "Try now" not in body(analyst.get(there))
    for step in ("try", "close", "credential"):
        assert analyst.post(f"{there}{step}", {"scheme": "nobody"}).status_code == 403
    given.refresh_from_db()
    assert (given.ended_at, given.scheme) == (None, "basic")
    assert client_of(agreed.world.observer).get(NEW).status_code == 403
    assert client_of(agreed.world.administrator).get(NEW).status_code == 403
