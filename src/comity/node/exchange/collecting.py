"""The forms of collections, of accounts of programs, and of webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.node.exchange.models import Collection, HookForm
from comity.node.exchange.services.accounts import MAX_NAME
from comity.node.exchange.services.collections import MAX_DESCRIPTION, MAX_TITLE, Wish
from comity.node.exchange.services.webhooks import LONGEST_ADDRESS, Subscription, check_address
from comity.node.exchange.taxii.chosen import OWN, Query, read_query
from comity.node.instruments.wording import PURPOSES
from comity.node.parties.models import Party
from comity.node.site.lines import LineField

_PURPOSES = [(purpose.value, words.capitalize()) for purpose, words in PURPOSES.items()]
_LABELS = [(label.value, label.label) for label in Tlp]


class Collecting(forms.Form):
    """A collection: what callers read as its name, what for, and which objects."""

    title = LineField(label="Title", max_length=MAX_TITLE, help_text="What those who read it see first.")
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    alias = forms.CharField(
        label="Alias",
        required=False,
        max_length=80,
        help_text="Stands in place of the id in addresses: letters a-z, digits and hyphens.",
    )
    purpose = forms.ChoiceField(
        label="Purpose",
        choices=_PURPOSES,
        initial=Purpose.NETWORK_DEFENCE.value,
        help_text="Release judges for it what each party may see.",
    )
    types = forms.MultipleChoiceField(
        label="Types",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all types.",
    )
    labels = forms.CharField(
        label="Labels", required=False, max_length=2_000, help_text="One of these, between commas."
    )
    sectors = forms.CharField(
        label="Sectors", required=False, max_length=2_000, help_text="One of these, between commas."
    )
    sources = forms.MultipleChoiceField(
        label="Given by",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: anybody.",
    )
    up_to = forms.ChoiceField(
        label="Up to the marking", required=False, choices=[("", "Any, also without a label"), *_LABELS]
    )
    may_post = forms.BooleanField(
        label="Those who read it may post to it",
        required=False,
        help_text="What they post is bound by the agreement with them.",
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  handed through to Django
        types: Iterable[tuple[str, int]],
        parties: QuerySet[Party],
        **kwargs: Any,  # noqa: ANN401  handed through to Django
    ) -> None:
        super().__init__(*args, **kwargs)
        before: Mapping[str, Any] = self.initial
        held = dict(types)
        missing = {name: 0 for name in before.get("types", ()) if name not in held}
        choices = [(name, f"{name} ({count})") for name, count in sorted((held | missing).items())]
        known = [(OWN, "Our own work"), *((party.ref, party.name) for party in parties)]
        strange = set(before.get("sources", ())) - {ref for ref, _ in known}
        self.fields["types"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["sources"].choices = [*known, *((ref, ref) for ref in sorted(strange))]  # type: ignore[attr-defined]  # likewise

    def clean(self) -> dict[str, Any]:
        """What the service would refuse is said here, beside the rest."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.wish()
            except Malformed as error:
                self.add_error("alias" if error.where == "alias" else None, error.message)
        return cleaned

    def query(self) -> Query:
        """The objects that are chosen; fields that are wrong choose nothing."""
        said = self.cleaned_data
        return read_query(
            {
                "types": said.get("types", []),
                "labels": _words(said.get("labels", "")),
                "sectors": _words(said.get("sectors", "")),
                "sources": said.get("sources", []),
                "up_to": said.get("up_to", ""),
            }
        )

    def wish(self) -> Wish:
        """The collection that is wanted."""
        said = self.cleaned_data
        return Wish(
            title=said["title"],
            description=said["description"],
            alias=said["alias"],
            purpose=Purpose(said["purpose"]),
            query=self.query(),
            may_post=said["may_post"],
        )


class Changing(Collecting):
    """A collection that is there already; another query or purpose gives all of it anew."""

    understood = forms.BooleanField(
        label="All of it may be given anew to everybody who reads it",
        required=False,
        help_text="Needed if the purpose or the choice of objects changes.",
    )

    def __init__(self, *args: Any, collection: Collection, **kwargs: Any) -> None:  # noqa: ANN401  handed through
        self.collection = collection
        super().__init__(*args, initial=as_typed(collection), **kwargs)

    def clean(self) -> dict[str, Any]:
        """Whoever gives all anew says so."""
        cleaned = super().clean()
        if not self.errors and self.anew and not cleaned.get("understood"):
            self.add_error("understood", "The choice or the purpose changes: tick this, or put it back.")
        return cleaned

    @property
    def anew(self) -> bool:
        """Whether what was given is given again."""
        wish = self.wish()
        told = (self.collection.query, self.collection.purpose)
        return (wish.query.as_json(), wish.purpose.value) != told


class Account(forms.Form):
    """A program of a party, by the name that HTTP Basic carries."""

    party = forms.ModelChoiceField(
        label="Party", queryset=Party.objects.none(), to_field_name="ref", empty_label=None
    )
    name = LineField(label="Name", max_length=MAX_NAME, help_text="Without a colon; for example acme-poller.")

    def __init__(self, *args: Any, parties: QuerySet[Party], **kwargs: Any) -> None:  # noqa: ANN401  handed through
        super().__init__(*args, **kwargs)
        self.fields["party"].queryset = parties  # type: ignore[attr-defined]  # a ModelChoiceField


class Hooking(forms.Form):
    """Who is called, at which address, with what."""

    collection = forms.ModelChoiceField(
        label="Collection", queryset=Collection.objects.none(), to_field_name="ref", empty_label=None
    )
    party = forms.ModelChoiceField(
        label="Party",
        queryset=Party.objects.none(),
        to_field_name="ref",
        empty_label=None,
        help_text="Release judges for it what it is told.",
    )
    address = forms.CharField(
        label="Address",
        max_length=LONGEST_ADDRESS,
        help_text="It is asked first whether it wants to be called. Redirects are not followed.",
        widget=forms.URLInput(attrs={"placeholder": "https://soc.example/comity"}),
    )
    form = forms.ChoiceField(
        label="A call carries",
        choices=HookForm.choices,
        initial=HookForm.NOTICE.value,
        widget=forms.RadioSelect,
    )
    everything = forms.BooleanField(
        label="Begin with what is there already", required=False, help_text="Otherwise with what comes next."
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  handed through to Django
        collections: QuerySet[Collection],
        parties: QuerySet[Party],
        **kwargs: Any,  # noqa: ANN401  handed through to Django
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["collection"].queryset = collections  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["party"].queryset = parties  # type: ignore[attr-defined]  # likewise

    def clean_address(self) -> str:
        """The address, if it may be called."""
        try:
            return check_address(self.cleaned_data["address"])
        except Malformed as error:
            raise forms.ValidationError(error.problem) from error

    def clean(self) -> dict[str, Any]:
        """What the service would refuse is said here, beside the rest."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.wish()
            except Malformed as error:
                self.add_error("party", error.problem)
        return cleaned

    def wish(self) -> Subscription:
        """What is wanted."""
        said = self.cleaned_data
        return Subscription(
            said["collection"], said["party"], said["address"], HookForm(said["form"]), said["everything"]
        )


class Replay(forms.Form):
    """From when on a webhook is told again."""

    since = forms.DateTimeField(
        label="Tell again what was added after",
        help_text="In UTC.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )


def as_typed(collection: Collection) -> dict[str, Any]:
    """A collection as its form shows it."""
    query = read_query(collection.query)
    return {
        "title": collection.title,
        "description": collection.description,
        "alias": collection.alias,
        "purpose": collection.purpose,
        "may_post": collection.may_post,
        "types": query.types,
        "sources": query.sources,
        "up_to": query.up_to,
        "labels": ", ".join(query.labels),
        "sectors": ", ".join(query.sectors),
    }


def _words(typed: str) -> list[str]:
    return list(dict.fromkeys(word for each in typed.split(",") if (word := each.strip())))
