"""Deeds with content, each in a process that may be killed; see `deeds`."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
AT = "2026-11-20T06:30:00.000Z"


def objects(count: int) -> list[dict[str, Any]]:
    """The same ones for one number, each with a value, a label and a link."""
    return [
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{UUID(int=number + 1, version=4)}",
            "created": AT,
            "modified": AT,
            "object_marking_refs": [CLEAR],
            "name": f"Server {number}",
            "labels": ["c2"],
            "pattern": f"[domain-name:value = 'n{number}.example']",
            "pattern_type": "stix",
            "valid_from": AT,
        }
        for number in range(count)
    ]


def opened() -> dict[str, str]:
    """A collection that takes posts, and the account of a party; where to post, and with which token."""
    from django.utils import timezone

    from comity.node.exchange.models import Collection
    from comity.node.exchange.services.accounts import open_account
    from comity.node.federation.queries import own_party
    from comity.node.parties.actors import system_actor
    from comity.node.parties.models import Party, PartyKind
    from comity.node.parties.roles import Power

    now, body = timezone.now(), own_party()
    party = Party.objects.create(
        ref=f"identity--{uuid4()}", kind=PartyKind.NATIONAL_CERT, name="CERT of Chile", state="CL", added=now
    )
    told = {"title": "All", "purpose": "network-defence", "may_post": True, "made_by": "tests"}
    found = Collection.objects.create(ref=uuid4(), holder=body, made_at=now, **told)
    actor = system_actor("tests", body.pk, Power.MANAGE_PARTNERS)
    _, token = open_account(actor=actor, party=party, name="tests", now=now)
    root = f"taxii2/{body.ref.partition('--')[2]}"
    return {"root": root, "path": f"{root}/collections/{found.ref}/objects/", "token": token}


def bring(count: int) -> dict[str, Any]:
    """Import so many objects by portions of a third of them; the report."""
    from django.utils import timezone

    from comity.node.exchange.services import importing
    from comity.node.federation.queries import own_party
    from comity.node.parties.actors import system_actor
    from comity.node.parties.roles import Power

    importing.AT_ONCE, importing.PORTION = count - 1, count // 3
    bundle = {"type": "bundle", "id": f"bundle--{UUID(int=1, version=4)}", "objects": objects(count)}
    done = importing.import_bundle(
        actor=system_actor("tests", own_party().pk, Power.IMPORT),
        file=BytesIO(json.dumps(bundle).encode()),
        source=importing.Source(own_party()),
        now=timezone.now(),
    )
    return {"new": done.report["new"], "known": done.report["known"]}


def held() -> dict[str, Any]:
    """What is kept of content: rows of each table, the imports, and how many log entries tell of posts."""
    from comity.node.accountability.models import LogEntry
    from comity.node.exchange.models import Import, Label, Link, StixObject, Value

    imports = Import.objects.order_by("pk")
    return {
        **{model.__name__: model.objects.count() for model in (StixObject, Link, Value, Label)},
        "imports": [[row.form, row.ended, row.report.get("new")] for row in imports],
        "logged": LogEntry.objects.filter(event="content-posted").count(),
    }


DEEDS = (opened, bring, held)
