"""Fault injection: the steps at which a test can kill the process, as a crash would.

Outside such a test `reach` compares one empty string and returns.
"""

from __future__ import annotations

import os
import signal
from enum import Enum

from django.conf import settings


class Step(Enum):
    """The steps in order; each name is a value of the setting `fault`."""

    COMPOSED = "composed"  # the act is written, the transaction open
    APPROVED = "approved"  # a second person's decision is written, the transaction open
    SIGNED = "signed"
    LOGGED = "logged"  # the log entry is written, the transaction open
    RECORDED = "recorded"  # everything of our side is written, the transaction open
    BEFORE_SENDING = "before-sending"  # committed; nothing has left
    SENT = "sent"  # the partner has it; we have not noted that
    RECEIPT_NOTED = "receipt-noted"  # the receipt is written, the transaction open
    ARRIVED = "arrived"  # a partner's act is verified, nothing written
    ARRIVAL_LOGGED = "arrival-logged"  # written and logged, the transaction open
    ARRIVAL_RECORDED = "arrival-recorded"  # committed; the partner has no receipt yet
    WITNESSED = "witnessed"  # a partner's checkpoint is accepted and cosigned, the transaction open
    COSIGNED = "cosigned"  # a partner's cosignature on our checkpoint is written, the transaction open
    KEY_WRITTEN = "key-written"  # a new key waits in its file, nobody was told
    KEY_DECLARED = "key-declared"  # committed: its declaration; the old key is still in place
    CONTENT_WRITTEN = "content-written"  # objects that came in are written, the transaction open
    PORTION_KEPT = "portion-kept"  # committed: a portion of a long import; its report tells of no more
    POST_KEPT = "post-kept"  # committed: what was posted, and its status; who posted has no answer yet
    KEY_KEPT = "key-kept"  # the old key stands beside under its other name; the new one is not in place


def reach(step: Step) -> None:
    """Die here, without any clean-up, if the setting `fault` names this step."""
    if settings.CONFIG.fault == step.value:
        os.kill(os.getpid(), signal.SIGKILL)
