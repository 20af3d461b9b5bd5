"""Who may open a view: each view declares it, and what declares nothing is refused.

    @needs(Power.READ_PARTIES)
    def states(request: ActorRequest) -> HttpResponse: ...

The middleware brings the anonymous to log in and demands the second factor; the power itself is asked here,
inside the view, so that a refusal carries its ground to the page of errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from comity.base.verdict import Ground, Verdict
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power
from comity.node.site.access import OpenToAll, SignedIn, open_to_all, signed_in

__all__ = ["OpenToAll", "SignedIn", "open_to_all", "signed_in"]  # declared beneath, used beside `needs`

P = ParamSpec("P")
View: TypeAlias = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class ActorRequest(HttpRequest):
    """A request that the middleware let through to a view that `needs` a power: there is an actor."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class Needs:
    """Those with one of the powers in the body they act for."""

    powers: tuple[Power, ...]

    def asked_of(self, actor: Actor | None) -> Verdict:
        """Whether the actor has one of them; a refusal tells of the first."""
        judged = [may(actor, power) for power in self.powers]
        return next((each for each in judged if each.allowed), judged[0])


Access: TypeAlias = Needs | SignedIn | OpenToAll

# The library's pages to log in and to set up one's own log-in, by the names of their addresses; it lets
# in only the logged-in where that is due. What is not named stays closed: there is no sign-up, no change of
# e-mail and no password reset by e-mail, since an administrator adds people and hands over a one-time link.
_LOG_IN_PAGES = frozenset(
    {
        "account_change_password",
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account_set_password",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_authenticate",
        "mfa_deactivate_totp",
        "mfa_download_recovery_codes",
        "mfa_edit_webauthn",
        "mfa_generate_recovery_codes",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_login_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_remove_webauthn",
        "mfa_view_recovery_codes",
    }
)


CLOSED_BY_CHOICE = frozenset(
    {
        "account_confirm_email",
        "account_confirm_login_code",
        "account_email",
        "account_email_verification_sent",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_signup",
    }
)


def needs(*powers: Power) -> Callable[[Callable[Concatenate[ActorRequest, P], HttpResponseBase]], View[P]]:
    """Declares that a view is for actors with one of these powers, and refuses the others with the ground."""
    needed = Needs(powers)

    def declare(view: Callable[Concatenate[ActorRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def asked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            needed.asked_of(actor_of(request)).require()
            return view(cast("ActorRequest", request), *args, **kwargs)

        asked.access = needed  # type: ignore[attr-defined]  # a mark, as Django's csrf_exempt
        return asked

    return declare


def actor_of(request: HttpRequest) -> Actor | None:
    """Who acts in this request; None for the anonymous and for people without a role now."""
    actor: Actor | None = getattr(request, "actor", None)
    return actor


def may(actor: Actor | None, power: Power) -> Verdict:
    """Whether the actor has the power; nobody has none."""
    if actor is None:
        text = "You hold no role in a body of this node now; an administrator can give you one."
        return Verdict.no(Ground("role.none", "roles of this node", text))
    return actor.may(power)


def declared(view: object, url_name: str | None) -> Access | None:
    """What the view declares, or what we declare for a library's view; None refuses everybody."""
    access: Access | None = getattr(view, "access", None)
    if access is not None:
        return access
    module = getattr(view, "__module__", "")
    if module.startswith("allauth.") and url_name in _LOG_IN_PAGES:
        return OpenToAll("people log in here, and look after how they log in")
    if module.startswith("ninja."):
        return SignedIn("the operations of the API ask queries and services, which take the actor")
    return None
