"""The keys of values, by whole columns: two values of one place have the same key where they mean the same.

Most texts of a log are their own keys, and a look at their octets says so. Of the others those of common
shapes are brought into their normal form by expressions, the rest by the function for one value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from types import MappingProxyType

import numpy as np
import polars as pl

from comity.engines.patterns import normal
from comity.engines.patterns.columns.keys import Keys, Rows
from comity.engines.patterns.columns.octets import Flags, Own, Texts, portions
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.normal import Form
from comity.engines.patterns.properties import LONGEST_WHOLE, meant

# Before what is not read, so that it equals nothing that is; no normal form begins with a space.
_AS_WRITTEN = " ="
_OF_TEXTS = (pl.Categorical, pl.Enum)  # columns that are texts to whoever reads them
_FEW = 200  # texts that are read one by one sooner than by expressions
_REPEATED = 2  # rows to a text, from which on each text is read once
_REMEMBERED, _SHORT = (
    16_384,
    64,
)  # keys, and characters of their texts: what was read in the last portion as well

_SEEN = (33, 126)  # ASCII that leaves something on the paper
_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "  # what Python strips from ASCII
_NAME = Own(ord("-"), ord("z"), ((ord("/"), ord("/")), (ord(":"), ord("^"))))  # - . digits _ ` small letters
_WORDS = Own(ord("-"), ord("z"), ((ord(":"), ord("^")),))  # and /
_MAIL = Own(ord("+"), ord("z"), ((ord(":"), ord("?")), (ord("A"), ord("^"))))  # and / + , @
_SMALL = Own(ord(" "), ord("~"), ((ord("A"), ord("Z")),))  # ASCII without capitals


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the texts of one form are read by columns.

    `odd` gives the rows whose texts may not be their own keys. Of these texts `like` says which `key` reads;
    the function for one value reads all.
    """

    odd: Callable[[pl.Series], Rows]
    like: pl.Expr
    key: pl.Expr


def key_of(form: Form | None, raw: object) -> str | None:
    """The key of a value of a log or of a pattern at a place of this form; None where it has none."""
    if form is None:
        return raw if isinstance(raw, str) else None
    value = meant(form, raw)
    if value is None:
        return f"{_AS_WRITTEN}{raw}" if isinstance(raw, str) else None
    if value.kind is Kind.DOMAIN_TREE:
        return f"*.{value.text}"
    # One place has hashes of one algorithm, or of those that their lengths tell apart.
    return value.text.partition(":")[2] if value.kind is Kind.HASH else value.text


def keys_of(form: Form | None, column: pl.Series) -> Keys:
    """The keys of a column of texts, or of whole numbers where the form reads them; of another none."""
    if column.dtype in _OF_TEXTS or (column.dtype.is_integer() and form is not None):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        return Keys.as_they_are(pl.repeat(None, len(column), dtype=pl.String, eager=True))
    if form is None:
        return Keys.as_they_are(column)
    reading = _reading(form)
    odd = reading.odd(column) if reading else np.arange(len(column), dtype=np.int64)
    if column.null_count():
        odd = odd[column.is_not_null().gather(odd).to_numpy()]
    if not len(odd):
        return Keys.as_they_are(column)
    return Keys(column, odd, _read(form, reading, column.gather(odd)))


def _read(form: Form, reading: _Reading | None, texts: pl.Series) -> pl.Series:
    """The keys of texts that are mostly not their own; each text once where many are the same."""
    if len(texts) <= _FEW:
        return _one_by_one(form, texts)
    if int(texts.to_frame().select(pl.first().approx_n_unique()).item()) * _REPEATED > len(texts):
        return _keys(form, reading, texts)
    each = texts.unique()
    return texts.replace_strict(each, _keys(form, reading, each), return_dtype=pl.String)


def _keys(form: Form, reading: _Reading | None, texts: pl.Series) -> pl.Series:
    if reading is None:
        return _one_by_one(form, texts)
    read = reading.like & (_TEXT.str.len_chars() <= LONGEST_WHOLE)
    found = texts.alias("text").to_frame().select(pl.when(read).then(reading.key)).to_series()
    left = np.flatnonzero(found.is_null().to_numpy())
    return found.scatter(left, _one_by_one(form, texts.gather(left))) if len(left) else found


def _one_by_one(form: Form, texts: pl.Series) -> pl.Series:
    keys = [_remembered(form, text) if len(text) <= _SHORT else key_of(form, text) for text in texts]
    return pl.Series(keys, dtype=pl.String)


@lru_cache(maxsize=_REMEMBERED)  # an address of IPv6 takes 8 microseconds, and logs repeat them
def _remembered(form: Form, text: str) -> str | None:
    return key_of(form, text)


def _reading(form: Form) -> _Reading | None:
    """How texts of this form are read; None where each is read for itself."""
    if not isinstance(form, partial):
        return _READINGS.get(form)
    if form.func is normal.digest:
        return _digests(normal.algorithm_name(form.args[0]))
    return _FOLDED if form.func is normal.fold else _KEPT


def _digests(algorithm: str) -> _Reading | None:
    if algorithm in _OWN_SHAPES:
        return None
    right = (
        _TEXT.str.len_bytes() == normal.ALGORITHMS[algorithm][1] if algorithm in normal.ALGORITHMS else True
    )
    return replace(_DIGEST, key=pl.when(right).then(_LOW).otherwise(_TEXT))


def _by_octets(column: pl.Series, apart: Callable[[Texts], Flags], own: Own | None = None) -> Rows:
    """The rows of texts that are empty, too long, picked out by `apart`, or hold other octets than `own`."""
    found = [np.empty(0, np.int64)]
    for first, texts in portions(column):
        sizes = texts.sizes
        odd = (sizes == 0) | (sizes > LONGEST_WHOLE)
        if len(texts.octets):
            odd |= apart(texts)
            if own:
                odd |= texts.with_others_than(own)
        found.append(np.flatnonzero(odd) + first)
    return np.concatenate(found)


def _anywhere(texts: Texts) -> Flags:
    """None is picked out."""
    return np.zeros(len(texts.sizes), np.bool_)


def _before_a_dot(texts: Texts) -> Flags:
    """Texts that end with a dot, which a name has for nothing."""
    dotted: Flags = texts.lasts() == ord(".")
    return dotted


def _spaced(texts: Texts) -> Flags:
    """Texts around which there may be space."""
    low, high = _SEEN
    first, last = texts.firsts(), texts.lasts()
    spaced: Flags = (first < low) | (first > high) | (last < low) | (last > high)
    return spaced


def _like_macs(texts: Texts) -> Flags:
    """Texts that end with a dot, and those of small letters and digits that may be a hardware address."""
    found, sizes = _before_a_dot(texts), texts.sizes
    for size, places, wanted in _MACS:
        rows = np.flatnonzero(sizes == size)
        for place in places:
            rows = rows[wanted[texts.at(place, rows)]]
        found[rows] = True
    return found


def _urls(column: pl.Series) -> Rows:
    """The rows of texts that are no URL, path or name as these are mostly written."""
    odd = ~column.str.contains(_URL).fill_null(False).to_numpy()  # noqa: FBT003  a value
    odd[_by_octets(column, _spaced)] = True
    return np.flatnonzero(odd)


def _octets(text: str) -> Flags:
    found = np.zeros(256, np.bool_)
    found[np.frombuffer(text.encode(), np.uint8)] = True
    return found


# Length, and octets that tell a hardware address from nearly all names and from all addresses of IPv4.
_MACS = (
    (12, (0, 1, 2, 3, 5, 8, 11), _octets("0123456789abcdef")),
    (14, (4, 9), _octets(".")),
    (17, (2, 5), _octets("-")),
)
_OWN_SHAPES = frozenset({"", "ssdeep", "tlsh"})  # digests that are not hexadecimal digits and nothing else
_HOST = r"(?:https?|ftp|wss?)://[a-z0-9._-]*[a-z0-9_-]"  # in normal form, with its scheme
# URLs without a port; paths, with or without a name before them; names.
_URL = rf"^(?:{_HOST}/|[^:\[({{\\/]*/[^:\[({{\\]*$|[a-z0-9._-]*[a-z0-9_-]$)"

_TEXT = pl.col("text")
_LOW = _TEXT.str.to_lowercase()
_ASCII = _TEXT.str.strip_chars(_SPACES).str.contains(r"^[\x00-\x7f]+$")
_WORD = _TEXT.str.contains(r"^[A-Za-z0-9._-]+$")
_LONGEST_LABEL = 63  # RFC 1035, section 2.3.4: in a name as short as that no label is too long
_IS_NAME = _TEXT.str.contains(r"^(?:[A-Za-z0-9_-]+\.)*[0-9]*[A-Za-z_-][A-Za-z0-9_-]*\.?$") & (
    _TEXT.str.len_bytes() <= _LONGEST_LABEL
)
_BARE = _TEXT.str.contains(rf"^{_HOST}$")
_ALOOF = _TEXT.str.contains(rf"^{_HOST}:[0-9]+/(?s:.*)[!-~]$") & ~_TEXT.str.contains(
    r"^(?:(?:http|ws)://[^/]*:80|(?:https|wss)://[^/]*:443|ftp://[^/]*:21)/"
)

_NAMES = _Reading(
    odd=partial(_by_octets, apart=_before_a_dot, own=_NAME),
    like=_IS_NAME,
    key=_LOW.str.strip_suffix("."),
)
_FOLDED = _Reading(
    odd=partial(_by_octets, apart=_spaced, own=_SMALL), like=_ASCII, key=_LOW.str.strip_chars(_SPACES)
)
_KEPT = _Reading(odd=partial(_by_octets, apart=_spaced), like=_ASCII, key=_TEXT.str.strip_chars(_SPACES))
_DIGEST = _Reading(
    odd=partial(_by_octets, apart=_anywhere, own=_WORDS),
    like=_TEXT.str.contains("^[0-9A-Fa-f]+$"),
    key=pl.when(_TEXT.str.len_bytes().is_in(tuple(normal.OF_LENGTH))).then(_LOW).otherwise(_TEXT),
)
_READINGS: Mapping[Form, _Reading] = MappingProxyType({
    normal.address: _Reading(odd=partial(_by_octets, apart=_anywhere, own=_NAME), like=_WORD, key=_TEXT),
    normal.domain: _NAMES,
    normal.host: _NAMES,
    normal.guessed: replace(
        _NAMES,
        odd=partial(_by_octets, apart=_like_macs, own=_NAME),
        like=_IS_NAME & ~_TEXT.str.contains("^[0-9A-Fa-f.-]{12,17}$"),
    ),
    normal.email: _Reading(odd=partial(_by_octets, apart=_before_a_dot, own=_MAIL), like=_WORD, key=_TEXT),
    normal.location: _Reading(
        odd=_urls, like=_BARE | _ALOOF, key=pl.when(_BARE).then(_TEXT + "/").otherwise(_TEXT)
    ),
    normal.digest_by_length: _DIGEST,
})  # fmt: skip  # one form to a line
