"""The form by which a list of objects is narrowed: a few fields for most days, and all others folded away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from comity.base.tlp import Tlp
from comity.engines.patterns.query import understood
from comity.node.exchange.forms import PURPOSE_CHOICES
from comity.node.exchange.fulltext import NEWEST
from comity.node.exchange.narrowing import UNMARKED, Days, Narrow, Order
from comity.node.exchange.relations.related import related_to
from comity.node.exchange.services.results import RESULT_FORMS
from comity.node.parties.actors import Actor

SIMPLE = ("words", "kind", "tlp", "source")
Choices = Iterable[tuple[str, str]]  # the ref and the name of a party: two hundred models would take 10 ms
_LABELS = [(label.value, label.label) for label in Tlp]


# As what all that is sought is fetched, in words; a list can be taken along as the same and more.
DEVICE_FORMS = {
    "list-ip": "Addresses and networks, one on a line",
    "list-domain": "Domains",
    "list-url": "URLs",
    "list-md5": "Hashes of files: MD5",
    "list-sha1": "Hashes of files: SHA-1",
    "list-sha256": "Hashes of files: SHA-256",
    "list-sha512": "Hashes of files: SHA-512",
    "rpz": "Response policy zone for resolvers (RPZ)",
    "suricata": "Rules and lists for Suricata",
    "zeek": "Intelligence file for Zeek",
    "csv": "Table of all values (CSV)",
}
TAKEN_AS = DEVICE_FORMS | {
    "csv": "Table of the objects (CSV)",
    "stix": "STIX 2.1 bundle",
    "misp": "Events of MISP",
}


class _Day(forms.DateField):
    """A day in UTC."""

    def __init__(self, label: str, help_text: str = "") -> None:
        widget = forms.DateInput(attrs={"type": "date"})
        super().__init__(required=False, label=label, help_text=help_text, widget=widget)


class Search(forms.Form):
    """Which objects a list shows; every field may stay empty."""

    words = forms.CharField(
        required=False,
        max_length=200,
        label="Text",
        help_text=f"Name, value, pattern or id. One or two letters alone: in the newest {NEWEST:,} objects.",
    )
    kind = forms.ChoiceField(required=False, label="Type")
    tlp = forms.ChoiceField(
        required=False, label="Marking", choices=[("", "Any"), *_LABELS, (UNMARKED, "No TLP label")]
    )
    source = forms.ChoiceField(required=False, label="From")
    order = forms.ChoiceField(
        required=False, label="Sorted", choices=[(each.value, each.words) for each in Order]
    )
    label = forms.CharField(
        required=False, max_length=100, label="Label or sector", help_text="The whole of it."
    )
    related = forms.CharField(
        required=False,
        max_length=300,
        label="Related to",
        help_text="A name, a number or an id, after a type of relationship or alone: <q>uses T1566</q>.",
    )
    confidence = forms.IntegerField(
        required=False, min_value=0, max_value=100, label="Confidence at least", help_text="0 to 100."
    )
    sighted = forms.BooleanField(required=False, label="Sighted by somebody")
    contradicted = forms.BooleanField(
        required=False, label="Contradicted", help_text="Two givers say what cannot both hold."
    )
    valid = _Day("Valid on", "By its maker's word.")
    added_from = _Day("Here from")
    added_to = _Day("Here to")
    created_from = _Day("Made from")
    created_to = _Day("Made to")
    modified_from = _Day("Last changed from")
    modified_to = _Day("Last changed to")
    until = _Day("To be deleted by", "What its giver lets us keep no longer than to this day.")
    brought = forms.IntegerField(required=False, widget=forms.HiddenInput)
    literally = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  handed through to Django
        types: list[tuple[str, int]],
        givers: Choices,
        **kwargs: Any,  # noqa: ANN401  handed through to Django
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Any"), *((name, f"{name} ({count})") for name, count in types)]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["source"].choices = [("", "Anybody"), *givers]  # type: ignore[attr-defined]  # as above
        if "words" not in self.data:
            self.fields["literally"].widget = forms.MultipleHiddenInput()  # nothing to take literally

    @property
    def simple(self) -> list[forms.BoundField]:
        """The fields that are always shown."""
        return [self[name] for name in SIMPLE]

    @property
    def others(self) -> list[forms.BoundField]:
        """The fields that are folded away."""
        return [each for each in self.visible_fields() if each.name not in SIMPLE]

    @property
    def unfolded(self) -> bool:
        """Whether one of the others is filled in, so that nothing narrows a list unseen."""
        return any(self.data.get(each.name) for each in self.others)

    def narrow(self, actor: Actor) -> Narrow:
        """What the list is narrowed by; a field that is filled in wrongly narrows nothing, and says so."""
        self.is_valid()
        said = self.cleaned_data
        words = said.get("words", "")
        return Narrow(
            words=words,
            value=understood(words) if words and not said.get("literally") else None,
            kind=said.get("kind", ""),
            tlp=said.get("tlp", ""),
            source=said.get("source", ""),
            brought="" if said.get("brought") is None else str(said["brought"]),
            until=said.get("until"),
            label=said.get("label", ""),
            added=self._days("added"),
            created=self._days("created"),
            modified=self._days("modified"),
            valid=said.get("valid"),
            confidence=said.get("confidence"),
            related=related_to(actor, said.get("related", "")),
            sighted=bool(said.get("sighted")),
            contradicted=bool(said.get("contradicted")),
            order=Order(said.get("order") or Order.NEWEST.value),
        )

    def _days(self, name: str) -> Days:
        said = self.cleaned_data
        return Days(said.get(f"{name}_from"), said.get(f"{name}_to"))


class Take(forms.Form):
    """As what a list is taken along, and for whom: what may go is judged for them."""

    form = forms.ChoiceField(label="As", choices=[(name, TAKEN_AS[name]) for name in RESULT_FORMS])
    partner = forms.ChoiceField(label="For", required=False)
    purpose = forms.ChoiceField(label="Purpose", choices=PURPOSE_CHOICES)

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  handed through to Django
        partners: Choices,
        **kwargs: Any,  # noqa: ANN401  handed through to Django
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "take_%s"  # beside the fields of the search, two of which have the same names
        self.fields["partner"].choices = [("", "Our own use"), *partners]  # type: ignore[attr-defined]  # as above
