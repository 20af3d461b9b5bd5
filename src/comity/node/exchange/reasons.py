"""Why an object is asked back: one list for the wire, the database and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class RecallReason(Enum):
    """What is wrong with a partner's having it."""

    MISTAKE = "shared-by-mistake"
    WRONG = "wrong"
    STRICTER = "marked-more-strictly"
    REVOKED = "revoked"
    LAW = "law"


WORDS: Mapping[RecallReason, str] = MappingProxyType(
    {
        RecallReason.MISTAKE: "It was shared by mistake",
        RecallReason.WRONG: "What it says is wrong",
        RecallReason.STRICTER: "It is marked more strictly now",
        RecallReason.REVOKED: "It was revoked",
        RecallReason.LAW: "The law or a decision asks for it",
    }
)
CHOICES = [(reason.value, words) for reason, words in WORDS.items()]
