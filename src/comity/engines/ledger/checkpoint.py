"""Checkpoints: what a log signs about itself, and what a witness signs about a log.

C2SP tlog-checkpoint and the Ed25519 form (cosignature/v1) of tlog-cosignature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.lines import check_line, decode_base64, encode_base64, join_lines, parse_size
from comity.engines.ledger.note import (
    KeyKind,
    Note,
    Signature,
    VerifierKey,
    no_signature_of,
    sign_text,
    verifies,
    verify_note,
)
from comity.engines.ledger.tiles import HASH_SIZE, MAX_TREE_SIZE

MAX_ORIGIN = 255
MAX_EXTENSIONS = 16
MAX_EXTENSION = 1024
CLOCK_SKEW = timedelta(minutes=5)  # how far ahead of ours the clock of a witness may be

_LINES = 3  # origin, size, root
_STAMP = 8
_COSIGNED = "C2SP tlog-cosignature"
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log at one size: its origin is its name for ever, its root covers every entry."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_line("origin", self.origin, MAX_ORIGIN)
        if not 0 <= self.size <= MAX_TREE_SIZE or len(self.root) != HASH_SIZE:
            raise Malformed("checkpoint", f"a size is 0 to {MAX_TREE_SIZE} and a root has {HASH_SIZE} bytes")
        if len(self.extensions) > MAX_EXTENSIONS:
            raise TooLarge("checkpoint", f"more than {MAX_EXTENSIONS} extension lines")
        for line in self.extensions:
            check_line("extension line", line, MAX_EXTENSION)

    def encode(self) -> str:
        """The text that is signed."""
        return join_lines((self.origin, str(self.size), encode_base64(self.root), *self.extensions))

    @classmethod
    def decode(cls, text: str) -> Self:
        """The checkpoint in the text of a note."""
        *lines, after = text.split("\n")
        if len(lines) < _LINES or after:
            raise Malformed("checkpoint", "a checkpoint is origin, size and root, each on its line")
        return cls(
            lines[0], parse_size("tree size", lines[1]), decode_base64("root", lines[2]), tuple(lines[3:])
        )

    def named(self) -> str:
        """The checkpoint for a sentence: origin, size, and how the root begins in its text."""
        return f"{self.origin} at {self.size} entries with root {encode_base64(self.root)[:_SHORT]}…"


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> Note:
    """The checkpoint signed by its log: the name of the key is the origin."""
    return sign_text(checkpoint.encode(), name=checkpoint.origin, key=key)


def open_checkpoint(content: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that `key`, the key of the log, has signed; `Refused` when it has not."""
    note = Note.decode(content)
    verify_note(note, key).require()
    checkpoint = Checkpoint.decode(note.text)
    _judge_origin(checkpoint, key).require()
    return checkpoint


def cosign(note: Note, *, name: str, key: Ed25519PrivateKey, now: datetime) -> Signature:
    """The line by which a witness says: at `now` this is the largest tree of the log that I know."""
    Checkpoint.decode(note.text)  # a witness signs nothing else
    stamp = int(now.timestamp())
    key_id = VerifierKey(name, key.public_key(), KeyKind.COSIGNATURE).key_id
    return Signature(name, key_id, stamp.to_bytes(_STAMP, "big") + key.sign(_message(stamp, note.text)))


def verify_cosignature(note: Note, key: VerifierKey, *, now: datetime) -> Verdict:
    """Whether the witness with `key` has cosigned this checkpoint, at a time that is not ahead of `now`."""
    if key.kind is not KeyKind.COSIGNATURE:
        raise ValueError("the key of a witness is of the kind for cosignatures")
    claimed = [each.content for each in note.signatures if each.by(key)]
    if not claimed:
        return no_signature_of(key, _COSIGNED)
    for content in claimed:
        stamp = int.from_bytes(content[:_STAMP], "big")
        if not verifies(key, content[_STAMP:], _message(stamp, note.text)):
            text = f"The cosignature by {key.name} does not fit the checkpoint: one of the two was altered."
            return Verdict.no(Ground("cosignature.forged", _COSIGNED, text))
        if stamp > (now + CLOCK_SKEW).timestamp():
            text = f"The cosignature by {key.name} carries a time in the future: {stamp} seconds after 1970."
            return Verdict.no(Ground("cosignature.future", _COSIGNED, text))
    text = f"{key.name} saw this checkpoint at {_when(claimed[-1]):%Y-%m-%d %H:%M:%S} UTC."
    return Verdict.yes(Ground("cosignature.given", _COSIGNED, text))


def cosigned_at(signature: Signature) -> datetime:
    """The time that a cosignature carries; ask only after `verify_cosignature` said yes."""
    return _when(signature.content)


def _judge_origin(checkpoint: Checkpoint, key: VerifierKey) -> Verdict:
    source = "C2SP tlog-checkpoint"
    if checkpoint.origin != key.name:
        text = f"The checkpoint is of the log {checkpoint.origin}; the key is that of {key.name}."
        return Verdict.no(Ground("checkpoint.origin", source, text))
    return Verdict.yes(Ground("checkpoint.origin", source, f"The key is that of the log {key.name}."))


def _message(stamp: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {stamp}\n{text}".encode()


def _when(content: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(content[:_STAMP], "big"), UTC)
