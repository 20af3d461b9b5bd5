"""Numbers, hashes and base64 in lines of text: each value has one spelling, all else is refused."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence

from comity.base.errors import Malformed, TooLarge
from comity.engines.ledger.tiles import HASH_SIZE, MAX_TREE_SIZE

MAX_PROOF = 63  # hashes: no tree within the bound is higher

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_FIRST_PRINTABLE = " "
_FIRST_SURROGATE, _LAST_SURROGATE = "\ud800", "\udfff"


def check_text(where: str, text: str) -> None:
    """Raise `Malformed` if there is a control character other than the newline, or half a character."""
    for each in text:
        if (each < _FIRST_PRINTABLE and each != "\n") or _FIRST_SURROGATE <= each <= _LAST_SURROGATE:
            raise Malformed(where, f"the character U+{ord(each):04X} may not stand here")


def check_line(where: str, line: str, bound: int) -> None:
    """Raise `Malformed` unless `line` is one line of 1 to `bound` bytes."""
    check_text(where, line)
    if not 1 <= len(line.encode()) <= bound or "\n" in line:
        raise Malformed(where, f"one line of 1 to {bound} bytes stands here")


def parse_size(where: str, text: str) -> int:
    """A number of entries or the index of one: decimal, no leading zeroes, within the bound of a tree."""
    if not _SIZE.fullmatch(text) or int(text) > MAX_TREE_SIZE:
        raise Malformed(where, f"this is not a whole number from 0 to {MAX_TREE_SIZE} without leading zeroes")
    return int(text)


def encode_base64(content: bytes) -> str:
    """The bytes in base64 (RFC 4648, section 4) with padding."""
    return b64encode(content).decode()


def decode_base64(where: str, text: str) -> bytes:
    """The bytes that `text` spells; bits after the end, which other decoders overlook, are refused."""
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(where, "this is not base64") from error
    if encode_base64(content) != text:
        raise Malformed(where, "this base64 has bits after its end")
    return content


def join_lines(lines: Iterable[str]) -> str:
    """The lines as a text, each ended by a newline."""
    return "".join(f"{line}\n" for line in lines)


def cut_note(where: str, content: bytes, bound: int, form: str) -> tuple[list[str], bytes]:
    """The lines before the first empty one, and the note behind it, which is not looked into."""
    if len(content) > bound:
        raise TooLarge(where, f"{len(content)} bytes are more than {bound}")
    head, blank, note = content.partition(b"\n\n")
    if not blank or not head.isascii():
        raise Malformed(where, form)
    return head.decode().split("\n"), note


def parse_hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """The hashes of a proof, one in each line."""
    if len(lines) > MAX_PROOF:
        raise TooLarge("proof", f"more than {MAX_PROOF} hashes")
    hashes = tuple(decode_base64(f"hash {number} of the proof", line) for number, line in enumerate(lines, 1))
    if any(len(each) != HASH_SIZE for each in hashes):
        raise Malformed("proof", f"each line is a hash of {HASH_SIZE} bytes")
    return hashes
