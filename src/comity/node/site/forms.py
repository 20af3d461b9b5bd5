"""Pages with a form, and the form of the preferences."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comity.node.site.preferences import UTC_NAME, ZONES, Preferences, Theme

_THEMES = {Theme.AUTO: "As this device says", Theme.LIGHT: "Light", Theme.DARK: "Dark"}


def form_page(request: HttpRequest, template: str, shown: Mapping[str, Any]) -> HttpResponse:
    """The page with its `form`: 422 where something was sent that it does not take."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if shown["form"].is_bound else HTTPStatus.OK
    return render(request, template, dict(shown), status=status)


class PreferencesForm(forms.Form):
    """Theme and zone."""

    theme = forms.ChoiceField(
        label="Colours",
        choices=[(theme.value, words) for theme, words in _THEMES.items()],
        widget=forms.RadioSelect,
    )
    zone = forms.ChoiceField(
        label="Time zone",
        choices=[(UTC_NAME, "UTC only"), *((name, name.replace("_", " ")) for name in ZONES)],
        help_text="Every time is shown in UTC; with a zone chosen, the local time stands beside it.",
    )

    def chosen(self) -> Preferences:
        """The choice as a value."""
        return Preferences(Theme(self.cleaned_data["theme"]), ZoneInfo(self.cleaned_data["zone"]))
