r"""A file for Zeek's intelligence framework: columns between tabs, named by the line `#fields`.

Zeek's reader skips other lines that begin with `#`, takes `-` for no value, and reads `\xHH` as that byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from comity.formats.exports import fitting
from comity.formats.exports.form import About, Row, Written, one_line, remarks

FIELDS = ("indicator", "indicator_type", "meta.source", "meta.desc", "meta.url")
LONGEST = 2_048
_WEB = re.compile(r"(?:https?|ftp)://(?:[^/?#@]*@)?(?P<rest>[^#]+)(?:#.*)?").fullmatch
_EMAIL = re.compile(r"[!-?A-~]+@[a-z0-9_.-]+").fullmatch
_AS_IT_IS = MappingProxyType({
    "file-name": "Intel::FILE_NAME",
    "user-agent": "Intel::SOFTWARE",
    "account": "Intel::USER_NAME",
    "email": "Intel::EMAIL",
})  # fmt: skip  # one kind to a line
_MEANT_OTHERWISE = MappingProxyType({"-": "\\x2d", "(empty)": "\\x28empty)"})  # no value, and an empty one


@dataclass(frozen=True, slots=True)
class ZeekIntel:
    """One line for each value that Zeek can see."""

    media: str = "text/tab-separated-values; charset=utf-8"
    suffix: str = "intel"
    parts: tuple[str, ...] = ("values",)

    def line(self, row: Row) -> tuple[str, bytes] | None:
        """The value, what it is, whose, and what is known of it."""
        found = _indicator(row)
        if found is None:
            return None
        desc = " ".join(filter(None, (row.name, row.tlp, row.ref)))
        cells = (*found, row.source or "comity", desc, row.link)
        return "values", ("\t".join(map(_cell, cells)) + "\n").encode("utf-8", "replace")

    def file(self, about: About, written: Mapping[str, Written]) -> Iterator[bytes]:
        """Remarks, the names of the columns, the lines."""
        yield remarks(about, "#")
        yield ("#fields\t" + "\t".join(FIELDS) + "\n").encode()
        yield from written["values"].pieces


def _indicator(row: Row) -> tuple[str, str] | None:
    """The value and its type; Zeek matches whole names, so of a domain with all beneath it only that."""
    network = fitting.address(row.kind, row.value)
    if network is not None:
        alone = network.prefixlen == network.max_prefixlen
        return fitting.written_address(network), "Intel::ADDR" if alone else "Intel::SUBNET"
    if name := fitting.name(row.kind, row.value):
        return name, "Intel::DOMAIN"
    if (url := fitting.url(row.kind, row.value)) and (web := _WEB(url)):
        return web["rest"], "Intel::URL"  # as Zeek builds it of a request: without scheme and fragment
    if row.kind in fitting.DIGESTS and (digest := fitting.digest(row.kind, row.value)):
        return digest, "Intel::FILE_HASH"
    told = row.kind in _AS_IT_IS and _readable(row.value) and (row.kind != "email" or _EMAIL(row.value))
    return (row.value, _AS_IT_IS[row.kind]) if told else None


def _readable(text: str) -> bool:
    return len(text) <= LONGEST and text.isprintable() and not text.startswith("#")


def _cell(text: str) -> str:
    plain = text if _readable(text) else one_line(text)
    escaped = plain.replace("\\", "\\x5c")
    return _MEANT_OTHERWISE.get(escaped, escaped) or "-"
