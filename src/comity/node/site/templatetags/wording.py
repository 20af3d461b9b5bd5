"""Names of machines in the words of people."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def spaced(name: str) -> str:
    """A name of the wire without its joints: `attack-pattern` is attack pattern, `source_ref` is source."""
    return name.removesuffix("_refs").removesuffix("_ref").replace("_", " ").replace("-", " ")


@register.filter
def type_of_ref(ref: str) -> str:
    """What an identifier says its thing is: `attack-pattern--…` is an attack pattern."""
    return spaced(ref.partition("--")[0])
