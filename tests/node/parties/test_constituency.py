from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.errors import Malformed, TooLarge
from comity.node.parties.constituency import MAX_ENTRIES, Constituency, read_constituency

networks = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).flatmap(
    lambda address: st.integers(1, address.max_prefixlen).map(
        lambda length: str(ip_network(f"{address}/{length}", strict=False))
    )
)
as_numbers = st.integers(1, 4_294_967_294).flatmap(
    lambda n: st.sampled_from([n, str(n), f"AS{n}", f" as{n} "])
)
labels = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
domains = st.lists(labels, min_size=1, max_size=4).map(lambda each: ".".join([*each, "Org"]))


@pytest.mark.slow
@given(st.lists(networks), st.lists(as_numbers), st.lists(domains), st.randoms())
def test_the_normal_form_is_one_whatever_the_order_and_stays(nets, numbers, names, random):
    once = read_constituency(nets, numbers, names)
    assert read_constituency(once.networks, once.as_numbers, once.domains) == once
    shuffled = [list(each) * 2 for each in (nets, numbers, names)]
    for each in shuffled:
        random.shuffle(each)
    assert read_constituency(*shuffled) == once
    assert {ip_network(each) for each in once.networks} == {ip_network(each) for each in nets}


@given(st.lists(st.text(max_size=40), max_size=3), st.sampled_from(["networks", "as_numbers", "domains"]))
def test_every_text_is_read_or_refused(texts, field):
    try:
        found = read_constituency(**{field: texts})
    except Malformed:
        return
    assert len(getattr(found, field)) <= len(texts)


def test_what_people_write_becomes_one_form():
    found = read_constituency(
        ["2001:DB8::/32", "192.0.2.0/24", " 192.0.2.7 ", "10.0.0.0/8"],
        ["AS64500", "64500", 23],
        ["Example.ORG.", "gov.PK", "b.gov.pk", "مثال.پاکستان"],
    )
    assert found == Constituency(
        networks=("10.0.0.0/8", "192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32"),
        as_numbers=(23, 64500),
        domains=("example.org", "gov.pk", "b.gov.pk", "xn--mgbh0fb.xn--mgbai9azgqp6j"),
    )


GOOD = {"networks": "192.0.2.0/24", "as_numbers": "64500", "domains": "ok.org"}


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("networks", "192.0.2.7/24", "host bits"),
        ("networks", "0.0.0.0/0", "whole Internet"),
        ("networks", "::/0", "whole Internet"),
        ("networks", "example.org", "not a network"),
        ("networks", "fe80::1%eth0/64", "not a network"),
        ("as_numbers", "AS0", "not an AS number"),
        ("as_numbers", "4294967295", "not an AS number"),
        ("as_numbers", "٢٣", "not an AS number"),
        ("as_numbers", "1_0", "not an AS number"),
        ("domains", "exa mple.org", "not a domain"),
        ("domains", "-a.org", "not a domain"),
        ("domains", "192.0.2.7", "not a domain"),
        ("domains", "a..org", "not a domain"),
        ("domains", "*.example.org", "not a domain"),
        ("domains", "a." * 130 + "org", "longer than 253"),
        ("domains", "", "not a domain"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(field, text, says):
    with pytest.raises(Malformed, match=says) as refused:
        read_constituency(**{field: [GOOD[field], text]})
    assert refused.value.where == f"{field}[1]"


def test_too_many_entries_are_refused():
    with pytest.raises(TooLarge, match="at most 10000"):
        read_constituency(as_numbers=range(1, MAX_ENTRIES + 2))
