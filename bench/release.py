"""Release at scale: objects in classes judged for many partners after a change of terms, and the page of one.

python bench/release.py [--quick] [--postgres] [--profile]

Objects are bare rows: what release looks at is their class. Every partner has an agreement in force. The
page of what one sees answers as inside the web server, middleware and template and all.
"""

# ruff: noqa: E402, PLC0415  a home comes before settings, and settings before the models

from __future__ import annotations

import cProfile
import pstats
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

from bench.kit.browsing import analyst, entered
from bench.kit.figures import begin, options, say, spread, timed
from bench.kit.filling import call_indexed, progress, refreshed
from bench.kit.homes import node_here
from bench.kit.servers import durable_server
from comity.base.tlp import Tlp
from comity.engines.release.handling import Handling, Ownership
from comity.engines.release.terms import Category, Onward, Purpose, Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comity.node.parties.models import Party, Person

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
CLASSES = 2_000
PARTNERS = 50
OBJECTS = 1_000_000
PORTION = 20_000
RUNS = 15
OK = 200


def main() -> None:
    """Fill a new node, then measure."""
    parser = options("Judging for all partners after a change of terms, and the page of one.")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server that syncs")
    parser.add_argument("--profile", action="store_true", help="show where the time of the page goes")
    args = parser.parse_args()
    objects = 20_000 if args.quick else OBJECTS
    with ExitStack() as stack:
        url = stack.enter_context(durable_server()) if args.postgres else ""
        stack.enter_context(node_here(url))
        from django.db import connections

        stack.callback(connections.close_all)
        begin("Release", "PostgreSQL 15, fsync on" if url else "")
        holder = fill(objects)
        person = analyst(NOW)
        partners = befriended(holder, person)
        change_of_terms(holder, partners, objects)
        pages(person, partners[0], objects, profile=args.profile)


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
    from comity.node.exchange.services.places import take_until
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
                    *(
                        key,
                        f"indicator--{UUID(int=number, version=4)}",
                        "indicator",
                        "",
                        True,
                        "",
                        "0" * 64,
                        b"{}",
                    ),
                    *("An indicator", "", "", None, "", "", ""),
                    *(classes[number % len(classes)], "", holder.pk, None, brought.pk, None),
                    NOW + timedelta(microseconds=number),
                )
                for number, key in enumerate(reserve(StixObject, min(PORTION, objects - start)), start)
            ]
            insert(StixObject, fields, rows)
            take_until(holder, NOW + timedelta(microseconds=start + len(rows)))
            call_indexed()  # words are not what is measured
        if start % (10 * PORTION) == 0:
            progress(f"{start:,} of {objects:,} objects")
    refreshed()
    return holder


def befriended(holder: Party, person: Person) -> list[Party]:
    """Partners, each with an agreement in force; of its acts no more than a page of objects asks for."""
    from comity.node.acts.models import Act
    from comity.node.federation.models import Partner
    from comity.node.instruments.bodies import terms_digest, written_terms
    from comity.node.instruments.models import Agreement
    from comity.node.parties.models import Party

    agreed, written = terms(), written_terms(terms())
    partners = Party.objects.bulk_create(
        Party(
            ref=f"identity--{UUID(int=n, version=4)}",
            kind="national-cert",
            name=f"CERT {n}",
            state="DE",
            added=NOW,
        )
        for n in range(PARTNERS)
    )
    Partner.objects.bulk_create(
        Partner(
            party=party,
            address=f"https://cert{n}.example/",
            log_origin=f"cert{n}.example/log",
            state="accepted",
            state_since=NOW,
            descriptor=b"{}",
            descriptor_at=NOW,
            heard_at=NOW,
            accepted_by=person,
        )
        for n, party in enumerate(partners)
    )
    common = {"state": "declined", "ours": True, "author": holder, "tlp": "amber", "title": "Memorandum"}
    acts = iter(
        Act.objects.bulk_create(
            Act(ref=f"comity-act--{UUID(int=n, version=4)}", kind="bench", body={}, composed_at=NOW, **common)
            for n in range(2 * PARTNERS)
        )
    )
    Agreement.objects.bulk_create(
        Agreement(
            ref=f"agreement--{UUID(int=n, version=4)}",
            title=agreed.title,
            ours=holder,
            partner=partner,
            state="in-force",
            terms=written,
            terms_sha256=terms_digest(agreed.agreement, agreed.title, written),
            proposal=next(acts),
            answer=next(acts),
            since=agreed.since,
        )
        for n, partner in enumerate(partners)
    )
    return partners


def change_of_terms(holder: Party, partners: Sequence[Party], objects: int) -> None:
    """What every partner sees, and would see under other terms."""
    from comity.node.exchange.sights import compare

    wider = replace(terms(), highest=Tlp.RED)

    def change(partner: Party) -> None:
        told = compare(
            holder, partner, (terms(),), (wider,), purpose=Purpose.NETWORK_DEFENCE, now=NOW
        ).difference
        if told.before.whole + told.before.reduced == 0 or told.before == told.after:
            raise RuntimeError(f"nothing changes for {partner.name}")

    def all_partners() -> None:
        for each in partners:
            change(each)

    change(partners[0])  # classes are decoded once in a process
    every = timed(all_partners)
    what = f"{objects:,} objects for {PARTNERS} partners, before and after a change of terms"
    say(what, f"{every.wall:,.1f} s ({every.cpu:,.1f} s of one processor)", "under 60 s")


def pages(person: Person, partner: Party, objects: int, *, profile: bool) -> None:
    """What one partner sees: the page as it opens, its parts, and its end."""
    client = entered(person)
    for what, asked in (
        ("", ""),
        (", the closed ones", "?show=closed"),
        (", those that one rule closes", "?show=closed&rule=agreement.ceiling"),
        (", the whole ones", "?show=whole"),
        (", page 100", "?page=100"),
    ):
        address = f"/exchange/see/{partner.ref}/{asked}"
        if client.get(address).status_code != OK:
            raise RuntimeError(f"{address} did not answer")
        watch = cProfile.Profile()
        if profile:
            watch.enable()
        runs = [timed(lambda address=address: client.get(address).content) for _ in range(RUNS)]  # type: ignore[misc]  # bound at once
        if profile:
            watch.disable()
            pstats.Stats(watch, stream=sys.stderr).sort_stats("cumtime").print_stats(40)
        wall, cpu = (
            spread([each * 1e3 for each in figures], "ms")
            for figures in zip(*((r.wall, r.cpu) for r in runs), strict=True)
        )
        say(f"the page of what one partner sees of {objects:,} objects{what}", wall, "under 200 ms")
        say("  of one processor", cpu)


if __name__ == "__main__":
    main()
