"""Moments as logs write them, whole columns at once: microseconds since 1970 in UTC, null for none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl

from comity.base.errors import Malformed
from comity.formats.telemetry.tables import TimeForm

# Forms with a zone, then without; the first is met by nearly all, and those below cost only where it is not.
_ISO = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_ISO_BARE = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y/%m/%dT%H:%M:%S%.f")
_SYSLOG = "%Y %b %d %H:%M:%S%.f"
_ZONED = ("%z", "%#z", "%:z", "%+")
_LATEST = 253_402_300_799_000_000  # in 9999; what lies outside is no time of a log
_FACTORS = {TimeForm.EPOCH: 1_000_000, TimeForm.MILLISECONDS: 1_000}


@dataclass(frozen=True, slots=True)
class Clock:
    """What a log leaves unsaid: the zone, and of syslog the year, which is that of the last twelve months."""

    now: datetime
    zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ValueError, OSError, KeyError) as error:
            raise Malformed("zone", f"{self.zone[:80]!r} is no time zone such as Europe/Berlin.") from error


@dataclass(frozen=True, slots=True)
class Moments:
    """Times as numbers, and how many of them said no zone."""

    values: pl.Series
    zoneless: int = 0


_Read = Callable[[pl.Series], pl.Series]


def moments(texts: pl.Series, forms: Sequence[TimeForm | str], clock: Clock) -> Moments:
    """Each text by the first form that reads it."""
    if not isinstance(texts.dtype, pl.String):
        return _stored(texts, forms, clock)
    found = pl.repeat(None, len(texts), dtype=pl.Int64, eager=True)
    zoneless = 0
    for read, bare in (each for form in forms for each in _ways(form, clock)):
        left = found.is_null() & texts.is_not_null()
        if not left.any():
            break
        values = _sane(read(texts.filter(left)))
        zoneless += len(values) - values.null_count() if bare else 0
        found = values if left.all() else found.scatter(left.arg_true(), values)
    return Moments(found, zoneless)


def _stored(values: pl.Series, forms: Sequence[TimeForm | str], clock: Clock) -> Moments:
    """Of a table that has moments or numbers already."""
    if isinstance(values.dtype, pl.Datetime):
        bare = values.dtype.time_zone is None
        moment = (
            values.dt.replace_time_zone(clock.zone, ambiguous="earliest", non_existent="null")
            if bare
            else values
        )
        found = moment.dt.cast_time_unit("us").cast(pl.Int64)
        return Moments(found, len(found) - found.null_count() if bare else 0)
    told = [_FACTORS[form] for form in forms if isinstance(form, TimeForm) and form in _FACTORS]
    factor = told[0] if told else _FACTORS[TimeForm.EPOCH]
    return Moments(_sane(_scaled(values.cast(pl.Float64, strict=False), factor)))


def stix_times(texts: pl.Series, forms: Sequence[TimeForm | str], clock: Clock) -> pl.Series:
    """The same as timestamps of STIX."""
    values = moments(texts, forms, clock).values
    return values.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


def _ways(form: TimeForm | str, clock: Clock) -> Iterator[tuple[_Read, bool]]:
    """How a form is read, and whether the zone is then that of the setting."""
    if isinstance(form, str):
        bare = not any(each in form for each in _ZONED)
        yield partial(_read, form=form, zone=clock.zone if bare else ""), bare
    elif form is TimeForm.SYSLOG:
        yield partial(_syslog, clock=clock), True
    elif form is TimeForm.ISO:
        yield from ((partial(_read, form=each, zone=""), False) for each in _ISO)
        yield from ((partial(_read, form=each, zone=clock.zone), True) for each in _ISO_BARE)
    else:
        yield partial(_number, factor=_FACTORS[form]), False


def _sane(found: pl.Series) -> pl.Series:
    return found.set(~found.is_between(0, _LATEST), None)


def _number(texts: pl.Series, factor: int) -> pl.Series:
    # A double holds the microseconds of a moment before 2242 exactly.
    return _scaled(texts.cast(pl.Float64, strict=False), factor)


def _scaled(numbers: pl.Series, factor: int) -> pl.Series:
    return (numbers * factor).round(mode="half_away_from_zero").cast(pl.Int64, strict=False)


def _read(texts: pl.Series, form: str, zone: str) -> pl.Series:
    if ".f" in form:
        texts = texts.str.replace(",", ".", literal=True)  # some write a comma before the fraction
    found = texts.str.to_datetime(form, time_unit="us", strict=False)
    if zone:
        found = found.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return found.cast(pl.Int64)


def _syslog(texts: pl.Series, clock: Clock) -> pl.Series:
    """Of the years that a text may mean, that whose moment lies before tomorrow."""
    local = clock.now.astimezone(ZoneInfo(clock.zone))
    latest = int((clock.now.timestamp() + 86_400) * 1_000_000)
    this, last = (
        _read(
            pl.select(pl.lit(f"{year} ") + texts.str.replace_all("  ", " ")).to_series(), _SYSLOG, clock.zone
        )
        for year in (local.year, local.year - 1)
    )
    return pl.select(pl.when(this <= latest).then(this).otherwise(last)).to_series()
