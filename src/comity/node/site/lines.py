"""The field of a form for a text that people read in one line, such as a name or a title."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from comity.base.lines import line_problem


class LineField(forms.CharField):
    """A text with plain spaces, in which every character is seen."""

    def to_python(self, value: Any) -> str:  # noqa: ANN401  as Django gives it
        """The text, with one plain space between two words."""
        return " ".join(str(super().to_python(value) or "").split())

    def validate(self, value: str) -> None:
        """Refuses what the services would refuse, at its own field."""
        super().validate(value)
        problem = line_problem(value) if value else None
        if problem is not None:
            raise ValidationError(f"This text {problem}")
