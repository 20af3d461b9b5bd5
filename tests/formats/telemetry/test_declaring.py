"""Tables of formats: what is wrong with one is told with its line, and a folder of one's own is read too."""

from pathlib import Path

import pytest

from comity.base.errors import Malformed
from comity.formats.telemetry.declaring import read_format
from comity.formats.telemetry.known import shipped, with_folder
from comity.formats.telemetry.told import LARGEST
from tests.formats.telemetry.seen import reader, seen

TABLE = """title: Mine
told: here
framing: csv
recognise: {keys: [when, peer]}
fields:
  text: [when, peer]
  number: [port]
time: {from: when, form: [epoch, "%d.%m.%Y %H:%M:%S"]}
columns:
  address: {from: peer, lower: true}
objects:
  peer: {types: [ipv4-addr, ipv6-addr], value: address}
  traffic:
    types: network-traffic
    refs: {dst_ref: peer}
    dst_port: port
    protocols: [{is: tcp}, {is: x}]
    is_active: {is: true}
"""


def problem(text):
    with pytest.raises(Malformed) as found:
        read_format(text, "mine", "mine.yaml", {})
    return found.value.problem


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("framing: csv", "framing: tsv", "line 3: framing: 'tsv' is not known"),
        ("title: Mine\n", "", "title: is missing"),
        ("framing: csv\n", "", "framing: is missing"),
        ("told: here", "told: [here]", "line 2: told: expected a text"),
        ("told: here", "told: here\ntold: there", "line 3: told: stands twice"),
        ("told: here", "told: here\ncolour: red", "line 3: colour: is not known here"),
        ("told: here", "told: here\nseparator: ab", "separator: expected one character"),
        ("told: here", "told: here\nexpressions: ['(?P<when>.)']", "expressions: belong to"),
        ("recognise: {keys: [when, peer]}", "recognise: 5", "line 4: expected names with values"),
        ("{keys: [when, peer]}", "{key: [when, peer]}", "line 4: key: is not known here"),
        ("number: [port]", "number: [port, peer]", "peer: stands twice"),
        ("number: [port]", "numbers: [port]", "line 7: numbers: is not known here"),
        ("{from: when, form:", "{from: then, form:", "line 8: 'then' is neither a field nor a column above"),
        ("[epoch, ", "[epochs, ", "line 8: form: 'epochs' is neither epoch"),
        ("{from: when, form:", "{form:", "line 8: from: is missing"),
        ("{from: peer, lower: true}", "{lower: true}", "line 10: expected either"),
        ("{from: peer, lower: true}", "{from: peer, template: '{peer}'}", "line 10: expected either"),
        ("{from: peer, lower: true}", "{from: peer, lower: maybe}", "line 10: lower: expected true or false"),
        ("{from: peer, lower: true}", "{from: peer, part: '(?=x)'}", "line 10: part: '(?=x)' is"),
        ("{from: peer, lower: true}", "{from: peer, part: '" + "x" * 5_000 + "'}", "is no expression"),
        ("{from: peer, lower: true}", "{template: '{peer}{nobody}'}", "line 10: 'nobody' is neither"),
        ("{from: peer, lower: true}", "{from: peer, is: list}", "line 10: is: 'list' is not known"),
        ("{from: peer, lower: true}", "{from: peer, only: {none: x}}", "line 10: 'none' is neither"),
        ("  address: {from: peer, lower: true}", "  port: {from: peer}", "port: there is a field or column"),
        ("value: address}", "value: adress}", "line 12: 'adress' is neither"),
        ("types: [ipv4-addr, ipv6-addr], ", "", "line 12: peer has no type"),
        ("{dst_ref: peer}", "{dst: peer}", "line 14: traffic: dst is no reference"),
        ("{dst_ref: peer}", "{dst_ref: pear}", "traffic.dst_ref leads to ['pear']"),
        ("fields:\n  text: [when, peer]\n  number: [port]\n", "", "fields: are missing"),
        ("columns:\n", "columns: 7\nmore:\n", "line 9: expected names with values"),
    ],
)  # fmt: skip  # one problem to a line
def test_what_is_wrong_is_told(old, new, told):
    assert old in TABLE
    assert told in problem(TABLE.replace(old, new))


def test_all_problems_are_told_at_once():
    said = problem(TABLE.replace("framing: csv", "framing: tsv").replace("value: address", "value: nothing"))
    assert said.startswith("line 3: ")
    assert "; line 12: " in said


@pytest.mark.parametrize("text", ["a: [", "- a\n", "", "a: &x [*x]\nb: " + "[" * 600])
def test_what_is_no_table(text):
    with pytest.raises(Malformed):
        read_format(text, "mine", "mine.yaml", {})


def test_a_table_that_is_too_large():
    assert "at most" in problem("#" * (LARGEST + 1))


def test_a_table_without_objects():
    assert "objects: are missing" in problem(TABLE[: TABLE.index("objects:")])


def test_lines_need_expressions_with_their_fields():
    text = TABLE.replace("framing: csv", "framing: lines\nexpressions: ['^(?P<when>.) (?P<peer>.)']")
    assert problem(text) == "line 1: fields: no expression has a group 'port'"
    assert "is no expression" in problem(text.replace("^(?P<when>.)", "^(?P<when>.)(?<=x)"))


def test_a_json_field_beneath_another():
    text = TABLE.replace("framing: csv", "framing: json").replace(
        "[when, peer]\n  n", "[when, peer, peer.name]\n  n"
    )
    assert problem(text) == "line 1: fields: 'peer.name' stands beneath the field 'peer'"


def test_formats_of_a_folder(tmp_path):
    (tmp_path / "mine.yaml").write_text(TABLE, "utf-8")
    (tmp_path / "notes.txt").write_text("no table", "utf-8")
    like = "title: Yours\nlike: mine\nframing: json\nunder: event\nnames: {when: at}\n"
    like += "recognise: {keys: [at, event.peer]}\n"
    (tmp_path / "alike.yaml").write_text(like, "utf-8")
    known = with_folder(shipped(), tmp_path)
    assert set(known) == {*shipped(), "mine", "alike"}
    csv, lines = tmp_path / "logs" / "a.csv", tmp_path / "logs" / "b.json"
    csv.parent.mkdir()
    csv.write_text("when,peer,port\n1.5,2001:DB8::1,5\n24.12.2025 10:00:00,192.0.2.1,6\n", "utf-8")
    lines.write_text('{"at": 2.5, "event": {"peer": "192.0.2.7", "port": 8}}\n', "utf-8")
    rows = [row for each in reader(known=known).portions([csv.parent]) for row in seen(each)]
    assert [(row["peer.value"], row["traffic.dst_port"], row["time"]) for row in rows] == [
        ("2001:db8::1", 5, "1970-01-01T00:00:01.500000Z"),
        ("192.0.2.1", 6, "2025-12-24T10:00:00Z"),
        ("192.0.2.7", 8, "1970-01-01T00:00:02.500000Z"),
    ]
    assert rows[0]["traffic.protocols"] == ["tcp", "x"]
    assert rows[0]["traffic.is_active"] is True


def test_a_folder_with_problems(tmp_path):
    (tmp_path / "mine.yaml").write_text(TABLE.replace("framing: csv", "framing: tsv"), "utf-8")
    (tmp_path / "alike.yaml").write_text(
        "title: Yours\nlike: nobody\nfields: {}\nframing: csv\nobjects: {}\n", "utf-8"
    )
    (tmp_path / "broken.yaml").write_text("a: [", "utf-8")
    with pytest.raises(Malformed) as found:
        with_folder(shipped(), tmp_path)
    assert "mine.yaml: line 3: framing" in found.value.problem
    assert "alike.yaml: line 1: " in found.value.problem
    assert "broken.yaml: is not YAML" in found.value.problem


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_folder_that_cannot_be_read(tmp_path, content):
    if content:
        (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(Malformed, match="holds no tables"):
        with_folder(shipped(), tmp_path if content else tmp_path / "none")


def test_every_format_says_where_its_names_are_explained():
    for each in shipped().values():
        assert each.told.startswith("https://") or Path(each.told).name == "detect.md"
        assert each.layout.name == each.name
