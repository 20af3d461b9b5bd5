"""What people see of collections of others, and what the worker does for them."""

from __future__ import annotations

import pytest

from comity.base.tlp import Tlp
from comity.node.exchange.models import RemoteCollection
from comity.node.exchange.services import regular_giving
from tests.node.exchange.feeds.publisher import publishing
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
