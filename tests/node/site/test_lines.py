from __future__ import annotations

from django import forms

from comity.node.site.lines import LineField


class OneLine(forms.Form):
    title = LineField(max_length=20)


def test_spaces_become_plain():
    form = OneLine({"title": " two\u00a0 words\n"})
    assert form.is_valid()
    assert form.cleaned_data == {"title": "two words"}


def test_what_nobody_sees_is_refused_at_the_field():
    for title in ("", "   ", "\u200b", "\u202eevil", "x" * 21):
        assert list(OneLine({"title": title}).errors) == ["title"], title


def test_a_line_that_is_not_required_may_be_empty():
    assert LineField(required=False).clean("  ") == ""
