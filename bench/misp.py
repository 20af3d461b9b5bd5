"""MISP events to STIX 2.1, beside misp-stix, and what each of the two loses.

python bench/misp.py [--quick] [--data FOLDER]

Both convert the same events in the same run: the real ones, and one of many attributes made for the purpose,
which misp-stix is given in a smaller size, since it needs minutes for the whole. Bytes go in, and objects
come out as JSON.
"""

# ruff: noqa: E402  the checkout comes before its modules

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.figures import begin, options, say, spread, timed
from comity.formats.misp.decode import decode_misp
from comity.formats.misp.encode import encode_misp

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from misp_stix_converter import MISPtoSTIX21Parser
    from stix2.exceptions import STIXError  # type: ignore[import-untyped]  # it carries no types

RUNS = 5
DATA = Path("../shared/data/exchange-detect/misp-events")
MANY = 100_000
FEW = 2_000  # what misp-stix is given of them
_SHOWN = 5
_SPACE = UUID("57c4445b-c548-4654-af0b-4be3950d210f")

Event = dict[str, Any]


def main() -> None:
    """Rates on the real events and on a large one, and the losses."""
    parser = options("MISP events to STIX.")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of real events")
    args = parser.parse_args()
    begin("MISP events to STIX 2.1")
    logging.disable(logging.ERROR)  # PyMISP tells of each part that it drops; they are counted below
    runs = 1 if args.quick else RUNS
    texts = [path.read_bytes() for path in sorted(args.data.glob("*.json"))]
    if texts:
        real_events(texts, runs)
        losses(texts)
    else:
        say("real events", f"are not in {args.data}; name their folder with --data")
    large_event(MANY // 10 if args.quick else MANY, runs)


def real_events(texts: Sequence[bytes], runs: int) -> None:
    """Events and attributes in a second of CPU; where misp-stix breaks, the time until then counts."""
    number = sum(len(list(attributes(event_in(text)))) for text in texts)
    pairs = [(_cpu(texts, ours=True), _cpu(texts, ours=False)) for _ in range(runs)]
    for name, times in zip(("comity", "misp-stix"), zip(*pairs, strict=True), strict=True):
        say(
            f"{len(texts)} real events: {name}",
            spread([len(texts) / each for each in times], "events per CPU second"),
        )
        say(
            f"{number:,} attributes: {name}",
            spread([number / each for each in times], "attributes per CPU second"),
        )
    say(
        "real events: comity over misp-stix",
        spread([theirs / mine for mine, theirs in pairs], "times", ".1f"),
    )


def large_event(number: int, runs: int) -> None:
    """One event of many attributes: the rate must not fall with their number."""
    few, many = made(FEW), made(number)
    pairs = [(_cpu([few], ours=True), _cpu([few], ours=False)) for _ in range(runs)]
    say(
        f"one event of {FEW:,} attributes: comity",
        spread([FEW / mine for mine, _ in pairs], "attributes per CPU second"),
    )
    say(
        f"one event of {FEW:,} attributes: misp-stix",
        spread([FEW / theirs for _, theirs in pairs], "attributes per CPU second"),
    )
    say(
        f"one event of {FEW:,} attributes: comity over misp-stix",
        spread([theirs / mine for mine, theirs in pairs], "times", ".1f"),
    )
    took = timed(lambda: decode_misp(many)).cpu
    say(
        f"one event of {number:,} attributes: comity",
        f"{number / took:,.0f} attributes per CPU second ({took:.1f} s)",
    )
    found = decode_misp(many).objects
    back = timed(lambda: encode_misp(found)).cpu
    say(
        f"{len(found):,} objects to MISP: comity",
        f"{number / back:,.0f} attributes per CPU second ({back:.1f} s)",
    )


def losses(texts: Sequence[bytes]) -> None:
    """Events that come to nothing; attributes and entries of galaxies in no object and in no list.

    An attribute counts as there if its uuid is, or at least its value.
    """
    for name in ("comity", "misp-stix"):
        broken: list[str] = []
        missing: list[tuple[str, ...]] = []
        for text in texts:
            event = event_in(text)
            try:
                there, listed = _there(text, ours=name == "comity")
            except (STIXError, ValueError, LookupError) as error:
                broken.append(f"{event['info'][:40]!r}: {str(error)[:80]}")
                continue
            missing += [
                each for each in _parts(event) if not there.intersection(each) | listed.intersection(each)
            ]
        say(f"{name}: events that come to nothing", f"{len(broken)} of {len(texts)}")
        say(f"{name}: parts that are lost in the others", f"{len(missing)}")
        for each in [*broken, *map(str, missing)][:_SHOWN]:
            say("  such as", each)


def event_in(text: bytes) -> Event:
    """The event of a file, which may be a reply."""
    value = json.loads(text)
    return dict((value["response"][0] if "response" in value else value)["Event"])


def _parts(event: Event) -> Iterator[tuple[str, ...]]:
    """Each attribute by its uuid and value; each entry of a galaxy by its tag, since some have no uuid."""
    for part in attributes(event):
        yield part["uuid"], part["value"]
    for galaxy in event.get("Galaxy", []):
        yield from ((cluster["tag_name"],) for cluster in galaxy["GalaxyCluster"])


def attributes(event: Event) -> Iterator[Event]:
    """All attributes, those of objects included."""
    yield from event.get("Attribute", [])
    for whole in event.get("Object", []):
        yield from whole["Attribute"]


def made(number: int) -> bytes:
    """An event of so many attributes of common types, two of three meant for detection."""
    parts = [_attribute(at) for at in range(number)]
    head = {"uuid": str(_SPACE), "info": "many", "date": "2026-01-01", "timestamp": "1570460074"}
    org = {"Orgc": {"uuid": str(uuid5(_SPACE, "org")), "name": "O"}, "Tag": [{"name": "tlp:amber"}]}
    return json.dumps({"Event": head | org | {"Attribute": parts}}).encode()


def _attribute(at: int) -> dict[str, Any]:
    address = f"10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}"
    kinds = (
        ("domain", f"a{at}.example"),
        ("ip-dst", address),
        ("sha256", f"{at:064x}"),
        ("url", f"http://a{at}.example/"),
    )
    kind, value = kinds[at % len(kinds)]
    said = {"category": "Network activity", "to_ids": at % 3 != 0, "timestamp": "1570460074", "comment": "c"}
    more = {
        "distribution": "5",
        "sharing_group_id": "0",
        "deleted": False,
        "Galaxy": [],
        "ShadowAttribute": [],
    }
    return {"uuid": str(uuid5(_SPACE, str(at))), "type": kind, "value": value} | said | more


def _cpu(texts: Sequence[bytes], *, ours: bool) -> float:
    def all_of_them() -> None:
        for text in texts:
            if ours:
                decode_misp(text)
            else:
                _by_library(text)

    return timed(all_of_them).cpu


def _by_library(text: bytes) -> list[str]:
    """As misp-stix is used: objects as JSON; an event on which it breaks gives none."""
    parser = MISPtoSTIX21Parser()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parser.parse_misp_event({"Event": event_in(text)})
        except (STIXError, ValueError):
            return []
    return [str(each.serialize()) for each in parser.stix_objects]


def _there(text: bytes, *, ours: bool) -> tuple[set[str], set[str]]:
    """Uuids and tags that the objects tell of, and those that are in the list of what was not mapped."""
    if ours:
        found = decode_misp(text)
        values = [each.value for each in found.objects]
        listed = {each.uuid for each in found.unmapped}
    else:
        parser = MISPtoSTIX21Parser()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.parse_misp_event({"Event": event_in(text)})
        values = [json.loads(str(each.serialize())) for each in parser.stix_objects]
        listed = {word for said in parser.errors.values() for text in said for word in text.split()}
    there = {each["id"].partition("--")[2] for each in values}
    there |= {label for each in values for label in each.get("labels", [])}
    return there | set(_texts(values)), listed


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, and every number as one; of an external id or a hash the text itself."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str | int):
        yield str(value)


if __name__ == "__main__":
    main()
