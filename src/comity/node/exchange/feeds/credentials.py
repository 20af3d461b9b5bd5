"""What an address asks for before it gives a feed: a file in the node's home, never in the database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from comity.base.errors import Malformed, Unavailable

MAX_FILE = 10_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_HEADER = re.compile(r"([A-Za-z0-9-]{1,60}):\s*([!-~](?:[ -~]*[!-~])?)")


class NoCredential(Unavailable):
    """The file with what the address asks for is not there, or cannot be read."""

    code = "feed-credential"


@dataclass(frozen=True, slots=True)
class Credential:
    """Headers and parameters that go to one host only; nothing of them is shown."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def added_to(self, url: str) -> str:
        """The address with the parameters."""
        if not self.query:
            return url
        parts = urlsplit(url)
        query = "&".join(filter(None, (parts.query, urlencode(self.query))))
        return urlunsplit(parts._replace(query=query))


def read_credential(folder: Path, name: str) -> Credential:
    """What stands in the file `NAME` of the folder: lines such as `Auth-Key: …` or `?auth-key=…`."""
    if not name:
        return Credential()
    if not NAME.fullmatch(name):
        raise Malformed("credential", f"{name[:80]!r} is not the name of a file")
    try:
        with (folder / name).open("rb") as file:
            text = file.read(MAX_FILE + 1).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NoCredential(f"{folder / name} cannot be read; put there what the address asks for.") from error
    return _decoded(text, folder / name)


def _decoded(text: str, path: Path) -> Credential:
    headers: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("?"):
            query += parse_qsl(line[1:], keep_blank_values=True)
        elif (found := _HEADER.fullmatch(line)) is not None:
            headers[found[1]] = found[2]
        else:
            raise NoCredential(f"{path}: expected lines such as `Auth-Key: …` or `?auth-key=…`.")
    return Credential(headers, tuple(query))
