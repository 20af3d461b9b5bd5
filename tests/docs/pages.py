"""The pages of the project, and what can be read from Markdown: links, anchors, code blocks, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


def pages() -> list[Path]:
    """Every page, the longest-lived first."""
    return [*sorted(Path().glob("*.md")), *sorted(Path("docs").rglob("*.md"))]


def read(page: str | Path) -> str:
    return Path(page).read_text("utf-8")


def blocks(page: str | Path, language: str) -> list[str]:
    """The fenced code of one language."""
    return [code for name, code in _FENCE.findall(read(page)) if name == language]


def indented(page: str | Path) -> list[str]:
    """Commands: indented lines, with continuations joined."""
    joined = re.sub(r" *\\\n *", " ", read(page))
    return [line.strip() for line in joined.splitlines() if line.startswith("    ")]


def commands(page: Path) -> set[str]:
    """What a page shows to be typed: within a line, indented, or in a block."""
    fenced = (line.removeprefix("$ ") for _, code in _FENCE.findall(read(page)) for line in code.splitlines())
    return {*in_code(read(page)), *indented(page), *fenced}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Links to pages of ours: the file, and the anchor in it or the empty text."""
    for target in _LINK.findall(_FENCE.sub("", read(page))):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield (page.parent / path if path else page), anchor


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as GitHub and others make them."""
    headings = _HEADING.findall(_FENCE.sub("", read(page)))
    return {_NOT_IN_ANCHOR.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def section(page: str | Path, heading: str) -> str:
    """What stands under a heading of the second level."""
    return read(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [place for place, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    heads = {place - 1 for place in rules} | set(rules)
    return [row for place, row in enumerate(cells) if place not in heads]


def in_code(text: str) -> set[str]:
    """Everything that a text sets in code."""
    return set(re.findall(r"`([^`\n]+)`", _FENCE.sub("", text)))
