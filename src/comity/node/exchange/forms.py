"""The forms of the exchange."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.node.exchange import reports
from comity.node.exchange.reasons import CHOICES, RecallReason
from comity.node.exchange.reports import LONGEST_WHERE, LONGEST_WHY, MOST_COUNT, What
from comity.node.exchange.services.importing import Source
from comity.node.exchange.services.recalling import Said
from comity.node.exchange.services.renewing import Change
from comity.node.exchange.services.sharing import Wish
from comity.node.instruments.wording import PURPOSES
from comity.node.parties.models import Party
from comity.node.site.lines import LineField

OWN, ELSEWHERE = "own", "elsewhere"
PURPOSE_CHOICES = [(purpose.value, words.capitalize()) for purpose, words in PURPOSES.items()]
_WHEN = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
_LABELS = [(label.value, label.label) for label in Tlp]


class UnmarkedAs(forms.TypedChoiceField):
    """Which label is meant where an object carries none; without a choice it stays here."""

    def __init__(self, help_text: str) -> None:
        super().__init__(
            label="What carries no TLP label is",
            required=False,
            choices=[("", "unknown: it stays here until its source says how far it may go"), *_LABELS],
            coerce=Tlp,
            empty_value=None,
            help_text=help_text,
        )


class Lift(forms.Form):
    """Why an object that was erased by law may come in again."""

    why = forms.CharField(
        max_length=500,
        label="Reason",
        help_text="The law or the decision; it is recorded.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Recall(forms.Form):
    """Why partners are asked to delete an object, and what they read first."""

    reason = forms.ChoiceField(label="Reason", choices=CHOICES, widget=forms.RadioSelect)
    title = LineField(label="Title", max_length=200, initial="Please delete what we gave you")
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="It leaves as you write it: name no victim here.",
    )
    understood = forms.BooleanField(
        label="Every partner in the list is asked to delete it",
        help_text="Here it is closed at once; the acts wait for a second person.",
    )

    def said(self) -> Said:
        """What partners are told."""
        said = self.cleaned_data
        return Said(RecallReason(said["reason"]), said["title"], said["message"])


class Renew(forms.Form):
    """What is said anew of our own work; what stays empty stays as it is."""

    confidence = forms.IntegerField(
        label="Confidence", required=False, min_value=0, max_value=100, help_text="From 0 to 100."
    )
    valid_until = forms.DateTimeField(label="Valid until", required=False, help_text="In UTC.", widget=_WHEN)
    revoked = forms.BooleanField(
        label="Revoke it", required=False, help_text="For good: nobody makes a version after that."
    )

    def __init__(self, *args: Any, indicator: bool, **kwargs: Any) -> None:  # noqa: ANN401  handed through
        super().__init__(*args, **kwargs)
        if not indicator:
            del self.fields["valid_until"]

    def change(self) -> Change:
        """The change as a value; raises `Malformed` for none at all."""
        said = self.cleaned_data
        until = said.get("valid_until")
        return Change(confidence=said["confidence"], valid_until=until, revoked=said["revoked"])


class Report(forms.Form):
    """What was seen of an object, or what is wrong with it."""

    what = forms.ChoiceField(
        label="What you report",
        choices=[
            (What.SEEN.value, "It was seen"),
            (What.FALSE_POSITIVE.value, "It is a false positive"),
            (What.EXPIRED.value, "It was right, and is over"),
        ],
        initial=What.SEEN.value,
        widget=forms.RadioSelect,
    )
    count = forms.IntegerField(
        label="How many times",
        required=False,
        min_value=0,
        max_value=MOST_COUNT,
        help_text="Empty: once. 0: it was looked for, and not seen.",
    )
    first = forms.DateTimeField(label="First seen", required=False, help_text="In UTC.", widget=_WHEN)
    last = forms.DateTimeField(
        label="Last seen", required=False, help_text="In UTC. Empty: now.", widget=_WHEN
    )
    where = LineField(
        label="Where",
        required=False,
        max_length=LONGEST_WHERE,
        help_text="The organisation. It counts as a victim, whom others do not learn of where so agreed.",
    )
    why = forms.CharField(
        label="In words",
        required=False,
        max_length=LONGEST_WHY,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Of a mistake or an end, say why: whoever gave it has to find it.",
    )

    def __init__(self, *args: Any, sightable: bool, **kwargs: Any) -> None:  # noqa: ANN401  handed through
        super().__init__(*args, **kwargs)
        if not sightable:  # STIX 2.1, section 5.2: a sighting is not of an observable
            choices = self.fields["what"].choices[1:]  # type: ignore[attr-defined]  # a ChoiceField
            self.fields["what"].choices = choices  # type: ignore[attr-defined]  # as above
            self.fields["what"].initial = choices[0][0]

    def clean(self) -> dict[str, Any]:
        """The report as a value, or what is wrong with it."""
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        count = 1 if said["count"] is None else said["count"]
        told = {name: said[name] for name in ("first", "last", "where", "why")}
        try:
            said["report"] = reports.Report(what=What(said["what"]), count=count, **told)
        except Malformed as error:
            self.add_error(error.where if error.where in self.fields else None, error.problem)
        return said

    def report(self) -> reports.Report:
        """What is reported."""
        return self.cleaned_data["report"]  # type: ignore[no-any-return]  # `clean` put it there


class ImportFile(forms.Form):
    """A file, and what the person knows of where it comes from."""

    file = forms.FileField(label="File", help_text="A STIX 2.1 bundle or a MISP event, as JSON.")
    form = forms.ChoiceField(
        label="What the file is",
        required=False,
        choices=[("", "What it says itself"), ("stix", "STIX 2.1 bundle"), ("misp", "MISP event")],
        initial="",
        widget=forms.RadioSelect,
    )
    source = forms.ChoiceField(
        label="Where it comes from",
        help_text="What came from others is bound by their markings; only your own work is yours to give.",
    )
    note = forms.CharField(
        label="Its source in words",
        required=False,
        max_length=200,
        help_text="For a public source or somebody who is no party here: who, and where you got it.",
    )
    unmarked_as = UnmarkedAs("Choose a label only if the source says so, for example on its web page.")
    strict = forms.BooleanField(
        label="Refuse objects that break the standard",
        required=False,
        help_text="Otherwise they are kept, and the report says what is wrong with them.",
    )

    def __init__(self, *args: Any, parties: QuerySet[Party], **kwargs: Any) -> None:  # noqa: ANN401  handed through
        super().__init__(*args, **kwargs)
        self._parties = {party.ref: party for party in parties}
        known = [(ref, party.name) for ref, party in self._parties.items()]
        choices = [(ELSEWHERE, "Somewhere else; I say it in words"), (OWN, "Our own work"), *known]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """A source outside the parties needs words."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("source") == ELSEWHERE and not cleaned.get("note", "").strip():
            self.add_error("note", "Say in a few words where it comes from.")
        return cleaned

    def chosen(self, holder: Party) -> Source:
        """The source as a value."""
        said = self.cleaned_data
        party = holder if said["source"] == OWN else self._parties.get(said["source"])
        return Source(party, said["note"].strip(), said["unmarked_as"], strict=said["strict"])


class Share(forms.Form):
    """To whom, what for, and what the receiver reads first; the objects are ticked beside it."""

    partners = forms.ModelMultipleChoiceField(
        label="To",
        queryset=Party.objects.none(),
        to_field_name="ref",
        widget=forms.CheckboxSelectMultiple,
        help_text="Each partner gets an act of its own, judged by the agreement with it.",
    )
    purpose = forms.ChoiceField(
        label="Purpose", choices=PURPOSE_CHOICES, initial=Purpose.NETWORK_DEFENCE.value
    )
    title = LineField(label="Title", max_length=200, help_text="One line that your partner reads first.")
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="It leaves as you write it: do not name here what the objects may not name.",
    )

    def __init__(self, *args: Any, partners: QuerySet[Party], **kwargs: Any) -> None:  # noqa: ANN401  handed through
        super().__init__(*args, **kwargs)
        self.fields["partners"].queryset = partners  # type: ignore[attr-defined]  # a ModelMultipleChoiceField

    def wish(self, refs: tuple[str, ...]) -> Wish:
        """What is to be shared."""
        said = self.cleaned_data
        purpose = Purpose(said["purpose"])
        title = said["title"] or "Not yet titled"  # judged before the title is written, never sent without
        return Wish(refs=refs, purpose=purpose, title=title, message=said["message"])


class Look(forms.Form):
    """Through whose eyes, and what for."""

    purpose = forms.ChoiceField(label="Shared for", choices=PURPOSE_CHOICES, required=False)

    def chosen(self) -> Purpose:
        """The purpose; defence of networks unless another is chosen."""
        said = self.cleaned_data.get("purpose") if self.is_valid() else None
        return Purpose(said or Purpose.NETWORK_DEFENCE.value)
