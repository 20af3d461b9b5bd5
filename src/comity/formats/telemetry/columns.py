"""From what a log holds to the columns of its layout: kinds, columns made of fields, and times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_

import polars as pl

from comity.base.layouts import LAST, ROW, TIME
from comity.formats.telemetry.tables import PART, Derived, Format, Kind, Way, When
from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.times import Clock, moments, stix_times

TEXTS = pl.List(pl.String)
_TYPES: Mapping[Kind, type[pl.DataType] | pl.DataType] = {
    Kind.TEXT: pl.String,
    Kind.NUMBER: pl.Int64,
    Kind.REAL: pl.Float64,
    Kind.TRUTH: pl.Boolean,
    Kind.TEXTS: TEXTS,
}
_TRUTHS = {
    "true": True, "t": True, "1": True, "yes": True,
    "false": False, "f": False, "0": False, "no": False,
}  # fmt: skip  # words of a kind to a line
_MICRO = 1_000_000
_TIMESTAMP = "%Y-%m-%dT%H:%M:%S%.6f"


@dataclass(frozen=True, slots=True)
class Shaping:
    """Brings rows of one format into the form of its layout, and counts what does not fit."""

    format: Format
    clock: Clock
    tally: Tally

    def shaped(self, raw: pl.DataFrame) -> pl.DataFrame:
        """The columns of the layout, typed, and those that every table has; `raw` has fields and `@row`."""
        frame = self._complete(raw)
        for each in self.format.columns:
            frame = frame.with_columns(self._derived(each, frame))
        frame = frame.with_columns(self._time(frame, self.format.time).alias(TIME))
        frame = frame.with_columns(self._time(frame, self.format.last).alias(LAST))
        names = dict.fromkeys((ROW, TIME, LAST, *self.format.layout.columns))
        found = frame.select(self._typed(frame[name]) for name in names)
        self.tally.timeless += found[TIME].null_count()
        self.tally.rows += found.height
        return found

    def _complete(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Every field is there, empty where the log has no such column."""
        found = [raw[ROW].cast(pl.UInt64)]
        for name, kind in self.format.fields.items():
            if name in raw.columns:
                moment = name in self.format.moments and not isinstance(raw[name].dtype, pl.String | pl.List)
                column = raw[name] if moment else _read_as(raw[name], kind)
                self.tally.unfit += column.null_count() - raw[name].null_count()
                found.append(column)
            else:
                empty = pl.repeat(
                    None, raw.height, dtype=TEXTS if kind is Kind.TEXTS else pl.String, eager=True
                )
                found.append(empty.alias(name))
        return pl.DataFrame(found)

    def _derived(self, told: Derived, frame: pl.DataFrame) -> pl.Series:
        target = TEXTS if told.kind is Kind.TEXTS else pl.String
        found = [_as(self._way(way, frame), target) for way in told.ways]
        return pl.select(pl.coalesce(found)).to_series().alias(told.name)

    def _way(self, way: Way, frame: pl.DataFrame) -> pl.Series:
        value = frame.select(_taken(way, frame.schema)).to_series()
        return stix_times(value, way.time, self.clock) if way.time else value

    def _time(self, frame: pl.DataFrame, when: When | None) -> pl.Series:
        if when is None:
            return pl.repeat(None, frame.height, dtype=pl.Int64, eager=True)
        if when.seconds:
            later = frame[when.column].cast(pl.Float64, strict=False) * _MICRO
            return frame[TIME] + later.round().cast(pl.Int64, strict=False)
        read = moments(frame[when.column], when.forms, self.clock)
        self.tally.zoneless += read.zoneless
        return read.values

    def _typed(self, column: pl.Series) -> pl.Series:
        kind = self.format.kinds.get(column.name)
        if kind is None or column.dtype == _TYPES[kind]:
            return column
        if kind is Kind.TRUTH:
            found = column.str.to_lowercase().replace_strict(_TRUTHS, default=None, return_dtype=pl.Boolean)
        else:
            found = _number(column, kind)
        self.tally.unfit += found.null_count() - column.null_count()
        return found


def _number(column: pl.Series, kind: Kind) -> pl.Series:
    """A number, whole where it is to be: what has a fraction is none."""
    if kind is Kind.REAL:
        return column.cast(pl.Float64, strict=False)
    if column.dtype == pl.String:
        whole = column.cast(pl.Int64, strict=False)
        if whole.null_count() == column.null_count():
            return whole
        column = column.cast(pl.Float64, strict=False)
    return column.set(column != column.round(), None).cast(pl.Int64, strict=False)


def _read_as(column: pl.Series, kind: Kind) -> pl.Series:
    """A column as the table says, or as text where that is to be read; numbers of Parquet stay numbers."""
    if kind is Kind.TEXTS:
        return _as(column, TEXTS)
    if kind is Kind.NUMBER and column.dtype.is_integer():
        return column.cast(pl.Int64, strict=False)
    if kind in {Kind.REAL, Kind.NUMBER} and column.dtype.is_float():
        return _number(column, kind)
    return column if kind is Kind.TRUTH and column.dtype == pl.Boolean else _as(column, pl.String)


def _as(column: pl.Series, target: type[pl.DataType] | pl.DataType) -> pl.Series:
    """Texts, or lists of texts; a moment is written as a timestamp, and a single text is a list of one."""
    if column.dtype == target:
        return column
    if isinstance(column.dtype, pl.Datetime):
        zone = "Z" if column.dtype.time_zone else ""
        whole = column.dt.convert_time_zone("UTC") if zone else column
        column = whole.dt.strftime(_TIMESTAMP + zone)
    if isinstance(column.dtype, pl.List):
        texts = column.cast(TEXTS)
        return texts if target == TEXTS else texts.list.join(",")
    text = column.cast(pl.String)
    if target != TEXTS:
        return text
    held = pl.when(text.is_not_null()).then(pl.concat_list(text))
    return pl.select(held).to_series().alias(column.name)


def _taken(way: Way, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """What a way gives, where its conditions hold."""
    taken = _changed(way, _source(way), lists=schema.get(way.source) == TEXTS)
    told = [(name, words, True) for name, words in way.only.items()]
    told += [(name, words, False) for name, words in way.unless.items()]
    if not told:
        return taken
    holds = [
        pl.col(name).cast(pl.String).is_in(list(words)).fill_null(value=False) == wanted
        for name, words, wanted in told
    ]
    return pl.when(reduce(and_, holds)).then(taken)


def _source(way: Way) -> pl.Expr:
    if way.source:
        return pl.col(way.source)
    pieces = PART.split(way.template)  # texts and names by turns
    return pl.concat_str(
        [
            pl.col(piece).cast(pl.String) if at % 2 else pl.lit(piece)
            for at, piece in enumerate(pieces)
            if piece
        ]
    )


def _changed(way: Way, value: pl.Expr, *, lists: bool) -> pl.Expr:
    """The value with what is done to it, or to each item of a list."""
    if lists:
        return value.list.eval(_each_changed(way, pl.element()).drop_nulls()) if _changes(way) else value
    value = _each_changed(way, value.cast(pl.String))
    if way.every:
        return value.str.extract_all(way.every)
    return value.str.split(way.split).list.eval(pl.element().str.strip_chars()) if way.split else value


def _changes(way: Way) -> bool:
    return bool(way.part or way.without or way.lower or way.words)


def _each_changed(way: Way, value: pl.Expr) -> pl.Expr:
    if way.part:
        value = value.str.extract(way.part, 1)
    if way.without:
        value = value.str.replace_all(f"[{re.escape(way.without)}]", "")
    if way.lower:
        value = value.str.to_lowercase()
    if way.words:
        value = value.replace_strict(dict(way.words), default=None, return_dtype=pl.String)
    return value
