"""Running a command in this process."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from comity.cli.program import main


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def wrong(self) -> list[str]:
        """The rules that did not say yes."""
        return [ground["rule"] for line in self._failed for ground in line["grounds"]]

    @property
    def words(self) -> str:
        """What was said of what did not hold, in words."""
        texts = [ground["text"] for line in self._failed for ground in line["grounds"]]
        return " ".join((*texts, *(line["means"] for line in self._failed), self.err))

    @property
    def _failed(self) -> list[dict[str, Any]]:
        return [each for each in self.lines if each.get("answer") in {"no", "unknown"} and "check" in each]


def comity(*words: str) -> Said:
    """Run one command; the fixture `here` says in which folder."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    return Said(status, out.getvalue(), err.getvalue())
