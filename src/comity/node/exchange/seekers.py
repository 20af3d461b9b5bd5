"""Which indicators are meant by whoever met a value: a sensor knows no refs."""

from __future__ import annotations

from comity.base.errors import Malformed, NotFound
from comity.engines.patterns.query import understood
from comity.node.exchange import searching
from comity.node.exchange.narrowing import Narrow
from comity.node.exchange.reports import Report
from comity.node.parties.actors import Actor
from comity.node.parties.roles import Power

MOST_MEANT = 100  # indicators that seek one value


def reports_of(actor: Actor, ref: str, value: str, said: Report) -> list[tuple[str, Report]]:
    """The report of the object, or of each indicator that seeks the value; exactly one of both is named."""
    if bool(ref) == bool(value):
        raise Malformed("object", "name the object, or the value that was met, and not both.")
    if ref:
        return [(ref, said)]
    actor.may(Power.READ_CONTENT).require()
    found = understood(value)
    if found is None:
        raise Malformed("value", f"{value[:60]!r} is no value of a kind that is known here.")
    rows = searching.listed(actor, Narrow(kind="indicator", value=found), MOST_MEANT)
    refs = list(rows.values_list("ref", flat=True))
    if not refs:
        raise NotFound(f"indicator that seeks {value[:60]!r}")
    return [(each, said) for each in refs]
