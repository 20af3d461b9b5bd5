"""Small logs and indicators, and a run of the command over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.run import Said, comity

EVIL = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
OTHER = "indicator--0e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
TIME = "2026-06-01T12:00:00.000Z"

_HEAD = """#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tdns
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tqtype_name\trcode_name\tanswers\tTTLs\trejected
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\tstring\tvector[string]\tvector[interval]\tbool
"""


def zeek(*names: str, at: float = 1_780_315_200.0) -> str:
    """A log of look-ups, one a second."""
    rows = (
        f"{at + n:.6f}\tC{n}\t10.0.0.{n % 250 + 1}\t4000\t10.0.0.254\t53\tudp\t{name}\tA\tNOERROR\t-\t-\tF\n"
        for n, name in enumerate(names)
    )
    return _HEAD + "".join(rows)


def indicator(pattern: str = "[domain-name:value = 'evil.example']", **members: object) -> dict[str, Any]:
    """An indicator of STIX."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": EVIL,
        "created": TIME,
        "modified": TIME,
        "name": "Evil, Inc.",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": TIME,
    } | members


def bundle(*objects: dict[str, Any]) -> str:
    return json.dumps({"type": "bundle", "id": EVIL.replace("indicator", "bundle"), "objects": list(objects)})


def detect(*words: str) -> Said:
    """Run it over `dns.log` with the indicators in `feed`, where the words name no others."""
    named = words if "-i" in words else ("-i", "feed", *words)
    return comity("detect", "dns.log", *named)


def put(**files: str) -> None:
    """Files of the folder in which a test runs; `_` in a name stands for the dot."""
    for name, content in files.items():
        Path(name.replace("_", ".")).write_text(content, "utf-8")


def summary(said: Said) -> dict[str, Any]:
    """The last line, which is the sum."""
    return said.lines[-1]


def hits(said: Said) -> list[str]:
    """The values that were told, in order."""
    return [each["value"] for line in said.lines if "match" in line for each in line["match"]["hits"]]
