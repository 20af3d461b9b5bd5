"""Whatever comes in, killed before each question to the database, and before and after each commit.

python -m tests.journeys.ingest HOME WAY STRIDE     for a node that does not run; tells one line of JSON

The process that begins loads Django once and forks: one fork takes in a bundle and dies at a step, the next
looks at what is there, takes in the same bundle again, and looks once more. Each step has its own bundle.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from random import Random
from typing import Any
from uuid import UUID

from tests.journeys.exactness import Writer, actor_of, die_with_parent

OBJECTS = 12
PORTION = 5  # so that a file of a dozen objects is kept in several transactions
_TOKEN = "k" * 43


def of_step(step: int) -> list[dict[str, Any]]:
    """The objects of one bundle."""
    return Writer(Random(step)).objects(OBJECTS)


def posted(objects: list[dict[str, Any]]) -> int:
    """By a TAXII client."""
    from django.test import Client

    from comity.formats.taxii import MEDIA_TYPE
    from comity.node.federation.queries import own_party

    address = f"/taxii2/{own_party().ref.partition('--')[2]}/collections/all/objects/"
    headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {_TOKEN}"}
    body = json.dumps({"objects": objects}).encode()
    reply = Client(SERVER_NAME="127.0.0.1").generic(
        "POST", address, body, content_type=MEDIA_TYPE, headers=headers
    )
    return int(reply.status_code)


def by_api(objects: list[dict[str, Any]]) -> int:
    """By a program of our own."""
    from django.test import Client

    headers = {"Authorization": f"Bearer {_TOKEN}"}
    address = "/api/v1/imports?note=a+feed"
    reply = Client(SERVER_NAME="127.0.0.1").generic(
        "POST", address, _bundle(objects), content_type="application/json", headers=headers
    )
    return int(reply.status_code)


def by_command(objects: list[dict[str, Any]]) -> int:
    """A long file, as the command gives it to the service: portion by portion."""
    from comity.node.exchange.services import importing

    importing.AT_ONCE = importing.PORTION = PORTION
    source = importing.Source(None, "a feed")
    file, now = BytesIO(_bundle(objects)), datetime.now(UTC)
    importing.import_bundle(actor=actor_of("analyst"), file=file, source=source, now=now)
    return 201


WAYS: dict[str, Callable[[list[dict[str, Any]]], int]] = {
    "post": posted,
    "api": by_api,
    "command": by_command,
}


def _bundle(objects: list[dict[str, Any]]) -> bytes:
    return json.dumps(
        {"type": "bundle", "id": f"bundle--{UUID(int=1, version=4)}", "objects": objects}
    ).encode()


def die_at(step: int) -> None:
    """Count questions and commits from now on; at the one of this number the process is gone."""
    from django.db import connection

    count = 0

    def reach() -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def asked(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        reach()
        return execute(sql, params, many, context)

    commit = connection._commit  # type: ignore[attr-defined]  # where Django commits, whoever asked for it

    def committed() -> None:
        reach()
        commit()
        reach()

    connection.execute_wrappers.append(asked)
    connection._commit = committed  # type: ignore[attr-defined]  # likewise


def wrong() -> list[str]:
    """What must hold at every moment, and does not."""
    from django.db import connection
    from django.db.models import Count, Q

    from comity.node.accountability.models import LogEntry, LogHead
    from comity.node.exchange.models import Import, StixObject

    bare = StixObject.objects.annotate(n=Count("links")).filter(n=0).count()
    told = sum(row.report.get("new", 0) for row in Import.objects.all())
    posts = Import.objects.filter(form="taxii").count()
    newest = (
        StixObject.objects.values("ref").annotate(n=Count("pk", filter=Q(latest=True))).exclude(n=1).count()
    )
    size = LogHead.objects.get().size
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM site_statuses")
        statuses = cursor.fetchone()[0]
    facts = {
        "an object has no links": bare == 0,
        "an import counts what is not there": told == StixObject.objects.count(),
        "a post is in no log": posts == LogEntry.objects.filter(event="content-posted").count(),
        "a post is not ended": not Import.objects.filter(form="taxii", ended=False).exists(),
        "an object has no newest version, or two": newest == 0,
        "the log has lost an entry": size == LogEntry.objects.count(),
        "a status tells of no post": statuses <= posts,
    }
    return [words for words, holds in facts.items() if not holds]


def again(way: str, step: int) -> dict[str, Any]:
    """What is there after the death; then the same bundle once more, and what is there then."""
    from django.core.cache import caches

    from comity.node.exchange.models import StixObject

    objects, found = of_step(step), wrong()
    refs = [each["id"] for each in objects]
    before = StixObject.objects.filter(ref__in=refs).count()
    status = WAYS[way](objects)
    after = StixObject.objects.filter(ref__in=refs).count()
    caches["default"].clear()  # each fork counts many requests ahead, and there are as many forks as steps
    return {"wrong": [*found, *wrong()], "before": before, "after": after, "status": status}


def in_a_fork(deed: Callable[[], Any]) -> Any:
    """What the deed gave; None if it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        die_with_parent()
        try:
            answer = {"value": deed()}
        except BaseException:  # noqa: BLE001  a fork answers whatever happens, and ends
            answer = {"error": traceback.format_exc()}
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answers:
        told = answers.read()
    os.waitpid(child, 0)
    answer = json.loads(told) if told else {"value": None}
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["value"]


def prepared() -> None:
    """A collection, an account of a party, a program of our own."""
    from comity.node.exchange.models import TaxiiAccount
    from comity.node.exchange.services.collections import Wish, open_collection
    from comity.node.federation.queries import own_party
    from comity.node.parties.models import MachineUser, Party
    from comity.node.parties.tokens import digest

    now, body = datetime.now(UTC), own_party()
    wish = Wish(title="All that we hold", alias="all", may_post=True)
    open_collection(actor=actor_of("approver"), wish=wish, ref=UUID(int=7, version=4), now=now)
    ref = f"identity--{UUID(int=1, version=4)}"
    party = Party.objects.create(ref=ref, kind="national-cert", name="CERT Freedonia", state="DE", added=now)
    held = {"name": "poster", "token_hash": digest(_TOKEN)}
    TaxiiAccount.objects.create(party=party, made_by="a test", made_at=now, **held)
    MachineUser.objects.create(body=body, roles=["analyst"], since=now, **held)
    actor_of("analyst")


def main(home: str, way: str, stride: int) -> None:
    """Die at the first step, at one a stride later, and so on, until one comes to its end."""
    os.environ["COMITY_HOME"] = home
    from comity.node.commands.homes import set_up_django

    set_up_django()
    import comity.node.urls  # noqa: F401  loaded here once, not in every fork

    in_a_fork(prepared)
    deaths, problems, halves, step = 0, [], set(), 1 - stride
    while True:
        step += stride

        def dies(step: int = step) -> int:
            die_at(step)
            return WAYS[way](of_step(step))

        status = in_a_fork(dies)
        if status is not None:
            break
        deaths += 1
        found = in_a_fork(partial(again, way, step))
        halves.add(found["before"])
        complete = found["after"] == OBJECTS and found["status"] in (201, 202)
        problems += [(step, found)] if found["wrong"] or not complete else []
    print(json.dumps({"deaths": deaths, "problems": problems, "there": sorted(halves), "status": status}))  # noqa: T201  that is its answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
