"""A TAXII 2.1 server of somebody else, in memory: one collection, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from comity.formats.canonical import canonical
from comity.formats.conversation import Ask, PartnerUnavailable, Reply
from comity.formats.strict_json import decode
from comity.formats.taxii import (
    MEDIA_TYPE,
    ApiRoot,
    Collection,
    Discovery,
    Entry,
    Outcome,
    Status,
    TaxiiError,
    encode_collections,
    encode_manifest,
    encode_versions,
    envelope_of,
)

ROOT = "https://taxii.example/api/"
COLLECTION = "6f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0001"
BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
_HERE = f"{ROOT}collections/{COLLECTION}/"
_DISCOVERY = Discovery("Shelf", ("/api/", "https://elsewhere.example/api/"))
Object = dict[str, Any]


@dataclass
class Shelf:
    """Objects in the order in which they were added, each at an instant of its own."""

    most: int = 1_000  # objects in a page
    most_bytes: int = 1_000_000
    can_write: bool = True
    pending: bool = False  # posts are decided when their status is asked for
    breaks_after: int | None = None  # pages, then nothing is answered
    refuse: Callable[[Object], str] = lambda _: ""
    away: bool = False  # nothing is answered
    deletes: bool = True  # else it refuses to
    keeps: bool = False  # what is deleted stays, and the answer is 200 all the same
    whole: bool = False  # one object that is refused takes the whole post with it
    asked: list[Ask] = field(default_factory=list)
    stored: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # by id: when, and the bytes
    waiting: dict[str, list[Object]] = field(default_factory=dict)  # posts by status

    def __call__(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        if self.away:
            raise PartnerUnavailable("The line is gone.")
        ref = ask.url.removeprefix(f"{_HERE}objects/").rstrip("/")
        if ask.method != "GET":
            return self._delete(ref) if ask.method == "DELETE" else self._post(ask)
        if ref.endswith("/versions"):
            return self._versions(ref.removesuffix("/versions"))
        if ref in self.stored:
            return _said(envelope_of([self.stored[ref][1]], following=None))
        if ref.startswith(("indicator--", "malware--")):
            return _said(TaxiiError("No such object.", 404).encode(), 404)
        manifest = ask.url.endswith("/manifest/")
        return self._resource(ask.url.removeprefix(ROOT)) or self._page(dict(ask.query), manifest=manifest)

    def _resource(self, path: str) -> Reply | None:
        if path.startswith("status/"):
            return self._status(path.split("/")[1])
        collection = Collection(COLLECTION, "All", can_read=True, can_write=self.can_write)
        told = {
            "": ApiRoot("Shelf", self.most_bytes).encode(),
            "collections/": encode_collections([collection]),
            f"collections/{COLLECTION}/": collection.encode(),
        }
        return _said(told[path]) if path in told else None

    def _delete(self, ref: str) -> Reply:
        if not self.deletes:
            return _said(TaxiiError("Nothing is deleted here.", 405).encode(), 405)
        return Reply(200 if ref in self.stored and (self.keeps or self.stored.pop(ref)) else 404)

    def put(self, *values: Object, raw: bytes | None = None) -> None:
        for value in values:
            at = BEGAN + timedelta(microseconds=len(self.stored) + 1)
            self.stored[value["id"]] = at.isoformat().replace("+00:00", "Z"), raw or canonical(value)

    @property
    def queries(self) -> list[dict[str, str]]:
        """What pages were asked for."""
        return [dict(each.query) for each in self.asked if each.method == "GET" and each.query]

    @property
    def posts(self) -> list[list[str]]:
        """The ids in each post."""
        bodies: list[Any] = [decode(each.body or b"") for each in self.asked if each.method == "POST"]
        return [[each["id"] for each in body["objects"]] for body in bodies]

    def _page(self, query: dict[str, str], *, manifest: bool = False) -> Reply:
        if self.breaks_after is not None:
            if self.breaks_after == 0:
                raise PartnerUnavailable("The line is gone.")
            self.breaks_after -= 1
        since = query.get("added_after", "")
        place = int(query.get("next", "0"))
        found = [each for each in self.stored.values() if each[0] > since]
        most = min(self.most, int(query["limit"]))
        given = found[place : place + most]
        following = str(place + most) if len(found) > place + most else None
        if manifest:
            reply = _said(encode_manifest(map(_entry, given), more=following is not None))
        else:
            reply = _said(envelope_of((wire for _, wire in given), following=following))
        if not given:
            return reply
        headers = {"x-taxii-date-added-first": given[0][0], "x-taxii-date-added-last": given[-1][0]}
        return Reply(200, {**reply.headers, **headers}, reply.body)

    def _post(self, ask: Ask) -> Reply:
        body: Any = decode(ask.body or b"")
        if len(ask.body or b"") > self.most_bytes:
            return _said(TaxiiError("Too long.", 413).encode(), 413)
        if self.whole and any(self.refuse(each) for each in body["objects"]):
            return _said(TaxiiError("Invalid stix object.", 400).encode(), 400)
        identifier = str(uuid4())
        if self.pending:
            self.waiting[identifier] = body["objects"]
            outcomes = tuple(Outcome(each["id"], "x") for each in body["objects"])
            return _said(Status(identifier, complete=False, pendings=outcomes).encode(), 202)
        return _said(self._taken(identifier, body["objects"]).encode(), 202)

    def _versions(self, ref: str) -> Reply:
        if ref not in self.stored:
            return _said(TaxiiError("No such object.", 404).encode(), 404)
        value: Any = decode(self.stored[ref][1])
        return _said(encode_versions([value["modified"]], more=False, following=None))

    def _status(self, identifier: str) -> Reply:
        if identifier not in self.waiting:
            return _said(TaxiiError("No such status.", 404).encode(), 404)
        if self.pending:
            outcomes = tuple(Outcome(each["id"], "x") for each in self.waiting[identifier])
            return _said(Status(identifier, complete=False, pendings=outcomes).encode())
        return _said(self._taken(identifier, self.waiting.pop(identifier)).encode())

    def _taken(self, identifier: str, values: list[Object]) -> Status:
        refused = {each["id"]: why for each in values if (why := self.refuse(each))}
        taken = [each for each in values if each["id"] not in refused]
        self.put(*taken)
        return Status(
            identifier,
            complete=True,
            successes=tuple(Outcome(each["id"], each.get("modified", "x")) for each in taken),
            failures=tuple(Outcome(ref, "x", why) for ref, why in refused.items()),
        )

    def over_http(self, to: BaseHTTPRequestHandler) -> None:
        """Answer a real request for a path under /api/, or the discovery; 503 where the line is gone."""
        parts = urlsplit(to.path)
        body = to.rfile.read(int(to.headers.get("content-length", "0")))
        query = tuple(parse_qsl(parts.query))
        ask = Ask(f"{ROOT}{parts.path.removeprefix('/api/')}", query, to.command, body=body)
        try:
            reply = _said(_DISCOVERY.encode()) if parts.path == "/taxii2/" else self(ask)
        except PartnerUnavailable:
            to.send_error(503)
            return
        to.send_response(reply.status)
        for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(reply.body)


def _entry(stored: tuple[str, bytes]) -> Entry:
    value: Any = decode(stored[1])
    return Entry(value["id"], stored[0], value["modified"])


def _said(body: bytes, status: int = 200) -> Reply:
    return Reply(status, {"content-type": MEDIA_TYPE}, body)
