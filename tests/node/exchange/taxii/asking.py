"""Ask the doors of content as a TAXII client does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.test import Client

from comity.formats.canonical import canonical
from comity.formats.strict_json import decode
from comity.formats.taxii import MEDIA_TYPE
from comity.node.exchange.models import Collection
from comity.node.exchange.services.accounts import open_account
from comity.node.exchange.services.collections import Wish, open_collection
from comity.node.parties.actors import system_actor
from comity.node.parties.models import Party
from comity.node.parties.roles import Power
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW, World


def opened(world: World, *, now: datetime = NOW, **wish: Any) -> Collection:
    told = {"title": "All that we hold"}
    return open_collection(actor=world.approver, wish=Wish(**{**told, **wish}), ref=uuid4(), now=now)


@dataclass
class Reader:
    """A party's program with its token; `seen` are the ids that a poller has been given."""

    collection: Collection
    name: str
    token: str
    party: Party
    seen: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"/taxii2/{self.collection.holder.ref.partition('--')[2]}/"

    @property
    def address(self) -> str:
        return f"{self.root}collections/{self.collection.ref}/"

    def ask(
        self, path: str = "", method: str = "GET", body: bytes = b"", *, root: bool = False, **headers: Any
    ) -> Any:
        told = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {self.token}"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = told.pop("Content-Type", MEDIA_TYPE)
        address = path if path.startswith("/") else f"{self.root if root else self.address}{path}"
        return Client().generic(method, address, body, content_type=content_type, headers=told)

    def get(self, path: str, **more: Any) -> Any:
        reply = self.ask(path, **more)
        assert reply.status_code == 200, reply.content
        return decode(reply.content)

    def ids(self, query: str = "") -> list[str]:
        """All objects, page after page."""
        return [each["id"] for page in self.pages(query) for each in page]

    def pages(self, query: str = "") -> Iterator[list[dict[str, Any]]]:
        following = ""
        while True:
            page = self.get(f"objects/?{query}{following}")
            yield page.get("objects", [])
            if not page.get("more"):
                return
            following = f"&next={page['next']}"

    def poll(self, since: str, limit: int = 1_000) -> str:
        """One page of what is new, and from when to go on."""
        query = f"&added_after={since}" if since else ""
        reply = self.ask(f"objects/?limit={limit}{query}")
        assert reply.status_code == 200, reply.content
        found: Any = decode(reply.content)
        self.seen += [each["id"] for each in found.get("objects", [])]
        return str(reply.headers.get("X-TAXII-Date-Added-Last", since))

    def post(self, *values: object, **headers: Any) -> Any:
        return self.ask("objects/", "POST", canonical({"objects": list(values)}), **headers)

    def posted(self, *values: object) -> Any:
        reply = self.post(*values)
        assert reply.status_code == 202, reply.content
        return decode(reply.content)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.token}".encode()).decode()


def reader_of(
    sides: Sides, collection: Collection, party: Party | None = None, name: str = "poller"
) -> Reader:
    actor = system_actor("tests", sides.world.body.pk, Power.MANAGE_PARTNERS)
    party = party or sides.party
    _, token = open_account(actor=actor, party=party, name=name, now=datetime.now(UTC))
    return Reader(collection, name, token, party)
