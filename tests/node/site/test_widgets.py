"""What we write of a form is, element by element, what Django's own templates write."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.test.html import parse_html

from comity.node.site.widgets import Widgets

HOSTILE = "\"><script>alert(1)</script>&amp;'"
CHOICES = [
    ("", "Any"),
    (1, "One"),
    (HOSTILE, HOSTILE),
    (None, "None"),
    ("Many", [("a", "A"), ("b", HOSTILE)]),
]


class Sample(forms.Form):
    text = forms.CharField(max_length=9, help_text="Short.", widget=forms.TextInput(attrs={"title": HOSTILE}))
    number = forms.IntegerField(min_value=0, max_value=100)
    email = forms.EmailField(required=False)
    secret = forms.CharField(widget=forms.PasswordInput)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    ticked = forms.BooleanField(required=False)
    closed = forms.BooleanField(disabled=True, required=False, widget=forms.CheckboxInput(attrs={"x": False}))
    hidden = forms.IntegerField(widget=forms.HiddenInput)
    choice = forms.ChoiceField(choices=CHOICES)
    several = forms.MultipleChoiceField(choices=CHOICES)
    radio = forms.ChoiceField(choices=[("a", "A"), ("b", HOSTILE)], widget=forms.RadioSelect)
    words = forms.CharField(widget=forms.Textarea)
    file = forms.FileField(required=False)


SAID: tuple[dict[str, object] | None, ...] = (
    None,
    {},
    {
        "text": HOSTILE,
        "number": "7",
        "day": "2026-11-22",
        "ticked": "on",
        "choice": "1",
        "several": ["b", "1"],
    },
    {"text": "too long for it", "number": HOSTILE, "hidden": HOSTILE, "choice": HOSTILE, "radio": "b"},
)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("name", Sample.base_fields)
def test_the_same_elements_as_djangos_templates(name, said):
    ours, theirs = (str(Sample(said, renderer=each)[name]) for each in (Widgets(), DjangoTemplates()))
    assert parse_html(ours) == parse_html(theirs)
    assert "<script" not in ours


def test_every_form_is_written_so():
    assert isinstance(get_default_renderer(), Widgets)
