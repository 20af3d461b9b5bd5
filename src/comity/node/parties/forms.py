"""The forms of parties, people and programs; they give typed values, and services decide."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms

from comity.base.errors import Malformed
from comity.node.parties.constituency import Constituency, read_constituency
from comity.node.parties.country_names import countries_named
from comity.node.parties.models import Party, PartyKind
from comity.node.parties.roles import Power, Role, powers_of
from comity.node.parties.sectors import SECTORS
from comity.node.site.lines import LineField

_LINES = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
_FOR_MACHINES = [
    role
    for role in Role
    if not powers_of(frozenset({role})) & {Power.APPROVE, Power.MANAGE_PEOPLE, Power.MANAGE_PARTNERS}
]


def _choices(roles: Iterable[Role]) -> list[tuple[str, str]]:
    return [(role.value, role.words.capitalize()) for role in roles]


class BodyForm(forms.Form):
    """What a body is and whom it looks after."""

    name = LineField(max_length=200)
    sectors = forms.MultipleChoiceField(
        choices=[(each.id, each.title) for each in SECTORS.values()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="The sectors of the NIS 2 directive.",
    )
    networks = forms.CharField(
        widget=_LINES, required=False, help_text="One per line, such as 192.0.2.0/24 or 2001:db8::/32."
    )
    as_numbers = forms.CharField(
        label="AS numbers", widget=_LINES, required=False, help_text="One per line, such as AS64500."
    )
    domains = forms.CharField(
        widget=_LINES,
        required=False,
        help_text="One per line, such as example.org.",
    )

    def __init__(self, *args: object, party: Party | None = None, **kwargs: object) -> None:
        super().__init__(*args, **({"initial": _initial(party)} | kwargs if party else kwargs))  # type: ignore[arg-type]  # passed on as Django gave it

    def clean(self) -> dict[str, object]:
        """Reads the three lists, each error at its own field."""
        values: dict[str, object] = super().clean() or {}
        for field in ("networks", "as_numbers", "domains"):
            try:
                read_constituency(**{field: _lines(values.get(field))})
            except Malformed as error:
                self.add_error(field, error.problem)
        return values

    def constituency(self) -> Constituency:
        """The constituency as a value."""
        lists = {field: _lines(self.cleaned_data[field]) for field in ("networks", "as_numbers", "domains")}
        return read_constituency(**lists)


class NewBodyForm(BodyForm):
    """A body that this node acts for."""

    kind = forms.ChoiceField(
        label="What it is",
        choices=[choice for choice in PartyKind.choices if choice[0] != PartyKind.STATE],
    )
    state = forms.ChoiceField(
        choices=[("", "None"), *((country.alpha2, name) for name, country in countries_named("en"))],
        required=False,
        help_text="Only regional organisations, observers and civil society may have none.",
    )
    field_order = ("kind", "state", "name", "sectors", "networks", "as_numbers", "domains")


class _OfABody(forms.Form):
    """A form in which one of several bodies is chosen."""

    body = forms.TypedChoiceField(coerce=int)

    def __init__(self, *args: object, bodies: Iterable[Party], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as Django gave it
        self.bodies = {body.pk: body for body in bodies}
        choices = [(body.pk, body.name) for body in self.bodies.values()]
        self.fields["body"].choices = choices  # type: ignore[attr-defined]  # a choice field, see above

    @property
    def body_chosen(self) -> Party:
        """The body as a party."""
        return self.bodies[self.cleaned_data["body"]]


class RoleForm(_OfABody):
    """A further role for somebody who is here."""

    role = forms.TypedChoiceField(
        coerce=Role,
        choices=_choices(Role),
        widget=forms.RadioSelect,
    )


class PersonForm(RoleForm):
    """A new person with a first role."""

    name = LineField(max_length=120)
    email = forms.EmailField(label="E-mail address", help_text="Their name when they sign in.")
    field_order = ("name", "email", "body", "role")


class MachineForm(_OfABody):
    """A program that calls the HTTP API."""

    name = LineField(max_length=120, help_text="What it is and where it runs.")
    roles = forms.TypedMultipleChoiceField(
        coerce=Role,
        choices=_choices(_FOR_MACHINES),
        widget=forms.CheckboxSelectMultiple,
        help_text="Approving and administering are for people.",
    )
    field_order = ("name", "body", "roles")


def _lines(text: object) -> list[str]:
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


def _initial(party: Party) -> dict[str, object]:
    return {
        "name": party.name,
        "sectors": party.sectors,
        "networks": "\n".join(party.networks),
        "as_numbers": "\n".join(f"AS{number}" for number in party.as_numbers),
        "domains": "\n".join(party.domains),
    }
