"""A response policy zone: a resolver that reads it answers that these names do not exist.

Names stand relative to the zone, which the resolver calls as it likes. `CNAME .` means NXDOMAIN
(draft-vixie-dnsop-dns-rpz, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from comity.formats.exports import fitting
from comity.formats.exports.form import About, Row, Written, remarks

LONGEST_NAME = 189  # characters before the zone's own name, which has up to 63
TTL, REFRESH, RETRY, EXPIRE = 300, 3_600, 600, 604_800
_SERIALS = 2**32  # RFC 1982
# A name that ends so would be read as another trigger or action of the policy.
_MEANT_OTHERWISE = ("rpz-ip", "rpz-nsip", "rpz-client-ip", "rpz-nsdname")


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone file (RFC 1035, section 5)."""

    media: str = "text/dns"  # RFC 4027
    suffix: str = "zone"
    parts: tuple[str, ...] = ("values",)

    def line(self, row: Row) -> tuple[str, bytes] | None:
        """One record for the name; a second one where all beneath it is meant."""
        name = fitting.name(row.kind, row.value)
        if name is None or len(name) > LONGEST_NAME or name.rpartition(".")[2] in _MEANT_OTHERWISE:
            return None
        beneath = f"*.{name} CNAME .\n" if row.kind == "domain-tree" else ""
        return "values", f"{name} CNAME .\n{beneath}".encode()

    def file(self, about: About, written: Mapping[str, Written]) -> Iterator[bytes]:
        """Remarks, the start of authority, the records; a later file has a higher serial."""
        serial = int(about.at.timestamp()) % _SERIALS
        soa = f"localhost. hostmaster.localhost. {serial} {REFRESH} {RETRY} {EXPIRE} {TTL}"
        yield remarks(about, ";")
        yield f"$TTL {TTL}\n@ IN SOA {soa}\n@ IN NS localhost.\n".encode()
        yield from written["values"].pieces
