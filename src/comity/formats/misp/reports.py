"""The report or grouping that stands for a whole event, and names all that is in it."""

from __future__ import annotations

from uuid import UUID, uuid5

from comity.formats.misp.marks import confidence_of, words_of
from comity.formats.misp.parts import Event
from comity.formats.misp.values import Object

MAX_REPORT_REFS = 50_000  # of one report: an object of STIX has at most 4 MiB
# The words by which misp-stix knows what came from MISP.
LABELS = ("Threat-Report", 'misp:tool="MISP-STIX-Converter"')
PART_OF_EVENT = 'misp:part-of-event="{}"'
_EMPTY = "This MISP event is empty and contains no attribute, object, galaxy or tag."


def reports(event: Event, author: str | None, named: list[str]) -> list[Object]:
    """The report that names all objects; of an event too large for one, by groupings of its parts."""
    if not named:
        note = _note_that_empty(event, author)
        return [note, _report(event, author, [note["id"]])]
    if len(named) <= MAX_REPORT_REFS:
        return [_report(event, author, named)]
    slices = [named[at : at + MAX_REPORT_REFS] for at in range(0, len(named), MAX_REPORT_REFS)]
    parts = [_part_of_event(event, author, index, refs) for index, refs in enumerate(slices)]
    return [*parts, _report(event, author, [each["id"] for each in parts])]


def report_id(event: Event) -> str:
    """Its id, which follows from the event's uuid."""
    return f"{'report' if event.published else 'grouping'}--{event.uuid}"


def _head(event: Event, author: str | None) -> Object:
    return {"spec_version": "2.1", "created": event.time, "modified": event.time} | (
        {"created_by_ref": author} if author else {}
    )


def _note_that_empty(event: Event, author: str | None) -> Object:
    return {
        "type": "note",
        "id": f"note--{event.uuid}",
        **_head(event, author),
        "content": _EMPTY,
        "object_refs": [report_id(event)],
    }


def _part_of_event(event: Event, author: str | None, index: int, refs: list[str]) -> Object:
    return {
        "type": "grouping",
        "id": f"grouping--{uuid5(UUID(event.uuid), f'part {index}')}",
        **_head(event, author),
        "name": f"{event.info[:900]} (part {index + 1})",
        "context": "suspicious-activity",
        "labels": [PART_OF_EVENT.format(event.uuid)],
        "object_refs": refs,
    }


def _report(event: Event, author: str | None, refs: list[str]) -> Object:
    kind = {"published": event.published} if event.published else {"context": "suspicious-activity"}
    confidence = confidence_of(event.tags)
    return {
        "type": "report" if event.published else "grouping",
        "id": report_id(event),
        **_head(event, author),
        "name": event.info,
        **kind,
        "labels": [*LABELS, *words_of(event.words)],
        **({"confidence": confidence} if confidence is not None else {}),
        "object_refs": refs,
        **({"x_misp_event": dict(event.details)} if event.details else {}),
    }
