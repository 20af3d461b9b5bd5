"""Rows to write, and files made of them as a node does it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from comity.formats.exports.form import About, Form, Row, Written

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
REF = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
KINDS = (
    "ipv4", "ipv6", "network", "domain", "domain-tree", "url", "email", "md5", "sha-1", "sha-256", "sha-512",
    "sha3-256", "file-name", "user-agent", "account", "mutex", "text",
)  # fmt: skip  # a list


def row(kind: str, value: str, **more: Any) -> Row:
    return Row(kind=kind, value=value, ref=REF, **more)


def about(**more: Any) -> About:
    known = {"node": "cert.example", "body": "PK CERT", "receiver": "its own devices", "tlp": "TLP:AMBER"}
    return About(**{**known, "at": AT, "count": 2, **more})


def lines_of(form: Form, rows: Iterable[Row]) -> dict[str, bytes]:
    parts = dict.fromkeys(form.parts, b"")
    for each in rows:
        if found := form.line(each):
            parts[found[0]] += found[1]
    return parts


def file_of(form: Form, *rows: Row, **more: Any) -> bytes:
    parts = lines_of(form, rows)
    written = {name: Written(len(content), [content]) for name, content in parts.items()}
    return b"".join(form.file(about(**more), written))


NASTY = st.text(st.sampled_from("a1.:/-=+@\\\"'#;*,(){}\t\r\n\0\x85\u2028\u202e é|%"), max_size=30) | st.text(
    max_size=30
)
VALUES = NASTY | st.sampled_from(
    [
        "192.0.2.1", "192.0.2.0/24", "2001:db8::1", "10.0.0.1", "0.0.0.0/0", "evil.example", "com",
        "-a.example", "https://h.example/x?y=1#z", "a@b.example",
        "d41d8cd98f00b204e9800998ecf8427e", "a" * 40, "b" * 64,
    ]
)  # fmt: skip  # a list
ROWS = st.builds(
    Row,
    kind=st.sampled_from(KINDS),
    value=VALUES,
    ref=st.just(REF),
    name=NASTY,
    labels=st.lists(NASTY, max_size=2).map(tuple),
    confidence=st.none() | st.integers(0, 100),
    tlp=st.sampled_from(["", "TLP:GREEN"]),
    source=NASTY,
    link=NASTY,
)
