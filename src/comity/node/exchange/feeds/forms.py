"""The forms of feeds: one to open or change a feed, one to pause it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from comity.base.errors import ComityError
from comity.engines.release.terms import Purpose
from comity.formats.feeds.ready import Ready
from comity.formats.strict_json import Limits, decode
from comity.node.exchange.feeds.kinds import kinds
from comity.node.exchange.forms import ELSEWHERE, PURPOSE_CHOICES, UnmarkedAs
from comity.node.exchange.models import Feed
from comity.node.exchange.services.feeds import Wish
from comity.node.parties.models import Party
from comity.node.site.lines import LineField

MAX_SETTINGS = 20_000
_EVERY = {
    5: "5 minutes",
    15: "15 minutes",
    60: "hour",
    240: "4 hours",
    360: "6 hours",
    720: "12 hours",
    1_440: "day",
    10_080: "week",
}


class FeedForm(forms.Form):
    """What a feed is to be."""

    name = LineField(label="Name", max_length=200, help_text="As your colleagues call it.")
    kind = forms.ChoiceField(label="What it is", widget=forms.RadioSelect)
    address = forms.CharField(
        label="Address",
        max_length=2_000,
        help_text="https://…, or file:NAME for a file in the folder of feeds. "
        "Of a MISP feed: the folder in which its manifest stands. Of TAXII: https://…/collections/ID/.",
    )
    settings = forms.CharField(
        label="Mapping",
        required=False,
        max_length=MAX_SETTINGS,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "code", "dir": "ltr"}),
        help_text="What stands where, as JSON; docs/wire/feeds.md says what it may say. "
        "Of a plain list nothing needs to be said.",
    )
    source = forms.ChoiceField(
        label="Where it comes from", help_text="What it brings is received, and not ours to give."
    )
    purpose = forms.ChoiceField(
        label="Given for",
        required=False,
        choices=PURPOSE_CHOICES,
        initial=Purpose.NETWORK_DEFENCE.value,
        help_text="Of a party with an agreement: the oldest one in force for this binds what it gives.",
    )
    note = LineField(
        label="Its publisher in words",
        required=False,
        max_length=200,
        help_text="For somebody who is no party here.",
    )
    licence = LineField(
        label="Licence or terms",
        required=False,
        max_length=300,
        help_text="They stand with every object of the feed.",
    )
    label = UnmarkedAs("Choose a label only if the publisher's terms say so.")
    confidence = forms.IntegerField(
        label="Confidence",
        required=False,
        min_value=0,
        max_value=100,
        help_text="0 to 100, of what says none itself.",
    )
    expiry = forms.IntegerField(
        label="Valid for",
        required=False,
        min_value=1,
        max_value=3_650,
        help_text="Days for which a value is valid since the feed listed it last. "
        "Empty: as long as it is listed.",
    )
    every = forms.TypedChoiceField(
        label="Read every",
        coerce=int,
        choices=list(_EVERY.items()),
        initial=60,
        help_text="No more often than its publisher allows.",
    )
    credential = forms.CharField(
        label="Credential",
        required=False,
        max_length=80,
        help_text="If the address asks for a key: the name of the file in the folder of credentials.",
    )
    strict = forms.BooleanField(label="Refuse objects that break the standard", required=False)

    def __init__(self, *args: Any, parties: QuerySet[Party], own: Feed | None = None, **kwargs: Any) -> None:  # noqa: ANN401  handed through
        super().__init__(*args, **kwargs)
        self._parties = {party.ref: party for party in parties if not party.ours}
        known = [(ref, party.name) for ref, party in self._parties.items()]
        said = {each.name: each.title for each in kinds() if each.look is not None}
        if own is not None:
            said = {own.kind: said.get(own.kind, own.kind)}
            minutes = own.every // 60
            self._offer(
                "every", sorted({**_EVERY, minutes: _EVERY.get(minutes, f"{minutes} minutes")}.items())
            )
        self._offer("kind", list(said.items()))
        self._offer("source", [(ELSEWHERE, "Somewhere else; I say it in words"), *known])

    def _offer(self, name: str, choices: list[tuple[Any, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean_settings(self) -> dict[str, Any]:
        """The mapping as a value."""
        text = self.cleaned_data["settings"].strip() or "{}"
        try:
            found = decode(text.encode(), limits=Limits(size=MAX_SETTINGS * 4, depth=8, values=5_000))
        except ComityError as error:
            raise forms.ValidationError(error.message) from error
        if not isinstance(found, dict):
            raise forms.ValidationError("Expected a JSON object, { … }.")
        return found

    def wish(self) -> Wish:
        """What is wanted; raises `Malformed` for what no field can tell alone."""
        said = self.cleaned_data
        return Wish(
            name=said["name"],
            kind=said["kind"],
            address=said["address"].strip(),
            settings=said["settings"],
            credential=said["credential"].strip(),
            source=self._parties.get(said["source"]),
            purpose=Purpose(said["purpose"] or Purpose.NETWORK_DEFENCE.value),
            note=said["note"],
            label=said["label"],
            licence=said["licence"],
            confidence=said["confidence"],
            expiry=said["expiry"],
            strict=said["strict"],
            every=timedelta(minutes=said["every"]),
        )


class PauseFeed(forms.Form):
    """Why a feed is left alone."""

    why = LineField(label="Why you pause it", required=False, max_length=500)


def from_ready(ready: Ready) -> dict[str, Any]:
    """What the form says at first of a public feed."""
    return {
        "name": ready.title,
        "kind": ready.kind,
        "address": ready.address,
        "settings": json.dumps(dict(ready.settings), indent=2, ensure_ascii=False),
        "source": ELSEWHERE,
        "note": ready.publisher,
        "licence": ready.licence,
        "label": ready.label.value if ready.label else "",
        "expiry": ready.expiry,
        "every": min(_EVERY, key=lambda minutes: abs(minutes - ready.every)),
        "credential": ready.credential,
    }


def from_feed(feed: Feed) -> dict[str, Any]:
    """What the form says at first of a feed that is to be changed."""
    same = (
        "name",
        "kind",
        "address",
        "purpose",
        "note",
        "licence",
        "label",
        "confidence",
        "expiry",
        "credential",
        "strict",
    )
    return {
        **{name: getattr(feed, name) for name in same},
        "settings": json.dumps(feed.settings, indent=2, ensure_ascii=False) if feed.settings else "",
        "source": feed.source.ref if feed.source else ELSEWHERE,
        "every": feed.every // 60,
    }
