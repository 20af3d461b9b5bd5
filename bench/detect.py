"""Detection: columns of telemetry held against a million values, beside the joins of DuckDB and Polars.

python bench/detect.py [columns] [networks] [expressions] [numbers] [matching] [sensor] [--quick]

columns: values in memory and in Parquet, few and many values looked for, changes, files, memory of a process.
networks: addresses against networks, beside as many single addresses.
expressions: URLs against LIKE and MATCHES, which end alike or do not, beside one automaton of all.
numbers: ports against orders and equalities.
matching: observed-data held against one pattern and a thousand, beside the matcher of OASIS.
sensor: a process with a million indicators: its start, its memory, how soon a new one counts.

Told is what a million rows cost in CPU seconds of all threads, beside the time on the clock.
"""

# ruff: noqa: E402  the checkout goes on the path before its modules are imported

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.detecting import columns, matching, sensors, tables
from bench.kit.figures import begin, options

PARTS: Mapping[str, Callable[[bool], None]] = {
    "columns": columns.tell,
    "networks": tables.networks,
    "expressions": tables.expressions,
    "numbers": tables.numbers,
    "matching": matching.tell,
    "sensor": sensors.tell,
}


def main() -> None:
    """The parts that are named, or all."""
    parser = options("Detection: indicators against telemetry.")
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="default: all")
    args = parser.parse_args()
    begin("Detection")
    for part in args.parts or PARTS:
        PARTS[part](args.quick)


if __name__ == "__main__":
    main()
