"""Many shares at once: what they have in common is asked of the database once, not for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from comity.formats.acts import Content, SignedAct
from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Act, Delivery
from comity.node.acts.queries import due_deliveries
from comity.node.acts.services import composing, delivering
from comity.node.exchange.models import StixObject
from comity.node.exchange.services.sharing import draft_for
from comity.node.federation.services import inbound
from tests.node.exchange.holding import indicator, own_work, row, wish
from tests.node.far import values
from tests.node.world import NOW

pytestmark = pytest.mark.django_db
MANY = 12


def questions(work: Callable[[], object]) -> int:
    """How often the work asked the database."""
    asked: list[str] = []

    def noted(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        work()
    return len(asked)


def names(word: str) -> list[dict[str, Any]]:
    return [indicator(f"{word}-{number}") for number in range(MANY)]


def test_composing(agreed):
    objects = names("ours")
    own_work(agreed.world, *objects)
    drafts = [draft_for(agreed.world.analyst, wish(each), agreed.party, NOW) for each in objects]

    def compose(count: int, start: int) -> int:
        some = drafts[start : start + count]
        return questions(lambda: composing.compose_all(actor=agreed.world.analyst, drafts=some, now=NOW))

    one, more = compose(1, 0), compose(MANY - 1, 1)
    assert Act.objects.filter(kind="share").count() == MANY
    assert more - one <= MANY - 2


def test_judging_again_and_noting_what_was_sent(agreed):
    objects = names("ours")
    own_work(agreed.world, *objects)
    drafts = [draft_for(agreed.world.analyst, wish(each), agreed.party, NOW) for each in objects]
    composing.compose_all(actor=agreed.world.analyst, drafts=drafts, now=NOW)
    due = [each for each in due_deliveries(NOW, party=agreed.party, limit=50) if each.act.kind == "share"]
    one = questions(lambda: delivering.judged_again(due[:1], now=NOW))
    assert questions(lambda: delivering.judged_again(due, now=NOW)) == one
    one = questions(lambda: delivering.handed_over(due[:1], now=NOW, how="They took it."))
    assert questions(lambda: delivering.handed_over(due, now=NOW, how="They took it.")) == one
    kept = Delivery.objects.filter(pk__in=[each.pk for each in due])
    assert {(each.state, each.words) for each in kept} == {
        ("handed-over", "They took it. Its receipt is awaited.")
    }
    assert sorted(each.attempts for each in kept) == [1] * (MANY - 1) + [2]


def test_taking(sides):
    agreement = sides.conclude()
    given = names("theirs")

    def take(objects: list[dict[str, Any]]) -> int:
        posted = [sent(sides, each, agreement.ref) for each in objects]
        found = inbound.sort([*values(posted), *objects])
        return questions(lambda: inbound.take(sides.partner, found, now=NOW, hand_over=True, read=None))

    one, more = take(given[:1]), take(given[1:])
    assert StixObject.objects.filter(holder=sides.world.body).count() == MANY
    assert {str(row(each).act) for each in given} == {f"share: From afar: {each['name']}" for each in given}
    assert more - one <= 2 * (MANY - 2)


def sent(sides, value: dict[str, Any], agreement: str) -> SignedAct:
    """A share of one object by the partner; its title tells which."""
    sides.far.now = NOW
    body = {"title": f"From afar: {value['name']}"}
    contents = (Content.of(Found.decode(value)),)
    signed: SignedAct = sides.far.act(
        "share", body=body, contents=contents, purpose="network-defence", basis=(agreement,)
    )
    return signed
