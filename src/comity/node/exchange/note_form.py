"""The form of a note or an opinion about an object."""

from __future__ import annotations

from typing import Any

from django import forms

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.engines.scoring.remarks import Opinion
from comity.node.exchange.comments import LONGEST_ABSTRACT, LONGEST_TEXT, OPINIONS, Said
from comity.node.site.lines import LineField

_NOTE = "note"
_KINDS = [
    (_NOTE, "Nothing more: it is a note"),
    *((each.value, words.capitalize()) for each, words in OPINIONS.items()),
]


class Note(forms.Form):
    """What somebody knows or thinks of an object."""

    opinion = forms.ChoiceField(
        label="What you think of what it says",
        choices=_KINDS,
        initial=_NOTE,
        widget=forms.RadioSelect,
    )
    abstract = LineField(
        label="In short", required=False, max_length=LONGEST_ABSTRACT, help_text="Of a note alone; one line."
    )
    text = forms.CharField(
        label="In words",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="The note itself, or why you agree or disagree. It leaves as you write it.",
    )
    authors = forms.CharField(
        label="Authors",
        required=False,
        max_length=4_000,
        help_text="Names, between commas; empty if they need not be known.",
    )
    tlp = forms.ChoiceField(
        label="Marking",
        required=False,
        choices=[("", "As the object"), *((label.value, label.label) for label in Tlp)],
        help_text="As the object or stricter: it tells that we have that.",
    )

    def clean(self) -> dict[str, Any]:
        """The note as a value, or what is wrong with it."""
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        names = tuple(name.strip() for name in said["authors"].split(",") if name.strip())
        try:
            said["said"] = Said(
                text=said["text"],
                opinion=None if said["opinion"] == _NOTE else Opinion(said["opinion"]),
                abstract=said["abstract"],
                authors=names,
                tlp=Tlp(said["tlp"]) if said["tlp"] else None,
            )
        except Malformed as error:
            self.add_error(error.where if error.where in self.fields else None, error.problem)
        return said

    def said(self) -> Said:
        """What is written."""
        return self.cleaned_data["said"]  # type: ignore[no-any-return]  # `clean` put it there
