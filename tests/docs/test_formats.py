"""The page on logs: the table is that of the formats, and the formats that it shows are read as it says."""

from io import BytesIO

from comity.formats.telemetry.known import shipped, with_folder
from tests.docs import pages
from tests.docs.formats import PAGE, written
from tests.formats.telemetry.seen import reader, seen


def test_the_table_of_formats_is_up_to_date():
    assert pages.read(PAGE) == written(pages.read(PAGE)), "make format"


def test_the_formats_that_are_shown_are_read(tmp_path):
    whole, like = (text for text in pages.blocks(PAGE, "yaml") if text.startswith("title: Our"))
    (tmp_path / "resolver.yaml").write_text(whole, "utf-8")
    (tmp_path / "proxy.yaml").write_text(like, "utf-8")
    logs = reader(known=with_folder(shipped(), tmp_path))
    body = b"when;client;name;answer;proto;port\n1.5;192.0.2.1;a.example;192.0.2.2|b.example;UDP;53\n"
    (row,) = (row for each in logs.portions_of_stream(BytesIO(body)) for row in seen(each))
    assert row["answers.value"] == ["192.0.2.2", "b.example"]
    assert (row["link.value"], row["traffic.protocols"]) == ("dns:a.example", ["udp", "dns"])
    body = b"Zeit,Quelle,Adresse\n2026-01-01T00:00:00Z,192.0.2.1,http://u.example/\n"
    (row,) = (row for each in logs.portions_of_stream(BytesIO(body)) for row in seen(each))
    assert (row["source.value"], row["url.value"]) == ("192.0.2.1", "http://u.example/")
