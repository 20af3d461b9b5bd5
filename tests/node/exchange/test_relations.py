"""The graph around an object: what is drawn, what is counted instead, and where everything stands."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from comity.node.exchange import queries
from comity.node.exchange.relations import around as module
from comity.node.exchange.relations.around import Around, Edge, Reach, around
from comity.node.exchange.relations.layout import HEIGHT, LONGEST, WIDTH, picture, shortened
from tests.node.exchange.holding import from_elsewhere, indicator, joined, made, own_work, ref_of, row
from tests.node.instruments.test_pages import body, client_of
from tests.node.world import World

pytestmark = pytest.mark.django_db

HUB, FAMILY, GROUP = (
    made("attack-pattern", "hub"),
    made("malware", "family", is_family=True),
    made("intrusion-set", "group"),
)
SEEK = indicator("seek")
ABSENT = ref_of("tool", "absent")
REPORT = made("report", "report", object_refs=[FAMILY["id"], ABSENT], published=SEEK["created"])
SHOWS = joined("shows", SEEK, FAMILY)


def uses(name: str, source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    return joined(name, source, target) | {"relationship_type": "uses"}


def seen(world: World, value: dict[str, Any], reach: Reach = Reach.NEAR) -> Around:
    return around(world.analyst, row(value), reach)


def titles(found: Around) -> tuple[set[str], set[str]]:
    return {each.title for each in found.first}, {each.title for each in found.second}


def test_two_steps_by_relationships_and_by_names(world):
    own_work(world, HUB, FAMILY, GROUP, SEEK, REPORT, SHOWS, uses("u", FAMILY, HUB), uses("g", GROUP, FAMILY))
    found = seen(world, FAMILY)
    assert titles(found) == ({"hub", "group", "seek", "report"}, {ABSENT})
    assert {(a.title, words, b.title) for a, words, b in found.told} == {
        ("family", "uses", "hub"),
        ("group", "uses", "family"),
        ("seek", "indicates", "family"),
        ("report", "object_refs", "family"),
        ("report", "object_refs", ABSENT),
    }
    assert [each.held for each in found.second] == [False]
    assert (found.more, found.beyond, found.left_out) == ((), False, 0)
    assert titles(seen(world, HUB)) == ({"family"}, {"group", "seek", "report"})
    ends = seen(world, SHOWS)
    assert {(a.title, words) for a, words, _ in ends.told} >= {("seek indicates family", "source_ref")}


def test_authors_markings_and_what_others_hold_are_no_neighbours(world):
    author = made("identity", "author", identity_class="group")
    own_work(world, author, indicator("by", created_by_ref=author["id"]))
    assert titles(seen(world, author)) == (set(), set())
    assert titles(seen(world, indicator("by"))) == (set(), set())
    own_work(world, HUB, FAMILY, uses("u", FAMILY, HUB))
    hidden = queries.object_for(world.analyst, HUB["id"])
    assert around(world.observer, hidden).edges == ()


def test_an_object_that_names_itself_is_drawn_once(world):
    own_work(world, FAMILY, uses("self", FAMILY, FAMILY))
    found = seen(world, FAMILY)
    assert titles(found) == (set(), set())
    assert found.edges == (Edge(FAMILY["id"], "uses", FAMILY["id"]),)
    assert len(picture(found).boxes) == 1


@pytest.fixture
def star(world: World) -> World:
    users = [made("malware", f"m{number:02}", is_family=True) for number in range(60)]
    own_work(world, HUB, GROUP, *users, *(uses(f"u{n}", each, HUB) for n, each in enumerate(users)))
    own_work(
        world, uses("g", GROUP, HUB), joined("d", users[0], GROUP), REPORT | {"object_refs": [HUB["id"]]}
    )
    return world


def test_a_star_is_summarised_and_hides_nothing_else(star):
    found = seen(star, HUB)
    assert len(found.first) == Reach.NEAR.first
    assert {"group", "report"} <= titles(found)[0]
    (more,) = found.more
    assert (more.words, more.type, more.outward, more.count) == ("uses", "malware", False, 60 - 22)
    assert found.left_out == 38
    wide = seen(star, HUB, Reach.WIDE)
    assert (len(wide.first), wide.more) == (62, ())
    page = body(client_of(star.analyst).get(f"/exchange/objects/{HUB['id']}/"))
    assert "and 38 more malware" in page
    assert f"related=uses+{HUB['id']}&amp;kind=malware" in page
    assert "and 38 more" not in body(client_of(star.analyst).get(f"/exchange/objects/{HUB['id']}/graph"))


def test_more_than_is_looked_at_says_so(star, monkeypatch):
    monkeypatch.setattr(module, "NEAR", 10)
    found = seen(star, HUB)
    assert found.beyond
    assert len(found.first) == 10
    page = body(client_of(star.analyst).get(f"/exchange/objects/{HUB['id']}/"))
    assert "More than 0 more links of this object" in page


def test_the_number_of_questions_does_not_grow_with_the_star(star, django_assert_max_num_queries):
    with django_assert_max_num_queries(13) as few:
        seen(star, GROUP)
    more = [made("malware", f"n{number}", is_family=True) for number in range(200)]
    own_work(star, *more, *(uses(f"v{n}", each, HUB) for n, each in enumerate(more)))
    with django_assert_max_num_queries(len(few)):
        seen(star, HUB, Reach.WIDE)


def test_boxes_have_places_of_their_own_and_lines_meet_them(star):
    for reach in Reach:
        found = seen(star, HUB, reach)
        drawn = picture(found)
        assert drawn == picture(found)
        boxes = sorted(drawn.boxes, key=lambda box: (box.x, box.y))
        for one, other in pairwise(boxes):
            assert one.x != other.x or one.y + HEIGHT < other.y
        for box in boxes:
            assert box.x >= 0
            assert box.x + WIDTH <= drawn.width
            assert box.y + HEIGHT <= drawn.height
        assert len(drawn.lines) == len(found.edges) + len(found.more)
        assert len({box.node.ref for box in boxes if box.node}) == 1 + len(found.first) + len(found.second)
        assert all(line.path.startswith("M") for line in drawn.lines)


def test_lines_between_those_in_one_layer_go_beside_them(star):
    found = seen(star, HUB, Reach.WIDE)
    across = [line for line in picture(found).lines if line.across]
    assert [line.words for line in across] == ["indicates"]


def test_nothing_to_draw(world):
    from_elsewhere(world, SEEK)
    page = client_of(world.analyst)
    assert "graph-frame" not in body(page.get(f"/exchange/objects/{SEEK['id']}/"))
    assert "joined with nothing" in body(page.get(f"/exchange/objects/{SEEK['id']}/graph"))
    assert page.get("/exchange/objects/indicator--0/graph").status_code == 404
    assert client_of(world.observer).get(f"/exchange/objects/{SEEK['id']}/graph").status_code == 403


def test_names_are_shortened():
    assert shortened("x" * LONGEST, LONGEST) == "x" * LONGEST
    assert shortened("abc def", 5) == "abc…"
