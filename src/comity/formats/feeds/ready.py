"""Public feeds with the mapping that reads each, as data: a starting point for whoever opens one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from comity.base.fields import Fields
from comity.base.tlp import Tlp
from comity.formats.feeds.mapping import Form
from comity.formats.feeds.mapping import Mapping as Told

_TABLE = "ready.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What is known of a public feed; its terms are as far as `confirmed` says."""

    name: str
    title: str
    publisher: str
    kind: str
    address: str
    settings: Mapping[str, Any]
    every: int  # minutes
    terms: str
    terms_url: str
    confirmed: bool
    sample: str
    expiry: int | None = None
    label: Tlp | None = None
    credential: str = ""
    needs: str = ""  # what the file of the credential holds

    @property
    def licence(self) -> str:
        """The terms as they stand with every object."""
        doubt = "" if self.confirmed else ", unconfirmed"
        return f"{self.terms}{doubt} ({self.terms_url})"


@cache
def ready_feeds() -> Mapping[str, Ready]:
    """All of them by name; raises `Malformed` for a table that is not in order."""
    table = Fields(yaml.safe_load(files("comity.formats.feeds").joinpath(_TABLE).read_text("utf-8")), _TABLE)
    return MappingProxyType({name: _ready(name, table.object(name)) for name in table.everything()})


def _ready(name: str, fields: Fields) -> Ready:
    kind = fields.choice("kind", Form)
    settings = fields.object("settings").everything()
    Told.decode(settings, kind)
    found = Ready(
        name=name,
        kind=kind.value,
        settings=MappingProxyType(settings),
        every=fields.number("every", least=5),
        confirmed=fields.truth("confirmed"),
        expiry=fields.number("expiry", least=1) if fields.has("expiry") else None,
        label=fields.choice("label", Tlp) if fields.has("label") else None,
        credential=fields.optional_text("credential") or "",
        needs=fields.optional_text("needs") or "",
        **{each: fields.text(each) for each in _TEXTS},
    )
    fields.nothing_else()
    return found


_TEXTS = ("title", "publisher", "address", "terms", "terms_url", "sample")
