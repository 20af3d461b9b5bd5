"""A table of values that patterns look for, which a column of millions of rows is held against.

A row is met in steps of which each lets few through: some bits of its hash are looked up in a gate of single
flags, the whole of it in a directory of sorted hashes, and at last the texts themselves are compared. Nothing
is built anew for each column, which is what a join in a database spends its time with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
from numpy.typing import NDArray

from comity.base.errors import Malformed
from comity.engines.patterns.columns import files
from comity.engines.patterns.columns.files import Part
from comity.engines.patterns.columns.gate import Gate
from comity.engines.patterns.columns.keys import SEED, Hashes, Keys, Rows
from comity.engines.patterns.columns.met import Met, Owners, Places
from comity.engines.patterns.columns.partly import PartlyMet, given_up, too_many
from comity.engines.patterns.columns.run import Run, directory_of

KIND = "table of values"

# Rows at a time: their hashes and flags stay near the processor (whole columns took twice as long).
_AT_ONCE = 1 << 16
_PROBE = ("", "a", "comity", "x" * 64)  # texts whose hashes tell whether Polars still hashes as it did
_TYPES = {"hash": "<u8", "owner": "<u4", "place": "<u2", "offset": "<i8", "probe": "<u8"}
_PARTS = frozenset({*_TYPES, "text"})

# Folding takes as long as building: it waits until what was added or has gone is a quarter of what stays.
_SHARE = 4

Number = TypeVar("Number", np.uint16, np.uint32)


class ValueTable:
    """Values, each with a place (what kind of property it stands in) and its owner's number.

    Texts are compared as they are: both sides bring them into their normal form before. A table never
    changes; what makes another of it shares with it what stays.
    """

    def __init__(self, runs: tuple[Run, ...], gate: Gate) -> None:
        self._runs, self._gate = runs, gate

    @classmethod
    def of(cls, texts: Iterable[str], places: Iterable[int], owners: Iterable[int]) -> ValueTable:
        """The table of these values, which stand beside each other."""
        column = texts if isinstance(texts, pl.Series) else _column(list(texts))
        run = Run.sorted_from(
            _hashed(column), _octets(column), _numbers(owners, np.uint32), _numbers(places, np.uint16)
        )
        return cls._of_run(run)

    @classmethod
    def _of_run(cls, run: Run) -> ValueTable:
        return cls((run,), Gate.of(run.hashes))

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def meet(self, column: pl.Series | Keys, places: Sequence[int]) -> Met:
        """Which rows of a column of texts hold a value that is looked for in one of these places.

        `PartlyMet` where very many rows hold a value that very many look for.
        """
        keys = column if isinstance(column, Keys) else Keys.as_they_are(column)
        near, hashes = self._near(keys)
        found = [self._met(run, keys, near, hashes, places) for run in self._runs]
        if len(found) == 1:
            return found[0]
        rows = np.concatenate([met.rows for met in found])
        order = np.argsort(rows, kind="stable")
        owners = np.concatenate([met.owners for met in found])[order]
        at = np.concatenate([met.places for met in found])[order]
        return _met(rows[order], owners, at, reduce(or_, (dict(given_up(met)) for met in found)))

    def _near(self, keys: Keys) -> tuple[Rows, Hashes]:
        """The rows that the gate lets through, and their hashes."""
        rows, passed = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
        for first in range(0, len(keys), _AT_ONCE):
            hashes = keys.hashes(first, min(_AT_ONCE, len(keys) - first))
            near = self._gate.open_to(hashes)
            rows.append(near + first)
            passed.append(hashes[near])
        return np.concatenate(rows), np.concatenate(passed)

    @staticmethod
    def _met(run: Run, keys: Keys, near: Rows, hashes: Hashes, places: Sequence[int]) -> Met:
        rows, found, too_often = run.equal_to(keys, near, hashes)
        wanted = np.asarray(places, np.uint16)
        there = np.isin(run.places[found], wanted)
        left_out = {
            int(run.owners[value]): too_many(count)
            for value, count in too_often.items()
            if run.places[value] in wanted
        }
        return _met(rows[there], run.owners[found[there]], run.places[found[there]], left_out)

    def without(self, owners: Iterable[int]) -> ValueTable:
        """The same table without the values of these owners."""
        gone = _numbers(owners, np.uint32)
        return self._of_runs(tuple(run.without(gone) for run in self._runs), self._gate)

    def with_those_of(self, other: ValueTable) -> ValueTable:
        """Both tables as one; cheap where the other is small beside this."""
        base, *beside = self._runs
        added = Run.merged([*beside, *other._runs])
        return self._of_runs((base, added), self._gate.opened_by(added.hashes))

    @classmethod
    def _of_runs(cls, runs: tuple[Run, ...], gate: Gate) -> ValueTable:
        """The table of these, folded when what lies beside the first and what is gone from it has grown."""
        base, found = runs[0], cls(runs, gate)
        wasted = sum(len(run.hashes) for run in runs) - len(base)
        return found.folded() if wasted * _SHARE > len(base) else found

    def folded(self) -> ValueTable:
        """The same values in one run, with nothing that is gone."""
        return self._of_run(Run.merged(self._runs))

    def parts(self) -> Mapping[str, Part]:
        """Its values as parts of a file."""
        run = Run.merged(self._runs)
        offsets, octets = _buffers(run.texts)
        probe = _hashed(pl.Series(_PROBE))
        each: tuple[NDArray[Any], ...] = (run.ended, run.owners, run.places, offsets, probe)
        numbers = {
            name: array.astype(dtype, copy=False).data
            for (name, dtype), array in zip(_TYPES.items(), each, strict=True)
        }
        return {**numbers, "text": octets}

    @classmethod
    def of_parts(cls, where: str, parts: Mapping[str, Part]) -> ValueTable:
        """The table of such parts; where this version of Polars hashes otherwise, they are hashed anew."""
        if set(parts) != _PARTS:
            raise Malformed(where, f"is no {KIND}: it has other parts.")
        try:
            found = {name: np.frombuffer(parts[name], dtype) for name, dtype in _TYPES.items()}
        except ValueError as error:
            raise Malformed(where, f"is no {KIND}: {error}") from error
        ended, owners, places, offsets = (found[name] for name in ("hash", "owner", "place", "offset"))
        if not len(ended) - 1 == len(owners) == len(places) == len(offsets) - 1:
            raise Malformed(where, f"is no {KIND}: its parts are of different lengths.")
        if offsets[0] != 0 or offsets[-1] != len(parts["text"]) or not _ascending(offsets):
            raise Malformed(where, f"is no {KIND}: its texts lie behind its end.")
        texts = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(owners), [None, pa.py_buffer(offsets), pa.py_buffer(parts["text"])]
        )
        if not _ascending(ended) or not np.array_equal(found["probe"], _hashed(pl.Series(_PROBE))):
            return cls._of_run(Run.sorted_from(_hashed(_texts(where, texts)), texts, owners, places))
        return cls._of_run(Run(ended, texts, owners, places, directory_of(ended[:-1])))

    def save(self, path: Path) -> None:
        """Write it as one file, its hashes with it."""
        files.save(path, KIND, self.parts())

    @classmethod
    def load(cls, path: Path) -> ValueTable:
        """Read what was saved; its texts stay on the disk until a row may be one of them."""
        return cls.of_parts(str(path), files.load(path, KIND))


def _met(rows: Rows, owners: Owners, places: Places, left_out: Mapping[int, str]) -> Met:
    return PartlyMet(rows, owners, places, left_out) if left_out else Met(rows, owners, places)


def _hashed(texts: pl.Series) -> Hashes:
    return texts.hash(SEED).to_numpy()


def _column(texts: list[str]) -> pl.Series:
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:  # JSON can write half a character, which no column holds, and no value equals
        return pl.Series([text.encode(errors="surrogatepass") for text in texts], dtype=pl.Binary)


def _octets(texts: pl.Series) -> pa.LargeBinaryArray:
    return texts.cast(pl.Binary).to_arrow(compat_level=pl.CompatLevel.oldest())


def _numbers(values: Iterable[int], dtype: type[Number]) -> NDArray[Number]:
    return values.astype(dtype) if isinstance(values, np.ndarray) else np.array(list(values), dtype)


def _buffers(texts: pa.LargeBinaryArray) -> tuple[NDArray[np.int64], memoryview]:
    """Where each text begins, and all of them one after the other."""
    _, offsets, octets = texts.buffers()
    starts = np.frombuffer(offsets, np.int64, len(texts) + 1)
    return starts, memoryview(octets)[: starts[-1]]


def _ascending(numbers: NDArray[Any]) -> bool:
    return bool((numbers[1:] >= numbers[:-1]).all())


def _texts(where: str, octets: pa.LargeBinaryArray) -> pl.Series:
    try:
        return pl.Series(octets, dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise Malformed(where, f"is no {KIND}: a text is none: {error}") from error
