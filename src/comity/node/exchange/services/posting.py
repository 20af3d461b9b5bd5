"""Post objects to a partner's collection, and keep what its server says of each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from comity.base.errors import Conflict, Malformed
from comity.formats.conversation import PartnerRefused
from comity.formats.stix import StixObject as Found
from comity.formats.taxii import Status
from comity.formats.taxii_client import (
    envelope,
    envelopes,
    post_envelope,
    read_api_root,
    read_collection,
    read_object,
    read_status,
)
from comity.formats.taxii_pages import with_spec_version
from comity.link.transport import Transport, drive
from comity.node.exchange.models import Posted, PostState, RemoteCollection

MOST_LOOKS = 100  # refused objects of one post that are looked for
MOST_OBJECTS = 1_000  # in one post
MOST_BYTES = 8 * 2**20  # of one post, where the server takes more
_WHOLE_POST = frozenset({400, 413, 422})  # answers that one object can bring upon all that came with it
_NOT_FOUND = 404
LONGEST_SAID = 500  # words of a server


@dataclass(slots=True)
class Given:
    """What became of what was posted in one run; `problems` are refusals, by the name there."""

    counts: Counter[PostState] = field(default_factory=Counter)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def note(self, state: PostState, rows: Sequence[Posted]) -> None:
        """Count these."""
        self.counts[state] += len(rows)
        if state is PostState.REFUSED:
            self.problems += [(row.name, row.words) for row in rows]


@dataclass(slots=True)
class Poster:
    """One run of posts to one collection."""

    remote: RemoteCollection
    transport: Transport
    now: datetime
    given: Given = field(default_factory=Given)
    most_bytes: int = MOST_BYTES

    def ask_server(self) -> None:
        """Whether it takes posts, and how long they may be; raises `Conflict`."""
        root = drive(read_api_root(self.remote.api_root), self.transport)
        told = drive(read_collection(self.remote.api_root, self.remote.collection), self.transport)
        if not told.can_write:
            raise Conflict(f"The server says of “{told.title}” that we may not post to it.")
        self.most_bytes = min(root.max_content_length, MOST_BYTES)

    def settle(self) -> None:
        """Ask how posts went on that were not decided; a server that forgot one gets its objects again."""
        waiting = Posted.objects.filter(remote=self.remote, state=PostState.PENDING).order_by()
        for identifier in list(waiting.values_list("status", flat=True).distinct()):
            rows = list(waiting.filter(status=identifier))
            try:
                status = drive(read_status(self.remote.api_root, identifier), self.transport)
            except PartnerRefused as error:
                if error.status != _NOT_FOUND:
                    raise
                self._mark(rows, PostState.SENDING, "The server knows its status no more.")
                continue
            self._note(rows, status)

    def post(self, rows: Sequence[Posted], wires: Mapping[str, bytes]) -> None:
        """Post these in portions that the server takes."""
        left = iter(rows)
        ordered = (wires[each.name] for each in rows)
        for portion in envelopes(ordered, most_bytes=self.most_bytes, most_objects=MOST_OBJECTS):
            self._post([next(left) for _ in portion], wires)

    def _post(self, rows: Sequence[Posted], wires: Mapping[str, bytes]) -> None:
        """One post; where one object brought a refusal upon all, it is looked for half by half."""
        body = envelope(wires[each.name] for each in rows)
        if len(body) > self.most_bytes:
            told = f"It is longer than the {self.most_bytes:,} bytes that the server takes."
            self._mark(rows, PostState.REFUSED, told)
            return
        asked = post_envelope(self.remote.api_root, self.remote.collection, body)
        try:
            status = drive(asked, self.transport)
        except PartnerRefused as error:
            if error.status not in _WHOLE_POST:
                raise
            for half in _halves(rows):
                self._post(half, wires)
            if len(rows) == 1:
                self._mark(rows, PostState.REFUSED, error.message)
            return
        self._note(rows, status)

    def _note(self, rows: Sequence[Posted], status: Status) -> None:
        """What the server says of each; what it passes over stays in doubt, and is posted again."""
        if status.success_count == len(rows):  # then it need not list them
            self._mark(rows, PostState.TAKEN)
            return
        by_name = {row.name: row for row in rows}
        self._look_at_refused(by_name, status)
        for state, outcomes in (
            (PostState.TAKEN, status.successes),
            (PostState.PENDING, status.pendings),
            (PostState.REFUSED, status.failures),
        ):
            for each in outcomes:
                row = by_name.pop(each.id, None)
                if row is not None:
                    self._mark([row], state, each.message or "", status=status.id)
        if not status.complete and status.pending_count:
            self._mark(list(by_name.values()), PostState.PENDING, status=status.id)

    def _look_at_refused(self, by_name: dict[str, Posted], status: Status) -> None:
        """Some servers refuse what they hold already, as medallion does: the same content is a success."""
        for each in status.failures[:MOST_LOOKS]:
            row = by_name.get(each.id)
            if row is not None and self._holds(row):
                self._mark([by_name.pop(each.id)], PostState.TAKEN)

    def _holds(self, row: Posted) -> bool:
        asked = read_object(self.remote.api_root, self.remote.collection, row.name, row.modified)
        try:
            found = drive(asked, self.transport)
            return any(Found.read(with_spec_version(raw) or raw).sha256 == row.sha256 for raw in found)
        except (PartnerRefused, Malformed):
            return False  # then the refusal stands

    def _mark(self, rows: Sequence[Posted], state: PostState, words: str = "", *, status: str = "") -> None:
        for row in rows:
            row.state, row.words, row.at = state, words[:LONGEST_SAID], self.now
            row.status = status if state is PostState.PENDING else ""
        Posted.objects.bulk_update(rows, ["state", "words", "at", "status"], batch_size=MOST_OBJECTS)
        self.given.note(state, rows)


def _halves(rows: Sequence[Posted]) -> Iterator[Sequence[Posted]]:
    """Both halves; none of one alone."""
    half = len(rows) // 2
    return iter([rows[:half], rows[half:]] if half else [])
