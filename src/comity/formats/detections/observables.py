"""A value that hit as an observable of STIX 2.1, where the value alone makes a whole one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any

from comity.base.matches import Shown
from comity.formats.stix21.finding import Level
from comity.formats.stix21.identifiers import deterministic_id
from comity.formats.stix21.observables import OBSERVABLES
from comity.formats.stix21.validate import findings

_HASHES: Mapping[str, str] = MappingProxyType({
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha512": "SHA-512",
    "sha3256": "SHA3-256",
    "sha3512": "SHA3-512",
    "ssdeep": "SSDEEP",
    "tlsh": "TLSH",
})  # fmt: skip  # one algorithm to a line
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}").fullmatch
_NAMELESS = "00000000-0000-4000-8000-000000000000"  # while it is looked at whether the rest is valid
_HASHED_STEPS = 2


def observable(shown: Shown) -> dict[str, Any] | None:
    """The observable, its id following from its content; None where more than the value is needed for one."""
    made = _made(shown)
    if made is None or made["type"] not in OBSERVABLES:
        return None
    kind = made["type"]
    found = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{_NAMELESS}"} | made
    if any(each.level is Level.ERROR for each in findings(found)):
        return None
    ref = deterministic_id(kind, found, OBSERVABLES[kind].contributing)
    return None if ref is None else found | {"id": ref}


def _made(shown: Shown) -> dict[str, Any] | None:
    """Its type and its one property."""
    steps = tuple(each for each in shown.steps if each != "*")
    if len(steps) == 1:
        kind = _of_value(str(shown.value)) if shown.object_type.endswith("-addr") else shown.object_type
        return {"type": kind or shown.object_type, steps[0]: shown.value}
    if len(steps) == _HASHED_STEPS and steps[0] == "hashes":
        name = _NOT_IN_NAMES.sub("", steps[1].lower())
        return {"type": shown.object_type, "hashes": {_HASHES.get(name, steps[1]): shown.value}}
    if len(steps) >= _HASHED_STEPS and steps[-2].endswith(("_ref", "_refs")) and steps[-1] == "value":
        kind = _of_value(str(shown.value))
        return {"type": kind, "value": shown.value} if kind else None
    return None


def _of_value(text: str) -> str | None:
    """What has a `value` behind a reference: an address, a mailbox, a device; else a name."""
    if _MAC(text):
        return "mac-addr"
    if "@" in text:
        return "email-addr"
    try:
        return f"ipv{ip_address(text).version}-addr"
    except ValueError:
        return "domain-name" if "." in text and "/" not in text else None
