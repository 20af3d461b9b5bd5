"""What a busy node holds: imports, agreements in several states, a share that waits, an act that arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from django.conf import settings
from django.utils import timezone

from comity.base.tlp import Tlp
from comity.formats.sensors import LogRead, SensorReport
from comity.node.acts.models import Act
from comity.node.detect.services.sensors import hear
from comity.node.exchange.models import Collection, Feed, Import, RemoteCollection, StricterVersion
from comity.node.exchange.reports import Report
from comity.node.exchange.services.accounts import open_account
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.exchange.services.reporting import record_reports
from comity.node.exchange.services.sharing import share
from comity.node.instruments.models import Agreement
from comity.node.parties.actors import system_actor
from comity.node.parties.roles import Power
from tests.browser.reached import collected, made_stricter
from tests.node.exchange.feeds.reading import HOUR, opened, ran
from tests.node.exchange.holding import SAMPLES, from_elsewhere, from_far, indicator, made, wish
from tests.node.exchange.taxii.shelf import Shelf
from tests.node.exchange.taxii.test_pulling import opened as opened_elsewhere
from tests.node.exchange.taxii.test_pushing import pushed
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, sides_of
from tests.node.world import NOW, World, found_world


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows by name, and the addresses of the pages that show them."""

    sides: Sides
    brought: Import
    agreement: Agreement
    proposed: Agreement
    awaiting: Act
    sent: Act
    received: Act
    feed: Feed
    collection: Collection
    stricter: StricterVersion
    remote: RemoteCollection

    @property
    def paths(self) -> tuple[str, ...]:
        """The pages of these rows, which differ from others of their kind by more than an identifier."""
        acts = (self.awaiting, self.sent, self.received, self.agreement.proposal, self.agreement.answer)
        agreements = (self.agreement, self.proposed)
        return (
            *(f"/acts/{act.ref}/" for act in acts if act),
            *(f"/agreements/{agreement.ref}/" for agreement in agreements),
            f"/exchange/imports/{self.brought.pk}",
            f"/exchange/feeds/{self.feed.ref}/",
            "/exchange/feeds/add?ready=urlhaus-csv",
            f"/exchange/share?brought={self.brought.pk}",
            f"/exchange/objects/{indicator('delivery')['id']}/",
            f"/exchange/objects/{indicator('from-afar')['id']}/",
            f"/exchange/objects/{indicator('from-afar')['id']}/report",
            f"/exchange/see/{self.sides.party.ref}/",
            "/search?q=DemoLoader",
            f"/exchange/collections/{self.collection.ref}/for/{self.sides.party.ref}/",
            f"/exchange/stricter/{self.stricter.pk}/",
            f"/exchange/collections/elsewhere/{self.remote.ref}/",
            f"/exchange/collections/elsewhere/{self.remote.ref}/credential",
            f"/exchange/collections/elsewhere/{self.remote.ref}/close",
        )


def made_rows() -> Rows:
    """Everything by the services that people use."""
    far = FarNode(name="CERT Freedonia", state="DE", address="http://far.example/")
    return rows_between(sides_of(found_world(NOW), far))


def rows_between(sides: Sides) -> Rows:
    """The same between two sides that exist."""
    agreement = sides.conclude(second_person_above=Tlp.GREEN)
    content = (SAMPLES / "pk-report.json").read_bytes()
    brought = import_bundle(
        actor=sides.world.analyst, file=BytesIO(content), source=Source(sides.world.body), now=NOW
    )
    from_elsewhere(sides.world, indicator("delivery", Tlp.GREEN, description="Seen in a public report."))
    chosen = [{"id": row.ref} for row in brought.brought.exclude(type="marking-definition")]
    (awaiting,) = share(actor=sides.world.analyst, wish=wish(*chosen), partners=[sides.party], now=NOW)
    green = wish(indicator("delivery"))
    (sent,) = share(actor=sides.world.analyst, wish=green, partners=[sides.party], now=NOW)
    said = {"title": "From afar", "message": "For you."}
    given = indicator("from-afar")
    verdict, act = from_far(sides, given, tlp=Tlp.AMBER, body=said, basis=(agreement.ref,))
    verdict.require()
    received = Act.objects.get(ref=act.act.id)
    seen = Report(count=12, why="In the logs of a resolver.")
    record_reports(actor=sides.world.analyst, reports=[(given["id"], seen)], now=NOW)
    wrong = made(
        "opinion",
        "wrong",
        opinion="strongly-disagree",
        labels=["false-positive"],
        object_refs=[given["id"], chosen[0]["id"]],
    )
    from_far(sides, wrong, tlp=Tlp.AMBER, body=said, basis=(agreement.ref,))[0].require()
    feed = _feeds(sides.world)
    reached = (collected(sides), made_stricter(sides), _elsewhere(sides))
    _sensors(sides)
    proposed = sides.proposed_by_far()
    return Rows(sides, brought, agreement, proposed, awaiting, sent, received, feed, *reached)


def _elsewhere(sides: Sides) -> RemoteCollection:
    """A collection of the partner that took some of what was posted and refused some; one that is away."""
    told = {"actor": sides.world.approver, "party": sides.party, "note": "", "gives": True}
    away = opened_elsewhere(sides.world, name="A server that is away", **told)
    away.trouble = "https://taxii.example/api/ cannot be reached: [Errno 111] Connection refused."
    away.save()
    remote = opened_elsewhere(sides.world, name="Shelf of Freedonia", **told)
    shelf = Shelf(refuse=lambda each: "Its type is not taken here." if each["type"] == "malware" else "")
    pushed(sides, remote, shelf)
    return remote


def _sensors(sides: Sides) -> None:
    """One that works, one that finds something wrong, one that has been silent since it was heard."""
    now = timezone.now()
    newest, silent = now - timedelta(minutes=2), now - timedelta(days=3)
    wrong = ("eve.json: no such file; it is looked for again and again.",)
    log = LogRead("zeek/dns.log", rows=184_220_119, bytes=21_000_000_000, unreadable=17, newest=newest)
    for name, heard, problems in (("plant 4", now, ()), ("grid west", now, wrong), ("harbour", silent, ())):
        actor = system_actor("tests", sides.world.body.pk, Power.MANAGE_PARTNERS)
        account, _ = open_account(actor=actor, party=sides.party, name=name, now=NOW)
        report = SensorReport(
            at=heard, began=heard - timedelta(days=40), software="comity 0.1.0", every=60, logs=(log,),
            indicators=1_000_000, indicators_at=newest, matches=12, sightings=9, last_match=newest,
            problems=problems,
        )  # fmt: skip  # one report
        hear(holder=sides.world.body, account=account.pk, report=report, now=heard)


def _feeds(world: World) -> Feed:
    """A list that loses an entry and gains one and cannot all be mapped, and one that is not there."""
    folder = settings.CONFIG.feeds
    folder.mkdir(exist_ok=True)
    feed = opened(world, "file:hosts.txt", name="Hosts of a botnet", licence="CC0", confidence=60)
    for hour, names in enumerate(("one two three", "two three four nonsense")):
        lines = (f"{name}.example.net" if name != "nonsense" else name for name in names.split())
        (folder / "hosts.txt").write_text("\n".join(lines))
        ran(feed, NOW + hour * HOUR)
    missing = opened(world, "file:missing.txt", name="A list that moved")
    for hour in range(3):
        ran(missing, NOW + hour * HOUR)
    return feed
