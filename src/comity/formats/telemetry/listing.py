"""The formats that are known, as a table for people."""

from __future__ import annotations

from collections.abc import Iterable

from comity.formats.telemetry.tables import Format, Framing

_FRAMINGS = {
    Framing.ZEEK: "tabs under Zeek's header, JSON lines",
    Framing.JSON: "JSON lines, JSON array",
    Framing.CSV: "CSV",
    Framing.LINES: "lines",
}


def as_markdown(known: Iterable[Format]) -> str:
    """A row for each: its name, what it is of, how it is written, and the objects of STIX that it gives."""
    lines = ["| name | logs | written as | objects |", "|---|---|---|---|"]
    for each in sorted(known, key=lambda one: one.name):
        types = sorted({name for seen in each.layout.objects for name in seen.types})
        named = "" if each.is_shown else "; to be named"
        lines.append(
            f"| `{each.name}` | {each.title} | {_FRAMINGS[each.framing]}{named} | {', '.join(types)} |"
        )
    return "\n".join(lines) + "\n"
