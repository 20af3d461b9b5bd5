"""What the README says is so: its commands are there, its code runs, its table is honest."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps

from comity.node.settings import SYSTEMS
from comity.node.site.systems import systems
from tests.docs import pages

README = Path("README.md")
FIRST_SCREEN = 25  # lines
LARGEST_PICTURE = 200_000


def run(code: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def promised(code: str) -> list[str]:
    """What stands in the comments behind the calls that print."""
    return re.findall(r"^print\(.*\)  # (.+)$", code, re.MULTILINE)


def test_first_screen_has_the_two_commands():
    words = [line.split("#")[0].split() for line in pages.indented(README)]
    made = {line[1] for line in words if line and line[0] == "make"}
    assert made == {"demo", "test"}
    assert "make test" in "\n".join(README.read_text("utf-8").splitlines()[:FIRST_SCREEN])


def test_the_commands_are_those_that_ci_runs():
    targets = re.findall(r"^(\w+):", Path("Makefile").read_text("utf-8"), re.MULTILINE)
    run_there = re.findall(r"make (\w+)", Path(".ci/run").read_text("utf-8"))
    for name in re.findall(r"`?make (\w+)", README.read_text("utf-8")):
        assert name in targets
        assert name in run_there


def test_release_example_prints_what_it_says(tmp_path):
    (code,) = (block for block in pages.blocks(README, "python") if "engines.release" in block)
    assert run(code, tmp_path) == promised(code)


def test_proof_example_prints_what_it_says(tmp_path):
    (code,) = (block for block in pages.blocks(README, "python") if "engines.ledger" in block)
    made = json.loads(Path("tests/vectors/ledger/comity-log.json").read_text("utf-8"))["made"]
    proof = tmp_path / "log-entry-1.tlog-proof"
    proof.write_text(made["opened_proof_of_entry_1"], "utf-8")
    assert run(code, tmp_path) == promised(code) == ["yes"]
    proof.write_text(made["opened_proof_of_entry_1"].replace("index 1", "index 0"), "utf-8")
    assert run(code, tmp_path) == ["no"]


def test_table_of_systems_is_honest():
    told = {row[0]: row[2] for row in pages.rows(pages.section(README, "The systems"))}
    now = {re.sub(r"\[(\w+)\].*", r"\1", name) for name, state in told.items() if state.startswith("now")}
    assert now == {each.label for each in systems()}
    assert {name for name in told if name.startswith("[")} == {
        name for name, state in told.items() if state.startswith("now")
    }, "a system that is there has a page; one that is planned has none"
    assert {config.name for config in apps.get_app_configs()} >= set(SYSTEMS)


@pytest.mark.parametrize("system", [name.rpartition(".")[2] for name in SYSTEMS])
def test_every_system_has_its_page_in_the_index(system):
    reached = {path.resolve() for path, _ in pages.links(Path("docs/README.md"))}
    ways = (Path(f"docs/{system}.md").resolve(), Path(f"docs/systems/{system}.md").resolve())
    assert sum(way in reached and way.exists() for way in ways) == 1


def test_the_map_names_folders_that_are_there():
    folders = [line.split()[0] for line in pages.indented(README) if line.startswith(("src/", "tests/"))]
    assert folders
    assert all(Path(folder).is_dir() for folder in folders)


def test_the_picture_is_light():
    picture = Path("docs/picture.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < LARGEST_PICTURE
