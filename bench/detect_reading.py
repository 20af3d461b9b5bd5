"""Reading of logs, beside the readers that one would take instead; CPU seconds of all threads, one process.

python bench/detect_reading.py [--quick]

Each reads the same file of DNS events as Zeek writes them: JSON lines, tabs, and CSV. We give the columns of
the layout, with times read; the others give the same columns as they stand, and stop at the first bad line.
DuckDB's join with a table of names, for which it reads one column only, stands beside.
"""

# ruff: noqa: E402  the checkout goes on the path before its modules are imported

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

import duckdb
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
import pyarrow.json as arrow_json  # type: ignore[import-untyped]  # likewise

from bench.kit.figures import begin, options, say, spread, timed
from comity.formats.telemetry.reading import Reader
from comity.formats.telemetry.times import Clock

RUNS = 3
NAMES = 100_000  # in the table of the join
SAME: Mapping[str, str] = {
    "ts": "DOUBLE", "uid": "VARCHAR", "id.orig_h": "VARCHAR", "id.orig_p": "BIGINT", "id.resp_h": "VARCHAR",
    "id.resp_p": "BIGINT", "proto": "VARCHAR", "rtt": "DOUBLE", "query": "VARCHAR", "answers": "VARCHAR[]",
}  # fmt: skip  # the columns that our layout needs
POLARS = {
    "DOUBLE": pl.Float64(),
    "VARCHAR": pl.String(),
    "BIGINT": pl.Int64(),
    "VARCHAR[]": pl.List(pl.String),
}
ARROW = {
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "VARCHAR[]": pa.list_(pa.string()),
}
HEADER = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\t"


def event(number: int) -> dict[str, Any]:
    """One event, some 450 bytes of JSON."""
    return {
        "ts": 1_521_911_720.865911 + number / 1_000, "uid": f"C{number * 7_919 % 10**12:017x}",
        "id.orig_h": f"10.47.{number % 256}.{number // 256 % 256}", "id.orig_p": 1_024 + number * 31 % 60_000,
        "id.resp_h": "10.0.0.100", "id.resp_p": 53, "proto": "udp", "trans_id": 35_149, "rtt": 0.000827,
        "query": f"h{number * 104_729 % 1_000_003}.example{number % 977}.org", "qclass": 1,
        "qclass_name": "C_INTERNET", "qtype": 1, "qtype_name": "A", "rcode": 0, "rcode_name": "NOERROR",
        "AA": False, "TC": False, "RD": True, "RA": True, "Z": 0,
        "answers": ["name.example.org", f"134.71.{number % 256}.{number % 199}"], "TTLs": [2230.0, 41830.0],
        "rejected": False,
    }  # fmt: skip  # as Zeek writes it


def cell(value: object) -> str:
    """A value as Zeek writes it between tabs."""
    if isinstance(value, bool):
        return "T" if value else "F"
    return ",".join(map(cell, value)) if isinstance(value, list) else str(value)


def write(folder: Path, count: int) -> tuple[Path, Path, Path]:
    """The same events as JSON lines, under Zeek's header, and as CSV with the names of plain-csv."""
    paths = folder / "dns.json", folder / "dns.log", folder / "dns.csv"
    with paths[0].open("w") as lines, paths[1].open("w") as zeek, paths[2].open("w") as table:
        zeek.write(HEADER + "\t".join(event(0)) + "\n")
        table.write("time,id,src_ip,src_port,dst_ip,dst_port,protocol,domain\n")
        for number in range(count):
            each = event(number)
            lines.write(json.dumps(each, separators=(",", ":")) + "\n")
            zeek.write("\t".join(map(cell, each.values())) + "\n")
            names = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "query")
            table.write(",".join(cell(each[name]) for name in names) + "\n")
    return paths


def ours(path: Path, told: str) -> None:
    """Every portion, and nothing done with it."""
    reader = Reader(clock=Clock(datetime.now(UTC)), format=told)
    rows = sum(portion.frame.height for portion in reader.portions([path]))
    if reader.tally.unread or reader.tally.unfit or rows != reader.tally.rows:
        raise RuntimeError("not all was read")


def duck(path: Path, join: bool) -> None:  # noqa: FBT001  two forms of one query
    """DuckDB's reader with these columns; joined with names, or each column looked at once."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in SAME.items())
    read = f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"
    seen = "count(*)" if join else ", ".join(f'max(hash("{name}"))' for name in SAME)
    held = f"WHERE query IN (SELECT 'h' || n || '.example' || n % 977 || '.org' FROM range({NAMES}) t(n))"
    duckdb.connect().sql(f"SELECT {seen} FROM {read} {held if join else ''}").fetchall()


def polars_json(path: Path) -> None:
    """Polars with the same columns."""
    pl.read_ndjson(path, schema={name: POLARS[kind] for name, kind in SAME.items()})


def arrow(path: Path) -> None:
    """Arrow with the same columns."""
    schema = pa.schema([(name, ARROW[kind]) for name, kind in SAME.items()])
    arrow_json.read_json(
        path,
        read_options=arrow_json.ReadOptions(block_size=4 << 20),
        parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )


def polars_tabs(path: Path) -> None:
    """Polars with all columns as texts."""
    pl.read_csv(
        path, separator="\t", quote_char=None, has_header=False, comment_prefix="#", infer_schema=False
    )


def polars_csv(path: Path) -> None:
    """Polars, which finds the kinds out."""
    pl.read_csv(path)


def main() -> None:
    """All figures of reading."""
    args = options("Reading of logs beside other readers.").parse_args()
    begin("Reading of logs")
    count = 50_000 if args.quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        lines, zeek, table = write(Path(folder), count)
        works: Mapping[str, Callable[[], None]] = {
            "JSON lines, ours": lambda: ours(lines, "zeek-dns"),
            "JSON lines, DuckDB, all these columns": lambda: duck(lines, join=False),
            "JSON lines, DuckDB, joined with names": lambda: duck(lines, join=True),
            "JSON lines, Polars": lambda: polars_json(lines),
            "JSON lines, Arrow": lambda: arrow(lines),
            "Zeek's tabs, ours": lambda: ours(zeek, "zeek-dns"),
            "Zeek's tabs, Polars, as texts": lambda: polars_tabs(zeek),
            "CSV, ours": lambda: ours(table, "plain-csv"),
            "CSV, Polars": lambda: polars_csv(table),
        }
        for what, work in works.items():
            work()
            rates = [count / timed(work).cpu / 1e6 for _ in range(RUNS)]
            say(what, spread(rates, "million rows per CPU second", ".2f"))
            if what.endswith("ours"):
                mine = median(rates)
            else:
                say("  we are", f"{mine / median(rates):.2f} times as fast")


if __name__ == "__main__":
    main()
