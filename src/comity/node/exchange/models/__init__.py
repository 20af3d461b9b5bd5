"""The tables of the exchange, all by one name: Django looks for them here."""

from __future__ import annotations

from comity.node.exchange.models.bounds import (
    ErasedObject,
    Recall,
    RecallNotice,
    TakenBack,
    Victim,
    VictimHow,
)
from comity.node.exchange.models.collections import Collection, ReducedName, Standing, TaxiiAccount
from comity.node.exchange.models.contradictions import ComparedUpTo, Contradiction
from comity.node.exchange.models.feeds import Feed, FeedEntry, FeedRun, Outcome
from comity.node.exchange.models.given import AlsoGiven
from comity.node.exchange.models.held import (
    BROUGHT_AS,
    ClassCount,
    HandlingClass,
    HolderClock,
    Import,
    Label,
    Link,
    StixObject,
    Value,
)
from comity.node.exchange.models.remarks import Remark
from comity.node.exchange.models.remotes import MAY_BE_THERE, Posted, PostState, RemoteCollection
from comity.node.exchange.models.stricter import (
    ClosedInPlace,
    FollowedUpTo,
    Step,
    StricterFor,
    StricterVersion,
)
from comity.node.exchange.models.telling import TellingRule
from comity.node.exchange.models.webhooks import HookCall, HookForm, HookState, Webhook

__all__ = [
    "BROUGHT_AS",
    "MAY_BE_THERE",
    "AlsoGiven",
    "ClassCount",
    "ClosedInPlace",
    "Collection",
    "ComparedUpTo",
    "Contradiction",
    "ErasedObject",
    "Feed",
    "FeedEntry",
    "FeedRun",
    "FollowedUpTo",
    "HandlingClass",
    "HolderClock",
    "HookCall",
    "HookForm",
    "HookState",
    "Import",
    "Label",
    "Link",
    "Outcome",
    "PostState",
    "Posted",
    "Recall",
    "RecallNotice",
    "ReducedName",
    "Remark",
    "RemoteCollection",
    "Standing",
    "Step",
    "StixObject",
    "StricterFor",
    "StricterVersion",
    "TakenBack",
    "TaxiiAccount",
    "TellingRule",
    "Value",
    "Victim",
    "VictimHow",
    "Webhook",
]
