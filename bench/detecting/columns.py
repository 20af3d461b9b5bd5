"""Columns held against values: what a look-up costs, beside joins of the same data in the same run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import polars as pl

from bench.detecting.values import KINDS, form, texts
from bench.kit.figures import Timed, say, timed
from comity.engines.patterns.columns.forms import keys_of
from comity.engines.patterns.columns.table import ValueTable

MILLION = 1_000_000
RUNS = 5
ROWS, SOUGHT, CHANGED = 5 * MILLION, MILLION, 1_000
POPULATION = 50 * MILLION  # values that the rows are drawn from: of a million sought one row in 200 holds one
PORTION = MILLION // 4  # rows, as readers of logs give them
THREADS = 2  # of the peers; we take one, since two beside each other wait for Python's lock
_SEED = 41
_LOADED = """
import sys
from pathlib import Path
import polars as pl
from comity.engines.patterns.columns.forms import keys_of
from comity.engines.patterns.columns.table import ValueTable
from comity.engines.patterns.normal import host
def held(what):
    rows = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(what, *(rows[name].split()[0] for name in ("VmRSS", "RssAnon", "VmHWM")))
held("without a table")
table = ValueTable.load(Path(sys.argv[1]))
held("loaded")
numbers = pl.DataFrame({"n": range(1_000_000)})
column = numbers.select(pl.format("host-{}.example.com", pl.col("n"))).to_series()
held("with a portion of a million rows")
for _ in range(5):
    table.meet(keys_of(host, column), [1])
held("after it was met")
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """How much there is of everything."""

    rows: int
    sought: int
    draw: np.random.Generator

    def column(self, kind: str) -> pl.Series:
        """Values as a log has them."""
        return texts(kind, self.draw.integers(0, POPULATION, self.rows))

    def values(self, count: int) -> pl.DataFrame:
        """Values of all kinds that are looked for, each at the place of its kind."""
        each = count // len(KINDS)
        numbers = [self.draw.choice(POPULATION, each, replace=False) for _ in KINDS]
        held = [texts(kind, some).alias("value") for kind, some in zip(KINDS, numbers, strict=True)]
        places = np.repeat(np.arange(len(KINDS), dtype=np.uint16), each)
        return pl.DataFrame({"value": pl.concat(held, rechunk=True), "place": places}).with_row_index("owner")


def tell(quick: bool) -> None:  # noqa: FBT001  the command line's
    """All figures of columns."""
    size = 10 if quick else 1
    bench = Bench(ROWS // size, SOUGHT // size, np.random.default_rng(_SEED))
    values = bench.values(bench.sought)
    table = table_of(values)
    few = table_of(bench.values(CHANGED))
    spent: Counter[str] = Counter()
    for place, kind in enumerate(KINDS):
        spent.update(beside_joins(bench.column(kind), kind, place, table, values))
        many_and_few(bench.column(kind), kind, place, table, few)
    for name, seconds in spent.items():
        ratio = seconds / spent["ours"]
        say(f"all kinds in memory, {name}", f"{seconds:.2f} CPU s; {ratio:.2f} of ours")
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder:
        parquet(bench, Path(folder) / "names.parquet", table, values)
        changes(table, bench)
        file_and_memory(table, Path(folder) / "values")


def table_of(values: pl.DataFrame) -> ValueTable:
    """The table of these values."""
    return ValueTable.of(values["value"], values["place"].to_numpy(), values["owner"].to_numpy())


def beside_joins(
    column: pl.Series, kind: str, place: int, table: ValueTable, values: pl.DataFrame
) -> dict[str, float]:
    """One column of a kind of values held against all that is looked for, and the joins of others."""
    rows, sought = column.alias("value").to_frame(), values.select("value")
    with duckdb.connect() as peer:
        peer.execute(f"SET threads={THREADS}")
        peer.register("arrow_rows", rows.to_arrow())
        peer.register("arrow_sought", sought.to_arrow())
        peer.execute("CREATE TABLE held AS FROM arrow_rows")
        peer.execute("CREATE TABLE sought AS FROM arrow_sought")
        told = {
            "ours": lambda: met(table, column, kind, place),
            "ours, values as they are": lambda: len(table.meet(column, [place]).rows),
            "Polars": lambda: rows.join(sought, on="value", how="semi").height,
            "DuckDB": lambda: answer(peer, "SELECT count(*) FROM held SEMI JOIN sought USING (value)"),
        }
        return side_by_side(f"{kind} in memory, {len(values):,} sought", told, len(column))


def met(table: ValueTable, column: pl.Series, kind: str, place: int) -> int:
    """How many rows were met, in their normal form, portion after portion in one thread."""
    parts = (column.slice(first, PORTION) for first in range(0, len(column), PORTION))
    return sum(len(table.meet(keys_of(form(kind), part), [place]).rows) for part in parts)


def answer(peer: duckdb.DuckDBPyConnection, question: str) -> int:
    """The one number that a question of SQL gives."""
    found = peer.execute(question).fetchone()
    return int(found[0]) if found else 0


def side_by_side(what: str, told: dict[str, Callable[[], int]], rows: int) -> dict[str, float]:
    """Each way as often as the others, in turn; all have to find the same. Gives the CPU seconds of each."""
    counts = {name: way() for name, way in told.items()}
    if len(set(counts.values())) != 1:
        raise RuntimeError(f"{what}: found are {counts}")
    runs: dict[str, list[Timed]] = {name: [] for name in told}
    for _ in range(RUNS):
        for name, way in told.items():
            runs[name].append(timed(way))
    ours = cpu(runs["ours"])
    for name, each in runs.items():
        ratio = "" if name == "ours" else f"; {cpu(each) / ours:.2f} of ours"
        clock = rows / median(run.wall for run in each) / MILLION
        say(
            f"{what}, {name}",
            f"{cpu(each) / rows * MILLION:.4f} CPU s a million rows, {clock:.1f} M rows/s{ratio}",
            "no slower than the joins" if name == "ours" else "",
        )
    say(f"{what}, rows met", f"{counts['ours']:,} of {rows:,}")
    return {name: cpu(each) for name, each in runs.items()}


def cpu(runs: list[Timed]) -> float:
    """CPU seconds of the run in the middle."""
    return median(run.cpu for run in runs)


def many_and_few(column: pl.Series, kind: str, place: int, many: ValueTable, few: ValueTable) -> None:
    """The same column against as many values as there are, and against a thousand."""
    runs: dict[int, list[Timed]] = {len(many): [], len(few): []}
    for _ in range(RUNS):
        for table in (many, few):
            runs[len(table)].append(timed(partial(met, table, column, kind, place)))
    much, little = cpu(runs[len(many)]), cpu(runs[len(few)])
    say(
        f"{kind}, {len(many):,} values beside {len(few):,}",
        f"{much / little:.2f} times the CPU seconds ({much:.3f} and {little:.3f})",
        "<= 1.5, aim 1.1",
    )


def parquet(bench: Bench, path: Path, table: ValueTable, values: pl.DataFrame) -> None:
    """One column of names in a file."""
    bench.column("names").alias("value").to_frame().write_parquet(path, row_group_size=250_000)
    place = KINDS.index("names")
    sought = values.select("value")
    with duckdb.connect() as peer:
        peer.execute(f"SET threads={THREADS}")
        peer.register("arrow_sought", sought.to_arrow())
        peer.execute("CREATE TABLE sought AS FROM arrow_sought")
        question = f"SELECT count(*) FROM '{path}' SEMI JOIN sought USING (value)"
        told = {
            "ours": lambda: met(table, pl.read_parquet(path, columns=["value"])["value"], "names", place),
            "Polars": lambda: (
                pl.scan_parquet(path).join(sought.lazy(), on="value", how="semi").collect().height
            ),
            "DuckDB": lambda: answer(peer, question),
        }
        side_by_side("names in Parquet", told, bench.rows)


def changes(table: ValueTable, bench: Bench) -> None:
    """A thousand values more, and a thousand less."""
    new = bench.values(CHANGED)
    gone = bench.draw.choice(len(table), CHANGED, replace=False).astype(np.uint32)
    ways: dict[str, Callable[[], object]] = {
        f"{CHANGED:,} values added": lambda: table.with_those_of(table_of(new)),
        f"{CHANGED:,} values removed": lambda: table.without(gone),
        "folded into one": table.with_those_of(table_of(new)).without(gone).folded,
    }
    for what, way in ways.items():
        runs = [timed(way) for _ in range(RUNS)]
        say(f"{what}, of {len(table):,}", milliseconds(runs), "< 500 ms, aim 10" if "one" not in what else "")


def file_and_memory(table: ValueTable, path: Path) -> None:
    """The table as a file, and a process that reads it."""
    say("saved", milliseconds([timed(lambda: table.save(path)) for _ in range(RUNS)]))
    say(
        f"loaded, {len(table):,} values in {path.stat().st_size / MILLION:,.0f} MB",
        milliseconds([timed(lambda: ValueTable.load(path)) for _ in range(RUNS)]),
        "< 1,000 ms",
    )
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, str(path)], capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        what, *figures = line.rsplit(maxsplit=3)
        resident, own, peak = (f"{int(each) / 1024:.0f} MB" for each in figures)
        figure = f"{resident} resident, {own} of them its own, peak {peak}"
        say(f"memory of a process, {what}", figure, "< 300 MB" if what == "loaded" else "")


def milliseconds(runs: list[Timed]) -> str:
    """CPU time and time on the clock."""
    clock = median(run.wall for run in runs)
    return f"{cpu(runs) * 1000:.1f} ms of CPU, {clock * 1000:.1f} ms on the clock"
