"""Writes the table of formats of logs into its page: `python tests/docs/formats.py`."""

from __future__ import annotations

import re
from pathlib import Path

from comity.formats.telemetry.known import shipped
from comity.formats.telemetry.listing import as_markdown

PAGE = Path("docs/detect.md")
_BETWEEN = re.compile(r"(?<=<!-- formats: generated)([^\n]*-->\n).*?(?=<!-- formats: end)", re.DOTALL)


def written(text: str) -> str:
    """The page with the table as it is to be."""
    return _BETWEEN.sub(lambda found: found[1] + as_markdown(shipped().values()), text)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
