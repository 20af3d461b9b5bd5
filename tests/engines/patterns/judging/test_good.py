"""Which values lists of known good ones name, in every manner of list."""

import pytest

from comity.base.known import KnownList, Manner, Sort
from comity.engines.patterns.judging.good import SORTS, KnownGood
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.properties import FORMS, read

NAME, ADDRESS, URL = FORMS["domain-name"]["value",], FORMS["ipv4-addr"]["value",], FORMS["url"]["value",]
FILE, MAIL = FORMS["file"]["name",], FORMS["email-addr"]["value",]


def good(manner: Manner, *entries: str, sorts: frozenset[Sort] = frozenset()) -> KnownGood:
    return KnownGood.of([KnownList("a list", 3, manner, sorts, entries)])


def named(known: KnownGood, form, raw: str) -> str | None:
    found = known.names(read(form, raw))
    return None if found is None else found.entry


@pytest.mark.parametrize(
    ("raw", "entry"),
    [
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.9.0.0/16", "10.0.0.0/8"),
        ("::ffff:10.1.2.3", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7"),
        ("fe80::1", "FE80::/10"),
        ("8.0.0.0/5", None),  # around what is listed, not in it
        ("0.0.0.0/0", None),
        ("11.1.2.3", None),
        ("192.0.2.8", None),
        ("2001:db8::1", None),
    ],
)
def test_networks(raw: str, entry: str | None):
    assert named(good(Manner.NETWORK, "10.0.0.0/8", "192.0.2.7", "FE80::/10"), ADDRESS, raw) == entry


def test_a_list_of_everything_is_a_network_too():
    assert named(good(Manner.NETWORK, "::/0"), ADDRESS, "192.0.2.7") == "::/0"


@pytest.mark.parametrize(
    ("raw", "entry"),
    [
        ("example.com", "example.com"),
        ("WWW.Example.com.", "example.com"),
        ("a.b.dotted.example", ".dotted.example"),
        ("badexample.com", None),
        ("example.com.evil.net", None),
        ("duckdns.org", "duckdns.org"),
        ("evil.duckdns.org", None),  # anybody registers names there
    ],
)
def test_names_and_all_beneath(raw: str, entry: str | None):
    assert named(good(Manner.BENEATH, "example.com", ".dotted.example", "duckdns.org"), NAME, raw) == entry


@pytest.mark.parametrize(
    ("form", "raw", "entry"),
    [
        (NAME, "EXAMPLE.com", "Example.COM"),
        (NAME, "www.example.com", None),
        (NAME, "www.dotted.example", ".dotted.example"),
        (ADDRESS, "192.0.2.7", "192.0.2.7"),
        (FILE, "Program Files", "program files"),
        (MAIL, "Abuse@example.com", "abuse@example.com"),
    ],
)
def test_exact_values(form, raw: str, entry: str | None):
    known = good(
        Manner.EXACT, "Example.COM", ".dotted.example", "192.0.2.7", "program files", "abuse@example.com"
    )
    assert named(known, form, raw) == entry


@pytest.mark.parametrize(
    ("raw", "entry"),
    [
        ("http://example.com/", "example.com"),
        ("http://example.com", "example.com"),
        ("http://example.com/evil.exe", None),
        ("http://example.com?evil", None),
        ("http://example.com#evil", None),
        ("http://evil.net/example.com", None),
    ],
)
def test_a_host_speaks_for_a_url_that_names_nothing_else(raw: str, entry: str | None):
    assert named(good(Manner.BENEATH, "example.com"), URL, raw) == entry


def test_parts():
    known = good(Manner.PART, "GoodLab")
    assert named(known, URL, "http://x.goodlab.example/a") == "goodlab"
    assert named(known, URL, "http://x.example/a") is None


@pytest.mark.parametrize("expression", ["/^abuse@.*$/i", "^abuse@", "#^ABUSE@#i"])
def test_expressions(expression: str):
    known = good(Manner.EXPRESSION, expression)
    assert named(known, MAIL, "abuse@example.com") == expression
    assert named(known, MAIL, "evil-abuse@example.com") is None


def test_an_expression_knows_case_unless_it_says_otherwise():
    assert named(good(Manner.EXPRESSION, "/^ABUSE@/"), MAIL, "abuse@example.com") is None


def test_a_list_speaks_of_its_sorts_alone():
    known = good(Manner.EXACT, "example.com", "evil.example", sorts=frozenset({Sort.EMAIL}))
    assert named(known, NAME, "example.com") is None
    both = KnownGood.of([*known.lists, KnownList("another", 1, Manner.EXACT, frozenset(), ("example.com",))])
    found = both.names(read(NAME, "example.com"))
    assert found is not None
    assert found.known.name == "another"


def test_what_means_nothing_is_counted():
    assert good(Manner.NETWORK, "no network", "10.0.0.0/8").unread == {"a list": 1}
    assert good(Manner.BENEATH, "two words", "example.com").unread == {"a list": 1}
    assert good(Manner.EXPRESSION, "(", "fine").unread == {"a list": 1}


def test_nothing_is_named_by_nothing():
    assert good(Manner.EXACT, "x").names(()) is None
    assert named(KnownGood(), NAME, "example.com") is None


def test_every_kind_has_a_sort():
    assert {SORTS.get(kind, Sort.OTHER) for kind in Kind} == set(Sort)
