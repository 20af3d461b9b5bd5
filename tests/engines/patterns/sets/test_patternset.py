"""Sets of patterns: what is in them and what is not, how they change, and their file."""

from __future__ import annotations

from uuid import UUID

import pytest

from comity.base.errors import Malformed
from comity.engines.patterns.columns import files
from comity.engines.patterns.sets.found import Shown, Sight
from comity.engines.patterns.sets.patternset import Indicated, PatternSet
from comity.engines.patterns.sets.storing import KIND, load, save
from tests.engines.patterns.sets.logs import found, log, names, patterns, seen

MIXED = [
    "[domain-name:value = 'evil.example']",
    "[domain-name:value IN ('a.example', 'b.example') OR ipv4-addr:value = '198.51.100.7']",
    "[domain-name:value LIKE '%.bad.example']",
    "[ipv4-addr:value ISSUBSET '198.51.100.0/24'] FOLLOWEDBY [domain-name:value = 'a.example']",
    "[network-traffic:dst_port > 1024 AND network-traffic:src_ref.value = '198.51.100.7']",
    "[NOT EXISTS network-traffic:dst_port]",
    "[domain-name:value != 'evil.example']",
    "[domain-name:value = t'2026-01-01T00:00:00Z']",
    "[domain-name:value IN (t'2026-01-01T00:00:00Z', 'x.example')]",
]
LOG = log(
    {"query": "Evil.example.", "src": "198.51.100.7", "port": 5353, "answers": ["b.example", "::1"]},
    {"query": "a.example", "port": 53, "service": "dns"},
    {"query": "www.bad.example"},
)


def name(number: int) -> str:
    return f"indicator--{UUID(int=number)}"


def test_a_match_says_what_where_and_why():
    (first, second, *_) = found(patterns(*MIXED[:2], MIXED[4]), LOG)
    assert first.rows == (
        Sight(
            "dns.log",
            1,
            None,
            1_000_000,
            1_000_000,
            (Shown("domain-name:value", "Evil.example.", "domain-name:value = 'Evil.example.'"),),
        ),
    )
    assert {each.path for row in second.rows for each in row.values} == {
        "ipv4-addr:value",
        "domain-name:value",
    }
    (joined,) = found(patterns(MIXED[3]), LOG)
    assert [(row.row, row.values[0].why) for row in joined.rows] == [
        (1, "ipv4-addr:value ISSUBSET '198.51.100.0/24'"),
        (2, "domain-name:value = 'a.example'"),
    ]


def test_what_cannot_be_compiled_is_told():
    made = PatternSet.of(
        [
            Indicated("syntax", "[domain-name:value = ]"),
            Indicated("depth", "(" * 10_000 + "[a:b = 1]" + ")" * 10_000),
            Indicated("length", f"[a:b = '{'x' * 2**20}']"),
            Indicated("expression", "[domain-name:value MATCHES '(']"),
            Indicated("parts", " AND ".join(["[a:b = 1]"] * 201)),
            Indicated("good", MIXED[0]),
            Indicated("good", MIXED[1]),
        ]
    )  # fmt: skip  # one pattern to a line
    assert [each.name for each in made.refused] == [
        "syntax",
        "depth",
        "length",
        "expression",
        "parts",
        "good",
    ]
    assert all(each.reason for each in made.refused)
    assert (len(made), seen(made, LOG)) == (1, [("good", (1,))])


def test_a_megabyte_of_pattern_is_read():
    values = ", ".join(f"'host-{n}.example'" for n in range(19_000))
    made = patterns(f"[domain-name:value IN ({values}) /* {' ' * 500_000} */]")
    assert seen(made, names("host-18999.example", "host-19000.example")) == [("i0", (1,))]


def test_a_changed_set_is_as_if_made_so():
    first = PatternSet.of(Indicated(name(n), text) for n, text in enumerate(MIXED))
    changed = first.changed(
        add=[
            Indicated(name(1), "[domain-name:value = 'evil.example']"),
            Indicated("odd", MIXED[2]),
            Indicated("bad", "["),
        ],
        remove=[name(0), name(3), name(5), name(77), "nobody"],
    )
    made = PatternSet.of(
        [
            *(Indicated(name(n), MIXED[n]) for n in (2, 4, 6, 7, 8)),
            Indicated(name(1), MIXED[0]),
            Indicated("odd", MIXED[2]),
        ]
    )
    assert sorted(seen(changed, LOG)) == sorted(seen(made, LOG))
    assert len(changed) == len(made)
    assert [each.name for each in changed.refused] == ["bad"]
    assert len(first.changed()) == len(MIXED)
    again = changed.changed(remove=["odd", "bad"])
    assert not again.refused
    assert "odd" not in {indicator for indicator, _ in seen(again, LOG)}


def test_saved_and_loaded(tmp_path):
    made = PatternSet.of(
        [
            *(Indicated(name(n), text) for n, text in enumerate(MIXED)),
            Indicated("bad", "["),
            Indicated("x", MIXED[0]),
        ]
    )
    save(made, tmp_path / "set")
    loaded = load(tmp_path / "set")
    assert (len(loaded), loaded.refused) == (len(made), made.refused)
    assert seen(loaded, LOG) == seen(made, LOG)
    more = loaded.changed(
        add=[Indicated("new", "[domain-name:value = 'www.bad.example']")], remove=[name(2), "x"]
    )
    assert sorted(seen(more, LOG)) == sorted(
        [each for each in seen(made, LOG) if each[0] not in {name(2), "x"}] + [("new", (3,))]
    )


def test_what_is_no_set_is_refused(tmp_path):
    made = PatternSet.of([Indicated(name(1), MIXED[0])])
    save(made, tmp_path / "set")
    parts = files.load(tmp_path / "set", KIND)
    for broken in [
        {"rest": b"{}"},
        {"rest": b"["},
        {"names": b""},
        {"kept": b"x"},
        {"networks": b""},
        {"values.owner": b""},
    ]:
        files.save(tmp_path / "broken", KIND, {**parts, **broken})
        with pytest.raises(Malformed):
            load(tmp_path / "broken")
    whole = (tmp_path / "set").read_bytes()
    for octets in (b"", whole[:-1], whole[:-70] + b"x" + whole[-69:]):
        (tmp_path / "broken").write_bytes(octets)
        with pytest.raises(Malformed):
            load(tmp_path / "broken")
    with pytest.raises(Malformed):
        load(tmp_path / "missing")
