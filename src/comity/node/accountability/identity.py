"""The names and keys under which the node keeps its log and witnesses the logs of others."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from comity.engines.ledger.note import VerifierKey
from comity.node.keys import KeyUse, node_key

LOG_PATH = "log"
_WITNESS_PATH = "witness"


def new_origin() -> str:
    """The origin of a log that begins now: its address without the scheme, as C2SP tlog-tiles advises."""
    return _below_address(LOG_PATH)


def witness_name() -> str:
    """The name under which this node cosigns the checkpoints of others."""
    return _below_address(_WITNESS_PATH)


def log_key(origin: str) -> VerifierKey:
    """The public key of our log, under the origin it began with."""
    return VerifierKey(origin, node_key(KeyUse.LOG).public_key())


def _below_address(path: str) -> str:
    address = urlsplit(settings.CONFIG.address)
    return f"{address.netloc}{address.path}{path}"
