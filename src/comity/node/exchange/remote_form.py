"""The forms of collections of others: one to open a collection, one to enter another credential."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from comity.base.errors import Malformed
from comity.engines.release.terms import Purpose
from comity.node.credentials import MAX_SECRET, Credential, Scheme
from comity.node.exchange.forms import ELSEWHERE, PURPOSE_CHOICES, UnmarkedAs
from comity.node.exchange.services.remotes import MAX_ADDRESS, MAX_NAME, MAX_NOTE, MAX_OVERLAP, Wish
from comity.node.federation.services.partners import check_address
from comity.node.parties.models import Party
from comity.node.site.lines import LineField

SHOWN = {
    Scheme.NOBODY: "Nothing: it is open to all",
    Scheme.SIGNATURE: "The signature of this node, for a node of Comity",
    Scheme.BEARER: "A token: Authorization: Bearer …",
    Scheme.TOKEN: "A token: Authorization: Token …",
    Scheme.BASIC: "A name and a password (HTTP Basic)",
}
_MOST_TYPES = 2_000  # characters


class Shown(forms.Form):
    """What the server is shown; what is kept already is never told again."""

    scheme = forms.ChoiceField(
        label="What the server is shown",
        choices=[(scheme.value, words) for scheme, words in SHOWN.items()],
        initial=Scheme.NOBODY.value,
        widget=forms.RadioSelect,
    )
    user = forms.CharField(
        label="User name", required=False, max_length=200, help_text="With a password alone."
    )
    secret = forms.CharField(
        label="Token or password",
        required=False,
        max_length=MAX_SECRET,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="It is kept in a file of this node and shown to nobody, you included.",
    )

    def clean(self) -> dict[str, Any]:
        """The credential as a value, or what is missing of it."""
        said: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                scheme = Scheme(said["scheme"])
                secret = said["secret"] if scheme.has_secret else ""
                said["credential"] = Credential(scheme, secret, said["user"] if secret else "")
            except Malformed as error:
                self.add_error(error.where, f"Here one thing is missing or wrong: {error.problem}.")
        return said

    def credential(self) -> Credential:
        """What is shown."""
        return self.cleaned_data["credential"]  # type: ignore[no-any-return]  # `clean` put it there


class Opening(Shown):
    """A collection of somebody else's: where it is, whose it is, and what is made of it."""

    name = LineField(label="Name", max_length=MAX_NAME, help_text="As your colleagues call it.")
    api_root = forms.CharField(
        label="API root",
        max_length=MAX_ADDRESS,
        widget=forms.URLInput(attrs={"placeholder": "https://taxii.example/api/"}),
    )
    collection = forms.CharField(label="Collection", max_length=200, help_text="Its id there, or its alias.")
    source = forms.ChoiceField(
        label="Whose it is", help_text="What comes from it is bound by their markings."
    )
    note = LineField(
        label="Whose it is, in words",
        required=False,
        max_length=MAX_NOTE,
        help_text="For somebody who is no party here.",
    )
    gives = forms.BooleanField(
        label="Give to it",
        required=False,
        help_text="Every ten minutes it is posted what release lets the party see by then.",
    )
    purpose = forms.ChoiceField(
        label="Purpose", choices=PURPOSE_CHOICES, initial=Purpose.NETWORK_DEFENCE.value
    )
    unmarked_as = UnmarkedAs("Choose a label only if the owner says so.")
    types = forms.CharField(
        label="Types that are read",
        required=False,
        max_length=_MOST_TYPES,
        help_text="Such as indicator, malware. Empty: all.",
    )
    overlap = forms.IntegerField(
        label="Seconds that are read again each time",
        required=False,
        min_value=0,
        max_value=MAX_OVERLAP,
        help_text="For servers whose times are out of order, such as OpenTAXII. Empty: none.",
    )
    strict = forms.BooleanField(label="Refuse objects that break the standard", required=False)
    field_order = ("name", "api_root", "collection", "scheme", "user", "secret")

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  handed through to Django
        parties: QuerySet[Party],
        may_give: bool,
        may_read: bool,
        **kwargs: Any,  # noqa: ANN401  handed through to Django
    ) -> None:
        super().__init__(*args, **kwargs)
        self._may_read = may_read
        self._parties = {party.ref: party for party in parties}
        known = [(ref, party.name) for ref, party in self._parties.items()]
        choices = [(ELSEWHERE, "Somebody else; I say it in words"), *known]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        if not may_give:
            del self.fields["gives"]

    def clean_api_root(self) -> str:
        """The address, if it may be asked."""
        try:
            return check_address(self.cleaned_data["api_root"])
        except Malformed as error:
            raise forms.ValidationError(f"{error.problem.capitalize()}.") from error

    def clean(self) -> dict[str, Any]:
        """What the service would refuse is said here, at its field."""
        said = super().clean()
        if not self._may_read and not said.get("gives"):
            self.add_error("gives", "You may open one to give to it; an analyst opens one that is only read.")
        if not self.errors:
            try:
                said["wish"] = self._wish(said)
            except Malformed as error:
                place = {"party": "source", "source": "note"}.get(error.where, error.where)
                self.add_error(place if place in self.fields else None, error.problem)
        return said

    def wish(self) -> Wish:
        """What is wanted."""
        return self.cleaned_data["wish"]  # type: ignore[no-any-return]  # `clean` put it there

    def _wish(self, said: dict[str, Any]) -> Wish:
        return Wish(
            name=said["name"],
            api_root=said["api_root"],
            collection=said["collection"].strip(),
            party=self._parties.get(said["source"]),
            note=said["note"],
            gives=said.get("gives", False),
            purpose=Purpose(said["purpose"]),
            unmarked_as=said["unmarked_as"],
            strict=said["strict"],
            types=tuple(dict.fromkeys(word for each in said["types"].split(",") if (word := each.strip()))),
            overlap=said["overlap"] or 0,
            credential=self.credential(),
        )
