"""One-time log-in links: made for a person by somebody who looks after them, good for one use."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.urls import reverse

from comity.base.errors import Malformed
from comity.node.parties.actors import Actor
from comity.node.parties.models import ChangeKind, OneTimeLogin, Person
from comity.node.parties.roles import Power
from comity.node.parties.services.changes import note
from comity.node.parties.services.people import looked_after
from comity.node.parties.tokens import digest, new_token

MINUTES = 15
MOST_MINUTES = 7 * 24 * 60  # a link is as good as a password, and lies in somebody's messages


@transaction.atomic
def make_login_link(
    *, actor: Actor, person: Person, now: datetime, minutes: int = MINUTES, token: str | None = None
) -> str:
    """The path that logs the person in once within `minutes`; hand it over by a channel you trust."""
    actor.may(Power.MANAGE_PEOPLE).require()
    looked_after(actor, person, now)
    require_minutes(minutes)
    token = token or new_token()
    expires = now + timedelta(minutes=minutes)
    OneTimeLogin.objects.create(person=person, token_hash=digest(token), made=now, expires=expires)
    note(ChangeKind.LINK_MADE, actor=actor, now=now, person=person, minutes=minutes)
    return reverse("parties:enter", args=[token])


def require_minutes(minutes: int) -> None:
    """Raises `Malformed` for a time that no link may have."""
    if not 1 <= minutes <= MOST_MINUTES:
        raise Malformed("minutes", f"expected 1 to {MOST_MINUTES:,} (7 days)")


@transaction.atomic
def use_login_link(*, token: str, now: datetime) -> Person | None:
    """The person whom the link logs in; None for a wrong, used or expired one, without saying which."""
    valid = OneTimeLogin.objects.filter(
        token_hash=digest(token), used_at=None, expires__gt=now, person__is_active=True
    )
    # One statement decides: of two that come at once, only one finds the link unused.
    if not valid.update(used_at=now):
        return None
    person = OneTimeLogin.objects.select_related("person").get(token_hash=digest(token)).person
    itself = Actor(name=person.name, body=0, person=person.pk)
    note(ChangeKind.LINK_USED, actor=itself, now=now, person=person)
    return person


@transaction.atomic
def forget_factors(*, actor: Actor, person: Person, now: datetime) -> None:
    """Password and second factors are gone, and with them every session; only a one-time link logs in."""
    actor.may(Power.MANAGE_PEOPLE).require()
    looked_after(actor, person, now)
    person.set_unusable_password()
    person.save(update_fields=("password",))
    Authenticator.objects.filter(user=person).delete()
    note(ChangeKind.FACTORS_FORGOTTEN, actor=actor, now=now, person=person)
