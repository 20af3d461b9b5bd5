"""How the widgets of forms are written: inputs and choices at once, all others by Django's templates.

The form over a list has two dozen fields. Django's templates of each include those of its attributes and of
every option of a choice, which took a fifth of the time of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WIDGETS = "django/forms/widgets/"
_INPUTS = {f"{_WIDGETS}{name}.html" for name in ("checkbox", "date", "hidden", "input", "number", "text")}


class Widgets(DjangoTemplates):
    """The renderer of every form."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """The same elements as the templates have."""
        if template_name in _INPUTS:
            return _input(context["widget"])
        if template_name == f"{_WIDGETS}select.html":
            return _select(context["widget"])
        return super().render(template_name, context, request)


def _input(widget: Mapping[str, Any]) -> SafeString:
    value = "" if widget["value"] is None else flatatt({"value": str(widget["value"])})
    return format_html(
        '<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], value, flatatt(widget["attrs"])
    )


def _select(widget: Mapping[str, Any]) -> SafeString:
    groups = ((_group(name, _options(options)),) for name, options, _ in widget["optgroups"])
    inner = format_html_join("", "{}", groups)
    return format_html('<select name="{}"{}>{}</select>', widget["name"], flatatt(widget["attrs"]), inner)


def _group(name: str | None, options: SafeString) -> SafeString:
    return format_html('<optgroup label="{}">{}</optgroup>', name, options) if name else options


def _options(options: list[dict[str, Any]]) -> SafeString:
    rows = (
        (each["value"], flatatt(each["attrs"]) if each["attrs"] else "", each["label"]) for each in options
    )
    return format_html_join("", '<option value="{}"{}>{}</option>', rows)
