"""Objects that are wrong, each in its own way, as the text in which somebody would send them."""

# ruff: noqa: E501  tables: a line for each, as far as it fits

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from comity.base.tlp import Tlp
from tests.node.exchange.holding import AT, indicator, joined, made, ref_of


class Fate(Enum):
    """What becomes of it, whatever the way it comes."""

    REFUSED = "it is refused by itself, with a reason"
    DOUBTED = "it is kept, and the report says how it breaks the standard"
    KEPT = "it is kept: the standard allows it, and nothing goes wrong with it"


@dataclass(frozen=True, slots=True)
class Bad:
    """The text of one or more objects."""

    texts: tuple[str, ...]
    fate: Fate
    ref: str


def of(value: dict[str, Any], fate: Fate = Fate.REFUSED, *more: dict[str, Any]) -> Bad:
    return Bad(tuple(json.dumps(each) for each in (value, *more)), fate, value["id"])


def text(written: str, fate: Fate = Fate.REFUSED) -> Bad:
    return Bad((written,), fate, "")


BASE = indicator("bad")
_BASE = json.dumps(BASE)[:-1]
TIMES: tuple[object, ...] = (
    "", "yesterday", "2026-11-20", "2026-11-20T06:30:00", "2026-11-20T06:30:00+00:00", "2026-11-20T06:30:00-00:00",
    "2026-11-20 06:30:00Z", "2026-13-20T06:30:00Z", "2026-02-30T06:30:00Z", "2026-11-20T24:00:00Z",
    "2026-11-20T06:60:00Z", "2026-11-20T06:30:60Z", "2026-11-20T06:30:00.Z", "2026-11-20T06:30:00,5Z",
    "20261120T063000Z", "2026-11-20t06:30:00z", "2026-11-20T06:30Z", "2026-324T06:30:00Z", "0000-01-01T00:00:00Z",
    "-2026-11-20T06:30:00Z", "+12026-11-20T06:30:00Z", "10000-01-01T00:00:00Z", "2026-11-20T06:30:00.000ZZ",
    "2026-11-20T06:30:00." + "0" * 50 + "Z", "\u0662\u0660\u0662\u0666-11-20T06:30:00Z", " 2026-11-20T06:30:00Z",
    "2026-11-20T06:30:00Z\n", "1763620200", 1763620200, -1, 1.5, None, True, [], {}, [AT], {"at": AT}, "x" * 10_000,
)  # fmt: skip  # as people would write a list of words

_CYCLE = [made("grouping", f"g{n}", context="suspicious-activity") for n in range(2)]
_CYCLE[0]["object_refs"], _CYCLE[1]["object_refs"] = [_CYCLE[1]["id"]], [_CYCLE[0]["id"]]
_SELF = joined("self", indicator("a"), indicator("b"))
_SELF["source_ref"] = _SELF["target_ref"] = _SELF["id"]
_FOLDER: dict[str, Any] = {
    "type": "directory",
    "spec_version": "2.1",
    "path": "/",
    "id": ref_of("directory", "d"),
}
_FOLDER["contains_refs"] = [_FOLDER["id"]]
_UNKNOWN_MARK = "marking-definition--99999999-9999-4999-8999-999999999999"

WRONG_TIMES: dict[str, Bad] = {
    f"{name} {each!r:.40}": of(BASE | {name: each})
    for name in ("created", "modified", "valid_until")
    for each in TIMES
    if isinstance(each, str)
    or name != "valid_until"  # which is optional: what is no text breaks the standard only
}
BAD: dict[str, Bad] = WRONG_TIMES | {
    "modified before created": of(BASE | {"modified": "2026-11-20T06:29:59.999Z"}),
    "no created": of({k: v for k, v in BASE.items() if k != "created"}),
    "a key twice": text(f'{_BASE},"name":"again"}}'),
    "a key twice, deep": text(f'{_BASE},"x_a":{{"b":1,"b":2}}}}'),
    "a key twice, spelt otherwise": text(f'{_BASE},"n\\u0061me":"again"}}'),
    "10,000 levels of lists": text(f'{_BASE},"x_a":{"[" * 10_000}{"]" * 10_000}}}'),
    "10,000 levels of objects": text(_BASE + ',"x_a":' + '{"a":' * 10_000 + "1" + "}" * 10_001),
    "65 levels": text(f'{_BASE},"x_a":{"[" * 65}{"]" * 65}}}'),
    "NUL": of(BASE | {"name": "a\0b"}),
    "NUL in a key": of(BASE | {"x\0y": 1}),
    "half a character": text(f'{_BASE},"x_a":"\\ud800"}}'),
    "a number beyond all": text(f'{_BASE},"x_a":1e999}}'),
    "a number that is none": text(f'{_BASE},"x_a":NaN}}'),
    "a whole number that is not exact": text(f'{_BASE},"x_a":9007199254740993}}'),
    "a string of 2 MB": of(BASE | {"x_a": "a" * (2 * 2**20)}),
    "an object of 5 MB": of(BASE | {"x_a": ["a" * 2**19] * 10}),
    "no id": text(json.dumps({k: v for k, v in BASE.items() if k != "id"})),
    "an id of another type": of(BASE | {"id": ref_of("tool", "bad")}),
    "an id in capitals": of(BASE | {"id": BASE["id"].upper()}),
    "an id that is a list": text(json.dumps(BASE | {"id": [BASE["id"]]})),
    "an id with more behind it": of(BASE | {"id": BASE["id"] + "\n"}),
    "a type that is none": of(BASE | {"type": "Indicator!", "id": f"Indicator!--{BASE['id'][-36:]}"}),
    "STIX 2.0": of(BASE | {"spec_version": "2.0"}),
    "made by what is no identity": of(BASE | {"created_by_ref": BASE["id"]}),
    "made by a list": of(BASE | {"created_by_ref": []}),
    "marked by what is no marking": of(BASE | {"object_marking_refs": [BASE["id"]]}),
    "marked by a text": of(BASE | {"object_marking_refs": "TLP:RED"}),
    "marked by nothing": of(BASE | {"object_marking_refs": [None]}),
    "parts marked by what is no marking": of(BASE | {"granular_markings": [{"marking_ref": 5, "selectors": ["name"]}]}),
    "an act": of({"type": "comity-act", "id": f"comity-act--{BASE['id'][-36:]}", "spec_version": "2.1", "created": AT}),
    "a marking that nobody has": of(BASE | {"object_marking_refs": [_UNKNOWN_MARK]}, Fate.KEPT),
    "parts marked that are not there": of(
        BASE | {"granular_markings": [{"marking_ref": _UNKNOWN_MARK, "selectors": ["nowhere.[5]"]}]}, Fate.DOUBTED
    ),
    "made by nobody that is known": of(BASE | {"created_by_ref": ref_of("identity", "nobody")}, Fate.KEPT),
    "valid from no time": of(BASE | {"valid_from": "yesterday"}, Fate.DOUBTED),
    "a confidence of 101": of(BASE | {"confidence": 101}, Fate.DOUBTED),
    "a pattern of brackets": of(BASE | {"pattern": "[" + "(" * 50_000}, Fate.DOUBTED),
    "a pattern that is a number": of(BASE | {"pattern": 5}, Fate.DOUBTED),
    "a pattern without end": of(
        BASE | {"pattern": " OR ".join(["[ipv4-addr:value = '198.51.100.1/99999999']"] * 20_000)}, Fate.KEPT
    ),
    "NOT after NOT": of(BASE | {"pattern": "[a:b NOT " + "NOT " * 20_000 + "= 1]"}, Fate.DOUBTED),
    "a name of a megabyte": of(BASE | {"name": "n" * 2**20}, Fate.KEPT),
    "a name of signs that turn the line": of(BASE | {"name": "\u202e\u2066 elpmaxe \u200f"}, Fate.KEPT),
    "100,000 labels": of(BASE | {"labels": [f"label {n}" for n in range(100_000)]}, Fate.KEPT),
    "labels that are no words": of(BASE | {"labels": [1, None, {}, []]}, Fate.DOUBTED),
    "10,000 parts marked": of(
        BASE | {"granular_markings": [{"marking_ref": _UNKNOWN_MARK, "selectors": ["name"]}] * 10_000}, Fate.KEPT
    ),
    "an indicator of nothing": of(
        {k: v for k, v in BASE.items() if k not in ("pattern", "pattern_type", "valid_from")}, Fate.DOUBTED
    ),
    "two that name each other": of(_CYCLE[0], Fate.KEPT, _CYCLE[1]),
    "a relationship of itself with itself": of(_SELF, Fate.DOUBTED),
    "a directory that holds itself": of(_FOLDER, Fate.KEPT),
    "the end of time": of(BASE | {"modified": "9999-12-31T23:59:59.999999Z"}, Fate.KEPT),
    "the beginning of time": of(BASE | {"created": "0001-01-01T00:00:00.000Z"}, Fate.KEPT),
    "a type of nobody": of(made("x-thing", "bad", Tlp.AMBER, anything={"deep": [[[{"a_ref": "x"}]]]}), Fate.KEPT),
}  # fmt: skip  # a line for each, as far as it fits
