"""Objects to hold and share: invented ones with any marking, and the samples that come with the product."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from comity.base.tlp import Tlp
from comity.engines.release.terms import Purpose
from comity.formats.acts import Content
from comity.formats.canonical import canonical
from comity.formats.markings import IEP_EXTENSION, TLP_IDS
from comity.formats.stix import StixObject as Found
from comity.node.acts.models import Act, ActContent
from comity.node.exchange import samples
from comity.node.exchange.models import Import, StixObject
from comity.node.exchange.services.importing import Source, import_bundle
from comity.node.exchange.services.sharing import Wish, share
from comity.node.parties.models import Party
from tests.node.instruments.agreeing import Sides
from tests.node.world import NOW, World

AT = "2026-11-20T06:30:00.000Z"
SAMPLES = Path(samples.__file__ or "").parent


def ref_of(kind: str, name: str) -> str:
    return f"{kind}--{UUID(bytes=uuid5(NAMESPACE_URL, name).bytes, version=4)}"


def made(kind: str, name: str, tlp: Tlp | None = Tlp.AMBER, **more: Any) -> dict[str, Any]:
    marks = {"object_marking_refs": [TLP_IDS[tlp]]} if tlp else {}
    common = {"type": kind, "spec_version": "2.1", "id": ref_of(kind, name), "created": AT, "modified": AT}
    return {**common, **marks, "name": name, **more}


def indicator(name: str, tlp: Tlp | None = Tlp.AMBER, **more: Any) -> dict[str, Any]:
    pattern = {"pattern": f"[domain-name:value = '{name}.example']", "pattern_type": "stix", "valid_from": AT}
    return made("indicator", name, tlp, **pattern, **more)


def iep_marking(name: str, **changes: str) -> dict[str, Any]:
    """A marking with a policy of FIRST's IEP 2.0."""
    statements = {
        "extension_type": "property-extension",
        "iep_version": "2.0",
        "iep_id": "11111111-2222-4333-8444-555555555555",
        "start_date": "2026-01-01T00:00:00Z",
        "encrypt_in_transit": "must",
        "permitted_actions": "none",
        "tlp": "amber",
        "affected_party_notifications": "may",
        "provider_attribution": "may",
        "unmodified_resale": "must-not",
    }
    value = made("marking-definition", name, None, extensions={IEP_EXTENSION: statements | changes})
    del value["modified"]
    return value


def joined(name: str, source: dict[str, Any], target: dict[str, Any], tlp: Tlp = Tlp.AMBER) -> dict[str, Any]:
    more = {"relationship_type": "indicates", "source_ref": source["id"], "target_ref": target["id"]}
    value = made("relationship", name, tlp, **more)
    del value["name"]
    return value


def bundle(*values: dict[str, Any]) -> bytes:
    return canonical({"type": "bundle", "id": ref_of("bundle", "b"), "objects": list(values)})


def own_work(world: World, *values: dict[str, Any], now=NOW) -> Import:
    return import_bundle(
        actor=world.analyst, file=BytesIO(bundle(*values)), source=Source(world.body), now=now
    )


def from_elsewhere(world: World, *values: dict[str, Any], party: Party | None = None, **more: Any) -> Import:
    source = Source(party, "" if party else "a public feed", **more)
    return import_bundle(actor=world.analyst, file=BytesIO(bundle(*values)), source=source, now=NOW)


def row(ref: str | dict[str, Any]) -> StixObject:
    wanted = ref if isinstance(ref, str) else str(ref["id"])
    return StixObject.objects.select_related("handling").get(ref=wanted, latest=True)


def wish(*values: dict[str, Any], purpose: Purpose = Purpose.NETWORK_DEFENCE, **more: Any) -> Wish:
    return Wish(refs=tuple(str(value["id"]) for value in values), purpose=purpose, title="For you", **more)


def shared(sides: Sides, *values: dict[str, Any], **more: Any) -> Act:
    return share(
        actor=sides.world.analyst,
        wish=wish(*values, **more),
        partners=[sides.party],
        now=more.pop("now", NOW),
    )[0]


def carried(act: Act) -> set[str]:
    return set(ActContent.objects.filter(act=act).values_list("content__ref", flat=True))


def from_far(sides: Sides, *values: dict[str, Any], now=NOW, **changes: Any):
    """Our node's verdict on a share that the partner sends, and the act it sent."""
    found = [Found.decode(value) for value in values]
    sides.far.now = now
    said = {
        "body": {"title": "From afar"},
        "contents": tuple(Content.of(each) for each in found),
        "purpose": "network-defence",
    }
    act = sides.far.act("share", **{**said, **changes})
    return sides.arrive(act, *(each.value for each in found), now=now), act


LATER = NOW + timedelta(hours=1)
