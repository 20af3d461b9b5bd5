"""The command line itself: every command explains itself, every complaint has a code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from comity.node.commands.reference import BEGIN, END
from comity.node.commands.reference import page as reference
from comity.node.commands.settings_table import page
from comity.node.manage import COMMANDS
from tests.nodes import Node, command


@pytest.mark.parametrize("name", [each.name for each in COMMANDS])
def test_every_command_explains_itself_without_a_node(tmp_path: Path, name: str) -> None:
    done = command(tmp_path, name, "--help")
    assert done.stdout.startswith(f"usage: comity-node {name}")


def test_an_unknown_command_is_bad_input(tmp_path: Path) -> None:
    done = command(tmp_path, "conquer", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("bad-usage: there is no command 'conquer'")


def test_the_version_is_told(tmp_path: Path) -> None:
    assert command(tmp_path, "--version").stdout == f"{version('comity')}\n"


@pytest.mark.parametrize("words", [("--json", "settings"), ("settings", "--json")])
def test_json_may_stand_before_the_command_and_after_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    lines = command(tmp_path, *words).stdout.splitlines()
    assert {"listen", "address"} <= {json.loads(line)["setting"] for line in lines}


@pytest.mark.parametrize("words", [("commands",), ("--version",)])
def test_a_full_device_is_an_error_and_a_broken_pipe_is_none(tmp_path: Path, words: tuple[str, ...]) -> None:
    program = str(Path(sys.executable).with_name("comity-node"))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([program, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("unwritable: standard output: No space left")
    assert unread(program, *words) == (141, b"")


def unread(*words: str) -> tuple[int, bytes]:
    """What becomes of a program whose reader has gone before it writes."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    return done.returncode, done.stderr


def test_bad_settings_are_all_told_at_once(made: Node) -> None:
    settings = made.home / "node.toml"
    before = settings.read_text()
    settings.write_text(before + 'web_threads = "many"\nno_such = 1\n')
    try:
        done = made.command("check", check=False)
    finally:
        settings.write_text(before)
    assert done.returncode == 2
    assert done.stderr.startswith("bad-config: ")
    assert "web_threads" in done.stderr
    assert "no_such" in done.stderr


def test_the_page_of_settings_is_up_to_date() -> None:
    written = Path(__file__).parents[3] / "docs" / "settings.md"
    assert written.read_text() == page(), "run `make format`"


def test_the_reference_is_as_the_commands_are(tmp_path: Path) -> None:
    kept = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()
    assert kept[kept.index(BEGIN) : kept.index(END) + len(END) + 1] == reference(), "run `make format`"
    assert command(tmp_path, "commands").stdout == reference()


def test_every_word_of_a_command_says_what_it_is() -> None:
    lines = reference().splitlines()
    assert [line for line in lines if line.startswith("| `") and line.endswith("|  |")] == []
    for each in COMMANDS:
        assert any(line.startswith(f"### comity-node {each.name}") for line in lines)


@pytest.mark.parametrize("name", ["demo", "commands"])
def test_what_is_of_no_node_takes_no_home(tmp_path: Path, name: str) -> None:
    assert "--home" not in command(tmp_path, name, "--help").stdout
    assert command(tmp_path, name, "--home", "x", check=False).returncode == 2


def test_the_supervisor_does_not_load_django() -> None:
    words = "import sys, comity.node.commands.run, comity.node.manage; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_django_commands_are_handed_over(made: Node) -> None:
    assert "No changes detected" in made.command("django", "makemigrations", "--check", "--dry-run").stdout
