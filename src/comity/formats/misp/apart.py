"""A MISP event told apart from a STIX 2.1 bundle by how it begins: neither has to be read for that."""

from __future__ import annotations

import re

HEAD = 4_096  # bytes that are looked at
_FIRST = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(\w+)"\s*:\s*(?:"(bundle--)?)?')
_LISTED = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")  # an empty list is no event
_OF_A_BUNDLE = frozenset({b"type", b"objects", b"spec_version"})


def is_misp(head: bytes) -> bool:
    """Whether a file that begins so is MISP's: a list of events, or an object unlike a bundle."""
    first = _FIRST.match(head)
    if first is None:
        return _LISTED.match(head) is not None
    return first[1] not in _OF_A_BUNDLE and not (first[1] == b"id" and first[2])
