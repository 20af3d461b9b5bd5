"""How long an expression becomes when what it repeats is written out, as a compiler does before any search.

`a{1000}` is a thousand parts, and `(a{1000}){1000}` a million: some hundred bytes each, for 15 characters.
"""

from __future__ import annotations

import re
from math import prod

_PART = re.compile(
    r"""\\. | \[\^?\]?(?:\\.|[^\]\\])*\] | (?P<open>\() | (?P<close>\))
    | \{(?P<least>\s*\d+\s*)(?:,[^{}]*)?\} | .""",
    re.VERBOSE | re.DOTALL,
)
# What makes a parenthesis no parenthesis where the above sees one: comments, sets in sets, classes by name.
_ODD = re.compile(r"\(\?(?:#|[a-zA-Z0-9]*[xV])|\[[:\[]")
_LEAST = re.compile(r"\{\s*(\d+)\s*(?:,[^{}]*)?\}")


def written_out(expression: str) -> int:
    """The parts that it has at the least when all that must be repeated is written out; never too few."""
    if _ODD.search(expression):
        return len(expression) * prod(map(_times, _LEAST.findall(expression)))
    sums, last = [0], 0  # of the groups that are open; of what was last, which a number may repeat
    for part in _PART.finditer(expression):
        if part["open"]:
            sums.append(1)
            last = 0
        elif part["close"] and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        elif part["least"]:
            more = last * (_times(part["least"]) - 1)
            sums[-1], last = sums[-1] + more, last + more
        else:
            sums[-1] += 1
            last = 1
    return sum(sums)


def _times(digits: str) -> int:
    """The number; of one that has more digits than anybody means, the first."""
    return max(1, int(digits.strip().lstrip("0")[:9] or "0"))
