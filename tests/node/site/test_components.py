"""Each component, from a value to what a reader and a screen reader get."""

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

import pytest
from django import forms
from django.core.paginator import Paginator

from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.node.site.states import Step, StepState

GROUND = Ground("tlp.red", "TLP 2.0", "It <b>goes</b> no further.")


@pytest.mark.parametrize("value", [Tlp.AMBER_STRICT, "amber+strict", "TLP:AMBER+STRICT"])
def test_tlp_keeps_its_letters(render, value):
    html = render("{% tlp value %}", value=value)
    assert 'class="tlp tlp-amber-strict" translate="no" dir="ltr">TLP:AMBER+STRICT<' in html


def test_tlp_that_does_not_exist(render):
    with pytest.raises(ValueError, match="purple"):
        render("{% tlp 'purple' %}")


@pytest.mark.parametrize(("tag", "words"), [("tlp", "no label"), ("time", "none"), ("bytes_short", "none")])
def test_nothing_is_said_in_words(render, tag, words):
    assert render("{% " + tag + " value %}", value=None) == f'<span class="nothing">{words}</span>'


class State(Enum):
    AWAITING_APPROVAL = "awaiting-approval"


@pytest.mark.parametrize(
    ("state", "tone", "words"),
    [
        (State.AWAITING_APPROVAL, "waiting", "Awaiting approval"),
        ("in-force", "good", "In force"),
        ("refused", "bad", "Refused"),
        ("recorded", "moving", "Recorded"),
        ("a-word-nobody-listed", "quiet", "A word nobody listed"),
    ],
)
def test_a_state_is_picture_and_word(render, state, tone, words):
    html = render("{% state_badge state %}", state=state)
    assert html.startswith(f'<span class="badge badge-{tone}"><svg')
    assert html.endswith(f"{words}</span>")
    assert 'aria-hidden="true"' in html


def test_a_state_in_other_words(render):
    assert render("{% state_badge 'active' 'In use' %}").endswith(">In use</span>")


@pytest.mark.parametrize(
    ("judged", "word"),
    [(Verdict.yes(GROUND), "Yes"), (Verdict.no(GROUND), "No"), (Verdict.unknown(GROUND), "Not known")],
)
@pytest.mark.parametrize("kept", [False, True])
def test_a_verdict_shows_every_ground(render, judged, word, kept):
    html = render("{% verdict v 'May it go?' %}", v=judged.as_json() if kept else judged)
    assert f"verdict-{judged.answer.value}" in html
    assert f"<strong>{word}</strong>" in html
    assert "May it go?" in html
    assert "It &lt;b&gt;goes&lt;/b&gt; no further." in html
    assert "<cite>TLP 2.0</cite>" in html
    assert ">tlp.red</code>" in html


MOMENT = datetime(2026, 11, 22, 20, 5, 9, 1234, UTC)


def test_a_time_is_in_utc(render):
    html = render("{% time at %}", at=MOMENT.astimezone(timezone(timedelta(hours=5))))
    assert 'datetime="2026-11-22T20:05:09.001234Z"' in html
    assert "22\xa0Nov\xa02026, 20:05\xa0UTC" in html
    assert "time-local" not in html


def test_a_time_in_the_readers_zone(render):
    html = render("{% time at %}", at=MOMENT, zone="Asia/Karachi")
    assert "20:05\xa0UTC" in html
    assert "23\xa0Nov 01:05\xa0PKT" in html
    earlier = render("{% time at %}", at=MOMENT - timedelta(hours=9), zone="Asia/Karachi")
    assert ">16:05\xa0PKT<" in earlier


def test_a_timeline_names_the_states(render):
    steps = [
        Step(StepState.DONE, "Signed", at=MOMENT),
        Step(StepState.CURRENT, "Delivering", "The partner answered 503."),
        Step(StepState.WAITING, "Receipt"),
    ]
    html = render("{% timeline steps %}", steps=steps)
    assert html.count("<li") == 3
    assert html.count('aria-current="step"') == 1
    assert "The partner answered 503." in html
    for state in ("done", "current", "waiting"):
        assert f'<span class="step-state">{state}</span>' in html


def test_page_links_keep_the_query(render):
    page = Paginator(range(100), 10).page(5)
    html = render("{% page_links page %}", path="/acts?q=a%26b&page=5&tlp=red&tlp=green", page=page)
    assert 'href="?q=a%26b&amp;page=4&amp;tlp=red&amp;tlp=green" rel="prev"' in html
    assert 'href="?q=a%26b&amp;page=6&amp;tlp=red&amp;tlp=green" rel="next"' in html
    assert html.count('aria-current="page"') == 1
    assert "41\u201350 of 100" in html


def test_page_links_at_the_ends(render):
    pages = Paginator(range(30), 10)
    assert 'rel="prev"' not in render("{% page_links page %}", page=pages.page(1))
    assert 'rel="next"' not in render("{% page_links page %}", page=pages.page(3))
    assert "nav" not in render("{% page_links page %}", page=Paginator(range(5), 10).page(1))


def test_empty_says_what_to_do(render):
    html = render("{% empty 'No acts' 'Compose one.' '/acts/new' 'Compose' %}")
    assert '<a class="button" href="/acts/new">Compose</a>' in html
    assert "button" not in render("{% empty 'No acts' %}")


@pytest.mark.parametrize("words", ["acre bonus", ["acre", "bonus"]])
def test_a_fingerprint_is_counted(render, words):
    assert render("{% fingerprint words %}", words=words).count("<li>") == 2


def test_definitions(render):
    pairs = [("Partner", "<NCSC>"), ("Since", MOMENT), ("Until", None)]
    html = render("{% definition_list pairs %}", pairs=pairs)
    assert "<dt>Partner</dt><dd>&lt;NCSC&gt;</dd>" in html
    assert "<time" in html
    assert '<span class="nothing">none</span>' in html


def test_a_digest_can_be_copied_whole(render):
    html = render("{% bytes_short value %}", value=bytes(range(32)))
    assert html.count(bytes(range(32)).hex()) == 2
    assert 'tabindex="0"' in html
    assert ">sha256:ab<" in render("{% bytes_short 'sha256:ab' %}")


class Sample(forms.Form):
    subject = forms.CharField(help_text="One line.")
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="I agree")
    key = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("These do not fit together.")


def test_form_fields_tie_hints_and_errors(render):
    form = Sample({"subject": "", "note": "", "key": ""})
    html = render("{% form_fields form %}", form=form)
    assert 'aria-describedby="id_subject_helptext id_subject_error"' in html
    assert 'id="id_subject_helptext"' in html
    assert 'id="id_subject_error"' in html
    assert '<a href="#id_subject">Subject: This field is required.</a>' in html
    assert "These do not fit together." in html
    assert "<legend>Kind</legend>" in html
    assert 'Note <span class="optional">optional</span>' in html
    assert html.index('id="id_agreed"') < html.index(">I agree<")
    assert html.count('name="key"') == 1


def test_a_form_without_errors_has_no_summary(render):
    assert "error-summary" not in render("{% form_fields form %}", form=Sample())


def test_a_hint_in_other_words(render):
    html = render("{% form_field form.subject 'Another hint.' %}", form=Sample())
    assert "Another hint." in html
    assert "One line." not in html


def test_what_is_captured_can_be_shown_twice(render):
    assert render("{% capture x %} a&amp;b {% endcapture %}{{ x }}|{{ x }}") == "a&amp;b|a&amp;b"
