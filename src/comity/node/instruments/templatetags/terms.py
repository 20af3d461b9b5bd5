"""The terms that a proposal carries, in the words of people."""

from __future__ import annotations

from django import template

from comity.node.acts.models import Act
from comity.node.instruments.bodies import read_terms
from comity.node.instruments.wording import as_table

register = template.Library()


@register.simple_tag
def proposed_terms(act: Act) -> tuple[tuple[str, str], ...]:
    """What the act proposes, term by term; it was read once already, before the act was recorded."""
    return as_table(read_terms(act.body["agreement"], act.body["title"], act.body["terms"]))
