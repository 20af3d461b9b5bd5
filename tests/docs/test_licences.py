"""Every file of others stands beside its source and its licence, and NOTICE lists it."""

import re
import subprocess
from pathlib import Path

import pytest

NOTICE = Path("NOTICE").read_text("utf-8")
LISTED = [line for line in NOTICE.splitlines() if re.match(r"(src|tests)/\S+$", line)]
OURS = {
    # Tables and files of our own making, that stand among those of others.
    "src/comity/engines/scoring/parameters.yaml",
    "src/comity/formats/feeds/ready.yaml",
    "src/comity/node/exchange/samples/pk-report.json",
    "tests/vectors/formats/act.json",
    "tests/vectors/formats/descriptor.json",
    "tests/vectors/formats/receipt.json",
    "tests/vectors/formats/webhook.json",
    "tests/vectors/ledger/comity-log.json",
}
OURS |= {str(path) for path in Path("src/comity/formats/telemetry/tables").iterdir()}
OURS |= {str(path) for path in Path("tests/vectors/feeds").iterdir()}  # made for tests, as their README says
DATA = {".csv", ".json", ".txt", ".yaml"}
FOLDERS = ("src/comity", "tests/vectors")
LICENCE_KEPT_INSIDE = "source"  # vectors in JSON may name their source in a member of this name


def kept() -> list[str]:
    """The data files of the project, as git knows them or would."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *FOLDERS]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if Path(name).suffix in DATA and Path(name).exists()]


def test_every_data_file_is_listed_or_ours():
    unknown = [
        name
        for name in kept()
        if name not in LISTED and name not in OURS and not Path(name).match("LICENSE*")
    ]
    assert unknown == [], "list them in NOTICE, beside their source and licence"


@pytest.mark.parametrize("name", LISTED)
def test_its_source_stands_beside_it(name):
    path = Path(name)
    assert path.exists()
    beside = [path.parent / page for page in ("SOURCES.md", "README.md") if (path.parent / page).exists()]
    named = any(path.name in page.read_text("utf-8") for page in beside)
    assert named or re.search(rf'"{LICENCE_KEPT_INSIDE}":', path.read_text("utf-8")[:500])


def test_licences_that_notice_names_are_there():
    named = re.findall(r": (\S+/\S+)$", NOTICE, re.MULTILINE)
    assert len(named) >= 6
    assert all(Path(name).read_text("utf-8").strip() for name in named)


def test_our_own_files_are_there():
    assert all(Path(name).exists() for name in OURS)
