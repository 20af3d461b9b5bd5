"""How people log in: sign-up is closed, only the active get in, and every attempt leaves a line."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from django.contrib.auth import login
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from comity.node.parties.models import Person
from comity.node.parties.proxies import expect_all

log = logging.getLogger(__name__)

ONE_TIME_KEY = "one-time"  # in the session: it was opened by a one-time link, which stands for both factors
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # the library is not typed throughout
    """allauth's questions, answered for this node."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an administrator adds people."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address by which attempts are counted; raises `FewerProxies` where it cannot be known."""
        expect_all(request)
        return str(super().get_client_ip(request))

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Whether the password is this person's; people here have one address, kept with the person."""
        credentials = {"email": getattr(user, "email", ""), "password": password}
        again = self.authenticate(self.request, **credentials)
        return again is not None and again.pk == user.pk

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:  # noqa: ANN401  allauth's signature
        """Leaves a line that says from where, and for which address."""
        log.warning("log-in failed for %r from %s", credentials.get("email"), self.get_client_ip(request))

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Opens the session, and leaves a line."""
        super().login(request, user)
        request.session.pop(ONE_TIME_KEY, None)
        log.info("person %s logged in from %s", user.pk, self.get_client_ip(request))

    def logout(self, request: HttpRequest) -> None:
        """Closes the session, and leaves a line."""
        log.info("person %s logged out", request.user.pk)
        super().logout(request)


def log_in_once(request: HttpRequest, person: Person) -> None:
    """Opens a session for the person behind a one-time link."""
    login(request, person, backend=_BACKEND)
    request.session[ONE_TIME_KEY] = True
    near = get_adapter(request).get_client_ip(request)  # behind proxies not theirs, but the person's
    log.info("person %s logged in by a one-time link from %s", person.pk, near)
