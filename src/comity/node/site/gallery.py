"""Invented content for the gallery at `/style`, one sample of every component in each of its states."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator

from comity.base.tlp import Tlp
from comity.base.verdict import Ground, Verdict
from comity.node.site.states import Step, StepState

_AGREEMENT = "Sharing agreement of 3 March 2026, art. 4"
YES = Verdict.yes(
    Ground("terms.tlp", _AGREEMENT, "TLP:AMBER is within the highest marking that the agreement allows."),
    Ground("terms.purpose", _AGREEMENT, "Defence of networks is an agreed purpose."),
)
NO = Verdict.no(
    Ground("tlp.red", "TLP 2.0, RED", "TLP:RED is for the named recipients only; it goes no further.")
)
UNKNOWN = Verdict.unknown(
    Ground("terms.missing", "node policy", "No agreement with this partner is in force; conclude one first.")
)
STATES = (
    *("draft", "awaiting-approval", "approved", "signed", "recorded", "queued", "sent", "delivered"),
    *("receipted", "answered", "proposed", "in-force", "suspended", "expired", "refused", "alarm", "unknown"),
)
WORDS = "acre bonus cedar delta ember fable grove harbour ivory juniper kettle lantern"
ROWS = (
    ("share--7f21", "Indicators of a phishing campaign", Tlp.AMBER, "delivered", 3),
    ("request--02be", "Help with a server rented at AS 64500", Tlp.AMBER_STRICT, "awaiting-approval", 26),
    ("share--91aa", "Advisory on a mail gateway", Tlp.CLEAR, "receipted", 70),
    ("notify--c4d0", "Contact of a victim in your state", Tlp.RED, "refused", 95),
    ("ping--5e11", "Communication check", Tlp.GREEN, "answered", 170),
)


class SampleForm(forms.Form):
    """A form with every kind of field."""

    subject = forms.CharField(
        label="Subject", max_length=80, help_text="One line that the partner reads first."
    )
    partner = forms.ChoiceField(
        label="Partner", choices=[("", "Choose a partner"), ("nl", "NCSC-NL"), ("tr", "TR-CERT")]
    )
    purpose = forms.ChoiceField(
        label="Purpose",
        choices=[("defence", "Defence of networks"), ("law", "Law enforcement")],
        widget=forms.RadioSelect,
    )
    until = forms.DateField(
        label="Valid until", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    text = forms.CharField(label="Text", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    understood = forms.BooleanField(label="I have compared the fingerprint over another channel")


def samples(now: datetime, *, page: str | None) -> dict[str, Any]:
    """Everything the gallery shows except its form."""

    def ago(hours: int) -> datetime:
        return now - timedelta(hours=hours)

    return {
        "markings": tuple(Tlp),
        "states": STATES,
        "verdicts": (YES, NO, UNKNOWN),
        "steps": (
            Step(StepState.DONE, "Composed", "By Ayesha Khan, duty officer.", ago(5)),
            Step(StepState.DONE, "Approved", "By Bilal Ahmed; the marking asks for a second person.", ago(4)),
            Step(StepState.DONE, "Signed and recorded", "Entry 1,204 of our log.", ago(4)),
            Step(
                StepState.CURRENT,
                "Delivering",
                "The partner answered 503 twice; the next attempt is in 8 minutes.",
                ago(1),
            ),
            Step(StepState.FAILED, "First attempt", "The connection was refused.", ago(2)),
            Step(StepState.WAITING, "Receipt", "The partner's node signs that it has the act."),
        ),
        "rows": tuple((*row[:4], ago(row[4])) for row in ROWS),
        "page": Paginator(range(400), 20).get_page(page),
        "words": WORDS,
        "digest": hashlib.sha256(b"comity").digest(),
        "facts": (
            ("Partner", "NCSC-NL, the Netherlands"),
            ("Agreement", _AGREEMENT),
            ("In force since", ago(2000)),
            ("Highest marking", "TLP:AMBER"),
        ),
    }
