"""The forms of acts: narrowing the list, and a second person's decision."""

from __future__ import annotations

from django import forms

from comity.node.acts.kinds import kinds
from comity.node.acts.models import ActState


class Narrow(forms.Form):
    """Which acts a list shows; every field may stay empty."""

    words = forms.CharField(required=False, max_length=200, label="Title contains")
    kind = forms.ChoiceField(required=False, label="Kind")
    state = forms.ChoiceField(required=False, label="State", choices=[("", "Any state"), *ActState.choices])
    direction = forms.ChoiceField(
        required=False,
        label="Direction",
        choices=[("", "Both directions"), ("sent", "Sent by us"), ("received", "Received")],
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed through as they came
        choices = [("", "Any kind"), *((kind.name, kind.title) for kind in kinds())]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField


class Decide(forms.Form):
    """A second person's decision; declining needs a reason, which goes back to the composer."""

    note = forms.CharField(
        required=False,
        max_length=500,
        label="Note",
        help_text="Needed when you decline: the composer reads it.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class Erase(forms.Form):
    """Why something is erased by law, and that whoever does it has read what goes."""

    why = forms.CharField(
        max_length=500,
        label="Reason",
        help_text="The law or the decision; it is kept and recorded. Do not repeat what has to go.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    sure = forms.BooleanField(label="I have read what goes, and that it cannot be undone")


class Decline(Decide):
    """Declining, with its reason."""

    note = forms.CharField(max_length=500, label="Reason", widget=forms.Textarea(attrs={"rows": 3}))
