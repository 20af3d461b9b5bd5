"""All forms, by the names that commands and addresses use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from comity.formats.exports.form import Form
from comity.formats.exports.lists import PlainList, a_digest, a_name, a_url, an_address
from comity.formats.exports.rpz import Zone
from comity.formats.exports.suricata import Suricata
from comity.formats.exports.table import Csv
from comity.formats.exports.zeek import ZeekIntel

FORMS: Mapping[str, Form] = MappingProxyType({
    "csv": Csv(),
    "list-ip": PlainList(an_address),
    "list-domain": PlainList(a_name),
    "list-url": PlainList(a_url),
    "list-md5": PlainList(a_digest("md5")),
    "list-sha1": PlainList(a_digest("sha-1")),
    "list-sha256": PlainList(a_digest("sha-256")),
    "list-sha512": PlainList(a_digest("sha-512")),
    "rpz": Zone(),
    "suricata": Suricata(),
    "zeek": ZeekIntel(),
})  # fmt: skip  # one form to a line
