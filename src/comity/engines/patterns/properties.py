"""Which property of which object holds which kind of value: one table for patterns and for observables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from types import MappingProxyType

from comity.engines.patterns import normal
from comity.engines.patterns.ast import Step
from comity.engines.patterns.defanged import refanged
from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.normal import Form

_LARGEST_NUMBER = 2**64
_LONGEST_PATH = 300  # characters
# Characters of a text that is read as a whole. The normal form of a longer URL may be too long for a value,
# and what is then read, its host, does not stand for it.
LONGEST_WHOLE = normal.LONGEST_VALUE - 256
_PE, _HTTP = ("extensions", "windows-pebinary-ext"), ("extensions", "http-request-ext", "request_header")
_MAIL = ("additional_header_fields",)

# By type, then by the property and the keys beneath it; keys are compared without regard to case.
FORMS: Mapping[str, Mapping[tuple[str, ...], Form]] = MappingProxyType({
    "artifact": {("url",): normal.location},
    "autonomous-system": {("number",): normal.asn},
    "directory": {("path",): normal.folded(Kind.DIRECTORY)},
    "domain-name": {("value",): normal.host},
    "email-addr": {("value",): normal.email},
    "email-message": {
        ("subject",): normal.kept(Kind.SUBJECT),
        ("message_id",): normal.kept(Kind.MESSAGE_ID),
        (*_MAIL, "reply-to"): normal.email,
        (*_MAIL, "user-agent"): normal.kept(Kind.USER_AGENT),
        (*_MAIL, "x-mailer"): normal.kept(Kind.USER_AGENT),
    },
    "file": {
        ("name",): normal.folded(Kind.FILE_NAME),
        (*_PE, "imphash"): partial(normal.digest, "imphash"),
    },
    "ipv4-addr": {("value",): normal.address},
    "ipv6-addr": {("value",): normal.address},
    "mac-addr": {("value",): normal.mac},
    "mutex": {("name",): normal.kept(Kind.MUTEX)},
    "network-traffic": {
        (*_HTTP, "user-agent"): normal.kept(Kind.USER_AGENT),
        (*_HTTP, "host"): normal.host,
    },
    "process": {
        ("command_line",): normal.kept(Kind.COMMAND_LINE),
        ("name",): normal.folded(Kind.FILE_NAME),
    },
    "software": {("cpe",): normal.folded(Kind.CPE)},
    "url": {("value",): normal.location},
    "user-account": {
        ("user_id",): normal.kept(Kind.ACCOUNT),
        ("account_login",): normal.kept(Kind.ACCOUNT),
    },
    "windows-registry-key": {("key",): normal.registry_key},
    "x509-certificate": {("serial_number",): normal.serial_number},
})  # fmt: skip  # short types to a line

# Where objects have dictionaries of hashes; in patterns any `hashes` is one.
HASHES: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType({
    "artifact": (("hashes",),),
    "file": (
        ("hashes",),
        (*_PE, "file_header_hashes"),
        (*_PE, "optional_header", "hashes"),
        (*_PE, "sections", "hashes"),
        ("extensions", "ntfs-ext", "alternate_data_streams", "hashes"),
    ),
    "x509-certificate": (("hashes",),),
})  # fmt: skip  # short types to a line
_OF_HASHES = frozenset(path[-1] for paths in HASHES.values() for path in paths)

# What a property holds behind a reference, where the type of the object is not written.
_BEHIND: Mapping[str, Form] = MappingProxyType({
    "value": normal.guessed,
    "name": normal.folded(Kind.FILE_NAME),
    "path": normal.folded(Kind.DIRECTORY),
    "number": normal.asn,
    "url": normal.location,
    "command_line": normal.kept(Kind.COMMAND_LINE),
    "user_id": normal.kept(Kind.ACCOUNT),
    "account_login": normal.kept(Kind.ACCOUNT),
})  # fmt: skip  # one property to a line


def form_at(object_type: str, steps: tuple[Step, ...]) -> Form | None:
    """What a pattern's path holds; None where there is nothing to look up."""
    keys = tuple([step.lower() for step in steps if type(step) is str])
    return _form(object_type, keys) if len(object_type) + sum(map(len, keys)) <= _LONGEST_PATH else None


@lru_cache(maxsize=4096)  # patterns name few paths; long ones, which nobody keeps values under, stay out
def _form(object_type: str, keys: tuple[str, ...]) -> Form | None:
    if keys[-1] in _OF_HASHES:
        return normal.digest_by_length
    if len(keys) == 1 or keys[0] in {"extensions", *_MAIL}:
        found = FORMS.get(object_type, {}).get(keys)
        if found or len(keys) == 1:
            return found
    if keys[-2] in _OF_HASHES:
        return partial(normal.digest, keys[-1])
    return _BEHIND.get(keys[-1]) if keys[-2].endswith(("_ref", "_refs")) else None


def read(form: Form, raw: object) -> tuple[Value, ...]:
    """The values in a property: as written, else without what defangs it, else as bare text."""
    if not isinstance(raw, str):
        if not isinstance(raw, int) or isinstance(raw, bool) or abs(raw) >= _LARGEST_NUMBER:
            return ()
        raw = str(raw)
    return form(raw) or form(refanged(raw)) or normal.plain(Kind.TEXT, raw)


def meant(form: Form, raw: object) -> Value | None:
    """What a value means as a whole; None of what means nothing, or is too long to be read."""
    if isinstance(raw, str) and len(raw) > LONGEST_WHOLE:
        return None
    return next(iter(read(form, raw)), None)
