"""What docs/detect.md says of judging is what the code does."""

import re

from comity.engines.patterns.judging.breadth import narrowed
from comity.engines.patterns.judging.hits import EARLY
from comity.engines.patterns.judging.loading import LARGEST_SHARE, MOST_BROAD
from comity.engines.patterns.judging.own import Own
from comity.engines.patterns.judging.worth import LEAST, LEAST_BYTES, LEAST_RUN, LEAST_TEXT, NARROWEST
from comity.engines.patterns.kinds import Kind
from comity.engines.patterns.parser import parse
from comity.formats.detections.telling import Observed
from comity.formats.warninglists.reading import shipped
from tests.docs import pages
from tests.docs.codes import all_codes

PAGE = "docs/detect.md"
JUDGING = pages.section(PAGE, "What counts as a hit")
WORDS = {
    Kind.FILE_NAME: "file name", Kind.DIRECTORY: "directory", Kind.MUTEX: "mutex", Kind.ACCOUNT: "account",
    Kind.USER_AGENT: "user agent", Kind.COMMAND_LINE: "command line", Kind.SUBJECT: "subject",
    Kind.MESSAGE_ID: "message id", Kind.CERTIFICATE: "serial number of a certificate", Kind.CPE: "CPE name",
    Kind.REGISTRY_KEY: "registry key", Kind.TEXT: "text of another kind", Kind.SSDEEP: "hash",
    Kind.HASH: "hash",
}  # fmt: skip  # a short table


def test_every_rule_of_judging_has_its_line_and_none_is_gone():
    said = {each.name for each in all_codes() if each.name.startswith("detect.")}
    told = {
        name for row in pages.rows(JUDGING) for name in pages.in_code(row[0]) if name.startswith("detect.")
    }
    assert told == said


def test_the_least_is_as_the_table_says():
    rows = {row[0]: row[1] for row in pages.rows(JUDGING) if len(row) == 2}
    assert set(WORDS) == set(LEAST)
    for kind, least in LEAST.items():
        (told,) = [text for words, text in rows.items() if WORDS[kind] in words]
        assert re.search(rf"\b{least}\b", told), kind
    assert f"/{NARROWEST[4]} (IPv4) or /{NARROWEST[6]} (IPv6)" in rows["network"]
    assert rows["text of another kind"] == f"{LEAST_TEXT} characters"
    assert rows["`LIKE` with wildcards"].startswith(f"{LEAST_RUN} characters in a row")
    assert LEAST_BYTES == 4


def test_the_numbers_in_the_text():
    assert f"{MOST_BROAD} indicators or more, and at least a tenth" in JUDGING
    assert LARGEST_SHARE == 0.1
    assert f"more than {EARLY.days} days (`--early`)" in JUDGING
    assert f"{len(shipped())} of them are shipped" in JUDGING


def test_the_example_of_the_operators_words_is_read():
    (text,) = (each for each in pages.blocks(PAGE, "yaml") if each.startswith("allow:"))
    assert len(Own.read(text).words) == 5


def test_every_way_to_tell_values_is_told():
    told = re.findall(r"^- `(\w+)`:", pages.section(PAGE, "Sightings"), re.MULTILINE)
    assert told == [each.value for each in Observed]


def test_the_probes_keep_broad_expressions_out():
    assert narrowed(parse("[domain-name:value MATCHES '[a-z]+']")).pattern is None
