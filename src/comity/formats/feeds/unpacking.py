"""What stands in a feed's bytes: unpacked within bounds, and no page for people in place of a list."""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO

from comity.base.errors import Malformed, TooLarge

MAX_SIZE = 128 * 2**20  # unpacked
MOST_LAYERS = 2  # a packed file that was packed once more for the way
ROOT = "the feed"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_PAGE = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_HEAD = 4_096
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_MARK = b"\xef\xbb\xbf"  # of UTF-8, which some editors write before the first character


def unpacked(body: bytes, *, most: int = MAX_SIZE) -> bytes:
    """The bytes inside gzip or zip, or the bytes themselves; at most so many, whatever the packing says."""
    for _ in range(MOST_LAYERS):
        if body.startswith(_GZIP):
            body = _gunzipped(body, most)
        elif body.startswith(_ZIP):
            body = _unzipped(body, most)
        else:
            break
    return body.removeprefix(_MARK)


def refuse_page(body: bytes, media_type: str = "") -> None:
    """Raise `Malformed` for a page of HTML: a log-in, an error, a notice that the list has moved."""
    if _PAGE.match(body[:_HEAD]) or (media_type in _PAGES and b"<" in body[:_HEAD]):
        raise Malformed(ROOT, "is a web page where a list was expected.")


def _gunzipped(body: bytes, most: int) -> bytes:
    """Every member of the file, one after the other, as gzip itself reads them."""
    found = bytearray()
    while body:
        unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            found += unpack.decompress(body, most + 1 - len(found))
        except zlib.error as error:
            raise Malformed(ROOT, f"is no gzip that can be read: {error}.") from error
        if len(found) > most:
            raise _too_large(most)
        if not unpack.eof:
            raise Malformed(ROOT, "is a gzip file that ends too early.")
        body = unpack.unused_data if unpack.unused_data.startswith(_GZIP) else b""
    return bytes(found)


def _unzipped(body: bytes, most: int) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            names = [each for each in archive.infolist() if not each.is_dir()]
            if len(names) != 1:
                raise Malformed(ROOT, f"is a zip file of {len(names)} files; one is expected.")
            with archive.open(names[0]) as file:
                found = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        # RuntimeError is of an encrypted file, NotImplementedError of a method that is not known.
        raise Malformed(ROOT, f"is no zip file that can be read: {error}.") from error
    if len(found) > most:
        raise _too_large(most)
    return found


def _too_large(most: int) -> TooLarge:
    return TooLarge(ROOT, f"more than {most:,} bytes when unpacked")
