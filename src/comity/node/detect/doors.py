"""The door for sensors: what they tell of themselves, with the token by which they read indicators."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from comity.base.errors import TooLarge
from comity.base.verdict import Ground, Refused, Verdict
from comity.formats.sensors import MAX_REPORT, SensorReport
from comity.node.detect.services.sensors import hear
from comity.node.exchange.taxii.callers import caller_of, holder_of
from comity.node.federation.answers import answered, body_of
from comity.node.parties.access import open_to_all


@csrf_exempt
@open_to_all("a sensor shows the token of its account")
@answered
def report(request: HttpRequest, body: UUID) -> HttpResponse:
    """Take one report (docs/wire/sensor.md)."""
    caller = caller_of(request)
    holder = holder_of(caller, body)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if caller.account is None:
        text = "A sensor is an account of its party; this request shows no token."
        raise Refused(Verdict.no(Ground("sensor.no-account", "docs/wire/sensor.md", text)))
    hear(holder=holder, account=caller.account, report=_read(request), now=timezone.now())
    return HttpResponse(status=204)


def _read(request: HttpRequest) -> SensorReport:
    text = body_of(request)
    if len(text) > MAX_REPORT:
        raise TooLarge("the request", f"more than {MAX_REPORT:,} bytes, the longest report")
    return SensorReport.decode(text)
