"""kill -9 while content comes in: nothing of it is kept, or what is kept says so; a repeat completes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from comity.formats.canonical import canonical
from comity.formats.taxii import MEDIA_TYPE
from comity.node.faults import Step
from tests.journeys.content import objects
from tests.journeys.mortal import Killed, Mortal
from tests.nodes import make_node

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNT = 60
WHOLE = dict.fromkeys(("StixObject", "Link", "Value", "Label"), COUNT)
EMPTY = dict.fromkeys(WHOLE, 0) | {"imports": [], "logged": 0}


@pytest.fixture
def node(tmp_path) -> Iterator[Mortal]:
    made = make_node(tmp_path, "CERT of Pakistan", "PK")
    try:
        with closing(Mortal.bring_up(made)) as mortal:
            yield mortal
    finally:
        made.close()


def post(node: Mortal, door: dict[str, str]) -> httpx.Response:
    headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE, "Authorization": f"Bearer {door['token']}"}
    body = canonical({"objects": objects(COUNT)})
    return httpx.post(f"{node.node.address}{door['path']}", content=body, headers=headers, timeout=60)


def status(node: Mortal, door: dict[str, str], told: dict[str, Any]) -> httpx.Response:
    headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {door['token']}"}
    return httpx.get(f"{node.node.address}{door['root']}/status/{told['id']}/", headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("step", "left", "again"),
    [
        (Step.CONTENT_WRITTEN, EMPTY, {"imports": [["taxii", True, COUNT]], "logged": 1}),
        (
            Step.POST_KEPT,
            WHOLE | {"imports": [["taxii", True, COUNT]], "logged": 1},
            {"imports": [["taxii", True, COUNT], ["taxii", True, 0]], "logged": 2},
        ),
    ],
)
def test_a_post_is_kept_whole_or_not_at_all_and_a_repeat_is_told_of_all(node, step, left, again):
    door = node.do("opened")
    node.serve(step)
    with pytest.raises(httpx.TransportError):
        post(node, door)
    assert node.web_ended(wait=True)
    assert node.do("held") == left
    node.serve()
    reply = post(node, door)
    told = reply.json()
    assert (reply.status_code, told["status"], told["success_count"]) == (202, "complete", COUNT)
    assert node.do("held") == WHOLE | again
    assert status(node, door, told).json() == told


@pytest.mark.parametrize(
    ("step", "kept", "rows"),
    [(Step.CONTENT_WRITTEN, 0, [["stix", False, 0]]), (Step.PORTION_KEPT, COUNT // 3, [["stix", False, 20]])],
)
def test_a_long_import_says_that_it_broke_off_and_a_repeat_completes_it(node, step, kept, rows):
    with pytest.raises(Killed):
        node.do("bring", fault=step, count=COUNT)
    assert node.do("held") == dict.fromkeys(WHOLE, kept) | {"imports": rows, "logged": 0}
    assert node.do("bring", count=COUNT) == {"new": COUNT - kept, "known": kept}
    after = [*rows, ["stix", True, COUNT - kept]]
    assert node.do("held") == WHOLE | {"imports": after, "logged": 0}
