"""Between the rows of acts and their form on the wire: signing ours, and issuing receipts for partners'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.base.tlp import Tlp
from comity.formats import acts as wire
from comity.formats import receipts
from comity.formats.entries import LogEntry
from comity.formats.jws import thumbprint
from comity.node.accountability.queries import LogProof, proofs_of
from comity.node.acts.kinds import Draft, Leaving
from comity.node.acts.models import Act, Receipt
from comity.node.keys import KeyUse, node_key
from comity.node.parties.models import Party

_NO_ACT = f"{wire.TYPE}--{UUID(int=0, version=4)}"
_NO_KEY = Ed25519PrivateKey.generate()  # for drafts: of nobody, and forgotten when the process ends


def signed(
    act: Act, recipients: Sequence[Party], contents: Sequence[Leaving], now: datetime
) -> tuple[bytes, str]:
    """The act's signed canonical bytes, and their digest."""
    key = node_key(KeyUse.SIGN)
    spoken = wire.Act(
        id=act.ref,
        created=now,
        kind=act.kind,
        author=act.author.ref,
        recipients=tuple(party.ref for party in recipients),
        tlp=Tlp(act.tlp),
        body=act.body,
        contents=_named(contents),
        in_reply_to=act.in_reply_to.ref if act.in_reply_to else None,
        purpose=act.purpose or None,
        basis=tuple(act.basis),
        expires=act.expires,
    )
    made = wire.sign_act(spoken, key, thumbprint(key.public_key()))
    return made.raw, made.sha256


def require_form(draft: Draft, contents: Sequence[Leaving], now: datetime) -> None:
    """Raises `Malformed` for a draft that no node could take in; nothing that counts is signed for it."""
    spoken = wire.Act(
        id=_NO_ACT,
        created=now,
        kind=draft.kind,
        author=draft.author.ref,
        recipients=tuple(party.ref for party in draft.recipients),
        tlp=draft.tlp,
        body=draft.body,
        contents=_named(contents),
        in_reply_to=draft.in_reply_to,
        purpose=draft.purpose or None,
        basis=draft.basis,
        expires=draft.expires,
    )
    wire.sign_act(spoken, _NO_KEY, thumbprint(_NO_KEY.public_key()))


def _named(contents: Sequence[Leaving]) -> tuple[wire.Content, ...]:
    return tuple(wire.Content(each.ref, each.modified or None, each.sha256) for each in contents)


@dataclass(frozen=True, slots=True)
class ToReceipt:
    """A partner's act that has just been recorded: for which of our bodies, when, and where in our log."""

    act: Act
    receiver: Party
    received: datetime
    log_index: int


def issue_receipts(
    arrived: Sequence[ToReceipt], *, return_due: datetime | None, new_id: Callable[[], UUID]
) -> list[Receipt]:
    """A signed receipt for each, with its proof of inclusion under our newest checkpoint; not yet saved."""
    proofs = proofs_of([each.log_index for each in arrived])
    return [_issue(each, proof, return_due, new_id()) for each, proof in zip(arrived, proofs, strict=True)]


def _issue(each: ToReceipt, proof: LogProof, return_due: datetime | None, identifier: UUID) -> Receipt:
    key = node_key(KeyUse.SIGN)
    spoken = receipts.Receipt(
        id=f"comity-receipt--{identifier}",
        created=each.received,
        author=each.receiver.ref,
        recipients=(each.act.author.ref,),
        tlp=Tlp.AMBER,
        act=each.act.ref,
        act_sha256=str(each.act.sha256),
        received=each.received,
        log=receipts.LogProof(
            origin=proof.origin,
            index=proof.index,
            salt=proof.salt or b"",
            entry=LogEntry.decode(proof.entry or b""),
            proof=proof.proof,
            checkpoint=proof.checkpoint.decode(),
        ),
    )
    made = receipts.sign_receipt(spoken, key, thumbprint(key.public_key()))
    return Receipt(
        act=each.act,
        party=each.receiver,
        issued=True,
        ref=spoken.id,
        wire=made.raw,
        sha256=made.sha256,
        at=each.received,
        log_index=each.log_index,
        return_due=return_due,
    )
