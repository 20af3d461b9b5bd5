"""Our list of choices writes what Django's does."""

import pytest
from django import forms

from comity.node.site.choices import Choices

PLAIN = [("", "Nothing"), ("a", "An <a> & more"), (2, 'Two "2"')]


@pytest.mark.parametrize("value", ["", "a", 2, "2", None, "unknown"])
def test_like_the_list_of_django(value):
    ours = Choices(attrs={"class": "wide"}, choices=PLAIN)
    theirs = forms.Select(attrs={"class": "wide"}, choices=PLAIN)
    given = {"id": "id_it", "required": True, "aria-describedby": "help"}
    assert words(ours.render("it", value, given)) == words(theirs.render("it", value, given))


def test_in_a_form_that_was_filled_in():
    class Form(forms.Form):
        it = forms.ChoiceField(choices=PLAIN, widget=Choices)

    form = Form({"it": "a"})
    assert form.is_valid()
    assert '<option value="a" selected>An &lt;a&gt; &amp; more</option>' in str(form["it"])


def words(html: str) -> set[str]:
    """The parts of the elements, whatever their order and the space between them."""
    return {" ".join(sorted(line.replace(">", " ").split())) for line in html.splitlines() if line.strip()}
