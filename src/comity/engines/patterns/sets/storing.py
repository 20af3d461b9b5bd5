"""A set as one file: its tables are mapped into memory when it is read, the rest is small beside them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from comity.base.errors import Malformed
from comity.engines.patterns.ast import ANY, ObjectPath
from comity.engines.patterns.columns import files
from comity.engines.patterns.columns.files import Part
from comity.engines.patterns.columns.networks import NetworkTable
from comity.engines.patterns.columns.numbers import NumberTable
from comity.engines.patterns.columns.scan import ScanTable
from comity.engines.patterns.columns.table import ValueTable
from comity.engines.patterns.sets.compiling import Refused
from comity.engines.patterns.sets.loose import LooseTests
from comity.engines.patterns.sets.names import HALVES, Names
from comity.engines.patterns.sets.patternset import PatternSet
from comity.engines.patterns.sets.places import Places, Reading
from comity.engines.patterns.sets.tables import Tables

KIND = "set of patterns, 1"  # the number is that of the rules by which values are read
_VALUES = "values."
_KEPT = {"number": pl.UInt32, "text": pl.String}


def save(patterns: PatternSet, path: Path) -> None:
    """Write a set, whole or not at all."""
    tables, names = patterns.tables, patterns.names
    files.save(
        path,
        KIND,
        {_VALUES + name: part for name, part in tables.values.parts().items()}
        | {
            "networks": tables.networks.packed(),
            "numbers": tables.numbers.packed(),
            "scans": tables.scans.packed(),
            "kept": _columns(patterns.kept),
            "names": names.numbers.astype("<u4").data,
            "uuids": names.uuids.tobytes(),
            "rest": _rest(patterns),
        },
    )


def load(path: Path) -> PatternSet:
    """Read a set; a file that is none, or was changed since, is `Malformed`."""
    parts = files.load(path, KIND)
    where = str(path)
    values = {name.removeprefix(_VALUES): each for name, each in parts.items() if name.startswith(_VALUES)}
    try:
        rest = json.loads(bytes(parts["rest"]))
        tables = Tables(
            ValueTable.of_parts(where, values),
            NetworkTable.unpacked(bytes(parts["networks"]), where),
            NumberTable.unpacked(bytes(parts["numbers"]), where),
            ScanTable.unpacked(bytes(parts["scans"]), where),
            LooseTests.read(rest["loose"]),
        )
        kept = pl.read_ipc(io.BytesIO(parts["kept"])).select(**{name: pl.col(name) for name in _KEPT})
        return PatternSet(
            Places((_place(each), Reading(reading)) for each, reading in rest["places"]),
            tables,
            {int(place): frozenset(owners) for place, owners in rest["present"].items()},
            dict(kept.iter_rows()),
            _names(parts, {int(number): name for number, name in rest["odd"].items()}),
            tuple(Refused(*each) for each in rest["refused"]),
            int(rest["following"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OSError, pl.exceptions.PolarsError) as error:
        raise Malformed(where, f"is no set of patterns that can be used: {error}") from error


def _columns(kept: Mapping[int, str]) -> bytes:
    held = io.BytesIO()
    frame = pl.DataFrame({"number": list(kept), "text": list(kept.values())}, schema=_KEPT)
    frame.write_ipc(held, compression="zstd")
    return held.getvalue()


def _rest(patterns: PatternSet) -> Part:
    return json.dumps({
        "places": [[_written(place), reading.value] for place, reading in patterns.places.keys],
        "present": {place: sorted(owners) for place, owners in patterns.present.items()},
        "loose": patterns.tables.loose.written(),
        "odd": patterns.names.odd,
        "refused": [[each.name, each.reason] for each in patterns.refused],
        "following": patterns.following,
    }).encode()  # fmt: skip  # one part to a line


def _written(place: ObjectPath) -> list[str | None]:
    """A place in JSON: its type and its steps, null for any item."""
    return [place.object_type, *(step if isinstance(step, str) else None for step in place.steps)]


def _place(written: list[str | None]) -> ObjectPath:
    return ObjectPath(str(written[0]), tuple(ANY if step is None else step for step in written[1:]))


def _names(parts: Mapping[str, Any], odd: dict[int, str]) -> Names:
    numbers = np.frombuffer(parts["names"], "<u4")
    uuids = np.frombuffer(parts["uuids"], HALVES)
    if len(numbers) != len(uuids):
        raise ValueError("its names are fewer or more than its numbers")
    return Names(numbers, uuids, odd)
