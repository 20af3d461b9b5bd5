"""By whose key a log is checked: a key on the command line, or the keys in a node's descriptor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from comity.base.errors import Malformed
from comity.cli.checks import Check
from comity.cli.files import load
from comity.engines.ledger.note import KeyKind, Note, VerifierKey
from comity.formats.descriptor import Descriptor, SignedDescriptor, decode_descriptor, verify_descriptor
from comity.formats.keys import NodeKey, Use, by_kid


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys a log has had, newest first, and what was found about where they come from."""

    keys: tuple[VerifierKey, ...]
    checks: tuple[Check, ...] = ()

    def for_note(self, content: bytes) -> VerifierKey:
        """The key that a line of the note claims to be made with; the newest where none does."""
        try:
            lines = Note.decode(content).signatures
        except Malformed:
            return self.keys[0]  # the note will be refused under any key
        claimed = (key for key in self.keys for line in lines if line.by(key))
        return next(claimed, self.keys[0])


def log_keys(vkey: str | None, descriptor: str | None, *, now: datetime, whose: str = "the log") -> LogKeys:
    """The keys that the command line names; argparse sees to it that it names one source."""
    if descriptor is None:
        return LogKeys((_vkey(vkey or ""),))
    signed = load(descriptor, decode_descriptor)
    keys = tuple(key for _, key in log_keys_of(signed.descriptor))
    if not keys:
        raise Malformed(f"{descriptor}, at /keys", "names no key of a log.")
    return LogKeys(keys, (check_descriptor(signed, now=now, of=f"the keeper of {whose}"),))


def log_keys_of(descriptor: Descriptor) -> tuple[tuple[NodeKey, VerifierKey], ...]:
    """The keys of a node's log, newest first, under the name of the log."""
    found = sorted(by_kid(descriptor.keys, Use.LOG).values(), key=lambda key: key.since, reverse=True)
    return tuple((key, VerifierKey(descriptor.log_origin, key.public)) for key in found)


def witness_keys_of(descriptor: Descriptor) -> tuple[VerifierKey, ...]:
    """The keys with which a node cosigns the logs of others."""
    found = by_kid(descriptor.keys, Use.WITNESS).values()
    return tuple(VerifierKey(descriptor.witness, key.public, KeyKind.COSIGNATURE) for key in found)


def check_descriptor(signed: SignedDescriptor, *, now: datetime, of: str) -> Check:
    """That a descriptor is signed by a key in it; whose key that is, people compare by its words."""
    return Check(f"the descriptor of {of}, {signed.descriptor.name}", verify_descriptor(signed, now=now))


def _vkey(line: str) -> VerifierKey:
    try:
        key = VerifierKey.decode(line)
    except Malformed as error:
        raise Malformed("--key", error.problem) from error
    if key.kind is not KeyKind.NOTE:
        raise Malformed("--key", "is the key of a witness; the key of the log is wanted.")
    return key
