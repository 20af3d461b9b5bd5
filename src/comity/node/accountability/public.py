"""The log as anybody may read it (C2SP tlog-tiles), and our door as a witness (C2SP tlog-witness)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from comity.base.errors import TooLarge
from comity.engines.ledger.tiles import TileRef, parse_path
from comity.node.accountability import following, queries
from comity.node.accountability.following import WitnessAnswer
from comity.node.parties.access import open_to_all

MAX_REQUEST = 65_536

_TEXT = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"
_SECONDS = "public, max-age=2"
_STATUS = {
    WitnessAnswer.COSIGNED: 200,
    WitnessAnswer.UNKNOWN_LOG: 404,
    WitnessAnswer.NOT_TRUSTED: 403,
    WitnessAnswer.OTHER_SIZE: 409,
    WitnessAnswer.CONTRADICTED: 409,
    WitnessAnswer.NOT_SHOWN: 422,
}


@open_to_all("anybody may check that the log only grows")
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Our newest checkpoint with its cosignatures."""
    headers = {"Cache-Control": _SECONDS}
    return HttpResponse(queries.latest_checkpoint(), content_type=_TEXT, headers=headers)


@open_to_all("tiles hold hashes of salted commitments and reveal nothing")
@require_safe
def tile(request: HttpRequest, place: str) -> HttpResponse:
    """A tile or an entry bundle."""
    ref = parse_path(f"tile/{place}")
    if isinstance(ref, TileRef):
        content = queries.tile(ref.level, ref.index, ref.width)
    else:
        content = queries.entry_bundle(ref.index, ref.width)
    headers = {"Cache-Control": _FOR_EVER}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


@csrf_exempt
@open_to_all("the log's own signature on the checkpoint says who asks")
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Cosign a checkpoint of a log that we follow."""
    answered = following.witness(_body(request), now=timezone.now())
    status = _STATUS[answered.answer]
    if answered.answer is WitnessAnswer.COSIGNED:
        return HttpResponse(answered.lines, content_type=_TEXT)
    if answered.answer in {WitnessAnswer.OTHER_SIZE, WitnessAnswer.CONTRADICTED}:
        return HttpResponse(f"{answered.size}\n", status=status, content_type="text/x.tlog.size")
    words = "".join(f"{ground.rule}: {ground.text}\n" for ground in answered.verdict.grounds)
    return HttpResponse(words, status=status, content_type=_TEXT)


def _body(request: HttpRequest) -> bytes:
    body = request.read(MAX_REQUEST + 1)
    if len(body) > MAX_REQUEST:
        raise TooLarge("request", f"more than {MAX_REQUEST} bytes")
    return body
