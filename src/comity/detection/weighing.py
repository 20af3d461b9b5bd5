"""What an indicator was worth at the time of an event: the exchange's score with its parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache

from comity.engines.patterns.judging.hits import Weigh, Worth
from comity.engines.patterns.judging.indicators import Indicator
from comity.engines.patterns.parser import parse
from comity.engines.patterns.values import values_of_pattern
from comity.engines.scoring.parameters import OTHER, Parameters
from comity.engines.scoring.score import Facts, score

_OF_NO_VALUE = ("indicator",)  # as the parameters call a pattern that seeks none
_UNKNOWN = Worth(100, "no parameter speaks of its kind")


def weighing(parameters: Parameters, now: datetime) -> Weigh:
    """The judgement by these parameters, by the day; what its maker never dated counts as stated now."""

    @lru_cache(maxsize=10_000)
    def on(indicator: Indicator, day: date) -> Worth:
        facts = Facts(
            kinds=_kinds(indicator.pattern),
            givers=(indicator.author, indicator.source, OTHER),
            stated=indicator.stated or now,
            confidence=indicator.confidence,
        )
        found = score(facts, parameters.on(day), datetime.combine(day, time(), UTC))
        return Worth(found.value, found.words) if found else _UNKNOWN

    return lambda indicator, at: on(indicator, at.date())


@lru_cache(maxsize=10_000)
def _kinds(pattern: str) -> tuple[str, ...]:
    values = values_of_pattern(parse(pattern))
    return tuple(dict.fromkeys(each.kind.value for each in values)) or _OF_NO_VALUE
