"""An act with very many objects has a page that still opens on a slow line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from comity.base.verdict import Ground, Verdict
from comity.node.acts.kinds import Item, Judgement
from comity.node.acts.models import Act
from comity.node.acts.services import composing
from comity.node.acts.templatetags.judgements import SHOWN
from comity.node.parties.models import Person
from tests.node.far import FarNode
from tests.node.world import NOW, World

MANY = 1_000


@pytest.fixture
def page(world: World, far: FarNode, settings: object) -> object:
    settings.CONFIG = replace(settings.CONFIG, require_second_factor=False)  # type: ignore[attr-defined]  # Django's
    partner = world.befriend(far)
    act = composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)
    ground = Ground("note.stay", "tests", "It stays.")
    items = tuple(Item(f"indicator--{n}", f"Object {n}", Verdict.no(ground)) for n in range(MANY))
    judged = Judgement(Verdict.yes(ground), items).as_json()
    Act.objects.filter(pk=act.pk).update(judgement=judged)
    client = Client()
    client.force_login(Person.objects.get(pk=world.analyst.person or 0))
    return lambda query="": client.get(f"/acts/{act.ref}/{query}").content.decode()


def test_a_page_shows_so_many_and_leads_to_the_rest(page):
    short, whole = page(), page("?all=1")
    assert short.count("Object ") == SHOWN
    assert f"Show the other {MANY - SHOWN} as well" in short
    assert whole.count("Object ") == MANY
    assert len(short.encode()) < 100_000
