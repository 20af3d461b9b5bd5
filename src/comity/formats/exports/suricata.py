"""Rules for Suricata with the lists that they load, in one archive that `suricata-update` reads.

Names go into a dataset of strings (in base64), digests of files into lists of their own, addresses into a
list of IP reputation, whose score is the confidence. Suricata has no buffer that holds a whole URL.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from tarfile import BLOCKSIZE, USTAR_FORMAT, TarInfo
from types import MappingProxyType

from comity.formats.exports import fitting
from comity.formats.exports.form import About, Row, Written, remarks

NAMES, ADDRESSES, CATEGORIES, RULES = (
    "comity-domains.lst",
    "comity-reputation.list",
    "comity-categories.txt",
    "comity.rules",
)
CATEGORY = "1,Comity,Sought by indicators\n"
HIGHEST_SCORE = 127
UNSTATED = 1  # the score of what nobody stated a confidence for: the lowest that counts
FIRST_SID = 1_910_001  # of those for local use
_LISTS = MappingProxyType({
    "md5": ("comity-md5.lst", "filemd5"),
    "sha-1": ("comity-sha1.lst", "filesha1"),
    "sha-256": ("comity-sha256.lst", "filesha256"),
})  # fmt: skip  # one algorithm to a line
_FILES_BY = ("http", "smtp", "ftp-data", "smb", "nfs")
_NAMES_BY = (
    ("dns $HOME_NET any -> any any", "dns.query; to_lowercase", "DNS query"),
    ("tls $HOME_NET any -> $EXTERNAL_NET any", "tls.sni; to_lowercase", "TLS server name"),
    ("http $HOME_NET any -> $EXTERNAL_NET any", "http.host", "HTTP host"),
)
_SOUGHT_NAME = f"dataset:isset,comity-domains,type string,load {NAMES}"
# What list it needs, what traffic it looks at, its options, in words; new rules go to the end.
_RULES = (
    *((NAMES, match, f"{buffer}; {_SOUGHT_NAME}", said) for match, buffer, said in _NAMES_BY),
    *(
        (name, f"{protocol} any any -> any any", f"{keyword}:{name}", "file")
        for name, keyword in _LISTS.values()
        for protocol in _FILES_BY
    ),
    (ADDRESSES, "ip any any -> any any", "iprep:any,Comity,>,0", "address"),
)


@dataclass(frozen=True, slots=True)
class Suricata:
    """An archive of rules and lists."""

    media: str = "application/gzip"
    suffix: str = "tar.gz"
    parts: tuple[str, ...] = (NAMES, *(name for name, _ in _LISTS.values()), ADDRESSES)

    def line(self, row: Row) -> tuple[str, bytes] | None:
        """The list that the value belongs to, and its line there."""
        if name := fitting.name(row.kind, row.value):
            return NAMES, b64encode(name.encode()) + b"\n"
        if row.kind in _LISTS and (digest := fitting.digest(row.kind, row.value)):
            return _LISTS[row.kind][0], f"{digest}\n".encode()
        network = fitting.address(row.kind, row.value)
        if network is None:
            return None
        return ADDRESSES, f"{fitting.written_address(network)},1,{_score(row.confidence)}\n".encode()

    def file(self, about: About, written: Mapping[str, Written]) -> Iterator[bytes]:
        """The archive; lists without a line, and the rules that would load them, are not in it."""
        filled = {name: part for name, part in written.items() if part.size}
        rules = remarks(about, "#") + "".join(f"{rule}\n" for rule in _rules(filled)).encode()
        members = {RULES: _whole(rules), **filled}
        if ADDRESSES in filled:
            members[CATEGORIES] = _whole(CATEGORY.encode())
        return _compressed(_archive(members, int(about.at.timestamp())))


def _score(confidence: int | None) -> int:
    return UNSTATED if confidence is None else max(UNSTATED, confidence * HIGHEST_SCORE // 100)


def _rules(filled: Mapping[str, Written]) -> Iterator[str]:
    """Those whose list is there; each keeps its number, so that thresholds and exceptions go on to fit."""
    for sid, (needed, match, options, said) in enumerate(_RULES, FIRST_SID):
        if needed in filled:
            msg = f"Comity: {said} sought by an indicator"
            yield f'alert {match} (msg:"{msg}"; {options}; sid:{sid}; rev:1;)'


def _whole(content: bytes) -> Written:
    return Written(len(content), (content,))


def _archive(members: Mapping[str, Written], at: int) -> Iterator[bytes]:
    """A tar archive, piece by piece: the sizes are known before."""
    for name, part in members.items():
        info = TarInfo(name)
        info.size, info.mtime = part.size, at
        yield info.tobuf(USTAR_FORMAT)
        yield from part.pieces
        yield bytes(-part.size % BLOCKSIZE)
    yield bytes(2 * BLOCKSIZE)


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    press = zlib.compressobj(wbits=31)  # gzip
    for piece in pieces:
        if smaller := press.compress(piece):
            yield smaller
    yield press.flush()
