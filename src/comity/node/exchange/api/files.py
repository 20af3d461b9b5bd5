"""Operations about files: what is brought in, and what devices of our own read."""

from __future__ import annotations

from enum import Enum
from io import BytesIO
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Field, Query, Router, Status

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.exports.all import FORMS
from comity.node.exchange import models, queries
from comity.node.exchange.api.objects import Narrowing
from comity.node.exchange.api.shapes import MAX_REF
from comity.node.exchange.models import BROUGHT_AS
from comity.node.exchange.polling import Told as Tag
from comity.node.exchange.services import exporting, importing, results
from comity.node.exchange.services.results import MEDIA, RESULT_FORMS
from comity.node.parties.access import ActorRequest
from comity.node.parties.actors import Actor
from comity.node.parties.api.words import (
    Given,
    Named,
    Page,
    Time,
    Told,
    Window,
    named,
    needs,
    page_of,
    parties_named,
)
from comity.node.parties.roles import Power

MAX_NOTE = 200
_FILE = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
        "description": "The file itself: a STIX 2.1 bundle or a MISP event",
    }
}


class Form(Enum):
    """What a file is; `auto` is what it says itself."""

    AUTO = "auto"
    STIX = "stix"
    MISP = "misp"


CameAs = Enum("CameAs", {name.upper(): name for name, _ in BROUGHT_AS})  # type: ignore[misc]  # of one list
FileForm = Enum("FileForm", {name.replace("-", "_").upper(): name for name in FORMS})  # type: ignore[misc]  # of one list
_TAKEN = {
    "responses": {
        200: {
            "content": {media: {} for media in sorted({form.media for form in FORMS.values()})},
            "headers": {"ETag": {"schema": {"type": "string"}}},
        },
        304: {"description": "Nothing has changed since the answer with the ETag that If-None-Match names"},
    }
}


ResultForm = Enum("ResultForm", {name.replace("-", "_").upper(): name for name in RESULT_FORMS})  # type: ignore[misc]  # of one list


def _counts(what: str) -> dict[str, Any]:
    return {"description": what, "schema": {"type": "integer"}}


_WRITTEN = {
    "responses": {
        200: {
            "content": {media: {} for media in sorted(MEDIA)},
            "headers": {
                "Comity-Staying": _counts(
                    "Objects of the list that are not in it; not told of forms for devices"
                ),
                "Comity-Unmapped": _counts("What MISP has no place for"),
                "Comity-More": _counts("1 if the list goes on behind what the file tells of, else 0"),
            },
        },
    }
}


class Taken(Given):
    """As what a list is taken along, for whom and what for; what may go is judged for them."""

    form: ResultForm
    partner: str = Field("", max_length=MAX_REF, description="ref of the party; without it, for our own use")
    purpose: Purpose = Purpose.NETWORK_DEFENCE


class Wanted(Given):
    """Which indicators a file for devices tells of."""

    min_confidence: int = Field(
        0, ge=0, le=100, description="Only indicators of this confidence or above; 0 takes all"
    )
    min_score: int = Field(
        0, ge=0, le=100, description="Only values whose score is now this or above; 0 takes all"
    )


class Brought(Given):
    """What a file is, and where it comes from: a party, a few words, or both."""

    form: Form = Form.AUTO
    source: str = Field(
        "", max_length=MAX_REF, description="ref of the party; that of your own body: made by us"
    )
    note: str = Field("", max_length=MAX_NOTE)
    unmarked_as: Tlp | None = Field(
        None, description="Label of what carries none; without it, that stays here"
    )
    strict: bool = Field(default=False, description="Refuse objects that break STIX 2.1")


class Import(Told):
    """What became of what came in; `refused` and `faulty` pair a ref with the reason."""

    number: int
    form: CameAs = Field(description="a file, or how else it came")
    source: Named | None
    note: str = Field(description="where it comes from, in words")
    by: str = Field(description="the person who brought it, or the party that posted it")
    sha256: str
    at: Time
    new: int
    known: int
    ended: bool = Field(description="false if it broke off; the same file again completes it")
    refused: list[tuple[str, str]]
    faulty: list[tuple[str, str]] = Field(description="kept, though they break STIX 2.1")
    more: dict[str, int] = Field(description="how many of `refused` and `faulty` are not listed")
    victims: list[str]
    notes: list[str]


_SERVICES = {
    Form.AUTO: importing.import_file,
    Form.STIX: importing.import_bundle,
    Form.MISP: importing.import_misp,
}
router = Router()


@router.post("/imports", response={201: Import}, openapi_extra=_FILE)
@needs(Power.IMPORT)
def import_file(request: ActorRequest, given: Query[Brought]) -> Status[Import]:
    """Bring in a STIX 2.1 bundle or a MISP event, which is the body of the request."""
    source = _source(request.actor, given)
    row = _SERVICES[given.form](
        actor=request.actor, file=BytesIO(request.body), source=source, now=timezone.now()
    )
    return Status(201, _import(row))


@router.get("/imports", response=Page[Import])
@needs(Power.READ_CONTENT)
def list_imports(request: ActorRequest, wanted: Query[Window]) -> Page[Import]:
    """What came in by files, posts, feeds and readings, the newest first."""
    return page_of(queries.imports_for(request.actor), wanted, _import)


@router.get("/imports/{int:number}", response=Import)
@needs(Power.READ_CONTENT)
def read_import(request: ActorRequest, number: int) -> Import:
    """What became of the objects of a file."""
    return _import(queries.import_for(request.actor, number))


@router.get("/exports/{form}", openapi_extra=_TAKEN)
@needs(Power.READ_CONTENT)
def export_file(request: ActorRequest, form: FileForm, wanted: Query[Wanted]) -> HttpResponseBase:
    """What valid indicators seek, as a file that devices of the caller's own body read; made to be polled."""
    now, name = timezone.now(), str(form.value)
    least, worth = wanted.min_confidence, wanted.min_score
    standing = exporting.standing(name, actor=request.actor, least=least, least_score=worth, now=now)
    if Tag.still(request.headers.get("If-None-Match", ""), standing, now):
        answer: HttpResponseBase = HttpResponse(status=304)
        answer.headers["ETag"] = request.headers["If-None-Match"].strip()
        return answer
    done = exporting.export_as(name, actor=request.actor, least=least, least_score=worth, now=now)
    answer = StreamingHttpResponse(done.file, content_type=done.form.media)
    answer.headers["Content-Length"] = str(done.file.size)
    answer.headers["Content-Disposition"] = f'attachment; filename="comity-{name}.{done.form.suffix}"'
    answer.headers["ETag"] = Tag(standing, done.changes).text
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@router.post("/exports", openapi_extra=_WRITTEN)
@needs(Power.READ_CONTENT)
def export_result(request: ActorRequest, wanted: Query[Narrowing], given: Taken) -> HttpResponseBase:
    """A narrowed list as a file, of at most 100,000 objects; one for a partner is recorded in the log."""
    actor = request.actor
    done = results.export_result(
        actor=actor,
        narrow=wanted.narrow(actor),
        form=str(given.form.value),
        partner=queries.partner_named(actor, given.partner) if given.partner else None,
        purpose=given.purpose,
        now=timezone.now(),
    )
    answer = StreamingHttpResponse(done.content, content_type=done.media)
    answer.headers["Content-Length"] = str(done.content.size)
    answer.headers["Content-Disposition"] = f'attachment; filename="{done.file}"'
    if done.staying is not None:
        answer.headers["Comity-Staying"] = str(done.staying)
    answer.headers["Comity-Unmapped"] = str(len(done.unmapped))
    answer.headers["Comity-More"] = str(int(done.more))
    return answer


def _source(actor: Actor, given: Brought) -> importing.Source:
    party = parties_named(actor, [given.source])[given.source] if given.source else None
    return importing.Source(party=party, note=given.note, unmarked_as=given.unmarked_as, strict=given.strict)


def _import(row: models.Import) -> Import:
    return Import(
        number=row.pk,
        form=CameAs(row.form),
        source=named(row.source) if row.source else None,
        note=row.note,
        by=row.by_name,
        sha256=row.sha256,
        at=row.at,
        ended=row.ended,
        **row.report,
    )
