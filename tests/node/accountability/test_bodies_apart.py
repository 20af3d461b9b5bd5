"""Two bodies of one node share a log: each opens what concerns it, and sees commitments of the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.base.errors import NotFound
from comity.node.accountability import queries, readers
from comity.node.accountability.models import LogEntry, Opened
from comity.node.accountability.services import open_to
from comity.node.acts.services import composing
from comity.node.parties.models import Party
from comity.node.parties.roles import Role
from tests.node.world import NOW


@pytest.fixture
def act(world, far):
    partner = world.befriend(far)
    return composing.compose(actor=world.analyst, draft=world.draft(partner.party), now=NOW)


@pytest.fixture
def neighbour(world):
    """An analyst of another body of this node."""
    body = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0002",
        kind="ministry", name="Ministry", state="PK", ours=True, added=NOW,
    )  # fmt: skip
    return replace(world.analyst, body=body.pk)


def test_what_another_body_sends_is_not_opened(world, act, neighbour):
    for actor, sees in ((world.analyst, True), (neighbour, False)):
        line, opening = readers.line_for(actor, act.log_index)
        assert (line.opened, line.subject, opening is not None) == (sees, act.ref if sees else "", sees)
        assert (readers.proof_for(actor, act.log_index).entry is not None) == sees
        assert bool(readers.log_page(actor, subject=act.ref).lines) == sees
        assert [each.opened for each in readers.log_page(actor).lines if each.index == act.log_index] == [
            sees
        ]


def test_what_concerns_the_whole_node_is_opened_to_both(world, act, neighbour):
    (accepted,) = LogEntry.objects.filter(event="partner-accepted")
    for actor in (world.analyst, neighbour):
        assert readers.line_for(actor, accepted.index)[0].opened


def test_nobody_opens_what_they_do_not_see_themselves(world, act, neighbour):
    counsel = replace(neighbour, roles=frozenset({Role.COUNSEL}))
    with pytest.raises(NotFound):
        open_to(act.log_index, party=Party.objects.get(pk=neighbour.body), actor=counsel, why="x", now=NOW)
    assert not Opened.objects.exists()
    observer = Party.objects.get(pk=neighbour.body)
    open_to(act.log_index, party=observer, actor=world.approver, why="x", now=NOW)
    newest = queries.size() - 1
    assert readers.line_for(world.analyst, newest)[0].subject == f"entry {act.log_index}"


def test_an_opening_reaches_the_body_it_was_made_for(world, act, neighbour):
    Opened.objects.create(entry_id=act.log_index, party_id=neighbour.body, at=NOW, by="x", why="y")
    assert readers.line_for(neighbour, act.log_index)[0].subject == act.ref
    assert not readers.line_for(world.observer, act.log_index)[0].opened
