"""The lines of code in docs/detect.md do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from tests.engines.patterns.sets.logs import DNS, names

PAGE = Path(__file__).parents[4] / "docs" / "detect.md"


def test_library_use():
    (code,) = re.findall(
        r"```python\n(.*?)```", PAGE.read_text().split("## The engine")[1].split("\n## ")[0], re.DOTALL
    )
    known = {"frame": names("Evil.example."), "layout": DNS}
    exec(code, known)
    lines = known["lines"]
    assert isinstance(lines, pl.DataFrame)
    assert lines.select("indicator", "row", "value").rows() == [("indicator--1", 1, "Evil.example.")]
