"""What the page of a share says beyond the act: the agreement by name, the objects as they are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context

from comity.node.acts.models import Act, Content
from comity.node.exchange import queries
from comity.node.exchange.content import DEFINITIONS
from comity.node.exchange.models import StixObject
from comity.node.exchange.reasons import CHOICES
from comity.node.instruments.models import Agreement
from comity.node.instruments.queries import agreements_for
from comity.node.instruments.wording import PURPOSES

register = template.Library()


@dataclass(frozen=True, slots=True)
class Carried:
    """An object that an act carries, with the row in which it is held here, if the reader may see one."""

    ref: str
    title: str
    held: StixObject | None


@register.filter
def purpose_words(purpose: str) -> str:
    """The purpose in words; one that this node does not know as it is written."""
    known = {each.value: words for each, words in PURPOSES.items()}
    return known.get(purpose, purpose)


@register.simple_tag(takes_context=True)
def agreement_of(context: Context, act: Act) -> Agreement | None:
    """The agreement under which the act was made, if the reader may see it."""
    ref = str(act.basis[0]) if act.basis else ""
    return agreements_for(context["request"].actor).filter(ref=ref).first() if ref.isprintable() else None


@register.simple_tag(takes_context=True)
def carried_by(context: Context, act: Act, contents: Sequence[Content]) -> list[Carried]:
    """What an act carries, without the definitions that only explain the rest."""
    refs = [content.ref for content in contents if not content.ref.startswith(DEFINITIONS)]
    rows = queries.objects_for(context["request"].actor).defer("wire", "words")
    held = {row.ref: row for chunk in queries.chunks(refs) for row in rows.filter(ref__in=chunk)}
    titles = _judged_titles(act.judgement or {})
    return [
        Carried(ref, held[ref].title if ref in held else titles.get(ref, ref), held.get(ref)) for ref in refs
    ]


def _judged_titles(judgement: Mapping[str, Any]) -> dict[str, str]:
    return {item["leaves_as"]: item["title"] for item in judgement.get("items", ()) if item["leaves_as"]}


@register.filter
def reason_words(reason: str) -> str:
    """The reason of a recall in words; one that this node does not know as it is written."""
    return dict(CHOICES).get(reason, reason)


@register.simple_tag(takes_context=True)
def recalled_by(context: Context, act: Act) -> list[tuple[str, StixObject | None, list[str]]]:
    """What an act asks back: the name, the object if the reader may see it, and the versions."""
    named = {each["ref"]: each["versions"] for each in act.body.get("objects", ())}
    rows = queries.objects_for(context["request"].actor).defer("wire", "words")
    held = {row.ref: row for chunk in queries.chunks(named) for row in rows.filter(ref__in=chunk)}
    return [(ref, held.get(ref), versions) for ref, versions in named.items()]
