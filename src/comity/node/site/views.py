"""The site's own pages: health, preferences, how pages are decided, and the gallery of components."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from comity.node.site import gallery
from comity.node.site.access import open_to_all, signed_in
from comity.node.site.forms import PreferencesForm, form_page
from comity.node.site.preferences import preferences_of

log = logging.getLogger(__name__)


@open_to_all("a load balancer asks whether the node is up; the answer tells nothing else")
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """`ok` once the database has answered; 503 if it did not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("the database did not answer")
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})


@open_to_all("browsers ask for it before anybody signed in")
@require_GET
@cache_control(max_age=86400)
def favicon(request: HttpRequest) -> HttpResponse:
    """The mark, for browsers that ask at the old address."""
    return redirect(static("site/mark.svg"))


@open_to_all("it tells crawlers to go away")
@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


@open_to_all("colours and time zone are chosen before signing in, too")
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose theme and zone; both stay in this browser."""
    chosen = preferences_of(request)
    form = PreferencesForm(_posted(request), initial={"theme": chosen.theme.value, "zone": chosen.zone.key})
    if not form.is_valid():
        page = {"form": form, "back": _safe_back(request)}
        return form_page(request, "site/preferences.html", page)
    response = HttpResponseRedirect(_safe_back(request) or request.path)
    form.chosen().keep(response, secure=request.is_secure())
    messages.success(request, "Your choice is kept in this browser.")
    return response


@signed_in("it explains the rules that hold for everybody")
@require_GET
def decided(request: HttpRequest) -> HttpResponse:
    """How it is decided what a page shows, and what this reader may do."""
    return render(request, "site/decided.html")


@signed_in("it shows components with invented content")
@require_http_methods(["GET", "POST"])
def style(request: HttpRequest) -> HttpResponse:
    """The gallery of the components."""
    form = gallery.SampleForm(_posted(request))
    return render(
        request,
        "site/style.html",
        gallery.samples(timezone.now(), page=request.GET.get("page")) | {"form": form},
    )


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _safe_back(request: HttpRequest) -> str:
    """The page to return to, if it is one of ours."""
    back = request.POST.get("back") or request.GET.get("back", "")
    hosts = {request.get_host()}
    return back if url_has_allowed_host_and_scheme(back, hosts, require_https=request.is_secure()) else ""
