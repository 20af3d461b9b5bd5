"""The forms of partners."""

from __future__ import annotations

from django import forms

from comity.node.federation.models import Reach


class Add(forms.Form):
    """Introducing a node by its address."""

    address = forms.CharField(
        max_length=300,
        label="Address of the partner's node",
        help_text="For example https://comity.cert.example/. Nothing is trusted yet by adding it.",
    )


class Accept(forms.Form):
    """Accepting a node whose fingerprint was compared."""

    compared = forms.BooleanField(
        label="I compared all twelve words with the partner over another channel, and they are the same.",
    )
    fingerprint = forms.CharField(widget=forms.HiddenInput)


class Ways(forms.Form):
    """How acts come to the partner, and from it."""

    reach = forms.ChoiceField(label="Acts for this partner", choices=Reach.choices, widget=forms.RadioSelect)
    fetches = forms.BooleanField(
        required=False,
        label="Also look into the partner's outbox",
        help_text="Needed when the partner cannot reach this node, for example because of a firewall.",
    )


class Why(forms.Form):
    """A decision that needs a reason."""

    why = forms.CharField(max_length=300, label="Reason", help_text="It stays on the partner's page.")
