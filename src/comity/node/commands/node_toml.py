"""Writing `node.toml`: the standard library reads TOML only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_HEADING = """\
# Settings of this Comity node. Each is explained in docs/settings.md and by `comity-node settings`.
# A change takes effect at the next start.
"""


def written(settings: Mapping[str, str]) -> str:
    """The text of a new `node.toml`."""
    return _HEADING + "".join(_line(name, value) for name, value in settings.items())


def with_setting(text: str, name: str, value: str) -> str:
    """The text with one setting changed or added; all other lines and comments stay."""
    line = _line(name, value)
    changed, found = re.subn(rf"^[ \t]*{name}[ \t]*=.*\n?", lambda _: line, text, count=1, flags=re.MULTILINE)
    return changed if found else line + text


def _line(name: str, value: str) -> str:
    # JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped.
    quoted = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{name} = {quoted}\n"
