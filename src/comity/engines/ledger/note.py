"""Signed notes: a text, and below it one line per signature (C2SP signed-note, https://c2sp.org/signed-note)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from comity.base.errors import Malformed, TooLarge
from comity.base.verdict import Ground, Verdict
from comity.engines.ledger.lines import check_line, check_text, decode_base64, encode_base64, join_lines

MAX_NOTE = 1 << 20
MAX_SIGNATURES = 64  # the standard asks for at least 16
MAX_SIGNATURE = 1 << 13  # post-quantum signatures of other parties take up to 5 kB
MAX_NAME = 255
KEY_ID_SIZE = 4

_SOURCE = "C2SP signed-note"
_DASH = "\N{EM DASH} "
_KEY_SIZE = 32


class KeyKind(IntEnum):
    """What a key signs: the byte that the standard gives to each kind of signature that we make."""

    NOTE = 0x01  # Ed25519 over the text
    COSIGNATURE = 0x04  # Ed25519 over the time and the text, by a witness


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under; the two and the kind give the key id."""

    name: str
    public: Ed25519PublicKey
    kind: KeyKind = KeyKind.NOTE

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line says which key made it."""
        return sha256(self.name.encode() + b"\n" + self._material).digest()[:KEY_ID_SIZE]

    def encode(self) -> str:
        """The key as a line of text: `<name>+<key id>+<kind and key>`."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self._material)}"

    @classmethod
    def decode(cls, line: str) -> Self:
        """The key that `encode` wrote; its id must be the one that name, kind and key give."""
        parts = line.split("+", 2)
        material = decode_base64("key", parts[-1])
        if len(parts) != len(("name", "id", "key")) or len(material) != 1 + _KEY_SIZE:
            raise Malformed("key", "this is not <name>+<key id>+<kind and 32-byte key in base64>")
        if material[0] not in set(KeyKind):
            raise Malformed("key", f"keys of kind {material[0]} are not read here, only Ed25519 (1 and 4)")
        key = cls(parts[0], Ed25519PublicKey.from_public_bytes(material[1:]), KeyKind(material[0]))
        if key.encode() != line:
            raise Malformed("key", f"the key id is {parts[1]!r}; this name and key give {key.key_id.hex()!r}")
        return key

    @property
    def _material(self) -> bytes:
        return bytes([self.kind]) + self.public.public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose key, and the bytes it made."""

    name: str
    key_id: bytes
    content: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.key_id) != KEY_ID_SIZE or not 1 <= len(self.content) <= MAX_SIGNATURE:
            raise Malformed(
                "signature", f"a signature has a {KEY_ID_SIZE}-byte key id and 1 to {MAX_SIGNATURE} bytes"
            )

    def encode(self) -> str:
        """The line without its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.content)}"

    @classmethod
    def decode(cls, line: str, *, where: str = "signature") -> Self:
        """The signature in `line`, which comes without its newline."""
        name, space, text = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise Malformed(
                where, "a signature line is an em dash, the name of the key and base64, one space between"
            )
        content = decode_base64(where, text)
        return cls(name, content[:KEY_ID_SIZE], content[KEY_ID_SIZE:])

    def by(self, key: VerifierKey) -> bool:
        """Whether the line claims to be made by `key`; whether it is, `verify_note` says."""
        return (self.name, self.key_id) == (key.name, key.key_id)


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, those of unknown keys included: they are kept, and mean nothing here."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise Malformed("note", "the text ends in a newline")
        check_text("note", self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise TooLarge("note", f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}")

    def encode(self) -> bytes:
        """The note as bytes: text, empty line, signature lines."""
        return f"{self.text}\n{join_lines(each.encode() for each in self.signatures)}".encode()

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The note in `content`; the last empty line parts the text from the signatures."""
        if len(content) > MAX_NOTE:
            raise TooLarge("note", f"{len(content)} bytes are more than {MAX_NOTE}")
        try:
            whole = content.decode()
        except UnicodeDecodeError as error:
            raise Malformed("note", f"byte {error.start} is not UTF-8") from error
        text, blank, below = whole.rpartition("\n\n")
        if not blank or not below.endswith("\n"):
            raise Malformed(
                "note", "a note is a text, an empty line and signature lines, each ended by a newline"
            )
        return cls(text + "\n", parse_signatures(below))

    def with_signature(self, signature: Signature) -> Self:
        """The note with one more signature below the others; the same line is not added twice."""
        return (
            self if signature in self.signatures else replace(self, signatures=(*self.signatures, signature))
        )


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """The signatures in `lines`, each ended by a newline: the foot of a note, or the answer of a witness."""
    if not lines.endswith("\n"):
        raise Malformed("signatures", "the last signature line does not end in a newline")
    if lines.count("\n") > MAX_SIGNATURES:
        raise TooLarge("signatures", f"more than {MAX_SIGNATURES} lines")
    numbered = enumerate(lines[:-1].split("\n"), 1)
    return tuple(Signature.decode(line, where=f"signature {number}") for number, line in numbered)


def sign_text(text: str, *, name: str, key: Ed25519PrivateKey) -> Note:
    """The text as a note signed under `name`."""
    content = key.sign(text.encode())
    return Note(text, (Signature(name, VerifierKey(name, key.public_key()).key_id, content),))


def verify_note(note: Note, key: VerifierKey) -> Verdict:
    """Whether `key` signed the text; every line that claims to be its work must be."""
    claimed = [each for each in note.signatures if each.by(key)]
    if not claimed:
        return no_signature_of(key, _SOURCE)
    if not all(verifies(key, each.content, note.text.encode()) for each in claimed):
        text = f"The signature by {key.name} does not fit the text: one of the two was altered."
        return Verdict.no(Ground("note.forged", _SOURCE, text))
    return Verdict.yes(Ground("note.signed", _SOURCE, f"The text is signed by {key.name}."))


def no_signature_of(key: VerifierKey, source: str) -> Verdict:
    """The answer where no line claims to be made by `key`."""
    text = f"There is no signature by {key.name} with the key {key.key_id.hex()}."
    return Verdict.no(Ground("note.unsigned", source, text))


def verifies(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    """The bare Ed25519 check, for verdicts to build on."""
    try:
        key.public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def check_name(name: str) -> None:
    """Raise `Malformed` unless `name` can be the name of a key."""
    check_line("key name", name, MAX_NAME)
    if "+" in name or any(each.isspace() for each in name):
        raise Malformed("key name", "a name has no space and no plus")
