"""The addresses of the node: those of every installed system, composed."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from comity.node import api
from comity.node.site.systems import System, systems


def _mounted(system: System) -> URLResolver:
    return path(system.mount or "", include(f"{system.name}.urls"))


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("account/", include("allauth.account.urls")),
    path("account/mfa/", include("allauth.mfa.urls")),
    *(_mounted(system) for system in systems() if system.mount is not None),
]
