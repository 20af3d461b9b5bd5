"""What was refused or withheld stays on the first page until somebody has seen it, and no longer."""

from __future__ import annotations

import pytest

from comity.base.errors import Conflict, NotFound
from comity.base.verdict import Refused
from comity.node.acts import queries
from comity.node.acts.models import Delivery, DeliveryState
from comity.node.acts.services import composing, noting
from comity.node.parties.accounts import ONE_TIME_KEY
from comity.node.parties.models import Person
from tests.node.far import FarNode
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(world):
    partner = world.befriend(FarNode(name="CERT Freedonia", state="DE", address="http://far.example/")).party
    made = composing.compose(actor=world.analyst, draft=world.draft(partner, word="go"), now=NOW)
    return queries.act_for(world.analyst, made.ref)


@pytest.fixture
def refused(act):
    refuse(act)
    return act


def refuse(act):
    Delivery.objects.filter(act=act).update(state=DeliveryState.REFUSED, next_try=None, words="No basis.")


def test_it_leaves_the_first_page_and_comes_back(world, refused):
    assert queries.desk(world.analyst).stopped_count == 1
    noting.put_aside(actor=world.analyst, ref=refused.ref)
    desk = queries.desk(world.approver)
    assert (desk.stopped_count, desk.unsent_count) == (0, 0)
    assert noting.stopped(queries.act_for(world.analyst, refused.ref)) is noting.Stopped.ASIDE
    noting.take_up(actor=world.analyst, ref=refused.ref)
    assert queries.desk(world.approver).stopped_count == 1


def test_what_is_tried_again_is_told_again(world, refused):
    noting.put_aside(actor=world.analyst, ref=refused.ref)
    Delivery.objects.filter(act=refused).update(state=DeliveryState.WAITING)
    assert queries.desk(world.analyst).unsent_count == 1


def test_only_what_was_stopped_is_put_aside(world, act):
    with pytest.raises(Conflict, match="refused or withheld"):
        noting.put_aside(actor=world.analyst, ref=act.ref)
    assert not Delivery.objects.exclude(aside_by="").exists()


def test_only_those_who_compose_put_aside(world, refused):
    with pytest.raises((Refused, NotFound)):
        noting.put_aside(actor=world.observer, ref=refused.ref)
    assert not Delivery.objects.exclude(aside_by="").exists()


def test_the_page_offers_what_can_be_done(client, world, act):
    client.force_login(Person.objects.get(pk=world.analyst.person or 0))
    session = client.session
    session[ONE_TIME_KEY] = True
    session.save()
    page = f"/acts/{act.ref}/"
    assert b"Put aside" not in client.get(page).content
    refuse(act)
    assert b"Put aside what was refused" in client.get(page).content
    done = client.post(f"{page}aside", follow=True).content
    assert b"Show it on the first page again" in done
    assert b"Put aside by" in done
    assert b"Put aside what was refused" in client.post(f"{page}aside", {"again": "1"}, follow=True).content
