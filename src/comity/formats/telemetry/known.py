"""The formats that are known: those that come with the product, and those of a folder of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from comity.base.errors import Malformed
from comity.formats.telemetry.declaring import is_like_another, read_format
from comity.formats.telemetry.tables import Format

ENDING = ".yaml"
Formats = Mapping[str, Format]


@cache
def shipped() -> Formats:
    """Those that come with the product, by name."""
    folder = files("comity.formats.telemetry").joinpath("tables")
    return _formats([(each.name, each.read_text("utf-8")) for each in folder.iterdir()], {})


def with_folder(known: Formats, folder: Path) -> Formats:
    """These and those of a folder, of which one may stand in the place of another of its name."""
    try:
        texts = [(str(each), each.read_text("utf-8")) for each in folder.iterdir() if each.suffix == ENDING]
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(str(folder), f"holds no tables of formats that can be read: {error}") from error
    return _formats(texts, known)


def _formats(texts: Iterable[tuple[str, str]], known: Formats) -> Formats:
    """Every table read, after those that it may be like, or `Malformed` with the problems of all of them."""
    found: dict[str, Format] = dict(known)
    problems: list[Malformed] = []
    for depends in (False, True):
        for where, text in sorted(texts):
            try:
                if is_like_another(text) is depends:
                    name = Path(where).stem
                    found[name] = read_format(text, name, where, found)
            except Malformed as error:
                problems.append(error)
    if problems:
        whole = "; ".join(dict.fromkeys(each.message for each in problems))
        raise Malformed("formats of logs", whole)
    return MappingProxyType(found)
