"""What a person types into a search box, as the value that it means."""

from __future__ import annotations

import re
from collections.abc import Callable

from comity.engines.patterns import normal
from comity.engines.patterns.defanged import refanged
from comity.engines.patterns.kinds import Kind, Value
from comity.engines.patterns.normal import LONGEST_VALUE

_PORT = re.compile(r"([^:/\s]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}").fullmatch
_ALGORITHM = re.compile(
    r"(md5|sha-?1|sha-?256|sha-?512|sha3-?256|sha3-?512|ssdeep|tlsh)\s*[:=]\s*(\S+)", re.IGNORECASE
).fullmatch
_HIVE = re.compile(r"(?:HKEY_[A-Z_]+|HKLM|HKCU|HKCR|HKU|HKCC)\\.*", re.IGNORECASE | re.DOTALL).fullmatch
_ASN = re.compile(r"asn?\s?[0-9]+", re.IGNORECASE).fullmatch
# Ends of file names that are no top-level domains, so that nobody who looks for a file gets a domain.
_FILE_NAME = re.compile(
    r"[^/\\:*?\"<>|\r\n]+\.(?:exe|dll|sys|docx?|docm|xlsx?|xlsm|pptx?|pdf|js|jse|vbs|vbe|ps1|bat|cmd|jar|lnk|scr|msi|hta"
    r"|rtf|apk|iso|img|bin|tmp|dat|txt|rar|gz|7z|elf|php|html?|xml|json|chm|ocx|wsf|dmg|deb|rpm)",
    re.IGNORECASE,
).fullmatch


def understood(words: str) -> Value | None:
    """The value that the words mean, in its normal form; None for words to search texts with."""
    if len(words) > LONGEST_VALUE:
        return None
    text = refanged(words.strip().strip("\"'`<>,;")).strip()
    return next((found for read in _READINGS if (found := read(text))), None)


def _first(form: Callable[[str], tuple[Value, ...]]) -> Callable[[str], Value | None]:
    return lambda text: next(iter(form(text)), None)


def _named_hash(text: str) -> Value | None:
    found = _ALGORITHM(text)
    return _first(lambda digits: normal.digest(found[1], digits))(found[2]) if found else None


def _asn(text: str) -> Value | None:
    return _first(normal.asn)(text) if _ASN(text) else None


def _registry_key(text: str) -> Value | None:
    return _first(normal.registry_key)(text) if _HIVE(text) else None


def _file_name(text: str) -> Value | None:
    return _first(normal.folded(Kind.FILE_NAME))(text) if _FILE_NAME(text) else None


def _with_port(text: str) -> Value | None:
    found = _PORT(text)
    return _dotted(found[1].strip("[]")) or _first(normal.address)(found[1].strip("[]")) if found else None


def _dotted(text: str) -> Value | None:
    """An address or a domain; a single word is left to the search in texts."""
    return _first(normal.host)(text) if "." in text.rstrip(".") else None


_READINGS: tuple[Callable[[str], Value | None], ...] = (
    _first(normal.cve),
    _asn,
    _first(normal.digest_by_length),
    _named_hash,
    _first(normal.address),
    _first(normal.url),
    _first(normal.email),
    _first(normal.mac),
    _registry_key,
    _file_name,
    _dotted,
    _with_port,
)
