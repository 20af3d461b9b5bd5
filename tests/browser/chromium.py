"""Debian's Chromium: how it is found, and the flags with which it asks nobody for anything."""

from __future__ import annotations

import shutil

FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]


def found() -> str | None:
    """The program, None where it is not installed."""
    return shutil.which("chromium")
