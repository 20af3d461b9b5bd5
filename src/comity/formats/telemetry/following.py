"""A file that grows, and that is renamed, copied or truncated meanwhile: every line once, whatever happens.

Each step gives what a few more lines hold and the position behind them. Whoever follows judges the portions,
then stores the position; after a crash it goes on from there. When to look again is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from comity.base.errors import Malformed
from comity.formats.telemetry.blocks import Blocks
from comity.formats.telemetry.framing import Rows
from comity.formats.telemetry.portions import Portion
from comity.formats.telemetry.positions import Found, Position, found_at, rotated
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.recognising import HEAD, Head, Shape
from comity.formats.telemetry.unpacking import Stream
from comity.formats.telemetry.zeek import Header


@dataclass(frozen=True, slots=True)
class Step:
    """Some lines as portions, perhaps none, and the position behind them."""

    portions: tuple[Portion, ...]
    position: Position


def steps(reader: Reader, path: Path, position: Position | None) -> Iterator[Step]:
    """All that has come since a position, or since the beginning; a last line without an end waits.

    Raises `Malformed` where the format is not known or cannot be followed.
    """
    with ExitStack() as open_files:
        current = _opened(path, open_files)
        if position is None or (current is not None and current.holds(position)):
            if current is not None:
                yield from _read(reader, path, current, position)
            return
        if current is None or current.is_empty:
            # Until something stands in the new file, whoever writes may still write into the old one.
            old = _holder(path, position, open_files)
            yield from _read(reader, path, old, position) if old else ()
            return
        yield from _before(reader, path, position, current, open_files)
        yield from _read(reader, path, current, None)


def _before(
    reader: Reader, path: Path, position: Position, current: Found, open_files: ExitStack
) -> Iterator[Step]:
    """The rest of the file that was followed, and all of those that came between it and the current one."""
    old = _holder(path, position, open_files)
    if old is None:
        said = f"was replaced or truncated; what stood behind byte {position.offset:,} is nowhere beside it."
        reader.tally.note_break(str(path), said)
        return
    yield from _read(reader, path, old, position, whole=True)
    between = [each for each in _others(path, open_files) if old.changed < each.changed]
    for each in sorted(between, key=lambda found: found.changed):
        if (each.device, each.inode) != (current.device, current.inode):
            yield from _read(reader, path, each, None, whole=True)


def _holder(path: Path, position: Position, open_files: ExitStack) -> Found | None:
    """The file of a position under another name, or a copy of it; the file itself before a copy."""
    holding = [each for each in _others(path, open_files) if each.holds(position)]
    return max(
        holding, key=lambda each: (each.device, each.inode) == (position.device, position.inode), default=None
    )


def _others(path: Path, open_files: ExitStack) -> Iterator[Found]:
    yield from filter(None, (_opened(each, open_files) for each in rotated(path)))


def _opened(path: Path, open_files: ExitStack) -> Found | None:
    found = found_at(path)
    if found is not None:
        open_files.enter_context(found.file)
    return found


def _read(
    reader: Reader, path: Path, found: Found, position: Position | None, *, whole: bool = False
) -> Iterator[Step]:
    """What stands behind a position; of a file that is `whole`, a last line without an end as well."""
    offset, line = (position.offset, position.line) if position else (0, 1)
    rows = _rows(reader, path, found, position)
    if rows is None:
        return
    found.file.seek(offset)
    stream = Stream(found.file.read, str(path), reader.tally)
    blocks = Blocks(stream, str(path), reader.tally, reader.block, line=line)
    for block in blocks if whole else blocks.whole():
        portions = tuple(rows.portions(block))
        yield Step(portions, found.at(offset + blocks.taken, blocks.line, rows.zeek.header.text))


def _rows(reader: Reader, path: Path, found: Found, position: Position | None) -> Rows | None:
    """What reads its rows, as the beginning says; None while there is no whole line."""
    found.file.seek(0)
    beginning = found.file.read(HEAD)
    head = Head(beginning[: beginning.rfind(b"\n") + 1], str(path))
    if not head.lines():
        return None
    if head.shape is Shape.ARRAY or head.shape.is_stored:
        raise Malformed(str(path), f"is {head.shape.value}, which cannot be followed while it grows.")
    rows = Rows.begun(head, reader.context)
    if position is not None:
        rows.zeek.header = Header.of(position.header)
    return rows
