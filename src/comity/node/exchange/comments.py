"""Notes and opinions about an object, as STIX has them: read beside it, whoever wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.engines.scoring.remarks import Opinion
from comity.node.exchange import queries
from comity.node.exchange.handling import of_class
from comity.node.exchange.models import Link, StixObject
from comity.node.exchange.remarks import EXPIRED, FALSE_POSITIVE
from comity.node.exchange.reports import Making
from comity.node.parties.actors import Actor

COMMENTING = ("note", "opinion")
MOST_SHOWN = 50
LONGEST_ABSTRACT = 300
LONGEST_TEXT = 20_000
MOST_AUTHORS = 20
LONGEST_AUTHOR = 200
OPINIONS = {
    Opinion.STRONGLY_DISAGREE: "strongly disagree",
    Opinion.DISAGREE: "disagree",
    Opinion.NEUTRAL: "neutral",
    Opinion.AGREE: "agree",
    Opinion.STRONGLY_AGREE: "strongly agree",
}


@dataclass(frozen=True, slots=True)
class Comment:
    """A note or an opinion as its object says it."""

    row: StixObject
    opinion: str  # of the scale, in words; empty for a note
    abstract: str
    text: str
    authors: tuple[str, ...]
    beside: int  # objects that it is about as well
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody writes about an object: a note with its content, or an opinion with its explanation."""

    text: str
    opinion: Opinion | None = None  # None: a note
    abstract: str = ""
    authors: tuple[str, ...] = ()
    tlp: Tlp | None = None  # None: as what it is about

    def __post_init__(self) -> None:
        if not self.text.strip() and self.opinion is None:
            raise Malformed("text", "a note says something.")
        if self.abstract and self.opinion is not None:
            raise Malformed("abstract", "an opinion has none; say it in the explanation.")
        if len(self.text) > LONGEST_TEXT or len(self.abstract) > LONGEST_ABSTRACT:
            raise Malformed(
                "text", f"at most {LONGEST_TEXT} letters, and {LONGEST_ABSTRACT} in the abstract."
            )
        if len(self.authors) > MOST_AUTHORS or any(len(each) > LONGEST_AUTHOR for each in self.authors):
            raise Malformed("authors", f"at most {MOST_AUTHORS} names of {LONGEST_AUTHOR} letters.")

    def object(self, about: str, making: Making) -> dict[str, Any]:
        """The STIX object (sections 4.14 and 4.16)."""
        head: dict[str, Any] = {"object_refs": [about], "authors": list(self.authors) or None}
        text = self.text.strip()
        if self.opinion is None:
            return making.object("note", **head, abstract=self.abstract.strip() or None, content=text)
        return making.object("opinion", **head, opinion=self.opinion.value, explanation=text or None)


def comments_on(actor: Actor, ref: str) -> list[Comment]:
    """The newest notes and opinions about the object; what reports a mistake or an end stands elsewhere."""
    held = queries.objects_for(actor).order_by().filter(type__in=COMMENTING)
    naming = Link.objects.filter(ref=ref, path="object_refs").filter(
        Exists(held.filter(pk=OuterRef("object")))
    )
    keys = naming.order_by("-object_id").values_list("object", flat=True)[:MOST_SHOWN]
    rows = held.filter(pk__in=list(keys)).select_related("source").defer("words").order_by("-added")
    found = [(row, queries.decoded(row).value) for row in rows]
    return [_comment(row, value) for row, value in found if not _reports(value)]


def may_be_taken_back(row: StixObject) -> bool:
    """Whether it is a note or an opinion of our own that still stands; the handling class knows."""
    ours = row.source_id == row.holder_id and row.created_by_ref == row.holder.ref
    return row.type in COMMENTING and ours and not of_class(row.handling).revoked


def _reports(value: dict[str, Any]) -> bool:
    labels = value.get("labels")
    return isinstance(labels, list) and bool({FALSE_POSITIVE, EXPIRED} & {str(each) for each in labels})


def _comment(row: StixObject, value: dict[str, Any]) -> Comment:
    authors, refs = value.get("authors"), value.get("object_refs")
    opinion = str(value.get("opinion", "")) if row.type == "opinion" else ""
    return Comment(
        row=row,
        opinion=opinion.replace("-", " "),
        abstract=str(value.get("abstract", "")),
        text=str(value.get("explanation" if row.type == "opinion" else "content", "")),
        authors=tuple(map(str, authors)) if isinstance(authors, list) else (),
        beside=len(refs) - 1 if isinstance(refs, list) else 0,
        revoked=value.get("revoked") is True,
    )
