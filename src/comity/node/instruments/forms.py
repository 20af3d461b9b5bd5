"""The forms of agreements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import BoundField

from comity.base.tlp import Tlp
from comity.engines.release.terms import Category, Onward, Purpose, Terms
from comity.node.instruments.bodies import Decision
from comity.node.instruments.models import Agreement
from comity.node.instruments.wording import CATEGORIES, ONWARD, PURPOSES, in_words
from comity.node.parties.models import Party
from comity.node.site.lines import LineField

_LABELS = [(label.value, label.label) for label in Tlp]
_NO_IDENTITIES = [category.value for category in Category if category is not Category.IDENTITY]


def _day(**options: Any) -> forms.DateField:  # noqa: ANN401  a field's options, of many types
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **options)


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together, and what they settle."""

    title: str
    help: str
    names: tuple[str, ...]
    rare: bool = False  # folded away: what most agreements leave as it is


_SECTIONS = (
    Section("Who agrees", "", ("partner", "title", "source")),
    Section(
        "What may pass",
        "Everything else stays where it is.",
        ("highest", "purposes", "categories", "remove_victims"),
    ),
    Section(
        "What the receiver may do with it",
        "These terms travel with what is shared.",
        ("onward", "retention_days"),
    ),
    Section("From when to when", "", ("since", "until")),
    Section(
        "Terms that are rarely changed",
        "",
        ("second_person_above", "answer_by", "replaces"),
        rare=True,
    ),
    Section("A word to your counterpart", "", ("message",)),
)
_SPOKEN = frozenset(
    name for section in _SECTIONS for name in section.names if name not in ("partner", "title", "message")
)


class Propose(forms.Form):
    """Terms for a new agreement, with defaults that give little away."""

    partner = forms.ModelChoiceField(
        queryset=Party.objects.none(),
        label="Partner",
        empty_label="Choose a partner",
        help_text="The agreement is between the body you act for and this one.",
    )
    title = LineField(max_length=200, label="Title", help_text="As you will both call it.")
    source = LineField(
        max_length=200,
        label="Provision",
        initial="art. 1",
        help_text="The article that these terms stand in; every judgement cites it.",
    )
    highest = forms.ChoiceField(
        label="Highest label",
        choices=_LABELS,
        initial=Tlp.AMBER.value,
        help_text="Nothing above it passes. TLP:AMBER+STRICT and more needs a second person on both sides.",
    )
    purposes = forms.MultipleChoiceField(
        label="Purposes",
        choices=[(purpose.value, words) for purpose, words in PURPOSES.items()],
        initial=[Purpose.NETWORK_DEFENCE.value, Purpose.INCIDENT_RESPONSE.value],
        widget=forms.CheckboxSelectMultiple,
        help_text="What may be shared for; each share names one of them.",
    )
    categories = forms.MultipleChoiceField(
        label="Categories",
        choices=[(category.value, words) for category, words in CATEGORIES.items()],
        initial=_NO_IDENTITIES,
        widget=forms.CheckboxSelectMultiple,
        help_text="Which kinds of things may pass.",
    )
    remove_victims = forms.BooleanField(
        label="Make victims unrecognisable",
        required=False,
        initial=True,
        help_text="Identities and names are taken out before anything leaves; what cannot go without stays.",
    )
    onward = forms.ChoiceField(
        label="Passing on",
        choices=[(onward.value, words) for onward, words in ONWARD.items()],
        initial=Onward.OWN_CONSTITUENCY.value,
        help_text="To whom the receiver may give it.",
    )
    retention_days = forms.IntegerField(
        label="Delete after (days)",
        required=False,
        min_value=1,
        max_value=36_525,
        help_text="Leave empty if the receiver may keep it.",
    )
    second_person_above = forms.ChoiceField(
        label="Second person above",
        choices=_LABELS,
        initial=Tlp.GREEN.value,
        help_text="A share with anything above this label waits for a second person.",
    )
    since = _day(
        label="First day",
        help_text="It enters into force then, or on the day of acceptance if that is later.",
    )
    until = _day(label="Last day", required=False, help_text="Leave empty for no end.")
    answer_by = _day(
        label="Answer by", required=False, help_text="After this day the proposal can no longer be accepted."
    )
    replaces = forms.ModelChoiceField(
        queryset=Agreement.objects.none(),
        label="Replaces",
        required=False,
        to_field_name="ref",
        empty_label="Nothing: it is a new agreement",
        help_text="An agreement with the same partner that ends when this one begins.",
    )
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What your counterpart reads first.",
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  handed through to Django
        partners: QuerySet[Party],
        replaceable: QuerySet[Agreement],
        **kwargs: Any,  # noqa: ANN401  handed through to Django
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["replaces"].queryset = replaceable  # type: ignore[attr-defined]  # a ModelChoiceField

    @property
    def sections(self) -> Iterator[tuple[Section, list[BoundField], bool]]:
        """The sections with their fields, and whether one of these is to be corrected."""
        for section in _SECTIONS:
            yield section, [self[name] for name in section.names], bool(self.errors.keys() & {*section.names})

    def as_it_opens(self) -> Propose:
        """The form as if it were sent without a change."""
        data = {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}
        fields = self.fields
        return Propose(
            data,
            partners=fields["partner"].queryset,  # type: ignore[attr-defined]  # a ModelChoiceField
            replaceable=fields["replaces"].queryset,  # type: ignore[attr-defined]  # a ModelChoiceField
        )

    def words(self) -> tuple[str, ...]:
        """What the choices mean, sentence by sentence; empty while one of them is missing or wrong."""
        if self.errors.keys() & _SPOKEN:
            return ()
        return in_words(self.terms("", title=""))

    def clean(self) -> dict[str, Any]:
        """A last day comes after the first."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day is before the first.")
        return cleaned

    def terms(self, ref: str, title: str) -> Terms:
        """The terms as a value."""
        chosen = self.cleaned_data
        return Terms(
            agreement=ref,
            title=title,
            source=chosen["source"],
            since=chosen["since"],
            until=chosen["until"],
            highest=Tlp(chosen["highest"]),
            purposes=frozenset(map(Purpose, chosen["purposes"])),
            categories=frozenset(map(Category, chosen["categories"])),
            onward=Onward(chosen["onward"]),
            second_person_above=Tlp(chosen["second_person_above"]),
            remove_victims=chosen["remove_victims"],
            retention_days=chosen["retention_days"],
        )

    def open_until(self) -> datetime | None:
        """The last moment of the day chosen, in UTC."""
        day: date | None = self.cleaned_data["answer_by"]
        return datetime.combine(day, time(23, 59, 59), UTC) if day else None


class Answer(forms.Form):
    """Yes or no to the terms whose digest the page shows."""

    decision = forms.ChoiceField(
        label="Your answer",
        choices=[(Decision.ACCEPT.value, "Accept these terms"), (Decision.DECLINE.value, "Decline")],
        widget=forms.RadioSelect,
    )
    message = forms.CharField(
        label="Message", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    understood = forms.BooleanField(
        label="I have read the terms above, and may bind my organisation",
        help_text="Your answer is signed, recorded and sent; it cannot be unsent.",
    )
    digest = forms.CharField(widget=forms.HiddenInput)


def day_in(data: Mapping[str, str], otherwise: date) -> date:
    """The day that was typed, if it is one."""
    try:
        return max(otherwise, date.fromisoformat(data.get("day", "")))
    except ValueError:
        return otherwise


class Withdraw(forms.Form):
    """The day from which the agreement has no effect."""

    day = _day(
        label="In effect from", help_text="Today or later; on this day nothing passes under it any more."
    )
    message = forms.CharField(
        label="Message", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    understood = forms.BooleanField(
        label="I want to end this agreement",
        help_text="Your partner is told; to resume, a new one has to be concluded.",
    )
