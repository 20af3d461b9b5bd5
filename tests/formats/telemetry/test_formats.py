"""Every format by a log of its own: one file of cases for each, the log and what is seen in it."""

from io import BytesIO
from pathlib import Path

import pytest
import yaml

from comity.base.layouts import ROW
from comity.formats.telemetry.known import shipped
from tests.formats.telemetry.seen import reader, seen

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
VECTORS = Path("tests/vectors/telemetry")
SAMPLES = {
    "zeek/zeek-btest-teredo.conn.log": ("zeek-conn", 21),
    "zeek/zeek-btest-vlan-mpls.conn.log": ("zeek-conn", 3),
    "suricata/first-org-conf-2015.json": ("suricata-eve", 40),
    "wrccdc/suricata-alerts.json": ("suricata-eve", 40),
    "wrccdc/dce_rpc.log.gz": ("zeek-other", 78),
    "wrccdc/dns.log.gz": ("zeek-dns", 72),
    "wrccdc/ftp.log.gz": ("zeek-ftp", 93),
    "wrccdc/kerberos.log.gz": ("zeek-other", 11),
    "wrccdc/known_hosts.log.gz": ("zeek-known", 253),
    "wrccdc/known_services.log.gz": ("zeek-known", 72),
    "wrccdc/notice.log.gz": ("zeek-notice", 72),
    "wrccdc/ntlm.log.gz": ("zeek-other", 72),
    "wrccdc/smtp.log.gz": ("zeek-smtp", 72),
    "wrccdc/software.log.gz": ("zeek-software", 72),
    "wrccdc/ssh.log.gz": ("zeek-ssh", 22),
    "wrccdc/x509.log.gz": ("zeek-x509", 72),
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_seen(path):
    case = yaml.safe_load(path.read_text("utf-8"))
    logs = reader(told=case.get("chosen", ""))
    portions = list(logs.portions_of_stream(BytesIO(case["log"].encode()), case["source"]))
    assert {each.layout.name for each in portions} == {case["format"]}
    assert [row for each in portions for row in seen(each)] == case["rows"]
    assert (logs.tally.unread, logs.tally.broken, logs.tally.unfit, logs.tally.timeless) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_of_others_are_read_whole(name):
    told, count = SAMPLES[name]
    logs = reader()
    portions = list(logs.portions([VECTORS / name]))
    assert {each.layout.name for each in portions} == {told}
    assert sum(each.frame.height for each in portions) == count == logs.tally.rows
    assert (logs.tally.unread, logs.tally.broken, logs.tally.unfit, logs.tally.timeless) == (0, 0, 0, 0)
    for each in portions:
        assert each.frame[ROW].is_sorted()
        assert set(each.frame.columns) >= set(each.layout.columns)


def test_all_samples_stand_in_the_list():
    kept = {
        str(each.relative_to(VECTORS))
        for each in VECTORS.rglob("*")
        if ".log" in each.name or each.suffix == ".json"
    }
    assert kept == set(SAMPLES)


def test_what_an_alert_tells():
    portion = next(reader().portions([VECTORS / "suricata/first-org-conf-2015.json"]))
    rows = [row for row in seen(portion) if "certificate.hashes/SHA-1" in row and "server.value" not in row]
    assert "5a93b40033848e48c55699cbac5c35a0e3c96902" in {row["certificate.hashes/SHA-1"] for row in rows}
    assert (
        "http://ui.skype.com/ui/0/7.2.0.103./en/getlatestversion?ver=7.2.0.103&uhash=1fdc256726fe284b6b490bfa128de6f14"
        in {row.get("url.value") for row in seen(portion)}
    )


def test_every_format_has_a_case_or_a_sample():
    shown = {yaml.safe_load(path.read_text("utf-8"))["format"] for path in CASES} | {
        told for told, _ in SAMPLES.values()
    }
    assert shown == set(shipped())
