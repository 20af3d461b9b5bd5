"""Whether an act that arrived may be taken in: one check per rule, each with its stable code."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from comity.base.verdict import Ground, Verdict
from comity.formats.acts import Act, SignedAct
from comity.formats.keys import NodeKey
from comity.formats.signed import check_signature
from comity.formats.stix import StixObject

SKEW = timedelta(minutes=5)  # how far ahead the clock of a partner may be
SOURCE = "docs/wire/act.md"


def check_sender(act: Act, sender: str) -> Verdict:
    """An act comes from its author: nobody delivers for another."""
    if act.author != sender:
        return _no("act.wrong-sender", f"The author is {act.author}, but {sender} delivers it.")
    return _yes("act.sender", "It comes from its author.")


def check_addressee(act: Act, receiver: str) -> Verdict:
    """An act is for its recipients alone."""
    if receiver not in act.recipients:
        return _no("act.wrong-addressee", f"{receiver} is not among its recipients.")
    return _yes("act.addressee", "It is addressed to this node.")


def check_author(signed: SignedAct, keys: Iterable[NodeKey]) -> Verdict:
    """The author's node signed these bytes with a key that was valid when the act was made."""
    return check_signature(signed.sealed, keys, at=signed.act.created, rules="act", source=SOURCE)


def check_time(act: Act, now: datetime) -> Verdict:
    """The act is neither from the future, beyond what clocks differ by, nor expired."""
    if act.created > now + SKEW:
        ahead = round((act.created - now).total_seconds())
        return _no(
            "act.from-the-future", f"It was made {ahead} seconds from now; clocks may differ by 5 minutes."
        )
    if act.expires is not None and act.expires <= now:
        return _no("act.expired", f"It expired at {act.expires:%Y-%m-%d %H:%M} UTC.")
    return _yes("act.timely", "It is neither from the future nor expired.")


def check_kind(act: Act, kinds: Container[str]) -> Verdict:
    """The kind is one that this node has a system for."""
    if act.kind not in kinds:
        return _no("act.kind-unknown", f"Acts of the kind {act.kind!r} are not known here.")
    return _yes("act.kind", f"It is of the kind {act.kind!r}.")


def check_first(signed: SignedAct, kept_sha256: str | None) -> Verdict:
    """The act was not taken in before, and no other act has its id."""
    if kept_sha256 is None:
        return _yes("act.first", "It was not here before.")
    if kept_sha256 == signed.sha256:
        return _no("act.replayed", "It was taken in before; its receipt stands, and nothing happens again.")
    return _no("act.conflict", f"Another act with the id {signed.act.id} was taken in before.")


def check_order(act: Act, known_acts: Container[str]) -> Verdict:
    """The act it answers is here; if not, it may be on its way."""
    if act.in_reply_to is not None and act.in_reply_to not in known_acts:
        text = f"It answers {act.in_reply_to}, which is not here yet; deliver that one first."
        return Verdict.unknown(Ground("act.out-of-order", SOURCE, text))
    return _yes("act.in-order", "What it answers, if anything, is here.")


def check_contents(act: Act, carried: Iterable[StixObject]) -> Verdict:
    """Every object that the act names is here, byte for byte as its author saw it."""
    here = {each.version: each for each in carried}
    for content in act.contents:
        found = here.get(content.version)
        if found is None:
            return _no(
                "act.content-missing",
                f"{content.ref} ({content.modified or 'no version'}) did not come along.",
            )
        if found.sha256 != content.sha256:
            return _no("act.content-changed", f"{content.ref} is not as its author signed it.")
    return _yes("act.contents", f"All {len(act.contents)} objects are as they were signed.")


def _yes(rule: str, text: str) -> Verdict:
    return Verdict.yes(Ground(rule, SOURCE, text))


def _no(rule: str, text: str) -> Verdict:
    return Verdict.no(Ground(rule, SOURCE, text))
