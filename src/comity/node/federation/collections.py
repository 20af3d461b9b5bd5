"""The collections of a node: for each partner an inbox into which it posts, and an outbox that it reads.

Their ids follow from the two parties, so that both sides know them without asking.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from comity.node.parties.models import Party

_NAMESPACE = UUID("5b0c9d4e-6c51-4c0f-9b0d-9a6a5f0e3c11")


def inbox_id(owner: Party, partner: Party) -> str:
    """The collection at the owner's node into which the partner posts."""
    return str(uuid5(_NAMESPACE, f"inbox {owner.ref} {partner.ref}"))


def outbox_id(owner: Party, partner: Party) -> str:
    """The collection at the owner's node that the partner reads."""
    return str(uuid5(_NAMESPACE, f"outbox {owner.ref} {partner.ref}"))
