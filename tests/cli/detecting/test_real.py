"""Real logs of Zeek and Suricata, with values that stand in them and indicators of real events of MISP."""

import gzip
import json
import re
from collections import defaultdict
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.cli.detecting.logs import bundle, indicator, put
from tests.cli.run import Said, comity

VECTORS = Path(__file__).parents[2] / "vectors"
LOGS, EVENTS = VECTORS / "telemetry", VECTORS / "formats/misp/events"
DNS, ALERTS = LOGS / "wrccdc/dns.log.gz", LOGS / "suricata/first-org-conf-2015.json"
ALL = ("--no-shipped-lists", "--least-score", "0", "--early", "36500")  # nothing is set aside

NAME = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z]+").fullmatch
Rows = dict[str, set[int]]


def is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def rows_of_zeek(path: Path) -> Rows:
    """Which lines of a log of look-ups hold which address or name, read in the plainest way."""
    found: Rows = defaultdict(set)
    with gzip.open(path, "rt") as lines:
        for number, line in enumerate(lines, 1):
            cells = line.rstrip("\n").split("\t")
            if line.startswith("#fields"):
                names = cells[1:]
            elif not line.startswith("#"):
                told = dict(zip(names, cells, strict=True))
                for each in (
                    told["id.orig_h"],
                    told["id.resp_h"],
                    told["query"],
                    *told["answers"].split(","),
                ):
                    found[each.lower().removesuffix(".")].add(number)
    return found


def rows_of_alerts(path: Path) -> Rows:
    """Which of the alerts hold which address, that of a host included."""
    found: Rows = defaultdict(set)
    for number, each in enumerate(json.loads(path.read_bytes()), 1):
        for value in (each["src_ip"], each["dest_ip"], each.get("http", {}).get("hostname", "")):
            found[value].add(number)
    return found


def feed_of(values: list[str]) -> dict[str, str]:
    """An indicator for each value, by its id."""
    ids = {f"indicator--{n:08x}-17d4-4cbf-938f-98ee46b3cd3f": value for n, value in enumerate(values)}
    kinds = {
        value: f"ipv{ip_address(value).version}-addr" if is_address(value) else "domain-name"
        for value in values
    }
    put(
        feed=bundle(*(indicator(f"[{kinds[value]}:value = '{value}']", id=ref) for ref, value in ids.items()))
    )
    return ids


def rows_told(said: Said, ids: dict[str, str]) -> Rows:
    found: Rows = defaultdict(set)
    for line in said.lines:
        if "match" in line:
            (event,) = line["match"]["events"]
            found[ids[line["match"]["indicator"]]].add(event["row"])
    return found


@pytest.mark.parametrize(
    ("path", "rows"), [(DNS, rows_of_zeek(DNS)), (ALERTS, rows_of_alerts(ALERTS))], ids=["zeek", "suricata"]
)
def test_every_row_that_holds_a_value_is_hit_and_no_other(path: Path, rows: Rows):
    values = sorted(each for each in rows if is_address(each) or NAME(each))
    values = [each for each in values if each not in {"0.0.0.0", "255.255.255.255", "127.0.0.1"}]
    assert len(values) > 5
    ids = feed_of(values)
    said = comity("detect", str(path), "-i", "feed", *ALL)
    assert said.status == 3
    assert rows_told(said, ids) == {value: rows[value] for value in values}


def test_real_events_over_real_logs():
    logs = [str(each) for each in LOGS.glob("*/*.log*")] + [str(each) for each in LOGS.glob("*/*.json")]
    said = comity("detect", *logs, "-i", str(EVENTS), "-i", str(EVENTS.parent))
    told = said.lines[-1]
    assert (said.status, said.err) == (0, "")
    assert told["indicators"] > 600
    assert told["rows"] > 500
    assert told["complete"] is True
