"""The STIX extension definitions that introduce our own types, for a node to publish beside them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from comity.base.fields import Fields
from comity.formats.stix import StixObject, decode_objects
from comity.formats.strict_json import decode

_TABLE = "data/extension-definitions.json"


@cache
def extension_definitions() -> tuple[StixObject, ...]:
    """The definitions, and the identity that created them."""
    text = files("comity.formats").joinpath(_TABLE).read_bytes()
    return decode_objects(Fields({"objects": decode(text)}))
