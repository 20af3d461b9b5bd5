"""Keys of whole columns are those of single values, and are the same where the values mean the same."""

from __future__ import annotations

from functools import partial

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.engines.patterns import normal
from comity.engines.patterns.ast import ANY, Comparison, ObjectPath, Operator, Text
from comity.engines.patterns.columns.forms import key_of, keys_of
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.matching.comparing import fits
from comity.engines.patterns.properties import FORMS, form_at, meant
from tests.engines.patterns.anything import unhurried

FORMS_HERE = [
    *dict.fromkeys(
        form for paths in FORMS.values() for form in paths.values() if not isinstance(form, partial)
    ),
    normal.domain,
    normal.guessed,
    normal.digest_by_length,
    normal.cve,
    *[partial(normal.digest, name) for name in ("MD5", "SHA-256", "sha224", "SSDEEP", "TLSH", "", "imphash")],
    normal.folded(Kind.FILE_NAME),
    normal.kept(Kind.MUTEX),
]
PLACES = [
    ("ipv4-addr", ("value",)),
    ("domain-name", ("value",)),
    ("url", ("value",)),
    ("email-addr", ("value",)),
    ("file", ("name",)),
    ("file", ("hashes", "MD5")),
    ("file", ("hashes", ANY)),
    ("file", ("hashes", "SHA3-256")),
    ("mutex", ("name",)),
    ("network-traffic", ("src_ref", "value")),
    ("network-traffic", ("dst_port",)),
    ("windows-registry-key", ("key",)),
    ("x509-certificate", ("serial_number",)),
    ("user-account", ("user_id",)),
    ("mac-addr", ("value",)),
    ("autonomous-system", ("name",)),
]
TEXTS = [
    *(
        "",
        " ",
        "\t",
        "\x1c",
        "\xa0",
        "\u3000a\u3000",
        "a",
        "A",
        "a ",
        " A",
        "a.",
        "A.",
        ".",
        "a..b",
        ".a",
        "-",
    ),
    *(
        "example.com",
        "Example.COM",
        "example.com.",
        "EXAMPLE.com..",
        "*.example.com",
        "*.EXAMPLE.com.",
        "a_b.c",
    ),
    *(
        "a" * 63 + ".com",
        "A" * 64 + ".com",
        "a." * 126 + "a",
        "A." * 126 + "a.",
        "a." * 127 + "a",
        "x.1",
        "1.X",
    ),
    *(
        "m\u00fcnchen.example",
        "M\u00dcNCHEN.example",
        "xn--mnchen-3ya.example",
        "x\u3002y",
        "\u0130.com",
        "a`b",
    ),
    *(
        "192.0.2.1",
        "192.0.2.1.",
        "192.0.2.01",
        "192.0.2.256",
        "1.2.3",
        "192.0.2.1/32",
        "192.0.2.7/24",
        "0x7f.1",
    ),
    *("2001:DB8::1", "2001:db8:0::1", "::ffff:192.0.2.1", "fe80::1%eth0", "2001:db8::/32", "::", "1::2::3"),
    *("192[.]0[.]2[.]1", "hxxp://a.b/", "hxxps[:]//a[.]b/C", "a(dot)b", "meow://a.b", "fxp://a/", "a[at]b.c"),
    *("http://example.com", "http://example.com/", "HTTP://Example.com:80/A", "http://example.com:8080/A"),
    *(
        "https://a:443/",
        "ws://a:80/",
        "wss://a:443/x",
        "ftp://a:21/",
        "http://a:443/",
        "http://a:080/",
        "http://a:/",
    ),
    *(
        "http://a./",
        "http://A",
        "http://u@a/",
        "http://u:p@A:80/",
        "http:///x",
        "http://a?b",
        "http://a#",
        "http://",
    ),
    *(
        "http://a/b ",
        "http://a/\n",
        "http://[::1]/",
        "http://[2001:DB8::1]:80/",
        "x-own://A/",
        "http://192.0.2.1/A",
    ),
    *(
        "/index.html",
        "/a:b",
        "/A(dot)B",
        "a.b/C",
        "A.B/C",
        "A.B/C ",
        "host/x",
        "http://a/hxxp:",
        "a/b\\.c",
        "a b/c",
    ),
    *(
        "http://m\u00fcnchen.example/\u00e4",
        "/\u00e4",
        "\u00e4/",
        "http://a/\u3000",
        "//",
        "/",
        "file:///etc/passwd",
    ),
    *(
        "d41d8cd98f00b204e9800998ecf8427e",
        "D41D8CD98F00B204E9800998ECF8427E",
        "D41D8CD9",
        "da39a3ee" * 5,
        "AB" * 20,
    ),
    *(
        "0f" * 28,
        "0F" * 28,
        "0f" * 32,
        "0F" * 48,
        "0f" * 64,
        "Gf" * 32,
        "0f" * 35,
        "T1" + "0F" * 35,
        "t1" + "0f" * 35,
    ),
    *("3:abc:DEF", "sha224:" + "0f" * 28, " hash", " =x", "=x", "imphash:0f", "0f " * 3, "MD5"),
    *(
        "aabbccddeeff",
        "AABBCCDDEEFF",
        "aa-bb-cc-dd-ee-ff",
        "AA:bb:cc:dd:ee:ff",
        "aabb.ccdd.eeff",
        "AABB.CCDD.EEFF",
    ),
    *("facebook.com", "192.168.1.10", "10.100.10.10", "10.100.100.100", "abcdefabcdef.", "ab-cd.ef-01.2345"),
    *(
        "user@example.com",
        "User@Example.COM.",
        "u@",
        "@a",
        "a b@c",
        "u@x@y.z",
        "u+v,w@a.b",
        "mailto:a@b.c",
        "u%v@a.b",
    ),
    *(
        "AS64496",
        "as 64496",
        "64496",
        "ASN1",
        "4294967296",
        "CVE-2021-44228",
        "cve-2021-44228",
        "01:AB:cd",
        "00",
    ),
    *(
        "HKLM\\Software",
        "hkey_local_machine\\software",
        "\\",
        "C:\\Windows\\A.EXE",
        "evil.exe",
        "Evil.EXE ",
        "e\u0301",
    ),
    *(
        "\u03a3\u03a3",
        "\u1e9e",
        "curl/8 \x7f",
        "a\0b",
        "a\nb",
        "http://a/" + "b" * 1_780,
        "http://a/" + "b" * 3_000,
    ),
    *("a" * 1_792, "a" * 1_793, "A" * 3_000, "http://a/" + "c" * 3_000, "\ud55c" * 700, "a/" + "b" * 2_050),
]
texts = (
    st.sampled_from(TEXTS)
    | st.text(max_size=12)
    | st.text("aA1.-_:/@ [](){}\\xhtp*%", max_size=14)
    | st.text("abcdef0123456789.:-", min_size=11, max_size=18)
    | st.ip_addresses().map(str)
)


@pytest.mark.parametrize("form", [None, *FORMS_HERE])
def test_keys_of_a_column_are_those_of_its_values(form):
    column = pl.Series([*TEXTS, None] * 3)
    assert keys_of(form, column).whole().to_list() == [
        key_of(form, text) if text is not None else None for text in column
    ]


@pytest.mark.parametrize("form", FORMS_HERE)
@settings(deadline=None, max_examples=40)
@given(st.lists(texts | st.none(), max_size=30), st.sampled_from([1, 400]))
def test_any_column_has_the_keys_of_its_values(form, some, times):
    column = pl.Series(some, dtype=pl.String)
    expected = [key_of(form, text) if text is not None else None for text in some]
    whole = pl.concat([column] * times)
    assert keys_of(form, whole).whole().to_list() == expected * times
    assert keys_of(form, whole.slice(1, 7)).whole().to_list() == (expected * times)[1:8]


@pytest.mark.parametrize("form", FORMS_HERE)
@unhurried
@given(st.lists(texts, min_size=2, max_size=12))
def test_keys_are_the_same_where_values_mean_the_same(form, some):
    for one in some:
        for other in some:
            same = one == other or (meant(form, one) or one) == (meant(form, other) or other)
            assert (key_of(form, one) == key_of(form, other)) is same


@pytest.mark.parametrize(("kind", "steps"), PLACES)
@unhurried
@given(st.lists(texts, min_size=2, max_size=12))
def test_the_exact_comparison_says_the_same(kind, steps, some):
    form = form_at(kind, steps)
    for constant in some:
        test = Comparison(ObjectPath(kind, steps), Operator.EQUAL, Text(constant), negated=False)
        fitting = fits(test, usual=True)
        sought = key_of(form, constant)
        assert [fitting(each) for each in some] == [key_of(form, each) == sought for each in some]


def test_numbers_have_keys_where_the_form_reads_them():
    column = pl.Series([64496, None, 7], dtype=pl.UInt32)
    assert keys_of(normal.asn, column).whole().to_list() == ["AS64496", None, "AS7"]
    assert [key_of(normal.asn, 64496), key_of(normal.asn, True), key_of(None, 7)] == ["AS64496", None, None]
    assert key_of(normal.asn, 7.0) is None


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a.B", "c"])])
def test_texts_that_a_column_holds_as_numbers_have_their_keys(dtype):
    column = pl.Series(["a.B", None, "c"], dtype=dtype)
    assert keys_of(normal.host, column).whole().to_list() == ["a.b", None, "c"]
    assert keys_of(None, column).whole().to_list() == ["a.B", None, "c"]


@pytest.mark.parametrize(
    "column",
    [pl.Series([1.5, None]), pl.Series([True, False]), pl.Series([b"a", b"b"]), pl.Series([None, None])],
)
def test_other_columns_have_no_keys(column):
    assert keys_of(normal.host, column).whole().to_list() == [None, None]
    assert keys_of(None, pl.Series([1, 2])).whole().to_list() == [None, None]


def test_a_column_of_many_odd_texts_and_of_few():
    names = [f"host-{n}.Example.COM." if n % 500 == 0 else f"host-{n}.example.com" for n in range(40_000)]
    keys = keys_of(normal.host, pl.Series(names))
    assert keys.whole().to_list() == [f"host-{n}.example.com" for n in range(40_000)]
    assert keys.odd.tolist() == list(range(0, 40_000, 500))
    assert keys_of(normal.host, pl.Series([name.upper() for name in names])).whole().to_list() == [
        f"host-{n}.example.com" for n in range(40_000)
    ]
