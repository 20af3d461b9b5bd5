"""Objects to store, always the same for one number: malware, what indicates it, and relationships."""

from __future__ import annotations

import json
from random import Random
from uuid import UUID

PAGE = 1_000  # objects in a page, a post and a portion
POSTED = 10**6  # the number of the first post; what is stored has the numbers from 0
WANTED = "malware"  # one object in five
_TLP = (
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",  # green
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",  # amber
)
_BUNDLE = b"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d"
_FAMILIES = ("Emotet", "QakBot", "IcedID", "AsyncRAT", "PlugX", "LokiBot", "Remcos", "RedLine")

Object = dict[str, object]


def objects(number: int) -> bytes:
    """A list of a thousand, as JSON."""
    random = Random(number)
    made: list[Object] = []
    for _ in range(PAGE // 5):
        malware = _malware(random)
        indicators = [_indicator(random, place) for place in range(3)]
        link = _object(
            random,
            "relationship",
            relationship_type="indicates",
            source_ref=indicators[0]["id"],
            target_ref=malware["id"],
        )
        made += [malware, *indicators, link]
    return json.dumps(made, separators=(",", ":")).encode()


def envelope(number: int) -> bytes:
    """The same as a TAXII envelope."""
    return b'{"objects":' + objects(number) + b"}"


def bundle(number: int) -> bytes:
    """The same as a STIX bundle."""
    return b'{"type":"bundle","id":"%s","objects":%s}' % (_BUNDLE, objects(number))


def _malware(random: Random) -> Object:
    family = random.choice(_FAMILIES)
    return _object(
        random,
        "malware",
        name=f"{family} build {random.randrange(10**6)}",
        description=f"A sample of {family} that came by mail to a ministry and asked for a second stage.",
        malware_types=["downloader"],
        is_family=False,
    )


def _indicator(random: Random, kind: int) -> Object:
    word = f"{random.getrandbits(256):064x}"
    address = ".".join(str(random.randrange(1, 255)) for _ in range(4))
    pattern = (
        f"[domain-name:value = '{word[:12]}.example']",
        f"[ipv4-addr:value = '{address}']",
        f"[file:hashes.'SHA-256' = '{word}']",
    )[kind]
    return _object(
        random,
        "indicator",
        name=f"Command server {word[:8]}",
        description="Seen in traffic of a ministry by a sensor of the national team, every ten minutes.",
        indicator_types=["malicious-activity"],
        labels=["c2"],
        pattern=pattern,
        pattern_type="stix",
        valid_from="2026-11-20T06:30:00.000Z",
        confidence=80,
    )


def _object(random: Random, kind: str, **more: object) -> Object:
    at = f"2026-11-{random.randrange(1, 21):02}T06:{random.randrange(60):02}:00.{random.randrange(1000):03}Z"
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{UUID(int=random.getrandbits(128), version=4)}",
        "created": at,
        "modified": at,
        "object_marking_refs": [random.choice(_TLP)],
        **more,
    }
