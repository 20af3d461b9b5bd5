"""The objects of a STIX bundle or a TAXII envelope of any length, each in its own bytes.

The text is read piece by piece and never held whole: what is in memory is a piece, and the objects in it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Protocol

import msgspec

from comity.base.errors import Malformed, TooLarge
from comity.base.fields import Fields
from comity.formats.stix import ID, MAX_OBJECT
from comity.formats.strict_json import Limits, decode

PIECE = 2**20  # bytes that are read at a time
MAX_AROUND = 2**16  # bytes before the list of objects, and after it

_WHERE = "/objects"
_GUESSES = 8  # places that are tried as the end of an object before the text is read sign by sign
_AROUND = Limits(size=2 * MAX_AROUND + 1, depth=16, values=1_000)
_SIGN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)  # a lone quote begins what has no end yet
_OPENS = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*\[")
_NEXT = re.compile(rb"[ \t\r\n]*([^ \t\r\n])")
_AFTER_ONE = re.compile(rb"[ \t\r\n]*(?:,[ \t\r\n]*\{|\])")
_SPACE, _COMMA = re.compile(rb"[ \t\r\n]*"), re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_MARK = b"\xef\xbb\xbf"  # of UTF-8, which some editors write before the first character
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NAMED = 4_000  # bytes in which an object that cannot be read says what it is
_ID = re.compile(rb'"id"\s*:\s*"([!-~]{1,300}?)"')
_MODIFIED = re.compile(rb'"modified"\s*:\s*"([0-9TZ:.-]{20,40}?)"')
_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Readable(Protocol):
    """A file, a request, a reply: whatever gives the next bytes, at most so many."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end."""


def bundle_objects(source: Readable) -> Iterator[list[bytes]]:
    """The objects of a STIX bundle, some at a time; raises `Malformed` where it turns out to be none.

    A file may begin with the mark of UTF-8, which some editors write (RFC 8259, section 8.1).
    """
    text = _Text(source)
    text.fill(len(_MARK))
    if text.held.startswith(_OTHER_MARKS):
        raise Malformed("the document", "is UTF-16, and JSON is UTF-8 (RFC 8259): save it as UTF-8.")
    text.held = text.held.removeprefix(_MARK)
    fields = yield from _listed(text)
    fields.exactly("type", "bundle")
    if not fields.text("id", form=ID).startswith("bundle--"):
        raise Malformed(fields.at("id"), "is not the id of a bundle.")


def envelope_objects(source: Readable) -> Iterator[list[bytes]]:
    """The objects of a TAXII 2.1 envelope (section 3.7), some at a time."""
    yield from _listed(_Text(source))


def whole_envelope(text: bytes) -> tuple[tuple[bytes, ...], Fields]:
    """The objects of an envelope that is at hand, and what stands beside them."""
    found: list[bytes] = []
    portions = _listed(_Text(BytesIO(text)))
    while True:
        try:
            found += next(portions)
        except StopIteration as end:
            beside: Fields = end.value
            return tuple(found), beside


def named(raw: bytes) -> tuple[str, str]:
    """Id and version of an object that cannot be read, as far as its text begins by saying them."""
    told = (form.search(raw[:_NAMED]) for form in (_ID, _MODIFIED))
    ref, version = (found[1].decode() if found else "" for found in told)
    return ref, version


@dataclass(slots=True)
class _Text:
    """What was read and not yet understood."""

    source: Readable
    held: bytes = b""

    def read_on(self, size: int = PIECE) -> bool:
        """Read some more; False at the end."""
        piece = self.source.read(size)
        self.held += piece
        return bool(piece)

    def must_read_on(self) -> None:
        """Read some more of an object, within bounds."""
        if len(self.held) > MAX_OBJECT + PIECE:
            raise TooLarge(_WHERE, f"holds an object of more than {MAX_OBJECT:,} bytes.")
        if not self.read_on():
            raise Malformed(_WHERE, "the list does not end, or holds what is no JSON object.")

    def next_sign(self, *, taken: bool = True) -> bytes:
        """The next sign that is no space; taken, it is not held any more."""
        found = _NEXT.match(self.held)
        while found is None:
            self.must_read_on()
            found = _NEXT.match(self.held)
        self.held = self.held[found.end() :] if taken else self.held
        return found[1]

    def fill(self, size: int) -> None:
        """Read until so much is held, or the end."""
        while len(self.held) < size and self.read_on(size - len(self.held)):
            pass


def _listed(text: _Text) -> Generator[list[bytes], None, Fields]:
    """The members of the list `objects`, some at a time; at last what stands around them."""
    text.fill(MAX_AROUND)
    begin = _begin(text.held)
    before, text.held = text.held[:begin], text.held[begin:]
    if begin:
        yield from _members(text)
    text.fill(MAX_AROUND + 1)
    if len(text.held) > MAX_AROUND:
        raise TooLarge("the document", f"more than {MAX_AROUND:,} bytes beside its objects.")
    fields = Fields(decode(before + (b"]" if begin else b"") + text.held, limits=_AROUND))
    if not begin and fields.has("objects"):
        raise Malformed(_WHERE, "must be a list, under a name that is written without escapes.")
    return fields


def _begin(text: bytes) -> int:
    """Where the list of objects begins; 0 if the document has none."""
    depth = 0
    for sign in _SIGN.finditer(text):
        opens = _OPENS.match(text, sign.end()) if depth == 1 and sign[0] == b'"objects"' else None
        if opens:
            return opens.end()
        depth += (sign[0] in b"{[") - (sign[0] in b"}]")
    return 0


def _members(text: _Text) -> Iterator[list[bytes]]:
    """The members of the list that begins here, up to its end."""
    if text.next_sign(taken=False) == b"]":
        text.next_sign()
        return
    while True:
        end, found = _whole(text.held)
        while not found:
            text.must_read_on()
            end, found = _whole(text.held)
        yield found
        text.held = text.held[end:]
        sign = text.next_sign()
        if sign == b"]":
            return
        if sign != b",":
            raise Malformed(_WHERE, "something stands between two objects that is no comma.")


def _whole(text: bytes) -> tuple[int, list[bytes]]:
    """As many whole members as the text begins with, and where they end."""
    for end in islice(_ends(text), _GUESSES):
        found = _decoded(text[:end])
        if found:
            return end, found
    return _by_signs(text)


def _ends(text: bytes) -> Iterator[int]:
    """Where an object may end, the last such place first."""
    end = text.rfind(b"}")
    while end >= 0:
        if _AFTER_ONE.match(text, end + 1):
            yield end + 1
        end = text.rfind(b"}", 0, end)


def _decoded(text: bytes) -> list[bytes]:
    """The members, if these are whole members: a bracket that is still open makes them none."""
    try:
        return [bytes(raw) for raw in _decode(b"[%b]" % text)]
    except (msgspec.DecodeError, RecursionError):
        return []


def _by_signs(text: bytes) -> tuple[int, list[bytes]]:
    """The whole members, cut where their brackets end.

    So one that no parser reads, such as one nested 10,000 deep, is a member like others and spoils none.
    """
    found: list[bytes] = []
    start = end = depth = 0
    for sign in _SIGN.finditer(text):
        if sign[0] in b"{[":
            start = start if depth else sign.start()
            if not depth and not (_COMMA if found else _SPACE).fullmatch(text, end, start):
                break
            depth += 1
        elif sign[0] in b"}]":
            depth -= 1
            if depth < 0:
                break
            if not depth:
                end = sign.end()
                found.append(text[start:end])
        elif sign[0] == b'"':
            break
    return end, found
