"""Our own keys and descriptor: what we tell others of this node."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from comity.base.errors import Conflict
from comity.formats.descriptor import Descriptor, SignedDescriptor, sign_descriptor
from comity.formats.entries import Event, LogEntry
from comity.formats.jws import thumbprint
from comity.formats.keys import NodeKey, Use
from comity.formats.rollover import declare_key
from comity.node import keys
from comity.node.accountability import identity
from comity.node.accountability import queries as log
from comity.node.accountability.services import record
from comity.node.acts.kinds import Draft
from comity.node.acts.models import Act
from comity.node.acts.services import composing
from comity.node.faults import Step, reach
from comity.node.federation import queries
from comity.node.federation.models import OwnKey
from comity.node.federation.services import partners
from comity.node.keys import KeyUse
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power


@transaction.atomic
def know_own_keys(now: datetime) -> None:
    """Note the keys in our key folder as ours from now on; those noted before stay as they are."""
    for use in KeyUse:
        public = keys.node_key(use).public_key()
        kid = thumbprint(public)
        if not OwnKey.objects.filter(kid=kid, use=use.value).exists():
            OwnKey.objects.filter(use=use.value, until=None).update(until=now)
            OwnKey.objects.create(kid=kid, use=use.value, public=public.public_bytes_raw(), since=now)


def is_current(use: KeyUse) -> bool:
    """Whether the key in our folder is the one that we say we use now."""
    kid = thumbprint(keys.node_key(use).public_key())
    return OwnKey.objects.filter(kid=kid, use=use.value, until=None).exists()


def descriptor(now: datetime) -> SignedDescriptor:
    """What we tell of this node, signed now."""
    party = queries.own_party()
    address = settings.CONFIG.address
    told = Descriptor(
        id=party.ref,
        name=party.name,
        state=party.state,
        kind=party.kind,
        address=address,
        discovery=f"{address}taxii2/",
        api_root=f"{address}taxii2/comity/",
        log_origin=log.origin(),
        log_url=f"{address}log/",
        witness=identity.witness_name(),
        keys=queries.own_keys(),
        issued=now,
    )
    key = keys.node_key(KeyUse.SIGN)
    return sign_descriptor(told, key, thumbprint(key.public_key()))


_TITLES = {KeyUse.SIGN: "New signing key", KeyUse.WITNESS: "New key as a witness"}
RENEWABLE = (KeyUse.SIGN, KeyUse.WITNESS)  # a log keeps its key for life


def renew_key(use: KeyUse, *, actor: Actor, now: datetime) -> Act | None:
    """Use a new key from now on; every partner is told by an act that the signing key before it signs.

    Those who are suspended are told when they are resumed; None when there is nobody to tell. The new key
    waits in a file of its own until the act is recorded; if the process dies in between, `finish_renewal`
    completes the change.
    """
    actor.may(Power.MANAGE_PARTNERS).require()
    if use not in RENEWABLE:
        raise Conflict(f"The {use.value} key is not replaced: a log keeps its key for life.")
    folder: Path = settings.CONFIG.keys
    with keys.renewing(folder) as ours:
        if not ours:
            raise Conflict("A renewal of a key is under way; look again in a moment.")
        _finish(folder)  # one that was cut off before
        new = keys.create(folder, use, name=keys.next_of(folder, use).stem)
        reach(Step.KEY_WRITTEN)
        act = _declare(use, actor, new, now)
        reach(Step.KEY_DECLARED)
        _finish(folder)
    return act


def finish_renewal() -> bool:
    """Put declared new keys in the place of the old ones; False if none waits, or none was ever declared."""
    folder: Path = settings.CONFIG.keys
    if not any(keys.next_of(folder, use).exists() for use in RENEWABLE):
        return False
    with keys.renewing(folder) as ours:
        return ours and _finish(folder)


def _finish(folder: Path) -> bool:
    finished = [_finish_one(folder, use) for use in RENEWABLE if keys.next_of(folder, use).exists()]
    return any(finished)


def _finish_one(folder: Path, use: KeyUse) -> bool:
    waiting = keys.next_of(folder, use)
    if not _is_declared(waiting, use):
        waiting.unlink()  # the process died before the declaration was recorded: the old key stays
        return False
    keys.put_in_place(folder, use, kept=lambda: reach(Step.KEY_KEPT))
    return True


def _is_declared(waiting: Path, use: KeyUse) -> bool:
    """Whether the key was recorded as ours; one whose file was cut off while it was written was not."""
    try:
        kid = thumbprint(keys.read(waiting).public_key())
    except keys.KeyMissing:
        return False
    return OwnKey.objects.filter(kid=kid, use=use.value, until=None).exists()


@transaction.atomic
def _declare(use: KeyUse, actor: Actor, new: Ed25519PrivateKey, now: datetime) -> Act | None:
    party = queries.own_party()
    old = OwnKey.objects.select_for_update().get(use=use.value, until=None)
    key = NodeKey.of(new.public_key(), Use(use.value), now)
    declared = declare_key(party.ref, key, new, replaces=old.kid)
    entry = LogEntry(event=Event.KEY_DECLARED, at=now, subject=f"key {key.kid}")
    record([entry], now=now)
    told = queries.cooperating()
    act = None
    if told:
        body = {"title": f"{_TITLES[use]} of {party.name}", **declared.as_json()}
        recipients = tuple(partner.party for partner in told)
        draft = Draft(kind="declare-key", author=party, recipients=recipients, body=body)
        act = composing.compose_by_node(actor=actor, draft=draft, now=now)
        partners.explain_suspended(told, now=now)
    OwnKey.objects.filter(pk=old.pk).update(until=now)
    OwnKey.objects.create(kid=key.kid, use=use.value, public=key.raw, since=now)
    return act
