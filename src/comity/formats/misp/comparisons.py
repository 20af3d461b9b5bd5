"""Simple STIX patterns as attributes of MISP: equalities joined by AND, or by OR; no more is read here.

A pattern that says more is handed on whole, as an attribute of type `stix2-pattern`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from comity.formats.misp.values import HASHES

MAX_COMPARISONS = 1_000
_PATH = r"[a-z0-9-]+:(?:[A-Za-z0-9_.-]|\[[*0-9]+\]|'[^'\\]{1,100}')+"
_TEXT = r"'((?:[^'\\]|\\['\\])*+)'"
_COMPARISON = re.compile(rf"\s*\(?\s*({_PATH})\s*=\s*(?:{_TEXT}|([0-9]{{1,19}}))\s*\)?\s*")
_JOINT = re.compile(r"(AND|OR)\b")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ALGORITHMS = {algorithm.replace("-", ""): name for name, algorithm in HASHES.items()}
_HASH = re.compile(r"(file|x509-certificate):hashes\.'?([A-Za-z0-9/-]+)'?")

# The type of attribute for one comparison.
SINGLE: Mapping[str, str] = {
    "ipv4-addr:value": "ip-dst",
    "ipv6-addr:value": "ip-dst",
    "domain-name:value": "domain",
    "url:value": "url",
    "email-addr:value": "email",
    "file:name": "filename",
    "file:size": "size-in-bytes",
    "mutex:name": "mutex",
    "mac-addr:value": "mac-address",
    "windows-registry-key:key": "regkey",
    "autonomous-system:number": "AS",
    "network-traffic:dst_ref.value": "ip-dst",
    "network-traffic:src_ref.value": "ip-src",
    "network-traffic:dst_port": "port",
    "email-message:from_ref.value": "email-src",
    "email-message:sender_ref.value": "email-src",
    "email-message:to_refs[*].value": "email-dst",
    "email-message:subject": "email-subject",
    "email-message:body": "email-body",
    "email-message:message_id": "email-message-id",
    "email-message:additional_header_fields.reply_to": "email-reply-to",
    "email-message:additional_header_fields.x_mailer": "email-x-mailer",
    "email-message:body_multipart[*].body_raw_ref.name": "email-attachment",
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'": "user-agent",
    "network-traffic:extensions.'http-request-ext'.request_method": "http-method",
}
# The type of attribute for two comparisons that must both hold.
_PAIRS: Mapping[tuple[str, str], str] = {
    ("domain-name:value", "domain-name:resolves_to_refs[*].value"): "domain|ip",
    ("network-traffic:dst_ref.value", "network-traffic:dst_port"): "ip-dst|port",
    ("network-traffic:src_ref.value", "network-traffic:src_port"): "ip-src|port",
    ("domain-name:value", "network-traffic:dst_port"): "hostname|port",
    ("windows-registry-key:key", "windows-registry-key:values.data"): "regkey|value",
}
_FILE: Mapping[str, tuple[str, str]] = {  # relation and type in an object of a file
    "file:name": ("filename", "filename"),
    "file:size": ("size-in-bytes", "size-in-bytes"),
    "file:mime_type": ("mimetype", "mime-type"),
    "file:parent_directory_ref.path": ("path", "text"),
}

Typed = tuple[str, str, str]  # relation, type, value


def read_pattern(pattern: str) -> list[list[Typed]] | None:
    """What a simple pattern compares: alternatives, each of values that hold together; None for others."""
    read = _comparisons(pattern)
    if read is None:
        return None
    joint, found = read
    if joint == "OR":
        singles = [_single(*each) for each in found]
        return [[each] for each in singles if each] if all(singles) else None
    together = _together(found)
    return [together] if together else None


def _comparisons(pattern: str) -> tuple[str, list[tuple[str, str]]] | None:
    text = pattern.strip()
    if len(text) < 2 or text[0] != "[" or text[-1] != "]":  # noqa: PLR2004  two brackets
        return None
    at, end = 1, len(text) - 1
    joints: set[str] = set()
    found: list[tuple[str, str]] = []
    while len(found) < MAX_COMPARISONS:
        match = _COMPARISON.match(text, at, end)
        if match is None:
            return None
        value = _ESCAPE.sub(r"\1", match[2]) if match[2] is not None else match[3]
        found.append((match[1], value))
        at = match.end()
        joint = _JOINT.match(text, at, end)
        if joint is None:
            return (joints.pop() if joints else "AND", found) if at == end and len(joints) <= 1 else None
        joints.add(joint[1])
        at = joint.end()
    return None


def _together(found: Sequence[tuple[str, str]]) -> list[Typed] | None:
    """The attributes of values that hold together: one of them, or those of one object."""
    told = [each for each in found if not each[0].endswith("_ref.type")]
    ends = {path: value for path, value in found if path.endswith("_ref.type")}
    if "domain-name" in ends.values():
        return None
    if len(told) == 1:
        single = _single(*told[0])
        return [single] if single else None
    if len(told) == 2:  # noqa: PLR2004  a pair
        pair = _pair(told[0], told[1])
        if pair:
            return [pair]
    parts = [_of_file(*each) for each in told]
    return [part for part in parts if part] if all(parts) else None


def _single(path: str, value: str) -> Typed | None:
    kind = SINGLE.get(path) or _hash(path)
    return ("", kind, f"AS{value}" if kind == "AS" else value) if kind else None


def _hash(path: str) -> str | None:
    found = _HASH.fullmatch(path)
    name = _ALGORITHMS.get(found[2].upper().replace("-", "").replace("/", "")) if found else None
    if found and name and found[1] == "x509-certificate":
        return f"x509-fingerprint-{name}" if name in {"md5", "sha1", "sha256"} else None
    return name


def _pair(first: tuple[str, str], second: tuple[str, str]) -> Typed | None:
    kind = _PAIRS.get((first[0], second[0]))
    name = _hash(second[0]) if first[0] == "file:name" else None
    if name:
        kind = f"filename|{name}"
    return ("", kind, f"{first[1]}|{second[1]}") if kind else None


def _of_file(path: str, value: str) -> Typed | None:
    if not path.startswith("file:"):
        return None
    known = _FILE.get(path)
    name = _hash(path)
    if known:
        return (*known, value)
    return (name, name, value) if name else None
