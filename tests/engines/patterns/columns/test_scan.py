"""The table of expressions meets what the comparison of each row with each expression says."""

from __future__ import annotations

from itertools import product
from unicodedata import normalize

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.base.errors import Malformed
from comity.engines.patterns.ast import Comparison, Integer, ObjectPath, Operator, Text
from comity.engines.patterns.columns import partly
from comity.engines.patterns.columns.saved import frame_bytes, packed, unpacked
from comity.engines.patterns.columns.scan import ScanTable
from comity.engines.patterns.columns.scanning import (
    automaton,
    choosing,
    confirming,
    likeness,
    rows,
    sorting,
    texts,
)
from comity.engines.patterns.columns.scanning.folding import folded
from comity.engines.patterns.columns.scanning.required import required
from comity.engines.patterns.matching.comparing import fits

LINE = "a" * 60 + "\u00e9"  # which no automaton spares the comparison
PATH = ObjectPath("url", ("value",))
LIKE, MATCHES = Operator.LIKE, Operator.MATCHES
WORDS = [
    "evil",
    "example",
    "cdn",
    "gate.php",
    "/a/",
    ".",
    "login-page",
    "\u00e9",
    "e\u0301",
    "K",
    "\u212a",
    "\u017fs",
    "\n",
    "\t",
    "",
]
likes = st.lists(st.sampled_from(["%", "_", *WORDS]) | st.text("ab.\u00e9", max_size=2), max_size=6).map(
    "".join
)
pieces = st.sampled_from(
    [
        "evil",
        "example-cdn",
        "gate",
        r"\.php",
        "[.]",
        "[a-z]",
        r"\d",
        r"\S+",
        ".*",
        ".",
        "(login|logon)",
        "(?:abcdef|xyzuvw)?",
        "[^/]+",
        "x{2,3}",
        "e+",
        "\u00e9",
        "[\u00e9x]",
        "(?=evil)",
        "(?<!x)",
        r"\b",
        "[[:alpha:]]",
        r"\x65",
        r"(.)\1",
        "k",
        "\n",
        "s",
        r"\s",
        "$",
        "^",
        "(?>evil)",
        "|",
        "[]x]",
        r"[\]]",
    ]
)
flags = st.sampled_from(["", "", "", "(?i)", "(?s)", "(?m)", "(?is)", "(?x)"])
expressions = st.tuples(flags, st.lists(pieces, max_size=5)).map(lambda two: two[0] + "".join(two[1]))
tests = st.lists(
    st.tuples(
        st.tuples(st.just(LIKE), likes) | st.tuples(st.just(MATCHES), expressions),
        st.integers(0, 2),
        st.integers(0, 5),
    ),
    max_size=8,
)
values = st.lists(
    st.sampled_from(
        [*WORDS, "EVIL", "xx", "login", "example-cdn", "gate", ".php", "abcdef", "\u0130", "5", "/"]
    ),
    max_size=6,
).map("".join) | st.text(max_size=4)
columns = st.lists(values | st.none(), max_size=16)


def table(told):
    return ScanTable.of(
        [(operator, Text(text)) for (operator, text), _, _ in told],
        [each[1] for each in told],
        [each[2] for each in told],
    )


def exact(test):
    try:
        return fits(Comparison(PATH, test[0], Text(test[1])), usual=True)
    except (Malformed, UnicodeEncodeError):
        return None


def met(found, column, places):
    seen = found.meet(column, places)
    assert not seen.given_up
    return sorted(zip(seen.rows.tolist(), seen.owners.tolist(), seen.places.tolist(), strict=True))


def series(column):
    return pl.Series("column", column, dtype=pl.String)


def one_by_one(told, column, places, *, left_out=()):
    return sorted(
        (row, owner, place)
        for test, place, owner in told
        if place in places and test not in left_out
        for row, raw in enumerate(column)
        if raw is not None and (compare := exact(test)) and compare(raw)
    )


def told_as_broad(told):
    """Those that are not met: what each fits all texts that were tried."""
    found = table(told)
    broad = {test for test, _, owner in told if owner in found.broad and table([(test, 0, owner)]).broad}
    refused = {test for test, _, owner in told if owner in found.refused and exact(test) is None}
    for test in broad:
        assert all(map(exact(test), ["a", "Z", "/x/", "\u00e9\u00e9"])) or not test[1].strip("_%")
    assert {owner for test, _, owner in told if exact(test) is None} == set(found.refused)
    return broad | refused


@settings(deadline=None, max_examples=150)
@given(tests, columns, st.sets(st.integers(0, 3)))
def test_as_each_row_with_each_expression(told, column, places):
    expected = one_by_one(told, column, places, left_out=told_as_broad(told))
    assert met(table(told), series(column), sorted(places)) == expected


CLASSES = [
    "[^a]",
    r"\W",
    r"\w",
    r"\D",
    ".",
    r"\S",
    r"\s",
    "[[:alpha:]]",
    "[[:^alpha:]]",
    "[^[:space:]]",
    r"[\w-]",
]
LETTERS = ["k", "s", "I", "[k-s]", "[^i]", "-", "x", r"\pL", r"\x{e9}", r"\xe9", "(?i:s)", "(?-s)."]
SIGNS = st.sampled_from([*CLASSES, *LETTERS, r"\b", r"\B", "$", "^", "{2,3}", "*", "?", "|"])
beyond = st.text(
    "aksiKSI\u00e9e\u0301\u017f\u0131\u0130\u212a\u00df\u0085\u2028\n\v x-_\u4e2d\U0001f600", max_size=6
)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(flags, st.lists(SIGNS, max_size=4).map("".join)).map("".join), min_size=1, max_size=6),
    st.lists(beyond, min_size=1, max_size=12),
)
def test_letters_beyond_ascii(held, column):
    told = [((MATCHES, each), 0, owner) for owner, each in enumerate(held)]
    expected = one_by_one(told, column, {0}, left_out=told_as_broad(told))
    assert met(table(told), series(column), [0]) == expected


@settings(deadline=None, max_examples=150)
@given(tests, tests, st.sets(st.integers(0, 5)), columns)
def test_changed_saved_and_read_again(old, new, gone, column):
    changed = table(old).without(gone).with_those_of(table(new))
    left = [row for row in old if row[2] not in gone] + new
    again = ScanTable.unpacked(changed.packed(), "here")
    expected = one_by_one(left, column, {0, 1, 2}, left_out=told_as_broad(old) | told_as_broad(new))
    assert len(again) == len(left)
    assert met(again, series(column), [0, 1, 2]) == expected


@settings(deadline=None, max_examples=200)
@given(likes, values | likes.map(lambda text: text.replace("%", "x")))
def test_likeness_is_what_the_comparison_says(text, value):
    fitting = likeness.fitting(text)
    assert (fitting is None) == ("_" in text)
    assert fitting is None or fitting(value) == exact((LIKE, text))(value)


@pytest.mark.parametrize("value", ["axbyc", "abc", "ac", "axc", "abbc", "cba", "abxbc\n", ""])
@pytest.mark.parametrize("text", ["a%b%c", "a%c%b", "%b%b%", "a%%c", "%a", "ab%bc", "%"])
def test_pieces_in_order(text, value):
    fitting = likeness.fitting(text)
    assert fitting
    assert fitting(value) == exact((LIKE, text))(value)


@settings(deadline=None, max_examples=200)
@given(expressions, values)
def test_what_an_expression_demands_stands_in_what_fits(expression, value):
    compare = exact((MATCHES, expression))
    if compare and compare(value):
        for ways in required(normalize("NFC", expression)) or ():
            assert any(way in folded(value) for way in ways)


@pytest.mark.parametrize(
    ("expression", "demands"),
    [
        ("", []),
        ("abc+def", [{"abc"}, {"cdef"}]),
        ("ab?c", [{"a"}, {"c"}]),
        ("ab{0,2}c{1}d{2,}e", [{"a"}, {"cd"}, {"de"}]),
        ("(?i)Foo.*B\u00e4R", [{"foo"}, {"b"}, {"r"}]),
        ("(?i:\u212a)x", [{"x"}]),
        ("(abc|de)xy|z", [{"abcxy", "dexy", "z"}]),
        ("(abc|d.fg)(?:xyz)*?", [{"abc", "fg"}]),
        ("(abc|.)d", [{"d"}]),
        (r"a\(b\{2", [{"a(b{2"}]),
        ("(?P<one>ab)(?<two>c)", [{"abc"}]),
        ("(?=no)(?<!no)yes", [{"yes"}]),
        (r"a[.]b[\.]c[]x]d[^]]e[\]]f[x]", [{"a.b.c"}, {"d"}, {"e]fx"}]),
        ("|".join("abcdefghijklmnopq"), []),
        (
            "(a|b)(c|d)(e|f)(g|h)(i|j)",
            [set(map("".join, product("ab", "cd", "ef", "gh"))), {"i", "j"}],
        ),
        ("(" + "|".join("abcdefghi") + ".)|(" + "|".join("abcdefghi") + ".)", []),
    ],
)
def test_what_is_demanded(expression, demands):
    found = required(expression)
    assert found is not None
    assert set(found) == {frozenset(ways) for ways in demands}


@pytest.mark.parametrize(
    "expression",
    [
        r"\x41",
        r"(a)\1",
        "[[:alpha:]]x",
        "(?x)a b",
        "(?-i)a",
        "a**",
        "*a",
        "a{,3}",
        "a(b",
        "a)b",
        "[ab",
        "a\\",
        "(?#x)a",
        "(" * 60 + "a" + ")" * 60,
    ],
)
def test_of_what_is_not_plain_nothing_is_known(expression):
    assert required(expression) is None


def test_what_is_rare_is_looked_for_and_not_what_all_share():
    names = ("evil-one", "evil-two", "another")
    found = choosing.chosen([[frozenset({f".{name}.example-cdn.com"})] for name in names])
    assert found.sharing.tolist() == [1, 1, 1]
    shown = [int(word).to_bytes(8, "little").decode() for word in found.grams.words]
    assert all(
        word in f".{name}.exampl"
        for word, name in zip(shown, ("evil-one", "evil-two", "another"), strict=True)
    )


def test_bytes_are_found_across_portions_and_not_across_texts(monkeypatch):
    monkeypatch.setattr(texts, "_PORTION", 16)
    told = [((LIKE, "%abcdefgh%"), 0, 1), ((LIKE, "%wxyz%"), 0, 2), ((LIKE, "%123456%"), 0, 3)]
    column = [f"{'-' * before}abcdefgh" for before in range(40)] + ["12345", "6", "abcd", "efgh", "wx", "yz"]
    assert met(table(told), series(column), [0]) == one_by_one(told, column, {0})


def test_expressions_that_share_all_they_demand_go_into_one_automaton(monkeypatch):
    monkeypatch.setattr(choosing, "MOST_SHARING", 3)
    monkeypatch.setattr(sorting, "MOST_SHARING", 3)
    told = [((MATCHES, rf"^[a-z]{{{n}}}\.example-cdn\.com$"), 0, n) for n in range(1, 12)]
    told += [((LIKE, f"{'_' * n}.example-cdn.com"), 0, 20 + n) for n in range(1, 12)]
    found = table(told)
    column = [
        "abc.example-cdn.com",
        "a.example-cdn.com",
        "ABC.example-cdn.com",
        "example-cdn.com",
        "",
        None,
        "\u00e9bc.example-cdn.com",
    ]
    assert len(found._rows.automata) == 1
    assert met(found, series(column), [0]) == one_by_one(told, column, {0})
    monkeypatch.setattr(automaton, "LONGEST", 3)  # none is small enough for the automaton any more
    assert met(table(told), series(column), [0]) == one_by_one(told, column, {0})


def test_automata_that_are_small_become_one(monkeypatch):
    def one(n):
        return table([((MATCHES, f"^[a-z]{{{n}}}$"), 0, n)])

    found = one(1)
    for n in range(2, 9):
        found = found.with_those_of(one(n))
    assert len(found._rows.automata) == 1
    found = found.without([3])
    assert met(found, series(["ab", "abc", "abcd"]), [0]) == [(0, 2, 0), (2, 4, 0)]
    monkeypatch.setattr(rows, "MOST", 1)
    assert len(one(1).with_those_of(one(2))._rows.automata) == 2


def test_only_the_automata_that_are_asked_for_are_scanned():
    found = table(
        [((MATCHES, "^[a-z]$"), 0, 1), *(((MATCHES, f"^[a-y]{{{n}}}$"), 0, 2) for n in range(3, 6))]
    )
    found = found.with_those_of(table([((MATCHES, "^[a-z][0-9]$"), 1, 3)]))
    assert len(found._rows.automata) == 2
    assert met(found, series(["a", "a1"]), [1]) == [(1, 3, 1)]
    assert not len(automaton.Automaton(None, 1, ()).scan([b"a"]).texts)


def test_an_automaton_of_another_version_is_made_anew():
    found = table([((MATCHES, "^[a-z]{2}$"), 0, 1), ((MATCHES, r"^(.)\1$"), 0, 2)])
    octets = found.packed()
    frames = unpacked("expressions", rows._SAVED, octets, "here")["frame"].to_list()
    frames[3] = frame_bytes(
        pl.DataFrame({"octets": [b"other"], "size": [1], "wide": [[0]]}, schema=dict(rows._AUTOMATA))
    )
    again = ScanTable.unpacked(packed("expressions", pl.DataFrame({"frame": frames})), "here")
    assert met(again, series(["ab", "aa", "abc"]), [0]) == [(0, 1, 0), (1, 1, 0), (1, 2, 0)]
    with pytest.raises(Malformed, match="another version"):
        ScanTable.unpacked(packed("expressions", pl.DataFrame({"frame": frames[:3]})), "here")


def test_what_fits_everything_is_told_and_not_met():
    everything = [(LIKE, "%"), (LIKE, "%_%"), (MATCHES, ".*"), (MATCHES, ""), (MATCHES, "^.+$")]
    told = [*everything, (LIKE, ""), (MATCHES, "a")]
    found = table([(test, 0, owner) for owner, test in enumerate(told)])
    assert found.broad == {0, 1, 2, 3, 4}
    assert met(found, series(["", "bab", "b"]), [0]) == [(0, 5, 0), (1, 6, 0)]


def test_what_cannot_be_read_is_told():
    told = [
        ((MATCHES, "(a"), 0, 1),
        ((MATCHES, "a" * 10_001), 0, 2),
        ((LIKE, "." * 6_000), 0, 3),
        ((LIKE, "\ud800"), 0, 4),
    ]
    found = table(told)
    assert sorted(found.refused) == [1, 2, 3, 4]
    assert "regular expression" in found.refused[1]
    assert "half of a character" in found.refused[4]
    assert not met(found, series(["(a", "a"]), [0])


def test_columns_of_bytes():
    told = [
        ((LIKE, "%evil%"), 0, 1),
        ((MATCHES, r"^\xff"), 0, 2),
        ((LIKE, "evil"), 0, 3),
        ((LIKE, "%"), 0, 4),
    ]
    column = pl.Series([b"an evil one", b"\xff\xd8", None, b"evil"])
    assert met(table(told), column, [0]) == [(0, 1, 0), (1, 2, 0), (3, 1, 0), (3, 3, 0)]


def test_other_columns_and_other_constants_meet_nothing():
    found = ScanTable.of([(LIKE, Text("5")), (LIKE, Integer(5))], [0, 0], [1, 2])
    assert not met(found, pl.Series([5]), [0])
    assert met(found, series(["5"]), [0]) == [(0, 1, 0)]


def test_longer_texts_than_are_compared(monkeypatch):
    monkeypatch.setattr(texts, "LONGEST_TEXT", 8)
    told = [((LIKE, "%evil%"), 0, 1)]
    assert met(table(told), series(["an evil one", "evil", None, "evil\u00e9\u00e9\u00e9\u00e9"]), [0]) == [
        (1, 1, 0),
        (3, 1, 0),
    ]


def test_an_expression_that_fits_too_many_is_given_up(monkeypatch):
    monkeypatch.setattr(partly, "MOST_MET", 64)
    monkeypatch.setattr(automaton, "_TEXTS", 10)
    told = [((MATCHES, "^[a-z]+$"), 0, 1), ((MATCHES, "^[b-z]x?$"), 0, 2), ((LIKE, "%alpha%"), 0, 3)]
    column = series(["alpha"] * 50 + [f"{chr(97 + n % 3)}{'x' * n}" for n in range(200)])
    seen = table(told).meet(column, [0])
    assert list(seen.given_up) == [1]
    assert sorted(set(seen.owners.tolist())) == [2, 3]
    monkeypatch.setattr(partly, "MOST_MET", 40)
    seen = table(told[2:]).meet(column, [0])
    assert list(seen.given_up) == [3]
    assert not len(seen.rows)


def test_work_one_by_one_is_limited(monkeypatch):
    told = [((MATCHES, r"^(.)\1"), 0, 1), ((LIKE, "%evil%"), 0, 2)]
    column = series([f"{n}" for n in range(100)] + ["evil"])
    monkeypatch.setattr(confirming, "MOST_COMPARED", 50)
    seen = table(told).meet(column, [0])
    assert "one by one" in seen.given_up[1]
    assert seen.owners.tolist() == [2]
    monkeypatch.undo()
    monkeypatch.setattr(confirming, "SECONDS_EACH", -1.0)
    assert sorted(table(told).meet(column, [0]).given_up) == [1, 2]


def test_an_expression_that_takes_too_long_with_one_value_is_given_up():
    seen = table([((MATCHES, r"^(?=a)(a|aa)+$"), 0, 1), ((LIKE, "aa%"), 0, 2)]).meet(series([LINE]), [0])
    assert "too many ways" in seen.given_up[1]
    assert seen.owners.tolist() == [2]


def test_saved_as_a_file(tmp_path):
    table([((LIKE, "%evil%"), 3, 7)]).save(tmp_path / "expressions")
    assert met(ScanTable.load(tmp_path / "expressions"), series(["evil", "good"]), [3]) == [(0, 7, 3)]
