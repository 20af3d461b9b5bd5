"""What is wrong with a log is counted, shown and survived; the rest of it is read."""

import gzip
import json
from io import BytesIO

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
import pytest

from comity.base.errors import Malformed
from comity.base.layouts import ROW, TIME
from comity.formats.telemetry.blocks import Block, Blocks
from comity.formats.telemetry.json_array import ArrayLines
from comity.formats.telemetry.known import shipped, with_folder
from comity.formats.telemetry.tally import MOST_OF_ONE, MOST_SAMPLES, SHOWN, Tally
from tests.formats.telemetry.seen import reader

CSV = b"time,src_ip,dst_ip\n"
GOOD = b"2026-01-01T00:00:00Z,192.0.2.1,192.0.2.2\n"
ZEEK = b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
FIELDS = b"#fields\tts\tuid\tid.orig_h\tid.resp_h\tquery\tqtype_name\tanswers\n"


def read(body, source="x.log", told="", **more):
    logs = reader(told=told, **more)
    return logs.tally, list(logs.portions_of_stream(BytesIO(body), source))


def column(portions, name):
    return [value for each in portions for value in each.frame[name].to_list()]


def plain_json(count, extra=b""):
    rows = [
        json.dumps({"time": 1_767_225_600 + n, "domain": f"d{n}.example", "pad": "x" * 100})
        for n in range(count)
    ]
    return "\n".join(rows).encode() + b"\n" + extra


@pytest.mark.parametrize("count", [3, 2_000])  # line by line, and whole columns that fail
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{broken", "is no JSON"),
        (b"[1, 2]", "is no JSON object."),
        (b"null", "is no JSON object."),
        (b'{"domain": "nul \x00"}', "is no JSON"),
        (b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "is no JSON"),
    ],
)
def test_a_bad_line_of_json(count, line, why):
    tally, portions = read(plain_json(count, line + b"\n" + plain_json(1)), told="plain-json")
    assert tally.unread == 1
    assert tally.samples[0].line == count + 1
    assert tally.samples[0].why.startswith(why)
    assert len(tally.samples[0].text) <= SHOWN
    assert column(portions, ROW) == [*range(1, count + 1), count + 2]


def test_blank_lines_count_as_lines():
    _, portions = read(plain_json(2_000, b"\n\r\n" + plain_json(1)), told="plain-json")
    assert column(portions, ROW)[-1] == 2_003


@pytest.mark.parametrize("count", [1, 2_000])
def test_bytes_that_are_no_utf8_in_json(count):
    tally, portions = read(plain_json(count, b'{"domain": "a\xff\\u00e9"}\n'), told="plain-json")
    assert column(portions, "domain")[-1] == "a\\xffé"
    assert (tally.strange, tally.unread) == (1, 0)


def test_a_mark_of_utf8_before_the_first_character():
    tally, portions = read(b"\xef\xbb\xbf" + plain_json(1), told="plain-json")
    assert column(portions, "domain") == ["d0.example"]
    assert not tally.unread


def test_an_array_that_ends_too_early():
    body = json.dumps(
        [{"time": 1, "domain": 'a\n"]}.example'}, {"time": 2, "domain": "b"}], indent=1
    ).encode()
    tally, portions = read(body, told="plain-json")
    assert column(portions, "domain") == ['a\n"]}.example', "b"]
    assert not tally.unread
    tally, portions = read(body[:-8], told="plain-json")
    assert column(portions, "domain") == ['a\n"]}.example']
    assert (tally.unread, tally.samples[0].line) == (1, 2)


@pytest.mark.parametrize("rows", [1, 2_000])
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"2026-01-01T00:00:00Z,192.0.2.1\n", "has 2 cells where 3 are expected."),
        (b"2026-01-01T00:00:00Z,192.0.2.1,a,b\n", "has 4 cells where 3 are expected."),
        (b'2026-01-01T00:00:00Z,"192.0.2.1,a,b\n', "is no row of a table"),
    ],
)
def test_a_bad_line_of_a_table(rows, line, why):
    tally, portions = read(CSV + GOOD * rows + line + GOOD, told="plain-csv")
    assert (tally.unread, tally.samples[0].line) == (1, rows + 2)
    assert tally.samples[0].why.startswith(why)
    assert column(portions, ROW) == [*range(2, rows + 2), rows + 3]


def test_cells_that_are_empty_are_no_trouble():
    body = CSV + b"2026-01-01T00:00:00Z,192.0.2.1,\n,,\n" + b'2026-01-01T00:00:00Z,"192.0.2.3",\n'
    tally, portions = read(body, told="plain-csv")
    assert column(portions, "src_ip") == ["192.0.2.1", None, "192.0.2.3"]
    assert (tally.unread, tally.timeless) == (0, 1)


def test_a_header_may_stand_again():
    _, portions = read(CSV + GOOD + CSV + GOOD, told="plain-csv")
    assert column(portions, ROW) == [2, 4]


def test_bytes_that_are_no_utf8_in_a_table():
    tally, portions = read(CSV + b"2026-01-01T00:00:00Z,caf\xe9,b\n" + GOOD, told="plain-csv")
    assert column(portions, "src_ip") == ["caf\\xe9", "192.0.2.1"]
    assert (tally.strange, tally.unread) == (1, 0)


def test_what_does_not_fit_its_column_is_counted():
    tally, portions = read(b"time,dst_port,file_size\nyesterday,http,1.5\n", told="plain-csv")
    assert (tally.unfit, tally.timeless, tally.rows) == (2, 1, 1)
    assert column(portions, "dst_port") == column(portions, TIME) == [None]


def test_times_without_a_zone_have_that_of_the_setting():
    tally, portions = read(
        b"time,src_ip,dst_ip\n2026-07-01 12:00:00,a,b\n", told="plain-csv", zone="Europe/Berlin"
    )
    assert tally.zoneless == 1
    assert column(portions, TIME) == [1_782_900_000_000_000]


def test_times_out_of_order_stay_as_they_stand():
    body = CSV + b"2026-01-02T00:00:00Z,a,b\n2026-01-01T00:00:00Z,c,d\n"
    assert column(read(body, told="plain-csv")[1], "src_ip") == ["a", "c"]


def test_a_zeek_header_that_changes():
    body = ZEEK + FIELDS + b"1.5\tC1\t192.0.2.1\t192.0.2.2\ta.example\tA\tx,y\n#close\t2026\n"
    body += ZEEK + b"#fields\tquery\tts\tid.orig_h\tid.resp_h\tqtype_name\nb.example\t2.5\t-\t192.0.2.2\tA\n"
    body += ZEEK.replace(b"dns", b"known_hosts") + b"#fields\tts\thost\n3.5\t192.0.2.9\n"
    tally, portions = read(body)
    assert [each.layout.name for each in portions] == ["zeek-dns", "zeek-dns", "zeek-known"]
    assert column(portions[:2], "query") == ["a.example", "b.example"]
    assert column(portions[:2], "answers") == [["x", "y"], None]
    assert column(portions, ROW) == [7, 15, 22]
    assert not tally.unread


def test_zeek_rows_that_are_too_short_too_long_or_under_no_header():
    good = b"1.5\tC1\t192.0.2.1\t192.0.2.2\ta.example\tA\tx\n"
    short, long = good.replace(b"\tx\n", b"\n"), good.replace(b"\n", b"\ty\n")
    tally, portions = read(
        ZEEK + good + FIELDS + good + short + long + good + good.replace(b"x\n", b"\n"), told="zeek-dns"
    )
    assert [(each.line, each.why[:5]) for each in tally.samples] == [
        (6, "stand"),
        (9, "has 6"),
        (10, "has 8"),
    ]
    assert column(portions, ROW) == [8, 11, 12]


def test_what_zeek_writes_for_nothing_and_for_bytes():
    row = b"1.5\t-\t192.0.2.1\t192.0.2.2\t\\x2d\\\\caf\xe9\\xff\tA\ta\\x2cb,-,\\xc3\\xa9\n"
    empty = b"1.5\tC\xc3\xa9\t192.0.2.1\t192.0.2.2\t(empty)\tA\t(empty)\n"
    tally, portions = read(ZEEK + FIELDS + row + empty)
    assert column(portions, "uid") == [None, "Cé"]
    assert column(portions, "query") == ["-\\caf\\xe9\\xff", ""]
    assert column(portions, "answers") == [["a,b", None, "é"], []]
    assert tally.strange == 1


def test_lines_that_no_expression_has():
    body = b"# by hand\n\nNov 21 09:00:00 mx app: a\r\nNov 21 09:00:01 mx app: b\xff\nnot a line of syslog\n"
    tally, portions = read(body, told="syslog")
    assert column(portions, ROW) == [3, 4]
    assert [(each.line, each.text) for each in tally.samples] == [
        (1, "# by hand"),
        (5, "not a line of syslog"),
    ]
    assert tally.strange == 1


@pytest.mark.parametrize("body", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_empty_sources(body):
    tally, portions = read(body)
    assert (portions, tally.broken, tally.sources) == ([], 0, 1)


def test_headers_without_rows():
    assert read(ZEEK + FIELDS + b"#close\t2026\n")[1] == []
    assert read(CSV, told="plain-csv")[1] == []


@pytest.mark.parametrize(
    "body",
    [b"\x00\x01\x02", b"hello\n", b'{"a": 1}\n', b"#separator \\x09\n#fields\ta\n1\n", b'a,"b\n', b"\n\x00"],
)
def test_what_is_of_no_known_format(body):
    tally, portions = read(body)
    assert (portions, tally.broken) == ([], 1)
    assert "of no known format" in str(tally.breaks[0])


def test_an_unknown_name_of_a_format():
    with pytest.raises(Malformed, match=r"'zeek-dsn' is none of .*zeek-dns"):
        reader(told="zeek-dsn")


def test_an_unknown_zone():
    with pytest.raises(Malformed, match="no time zone"):
        reader(zone="Europe/Atlantis")


def packed_by(name):
    whole = CSV + b"".join(
        b"2026-01-01T00:00:00Z,192.0.2.%d,198.51.100.%d\n" % (n % 256, n * 7 % 251) for n in range(90_000)
    )
    return gzip.compress(whole) if name == "gzip" else pa.compress(whole, codec="zstd", asbytes=True)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_packed_sources(name):
    packed = packed_by(name)
    tally, portions = read(packed, told="plain-csv")
    assert (tally.rows, tally.unread, tally.broken) == (90_000, 0, 0)
    assert tally.read == len(packed)
    tally, portions = read(packed[: len(packed) * 3 // 4], told="plain-csv")
    assert 10_000 < tally.rows < 90_000
    assert (tally.broken, tally.unread) == (1, 1)
    assert tally.samples[0].why == "is cut off."
    assert "breaks off after" in tally.breaks[0].why
    assert portions[0].frame.row(10_000)[3:5] == ("192.0.2.16", "198.51.100.222")


def test_gzip_of_several_members():
    tally, _ = read(gzip.compress(CSV + GOOD) + gzip.compress(GOOD), told="plain-csv")
    assert tally.rows == 2


@pytest.mark.parametrize("bad", [b"\x1f\x8b", b"\x1f\x8b\x08\x00garbage", b"\x28\xb5\x2f\xfdgarbage"])
def test_what_only_looks_packed(bad):
    tally, portions = read(bad, told="plain-csv")
    assert (portions, tally.broken) == ([], 1)


def test_a_line_of_ten_megabytes_is_read():
    tally, portions = read(
        CSV + b"2026-01-01T00:00:00Z," + b"x" * 10_000_000 + b",b\n" + GOOD, told="plain-csv"
    )
    assert (tally.rows, tally.unread) == (2, 0)
    assert column(portions, "src_ip")[0] == "x" * 10_000_000


def blocks(body, size, longest=100):
    tally = Tally()
    return tally, list(Blocks(BytesIO(body), "s", tally, size, longest))


@pytest.mark.parametrize("size", [1, 3, 7, 64, 1_000])
def test_blocks_keep_lines_whole(size):
    tally, found = blocks(b"one\ntwo\n\nfour", size)
    assert b"".join(each.body for each in found) == b"one\ntwo\n\nfour"
    assert [line for each in found for line in each.lines()] == [(1, b"one"), (2, b"two"), (4, b"four")]
    assert sum(each.count for each in found) == 4
    assert not tally.unread


@pytest.mark.parametrize("size", [1, 7, 64, 90])
def test_a_line_over_the_bound_is_left_out(size):
    long = b"y" * 500
    tally, found = blocks(b"one\n" + long + b"\nthree\n" + long + b"\n" + long, size)
    assert [line for each in found for line in each.lines()] == [(1, b"one"), (3, b"three")]
    assert [each.line for each in tally.samples] == [2, 4, 5]
    assert all(each.text.startswith("y") for each in tally.samples)


def test_samples_are_few_and_short():
    tally = Tally()
    for source in "abcdefgh":
        for line in range(100):
            tally.note(source, line + 1, "is wrong.", b"\xff" + b"z" * 10_000)
        tally.note_break(source, "breaks off.")
    assert (tally.unread, tally.broken) == (800, 8)
    assert len(tally.samples) == MOST_SAMPLES
    assert sum(each.source == "a" for each in tally.samples) == MOST_OF_ONE
    assert all(len(each.text) <= SHOWN for each in tally.samples)
    assert str(tally.samples[0]).startswith("a, line 1: is wrong. '\\\\xffzz")
    for _ in range(MOST_SAMPLES):
        tally.note_break("z", "breaks off.")
    assert len(tally.breaks) == MOST_SAMPLES


def test_an_empty_block_of_expressions():
    assert Block(b"\n").count == 1
    assert isinstance(
        read(b"Nov 21 09:00:00 mx app: a\n" + b"\n" * 3, told="syslog")[1][0].frame, pl.DataFrame
    )


def test_lines_of_comment_in_a_table(tmp_path):
    text = "title: C\ntold: here\nframing: csv\ncomment: '#'\nfields: {text: [a, b]}\n"
    (tmp_path / "c.yaml").write_text(text + "objects: {a: {types: url, value: a}}\n", "utf-8")
    tally, portions = read(
        b"# one\na,b\nx,1\n# two, three\ny,2\n", told="c", known=with_folder(shipped(), tmp_path)
    )
    assert column(portions, "a") == ["x", "y"]
    assert (column(portions, ROW), tally.unread) == ([3, 5], 0)


def test_columns_that_are_given_and_a_file_that_is_known_by_its_name(tmp_path):
    text = "title: G\ntold: here\nframing: csv\nseparator: ;\ncolumns-given: [a, b, b]\nfields: {text: [a]}\n"
    text += "recognise: {names: ['given*.txt']}\nobjects: {a: {types: url, value: a}}\n"
    (tmp_path / "g.yaml").write_text(text, "utf-8")
    known = with_folder(shipped(), tmp_path)
    assert column(read(b"x;1;2\n", "/logs/Given-1.TXT", known=known)[1], "a") == ["x"]
    assert read(b"x;1;2\n", "other.txt", known=known)[0].broken == 1


def test_two_formats_in_one_array_and_items_that_are_too_long():
    body = json.dumps([{"time": 1, "domain": "a"}, {"time": 2, "domain": "x" * 300}])
    logs = reader(told="plain-json")
    lines = ArrayLines(BytesIO(body.encode()), "s", logs.tally, longest=100)
    assert lines.read(50) == b'{"time": 1, "domain": "a"}\n'
    assert lines.read(50) == b""
    assert "item 2 is longer than 100 bytes" in logs.tally.breaks[0].why


def test_words_tell_formats_apart(tmp_path):
    text = "title: W\ntold: here\nframing: json\nfields: {text: [kind, a.b]}\n"
    text += "objects: {a: {types: url, value: a.b}}\n"
    for name in ("one", "two"):
        marks = f"recognise: {{keys: [kind], words: {{a.kind: {name}}}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text + marks, "utf-8")
    known = with_folder(shipped(), tmp_path)
    body = b'broken\n[1]\n{"kind": 1, "a": {"kind": "two", "b": "x"}}\n'
    assert [each.layout.name for each in read(b"{}\n" + body, known=known)[1]] == ["two"]
    assert read(b'{"kind": 1, "a": 5}\n', known=known)[0].broken == 1


def test_columns_of_every_kind_and_conditions(tmp_path):
    text = r"""title: K
told: here
framing: lines
comment: ";"
expressions: ['^(?P<a>[^|]*)[|](?P<b>[^|]*)[|](?P<c>[^|]*)$']
fields: {text: [a], truth: [b], texts: [c]}
columns:
  d: {from: a, split: "+", is: texts}
  e: {from: d, part: "^(x.)", is: texts, unless: {b: "T"}}
  f: [{from: a, only: {a: [p, q], b: "F"}, words: {p: first}}, {from: a, without: "+"}]
objects:
  a: {types: process, is_hidden: b, pid: f, arguments: c, each: c}
  d: {types: url, value: d, each: d}
  e: {types: url, value: e, each: e}
"""
    (tmp_path / "k.yaml").write_text(text, "utf-8")
    known = with_folder(shipped(), tmp_path)
    body = b"; remark\nx1 + y+x2|T|one\np|F|two\nq|maybe|\n"
    tally, portions = read(body, known=known)
    assert column(portions, "b") == [True, False, None]
    assert column(portions, "c") == [["one"], ["two"], [""]]
    assert column(portions, "d") == [["x1", "y", "x2"], ["p"], ["q"]]
    assert column(portions, "e") == [None, [], []]
    assert column(portions, "f") == ["x1  yx2", "first", "q"]
    assert (tally.unfit, tally.unread) == (1, 0)
    assert read(b"; remark\n; and no more\n", known=known)[0].broken == 1


def test_a_table_of_which_only_comments_have_come(tmp_path):
    text = "title: C\ntold: here\nframing: csv\ncomment: '#'\nfields: {text: [a]}\nrecognise: {keys: [a]}\n"
    (tmp_path / "c.yaml").write_text(text + "objects: {a: {types: url, value: a}}\n", "utf-8")
    assert read(b"# one\n", known=with_folder(shipped(), tmp_path))[0].broken == 1


@pytest.mark.parametrize("separator", ["\\xc3\\xa9", "\\xff", "||", "\\x20", ""])
def test_separators_of_zeek(separator):
    body = f"#separator {separator}\n".encode() + (ZEEK.split(b"\n", 1)[1] + FIELDS).replace(
        b"\t", "é".encode()
    )
    body += "1.5éC1éaébécéAéx\n".encode()
    tally, portions = read(body, told="zeek-dns")
    assert (portions, tally.unread) == ([], 1)
