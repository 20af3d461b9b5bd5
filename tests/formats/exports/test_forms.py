"""Every form: what it writes of known rows, and that no value breaks out of its line or field."""

import csv
import io
import re
import tarfile
from base64 import b64decode
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.formats.exports import fitting, rpz, suricata, zeek
from comity.formats.exports.all import FORMS
from comity.formats.exports.form import one_line
from comity.formats.exports.table import COLUMNS, MOST_VALUE, harmless
from tests.formats.exports.rows import NASTY, ROWS, file_of, lines_of, row

MD5, SHA1, SHA256 = "d41d8cd98f00b204e9800998ecf8427e", "a" * 40, "b" * 64
SAMPLE = (
    row("ipv4", "192.0.2.1", confidence=80),
    row("network", "198.51.100.0/24"),
    row("ipv6", "2001:db8::1"),
    row("domain", "evil.example", name="Beacon", tlp="TLP:GREEN", source="CERT Freedonia"),
    row("domain-tree", "worse.example"),
    row("url", "https://user@h.example:8443/x?y=1#z"),
    row("md5", MD5),
    row("sha-1", SHA1),
    row("sha-256", SHA256),
    row("email", "a@b.example"),
    row("mutex", "Global\\x"),
)
HEAD = (
    "# TLP:AMBER; 2 values\n"
    "# Made by PK CERT (cert.example) for its own devices\n"
    "# At 2026-11-22T03:00:00Z\n"
    "# Left out: 3 indicators that are no longer valid\n"
)


def text_of(name, *rows):
    return file_of(FORMS[name], *rows, left_out=(("indicators that are no longer valid", 3),)).decode()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("list-ip", "192.0.2.1\n198.51.100.0/24\n2001:db8::1\n"),
        ("list-domain", "evil.example\n.worse.example\n"),
        ("list-url", "https://user@h.example:8443/x?y=1#z\n"),
        ("list-md5", f"{MD5}\n"),
        ("list-sha1", f"{SHA1}\n"),
        ("list-sha256", f"{SHA256}\n"),
        ("list-sha512", ""),
    ],
)
def test_plain_lists(name, lines):
    assert text_of(name, *SAMPLE) == HEAD + lines


def test_a_zone():
    assert text_of("rpz", *SAMPLE) == HEAD.replace("# ", "; ") + (
        "$TTL 300\n"
        "@ IN SOA localhost. hostmaster.localhost. 1795316400 3600 600 604800 300\n"
        "@ IN NS localhost.\n"
        "evil.example CNAME .\n"
        "worse.example CNAME .\n"
        "*.worse.example CNAME .\n"
    )


@pytest.mark.parametrize(
    "name",
    ["com", "a..b", "-a.example", "a b.example", "é.example", "32.1.2.0.192.rpz-ip", "x.rpz-nsdname",
     "*.a.example", "$INCLUDE.x", f"{'a' * 64}.example", ".".join(["a" * 60] * 4), "a.example."],
)  # fmt: skip  # a list
def test_no_name_that_a_zone_would_read_otherwise(name):
    assert rpz.Zone().line(row("domain", name)) is None


def test_a_table():
    found = list(csv.reader(io.StringIO(text_of("csv", *SAMPLE), newline="")))
    assert tuple(found[0]) == COLUMNS
    assert found[1][0] == "about"
    assert "3 indicators that are no longer valid" in found[1][1]
    assert [each[:2] for each in found[2:]] == [[each.kind, each.value] for each in SAMPLE]
    assert found[5][3:] == ["Beacon", "indicator", "", "", "", "", "TLP:GREEN", "CERT Freedonia"]
    assert FORMS["csv"].line(row("text", "a" * (MOST_VALUE + 1))) is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1", "|calc", "%x"])
def test_a_spreadsheet_computes_nothing(text):
    assert harmless(text).startswith("'")


def test_zeek():
    lines = text_of("zeek", *SAMPLE).removeprefix(HEAD).splitlines()
    assert lines[0] == "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url"
    assert [line.split("\t")[:2] for line in lines[1:]] == [
        ["192.0.2.1", "Intel::ADDR"],
        ["198.51.100.0/24", "Intel::SUBNET"],
        ["2001:db8::1", "Intel::ADDR"],
        ["evil.example", "Intel::DOMAIN"],
        ["worse.example", "Intel::DOMAIN"],
        ["h.example:8443/x?y=1", "Intel::URL"],
        [MD5, "Intel::FILE_HASH"],
        [SHA1, "Intel::FILE_HASH"],
        [SHA256, "Intel::FILE_HASH"],
        ["a@b.example", "Intel::EMAIL"],
    ]
    assert lines[4].split("\t")[2:] == [
        "CERT Freedonia", "Beacon TLP:GREEN indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "-",
    ]  # fmt: skip  # one line


@pytest.mark.parametrize(
    ("value", "written"), [("-", "\\x2d"), ("(empty)", "\\x28empty)"), ("a\\x09b", "a\\x5cx09b")]
)
def test_zeek_reads_the_very_text(value, written):
    line = zeek.ZeekIntel().line(row("file-name", value))
    assert line is not None
    assert line[1].decode().split("\t")[0] == written


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = {each.name: archive.extractfile(each) for each in archive}
        return {name: file.read() for name, file in found.items() if file is not None}


def test_suricata():
    found = members(file_of(FORMS["suricata"], *SAMPLE))
    assert b64decode(found["comity-domains.lst"].splitlines()[0]) == b"evil.example"
    assert found["comity-reputation.list"] == b"192.0.2.1,1,101\n198.51.100.0/24,1,1\n2001:db8::1,1,1\n"
    assert found["comity-sha256.lst"] == f"{SHA256}\n".encode()
    assert found["comity-categories.txt"] == b"1,Comity,Sought by indicators\n"
    rules = [line for line in found["comity.rules"].decode().splitlines() if not line.startswith("#")]
    assert rules[0] == (
        'alert dns $HOME_NET any -> any any (msg:"Comity: DNS query sought by an indicator"; dns.query; '
        "to_lowercase; dataset:isset,comity-domains,type string,load comity-domains.lst; sid:1910001; rev:1;)"
    )
    assert len(set(re.findall(r"sid:(\d+)", "".join(rules)))) == len(rules) == 3 + 3 * 5 + 1


def test_suricata_loads_no_list_that_is_empty():
    found = members(file_of(FORMS["suricata"], row("md5", MD5)))
    assert set(found) == {"comity.rules", "comity-md5.lst"}
    assert found["comity.rules"].count(b"alert ") == found["comity.rules"].count(b"filemd5:comity-md5.lst;")
    assert suricata.Suricata().line(row("url", "http://h.example/x")) is None


@pytest.mark.parametrize(
    "value",
    ["0.0.0.0/0", "10.1.2.3", "10.0.0.0/7", "127.0.0.1", "169.254.1.1", "192.168.0.0/16", "224.0.0.1", "::1",
     "255.255.255.255", "fe80::1", "fd00::1", "::/0", "2000::/3", "no address", "192.0.2.1/24"],
)  # fmt: skip  # a list
def test_what_would_hit_others_is_no_address(value):
    assert fitting.address("network", value) is None


def test_texts_stay_on_their_line():
    assert one_line("a\nb\u2028c\x00\u202ed") == "a b c d"
    assert len(one_line("x" * 5_000)) == 200


@given(st.lists(ROWS, max_size=6))
def test_no_value_breaks_out_of_its_line(rows):
    for name, form in FORMS.items():
        for each in rows:
            found = form.line(each)
            if found is None:
                continue
            part, line = found
            assert part in form.parts
            assert line.endswith(b"\n")
            if name == "csv":
                assert len(list(csv.reader(io.StringIO(line.decode(), newline="")))) == 1
            else:
                most = 2 if name == "rpz" else 1
                assert len(line.decode().splitlines()) <= most
                special = (b"#",) if name == "zeek" else (b"#", b";", b"$", b"@")  # Zeek skips `#` alone
                assert not line.startswith(special)
            if name == "zeek":
                assert line.count(b"\t") == 4
            if name == "rpz":
                assert all(re.fullmatch(rb"(\*\.)?[a-z0-9_.-]+ CNAME \.", each) for each in line.splitlines())


@given(st.lists(ROWS, max_size=8))
def test_a_table_is_read_back_and_holds_no_formula(rows):
    found = list(csv.reader(io.StringIO(file_of(FORMS["csv"], *rows).decode(), newline="")))
    assert len(found) == len(rows) + 2
    assert all(len(record) == len(COLUMNS) for record in found)
    assert not any(cell.lstrip()[:1] in tuple("=+-@") for record in found for cell in record)


@given(st.lists(ROWS, max_size=8))
def test_lists_of_addresses_are_addresses_and_archives_open(rows):
    for line in lines_of(FORMS["list-ip"], rows)["values"].decode().splitlines():
        assert ip_network(line).prefixlen >= 8
    assert "comity.rules" in members(file_of(FORMS["suricata"], *rows))


@given(NASTY, NASTY, NASTY)
def test_no_word_about_a_file_breaks_out_of_its_remark(body, receiver, reason):
    for name in ("list-ip", "rpz", "zeek"):
        found = file_of(FORMS[name], body=body, receiver=receiver, left_out=((reason, 1),)).decode()
        remarks = [line for line in found.splitlines() if line.startswith(("# ", "; "))]
        assert len(remarks) == 4
        known = {"$TTL", "@ IN", "#fie"}
        assert all(line[:4] in known for line in found.splitlines() if line not in remarks)
