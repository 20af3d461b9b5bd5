"""Release at scale: objects in classes judged for many partners after a change of terms, and the page of one.

python bench/release.py [--quick]

Objects are bare rows: what release looks at is their class. The page answers with the whole of its queries,
its judgements and the rows of its first part, without the middleware.
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.figures import begin, options, say, spread, timed
from bench.kit.homes import node_here
from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.terms import Category, Onward, Purpose, Terms

if TYPE_CHECKING:
    from comity.node.parties.models import Party

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
CLASSES = 2_000
PARTNERS = 50
OBJECTS = 1_000_000
PORTION = 20_000
RUNS = 7


def main() -> None:
    """Fill a new node, then measure."""
    args = options("Judging for all partners after a change of terms, and the page of one.").parse_args()
    objects = 20_000 if args.quick else OBJECTS
    begin("Release")
    with node_here():
        holder = fill(objects)
        measure(holder, objects)


def terms() -> Terms:
    """What is agreed with everybody."""
    return Terms(
        agreement="agreement--bench",
        title="Memorandum",
        source="art. 4",
        since=date(2026, 1, 1),
        highest=Tlp.AMBER,
        purposes=frozenset({Purpose.NETWORK_DEFENCE}),
        categories=frozenset(Category),
        onward=Onward.WITHIN_TLP,
        second_person_above=Tlp.GREEN,
        remove_victims=True,
    )


def handlings() -> list[Handling]:
    """Classes as they differ in practice: by category, label, victims and the last valid day."""
    kinds = [
        Handling(category, Ownership.OWN, "identity--bench", label, names_victims=victims)
        for category in Category
        for label in Tlp
        for victims in (False, True)
    ]
    days = -(-CLASSES // len(kinds))
    dated = [
        replace(each, expires=date(2027, 1, 1) + timedelta(days=day)) for day in range(days) for each in kinds
    ]
    return dated[:CLASSES]


def fill(objects: int) -> Party:
    """The body's objects, spread over the classes."""
    from django.db import transaction

    from comity.node.exchange.models import Import, StixObject
    from comity.node.exchange.services.classing import keys_of
    from comity.node.parties.models import Party
    from comity.node.site.bulk import insert, reserve

    holder = Party.objects.get(ours=True)
    brought = Import.objects.create(holder=holder, form="stix", sha256="0" * 64, by_name="bench", at=NOW)
    classes = list(keys_of(handlings()).values())
    fields = (
        *("id", "ref", "type", "modified", "latest", "created_by_ref", "sha256", "wire", "title", "words"),
        *("relation", "confidence", "created", "valid_from", "valid_until"),
        *("handling_id", "tlp", "holder_id", "source_id", "brought_id", "act_id", "added"),
    )
    for start in range(0, objects, PORTION):
        with transaction.atomic():
            rows = [
                (
                    *(key, f"indicator--{UUID(int=number)}", "indicator", "", True, "", "0" * 64, b"{}"),
                    *("An indicator", "", "", None, "", "", ""),
                    *(classes[number % len(classes)], "", holder.pk, None, brought.pk, None),
                    NOW + timedelta(microseconds=number),
                )
                for number, key in enumerate(reserve(StixObject, min(PORTION, objects - start)), start)
            ]
            insert(StixObject, fields, rows)
    return holder


def measure(holder: Party, objects: int) -> None:
    """All partners, then the page of one, then what a change of terms would do."""
    from comity.node.exchange.sights import compare, sight
    from comity.node.parties.models import Party

    partners = Party.objects.bulk_create(
        Party(ref=f"identity--{UUID(int=n)}", kind="national-cert", name=f"CERT {n}", state="DE", added=NOW)
        for n in range(PARTNERS)
    )
    wider = replace(terms(), highest=Tlp.RED)
    asked = {"purpose": Purpose.NETWORK_DEFENCE, "now": NOW}

    def change(partner: Party) -> None:
        told = compare(holder, partner, (terms(),), (wider,), **asked).difference  # type: ignore[arg-type]  # as named
        assert told.before.refused

    def page() -> None:
        seen = sight(holder, partners[0], **asked)  # type: ignore[arg-type]  # as named
        assert seen.picture.refused
        assert len(seen.objects(list(seen.releases))[:50]) == 50

    change(partners[0])  # classes are decoded once in a process

    def all_partners() -> None:
        for each in partners:
            change(each)

    every = timed(all_partners)
    what = f"{objects:,} objects for {PARTNERS} partners, before and after a change of terms"
    say(what, f"{every.wall:,.1f} s", "under 60 s")
    runs = [timed(page).wall * 1000 for _ in range(RUNS)]
    say(f"what one partner sees of {objects:,} objects", spread(runs, "ms"), "under 200 ms")


if __name__ == "__main__":
    main()
