"""Hypothesis strategies: any tree of a pattern, any spelling of it, and texts that nearly are patterns."""

import re

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from comity.engines.patterns.ast import (
    ANY,
    Binary,
    Boolean,
    Comparison,
    ComparisonAnd,
    ComparisonOr,
    Float,
    FollowedBy,
    Hex,
    Integer,
    ObjectPath,
    Observation,
    ObservationAnd,
    ObservationOr,
    Operator,
    Qualified,
    Repeats,
    StartStop,
    Text,
    Timestamp,
    Within,
)
from comity.engines.patterns.lexer import KEYWORDS

# A busy machine is no fault of the code; what may not take long is asserted by the time limit of a test.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KNOWN = [
    "ipv4-addr:value",
    "domain-name:value",
    "url:value",
    "file:name",
    "email-addr:value",
    "network-traffic:dst_ref.value",
]

names = st.from_regex(re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,8}", re.ASCII), fullmatch=True)
bare = names.filter(lambda name: name not in KEYWORDS)
types = st.sampled_from(["file", "ipv4-addr", "domain-name", "x-own"]) | bare
keys = (
    bare
    | names
    | st.text(max_size=6)
    | st.sampled_from(["hashes", "SHA-256", "dst_ref", "extensions", "a'b\\"])
)
steps = keys | st.integers(-3, 300) | st.just(ANY)
known_paths = st.sampled_from(KNOWN).map(
    lambda text: ObjectPath(text.partition(":")[0], tuple(text.partition(":")[2].split(".")))
)
paths = known_paths | st.builds(
    lambda kind, first, rest: ObjectPath(kind, (first, *rest)), types, keys, st.lists(steps, max_size=4)
)

texts = st.text(max_size=12) | st.sampled_from(
    ["203.0.113.7", "Example.COM", "hxxp://evil[.]example/x", "it's", "C:\\Windows", "", "10.0.0.0/8", "a_b%"]
)
times = st.builds(
    lambda moment, digits: Timestamp(moment.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + digits + "Z"),
    st.datetimes(),
    st.sampled_from(["", ".5", ".123", ".000001", ".1234567890"]),
)
floats = st.floats(-1e17, 1e17, allow_nan=False).filter(lambda number: abs(number) > 1e-12 or number == 0)
ordered = (
    st.builds(Text, texts)
    | st.builds(Integer, st.integers(-(2**70), 2**70))
    | st.builds(Float, floats)
    | st.builds(Hex, st.binary(max_size=6))
    | st.builds(Binary, st.binary(min_size=1, max_size=6))
    | times
)
constants = ordered | st.builds(Boolean, st.booleans())
ORDERS = [Operator.LESS, Operator.GREATER, Operator.AT_MOST, Operator.AT_LEAST]
OF_TEXTS = [Operator.LIKE, Operator.MATCHES, Operator.ISSUBSET, Operator.ISSUPERSET]
sets = st.lists(constants, max_size=4).map(tuple)
comparisons = (
    st.builds(Comparison, paths, st.just(Operator.EQUAL), st.builds(Text, texts))
    | st.builds(
        Comparison, paths, st.sampled_from([Operator.EQUAL, Operator.UNEQUAL]), constants, st.booleans()
    )
    | st.builds(Comparison, paths, st.sampled_from(ORDERS), ordered, st.booleans())
    | st.builds(Comparison, paths, st.just(Operator.IN), sets, st.booleans())
    | st.builds(Comparison, paths, st.sampled_from(OF_TEXTS), st.builds(Text, texts), st.booleans())
    | st.builds(Comparison, paths, st.just(Operator.EXISTS), st.none(), st.booleans())
)


def joined(kinds):
    return lambda inner: st.one_of(
        *(st.lists(inner, min_size=2, max_size=3).map(tuple).map(kind) for kind in kinds)
    )


tests = st.recursive(comparisons, joined([ComparisonAnd, ComparisonOr]), max_leaves=5)
seconds = st.integers(1, 10_000).map(float) | st.floats(0.001, 1e9)
qualifiers = (
    st.builds(Within, seconds)
    | st.builds(Repeats, st.integers(1, 10**9))
    | st.builds(StartStop, times, times)
)
patterns = st.recursive(
    st.builds(Observation, tests),
    lambda inner: (
        joined([ObservationAnd, ObservationOr, FollowedBy])(inner) | st.builds(Qualified, inner, qualifiers)
    ),
    max_leaves=4,
)

GAPS = st.sampled_from(["", " ", "  ", "\n", "\t", "\u00a0", "/* [a:b = 'x'] */", "// end\n", "/**/"])
WORDS = re.compile(r"[htb]?'(?:[^'\\]|\\.)*'|[A-Za-z0-9_+.-]+|==|!=|<>|<=|>=|.", re.DOTALL)
MIXED = re.compile(r"[A-Za-z0-9_.'+-]")


@st.composite
def spellings(draw, text):
    """The same words with other space and comments between them, where that keeps them apart."""
    words = [word for word in WORDS.findall(text) if not word.isspace()]
    written = [draw(GAPS)]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        gap = draw(GAPS)
        if not gap and MIXED.match(word[-1]) and MIXED.match(following[:1] or " "):
            gap = " "
        written += [word, gap]
    return "".join(written)


SIGNS = ["[", "]", "(", ")", "'", "\\'", "=", ",", ":", "[*]", "[0]", "/*", "*/", "//", "\n", " ", "é"]
KEYS_AND_VALUES = ["file:name", "a-b", ".a", "'x'", "5", "2", ".5", "-1", "true", "h'ff'", "h'f'", "b'AA=='"]
KEYWORDS_AND_TIME = [*sorted(KEYWORDS), "t'2026-01-01T00:00:00Z'"]
FRAGMENTS = st.sampled_from([*SIGNS, *KEYS_AND_VALUES, *KEYWORDS_AND_TIME])
nearly = st.lists(FRAGMENTS, max_size=25).map(" ".join) | st.lists(FRAGMENTS, max_size=12).map("".join)


@st.composite
def damaged(draw, text):
    """A text with a piece taken out, put in or doubled."""
    place, length = draw(st.integers(0, len(text))), draw(st.integers(0, 3))
    return text[:place] + draw(st.just("") | FRAGMENTS) + text[place + length :]
