from __future__ import annotations

import pytest

from comity.base.layouts import Column, Constant, Layout, Seen

NAME = Seen("name", ("domain-name",), {("value",): Column("query")}, {"resolves_to_refs": ("answer",)})
ANSWER = Seen("answer", ("ipv4-addr", "ipv6-addr"), {("value",): Column("answers")}, {}, each="answers")


def test_a_layout_tells_its_columns_once_and_in_order():
    traffic = Seen(
        "traffic",
        ("network-traffic",),
        {("protocols",): (Column("proto"), Constant("dns")), ("dst_port",): Column("port")},
        {"dst_ref": ("name",)},
    )
    layout = Layout("zeek-dns", (NAME, ANSWER, traffic), ref="uid")
    assert traffic.columns == ("proto", "port")
    assert layout.columns == ("query", "answers", "proto", "port", "uid")


def test_objects_have_names_of_their_own():
    with pytest.raises(ValueError, match="two objects have one name"):
        Layout("twice", (ANSWER, ANSWER))


def test_a_reference_leads_to_an_object_of_the_row():
    with pytest.raises(ValueError, match=r"name\.resolves_to_refs leads to"):
        Layout("nowhere", (NAME,))


@pytest.mark.parametrize("refs", [{"src_ref": ("a", "b")}, {"source": ("a",)}])
def test_only_references_lead_to_objects(refs):
    with pytest.raises(ValueError, match="is no reference"):
        Seen("traffic", ("network-traffic",), {("dst_port",): Column("port")}, refs)


def test_an_object_for_each_item_is_made_of_the_items():
    with pytest.raises(ValueError, match="is none of its columns"):
        Seen("answer", ("ipv4-addr",), {("value",): Column("answer")}, {}, each="answers")


def test_an_object_has_a_type():
    with pytest.raises(ValueError, match="has no type"):
        Seen("answer", (), {("value",): Column("answer")}, {})
