"""The published vectors, read once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "vectors" / "ledger"


def load(name: str) -> Any:
    """The vectors in the file `name`."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def unhex(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def note_bytes(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
