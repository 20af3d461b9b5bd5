"""What people fill in about the log."""

from __future__ import annotations

from django import forms

from comity.formats.entries import Event
from comity.node.accountability.models import AlarmDecision
from comity.node.accountability.reasons import MAX_WHY
from comity.node.parties.models import Party


class LogFilter(forms.Form):
    """Which entries of the log to show."""

    event = forms.ChoiceField(
        label="Event",
        required=False,
        choices=[
            ("", "Every event"),
            *((each.value, each.value.replace("-", " ").capitalize()) for each in Event),
        ],
    )
    subject = forms.CharField(label="Subject", required=False, max_length=300)
    before = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class DecisionForm(forms.Form):
    """What to believe of a log that contradicted itself."""

    decision = forms.ChoiceField(label="Decision", choices=AlarmDecision.choices, widget=forms.RadioSelect)
    why = forms.CharField(
        label="Why",
        max_length=MAX_WHY,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What the keeper of the log said, over which channel, and why you believe it.",
    )
    sure = forms.BooleanField(label="I have spoken with the keeper of this log over another channel")


class OpeningForm(forms.Form):
    """To whom an entry is opened, and why."""

    party = forms.ModelChoiceField(
        label="Open to", queryset=Party.objects.all(), empty_label="Choose a party"
    )
    why = forms.CharField(
        label="Why",
        max_length=MAX_WHY,
        help_text="The decision or the law that allows it; kept with the opening.",
    )
