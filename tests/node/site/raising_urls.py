"""The node's addresses, and pages that raise what a service might, for the tests of the answers."""

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from comity.base.errors import Conflict, Malformed, NotFound, TooLarge, Unavailable
from comity.base.verdict import Ground, Refused, Verdict
from comity.node.site.access import open_to_all
from comity.node.urls import urlpatterns as of_the_node

RAISED = {
    "refused": Refused(Verdict.no(Ground("tlp.red", "TLP 2.0", "It goes no further."))),
    "missing": NotFound("act"),
    "hidden": NotFound("act"),
    "malformed": Malformed("objects[3].name", "expected text"),
    "too-large": TooLarge("objects", "more than 1000"),
    "conflict": Conflict("Somebody else approved it."),
    "unavailable": Unavailable("The partner does not answer."),
    "django-404": Http404("secret detail"),
    "django-403": PermissionDenied("secret detail"),
    "django-413": RequestDataTooBig("secret detail"),
    "django-400": SuspiciousOperation("secret detail"),
    "fault": RuntimeError("secret detail"),
}


@open_to_all("a test asks")
@csrf_exempt
def raising(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


@open_to_all("a test asks")
def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("posted")


urlpatterns = [
    path("raise/<name>", raising),
    path("api/raise/<name>", raising),
    path("guarded", guarded),
    *of_the_node,
]
