"""Kinds, times and stored tables: what a column becomes, whatever it was before."""

import json
from datetime import UTC, datetime
from io import BytesIO

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it carries no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # likewise
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.base.layouts import LAST, ROW, TIME
from comity.formats.telemetry.blocks import Block
from comity.formats.telemetry.json_columns import LEAST, JsonColumns
from comity.formats.telemetry.json_rows import rows
from comity.formats.telemetry.known import shipped, with_folder
from comity.formats.telemetry.portions import MOST_ROWS
from comity.formats.telemetry.stored import to_store
from comity.formats.telemetry.tables import Kind, TimeForm
from comity.formats.telemetry.tally import Tally
from comity.formats.telemetry.times import Clock, moments, stix_times
from tests.formats.telemetry.seen import reader, seen

EPOCH, ISO, SYSLOG = TimeForm.EPOCH, TimeForm.ISO, TimeForm.SYSLOG


def at(*texts, forms=(EPOCH, ISO), now=datetime(2026, 1, 5, tzinfo=UTC), zone="UTC"):
    found = moments(pl.Series(texts, dtype=pl.String), forms, Clock(now, zone))
    return [
        each and each.isoformat() for each in found.values.cast(pl.Datetime("us")).to_list()
    ], found.zoneless


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1521911720.865911", "2018-03-24T17:15:20.865911"),
        ("0", "1970-01-01T00:00:00"),
        ("1e9", "2001-09-09T01:46:40"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456"),
        ("2026-01-02T03:04:05,5+02:00", "2026-01-02T01:04:05.500000"),
        ("2026-01-02T03:04:05-0600", "2026-01-02T09:04:05"),
        ("2026-01-02 03:04:05+01", "2026-01-02T02:04:05"),
        ("-1", None),
        ("nan", None),
        ("1e300", None),
        ("soon", None),
        ("", None),
        ("2026-02-30T00:00:00Z", None),
        (None, None),
    ],
)
def test_times(text, expected):
    assert at(text) == ([expected], 0)


def test_times_that_say_no_zone_are_counted():
    texts = "2026-07-01T12:00:00", "2026-01-01 12:00:00.5", "2026/01/01 12:00:00", "2026-01-01T12:00:00Z", "x"
    expected = [
        "2026-07-01T10:00:00",
        "2026-01-01T11:00:00.500000",
        "2026-01-01T11:00:00",
        "2026-01-01T12:00:00",
        None,
    ]
    assert at(*texts, zone="Europe/Berlin") == (expected, 3)


def test_an_hour_that_there_was_twice_and_one_that_there_was_not():
    assert at("2026-10-25 02:30:00", "2026-03-29 02:30:00", zone="Europe/Berlin") == (
        ["2026-10-25T00:30:00", None],
        1,
    )


def test_syslog_says_no_year():
    texts = "Jan  5 23:00:00", "Jan 07 00:00:00", "Dec 31 10:00:00", "Feb 30 00:00:00"
    expected = ["2026-01-05T23:00:00", "2025-01-07T00:00:00", "2025-12-31T10:00:00", None]
    assert at(*texts, forms=[SYSLOG]) == (expected, 3)


def test_forms_of_ones_own():
    assert at("1.2.2026 10:00:00", forms=["%d.%m.%Y %H:%M:%S"]) == (["2026-02-01T10:00:00"], 1)
    assert at("1.2.2026 10:00:00 +0100", forms=["%d.%m.%Y %H:%M:%S %z"]) == (["2026-02-01T09:00:00"], 0)
    assert at("1770000000123", forms=[TimeForm.MILLISECONDS]) == (["2026-02-02T02:40:00.123000"], 0)


@given(st.integers(0, 7_000_000_000_000_000))
def test_every_microsecond_of_an_epoch_is_kept(micro):
    text = f"{micro // 1_000_000}.{micro % 1_000_000:06}"
    assert moments(pl.Series([text]), [EPOCH], Clock(datetime(2026, 1, 1, tzinfo=UTC))).values.to_list() == [
        micro
    ]


def test_timestamps_of_stix():
    found = stix_times(pl.Series(["1.5", None, "x"]), [EPOCH], Clock(datetime(2026, 1, 1, tzinfo=UTC)))
    assert found.to_list() == ["1970-01-01T00:00:01.500000Z", None, None]


FIELDS = {"a": Kind.TEXT, "b.c": Kind.NUMBER, "l": Kind.TEXTS, "o[].x": Kind.TEXTS, "odd\"'": Kind.TEXT}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.one_of(
    TEXT,
    st.integers(-(2**63), 2**63),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
OBJECT = st.fixed_dictionaries(
    {},
    optional={
        "a": PLAIN,
        "b": st.one_of(st.none(), st.fixed_dictionaries({}, optional={"c": PLAIN, "d": PLAIN})),
        "l": st.one_of(st.none(), st.lists(PLAIN, max_size=3), TEXT),
        "o": st.one_of(
            st.none(),
            st.lists(st.one_of(st.none(), st.fixed_dictionaries({}, optional={"x": PLAIN})), max_size=3),
        ),
        "odd\"'": PLAIN,
        "A": PLAIN,
        "other": st.one_of(PLAIN, st.lists(PLAIN, max_size=2)),
    },
)
COLUMNS = JsonColumns()


@pytest.mark.slow
@given(st.lists(OBJECT, min_size=1, max_size=20))
def test_whole_columns_hold_what_each_object_holds(objects):
    pad = json.dumps({"a": "pad", "other": "x" * LEAST}) + "\n"
    block = Block((pad + "".join(json.dumps(each) + "\n" for each in objects)).encode(), 5)
    tally = Tally()
    slow = rows(block, FIELDS, "s", tally, flat=False)
    assert COLUMNS.read(block, FIELDS, "s", tally, flat=False).equals(slow)
    assert slow[ROW].to_list() == list(range(5, 6 + len(objects)))
    assert not tally.unread


def test_the_fast_way_is_taken():
    body = b'{"a": "x", "b": {"c": 5}, "l": ["y"], "o": [{"x": "z"}], "odd\\"\'": 1}\n' * 2_000
    found = COLUMNS._fast(Block(body), FIELDS, flat=False)
    assert found is not None
    assert found.row(1_999) == (2_000, "x", "5", ["y"], ["z"], "1")
    assert COLUMNS._fast(Block(body + b"x\n"), FIELDS, flat=False) is None
    assert COLUMNS._fast(Block(body + b"{}\n"), FIELDS, flat=False) is None
    assert COLUMNS._fast(Block(body + b"\n"), FIELDS, flat=False) is None


def test_nothing_is_left_open():
    columns = JsonColumns()
    for _ in range(2):
        assert columns._fast(Block(b'{"a": 1}\n'), {"a": Kind.TEXT}, flat=True) is not None
    spool = columns._opened_spool()
    del columns
    assert spool.closed


NATIVE = pl.DataFrame({
    "time": [datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC), None],
    "last": [datetime(2026, 1, 1), datetime(2026, 1, 2)],  # noqa: DTZ001  as many tables hold them
    "src_ip": ["192.0.2.1", None],
    "src_port": [1, 2],
    "dst_port": [1.0, 2.5],
    "file_size": ["7", "x"],
    "domain": [["a.example", "b"], None],
    "md5": [5, 6],
})  # fmt: skip  # one column to a line


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_tables_that_have_columns_already(tmp_path, form):
    path = tmp_path / f"t.{form}"
    NATIVE.write_parquet(path) if form == "parquet" else NATIVE.write_ipc(path)
    logs = reader(told="plain-csv")
    first, second = [row for each in logs.portions([path]) for row in seen(each)]
    assert (first["row"], first["time"], first["last"]) == (1, "2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z")
    assert (first["source.value"], first["traffic.src_port"], first["traffic.dst_port"]) == (
        "192.0.2.1",
        1,
        1,
    )
    assert (first["domain.value"], first["file.hashes/MD5"], first["file.size"]) == ("a.example,b", "5", 7)
    assert (second["row"], second["time"], "file.size" in second) == (2, None, False)
    assert (logs.tally.rows, logs.tally.unfit, logs.tally.timeless, logs.tally.zoneless) == (2, 2, 1, 2)


def test_columns_are_recognised(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {"ts": [1.5], "te": [2.5], "sa": ["192.0.2.1"], "da": ["b"], "sp": [1], "dp": [2], "pr": ["TCP"]}
    ).write_parquet(path)
    assert [each.layout.name for each in reader().portions([path])] == ["netflow-nfdump"]
    pl.DataFrame({"x": [1]}).write_parquet(path)
    logs = reader()
    assert list(logs.portions([path])) == []
    assert "columns of no known format" in logs.tally.breaks[0].why


def test_a_portion_that_was_stored_comes_back_as_it_was(tmp_path):
    body = b"time,src_ip\n2026-01-01T00:00:00Z,192.0.2.1\n,192.0.2.2\n"
    (portion,) = reader(told="plain-csv").portions_of_stream(BytesIO(body), "a")
    path = tmp_path / "kept.parquet"
    pq.write_table(to_store(portion), path)
    logs = reader()
    (again,) = logs.portions([path])
    assert again.frame.select(portion.frame.columns).equals(portion.frame)
    assert (again.layout, logs.tally.rows) == (portion.layout, 2)


@pytest.mark.parametrize("mark", [b"PAR1", b"ARROW1"])
def test_a_table_that_is_broken(tmp_path, mark):
    path = tmp_path / "t"
    path.write_bytes(mark + b"\0" * 100)
    logs = reader()
    assert list(logs.portions([path])) == []
    assert logs.tally.broken == 1


def test_a_table_from_a_stream_is_refused():
    logs = reader()
    assert list(logs.portions_of_stream(BytesIO(b"PAR1" + b"\0" * 100))) == []
    assert str(logs.tally.breaks[0]) == "standard input: Parquet is read from files only."


def test_portions_are_bounded():
    body = b"time,src_ip\n" + b"1,a\n" * (MOST_ROWS + 5)
    logs = reader(told="plain-csv", block=32 << 20)
    assert [each.frame.height for each in logs.portions_of_stream(BytesIO(body))] == [MOST_ROWS, 5]


def test_every_table_has_its_own_columns():
    (portion,) = reader(told="plain-csv").portions_of_stream(BytesIO(b"time,last,src_ip\n1,2,a\n"))
    schema = portion.frame.schema
    expected = {ROW: pl.UInt64(), TIME: pl.Int64(), LAST: pl.Int64(), "src_port": pl.Int64()}
    assert {name: schema[name] for name in expected} == expected
    assert isinstance(portion.frame.to_arrow(), pa.Table)


def test_folders_are_read_by_name_and_what_cannot_be_opened_is_told(tmp_path):
    for name in ("b.csv", "a/z.csv", "c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"time,src_ip\n1,{name}\n", "utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    logs = reader(told="plain-csv")
    found = [each.frame["src_ip"][0] for each in logs.portions([tmp_path, tmp_path / "none.csv"])]
    assert found == ["a/z.csv", "b.csv", "c.csv"]
    assert str(logs.tally.breaks[0]) == f"{tmp_path}/none.csv: cannot be opened: No such file or directory."


def many(first, *others):
    return "".join(json.dumps(each) + "\n" for each in [first] * 2_000 + list(others)).encode()


def test_numbers_of_json_are_read_as_numbers_where_they_can_be():
    row = {"time": 1.000001, "dst_port": 53, "domain": "a.example"}
    plain, slow = reader(told="plain-json"), reader(told="plain-json", block=512)
    zeek = {"ts": 1.5, "rtt": 0.25, "id.orig_p": 5, "query": "a.example"}
    logs = reader(told="zeek-dns")
    (portion,) = logs.portions_of_stream(
        BytesIO(many(zeek, {"ts": 2, "id.orig_p": "6"}, {"ts": "3", "id.orig_p": 7.5}))
    )
    assert portion.frame[TIME].to_list()[-3:] == [1_500_000, 2_000_000, 3_000_000]
    assert portion.frame[LAST].to_list()[-3:] == [1_750_000, None, None]
    assert portion.frame["id.orig_p"].to_list()[-3:] == [5, 6, None]
    assert logs.tally.unfit == 1
    for body in (
        many(row, {**row, "dst_port": "x"}),
        many({**row, "time": "2026-01-01T00:00:00Z"}, {**row, "dst_port": 7.0}),
    ):
        found = [[part.frame for part in one.portions_of_stream(BytesIO(body))] for one in (plain, slow)]
        assert pl.concat(found[0]).equals(pl.concat(found[1]))
    assert plain.tally.unfit == slow.tally.unfit == 1


def test_where_texts_stand_for_numbers_that_is_remembered():
    row = {"ts": "2026-01-01T00:00:00Z", "query": "a.example"}
    logs = reader(told="zeek-dns")
    for _ in range(2):
        (portion,) = logs.portions_of_stream(BytesIO(many(row)))
        assert portion.frame[TIME].to_list() == [1_767_225_600_000_000] * 2_000
    assert len(logs.json._texts) == 1


def test_moments_of_a_table_in_a_column_of_texts(tmp_path):
    path = tmp_path / "t.parquet"
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    pl.DataFrame(
        {"time": [1.5], "domain": [moment], "user": [moment.replace(tzinfo=None)], "file_size": [True]}
    ).write_parquet(path)
    (row,) = (row for each in reader(told="plain-csv").portions([path]) for row in seen(each))
    assert (row["domain.value"], row["user.account_login"]) == (
        "2026-01-01T12:00:00.000000Z",
        "2026-01-01T12:00:00.000000",
    )
    assert (row["time"], "file.size" in row) == ("1970-01-01T00:00:01.500000Z", False)


def test_real_numbers(tmp_path):
    text = "title: R\ntold: here\nframing: json\nfields: {real: [a]}\nobjects: {a: {types: file, size: a}}\n"
    (tmp_path / "r.yaml").write_text(text, "utf-8")
    known = with_folder(shipped(), tmp_path)
    for count in (1, 10_000):
        logs = reader(told="r", known=known)
        (portion,) = logs.portions_of_stream(BytesIO(b'{"a": 1.5}\n' * count + b'{"a": "2"}\n{"a": 3}\n'))
        assert portion.frame["a"].to_list()[-3:] == [1.5, 2.0, 3.0]
