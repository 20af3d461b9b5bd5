"""How the command starts, speaks and ends, whatever it is given."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from comity.cli import files, program
from comity.cli.commands import BEGIN, END, page
from comity.cli.meanings import meaning_of
from comity.cli.output import Manner, Output, plain
from comity.cli.program import main
from tests.cli import world
from tests.cli.run import comity

TOP = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("comity")


def started(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(COMMAND), *words], capture_output=True, text=True, check=False, timeout=60)


def test_the_installed_command_verifies(here: Path):
    done = started("verify", "log", str(here / "log-a"), "--key", world.A.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["answer"] == "yes"


def test_the_overview_imports_no_judge():
    code = "import sys; from comity.cli.program import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    judges = ("comity.formats", "comity.engines", "rich", "django")
    shown = f"print([each for each in sys.modules if each.startswith({judges})])"
    done = subprocess.run([sys.executable, "-c", code + shown], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("words", "named"), [(["--help"], "verify log"), (["verify", "-h"], "verify both")])
def test_help_lists_the_commands(words, named: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert named in capsys.readouterr().out


def test_the_version_is_that_of_the_package():
    assert comity("--version").out == f"{version('comity')}\n"


@pytest.mark.parametrize("command", program.COMMANDS, ids=lambda each: each.name)
def test_every_command_explains_itself(command: program.Command, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([*command.words, "--help"])
    assert ended.value.code == 0
    assert f"comity {command.name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "no command was given. See `comity --help`."),
        (["verify"], "no command was given. See `comity verify --help`."),
        (["verify", "nothing"], "there is no command 'nothing'. See `comity verify --help`."),
        (["nothing"], "there is no command 'nothing'. See `comity --help`."),
        (["lint"], "the following arguments are required: ACT. See `comity lint --help`."),
        (
            ["verify", "log", "x"],
            "one of the arguments --key --descriptor is required. See `comity verify log --help`.",
        ),
    ],
)
def test_words_that_mean_nothing_are_bad_usage(words, problem: str):
    said = comity(*words)
    assert (said.status, said.out, said.err) == (2, "", f"bad-usage: {problem}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("lint", "missing"),
        ("lint", "."),
        ("verify", "log", "missing", "--key", world.A.vkey),
        ("verify", "log", "act.json", "--key", world.A.vkey),
    ],
)
def test_a_file_that_cannot_be_read_is_bad_input(here: Path, words: tuple[str, ...]):
    said = comity(*words)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("unreadable: ")
    assert said.err.endswith("Check the path and who may read it.\n")


def test_a_folder_in_place_of_a_file_of_the_log_is_bad_input(here: Path):
    (here / "log-a/tile/0/000").unlink()
    (here / "log-a/tile/0/000").mkdir()
    said = comity("verify", "log", "log-a", "--key", world.A.vkey)
    assert (said.status, said.err.split(":")[0]) == (2, "unreadable")


def test_a_file_over_the_bound_is_bad_input(here: Path):
    (here / "act.json").write_bytes(b" " * (files.MAX_FILE + 1))
    said = comity("inspect", "act.json")
    assert (said.status, said.err) == (
        2, "too-large: act.json: has more than the 16,777,216 bytes that are read.\n"
    )  # fmt: skip


def test_what_strangers_wrote_cannot_move_the_cursor(here: Path):
    (here / "act.json").write_text(json.dumps(json.loads(world.act()) | {"kind": "\x1b[2J\u202e"}))
    for manner in ("--text", "--json"):
        said = comity("lint", "act.json", manner)
        assert said.status == 1
        assert not {"\x1b", "\u202e"} & set(said.out)


@pytest.mark.parametrize("text", ["شکریہ", "a b", "é✓—"])
def test_every_script_is_shown(text: str):
    assert plain(text) == text


def test_what_is_not_printed_is_escaped():
    assert plain("a\x1b[0m\n\u202e\ud800'") == "a\\x1b[0m\\n\\u202e\\ud800'"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_words_and_tables(here: Path, monkeypatch: pytest.MonkeyPatch):
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    assert main(["inspect", "bundle.json"]) == 0
    assert main(["verify", "log", "log-a", "--key", world.A.vkey]) == 0
    text = shown.getvalue()
    assert "TLP:AMBER" in text
    assert "✓ the copy of the log: holds" in text
    assert Output.chosen(json_asked=True, text_asked=False).manner is Manner.JSON


def test_a_reader_that_stops_reading_is_no_error(here: Path):
    (here / "many.json").write_text(
        json.dumps({"type": "bundle", "id": "x", "objects": [{"type": "x"}] * 5_000})
    )
    with subprocess.Popen(
        [str(COMMAND), "inspect", str(here / "many.json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 141


@pytest.mark.parametrize("words", [("commands", "--text"), ("commands", "--json"), ("--version",)])
def test_a_full_device_is_an_error_in_one_line(words: tuple[str, ...]):
    for unbuffered in ("", "1"):  # told at once, or at the end
        environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [str(COMMAND), *words],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                env=environ,
            )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith("unwritable: standard output: No space left")


def test_an_interrupted_command_ends_quietly(monkeypatch: pytest.MonkeyPatch):
    def interrupt(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "_run", interrupt)
    assert comity("lint", "x").status == 130


def test_a_name_that_no_terminal_can_show_is_escaped(here: Path):
    done = subprocess.run(
        [str(COMMAND).encode(), b"lint", b"\xff\xfe"],
        capture_output=True,
        check=False,
        env=os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"unreadable: \\udcff\\udcfe: ")


def test_the_reference_is_as_the_commands_are():
    kept = (TOP / "docs/commands.md").read_text()
    assert kept[kept.index(BEGIN) : kept.index(END) + len(END) + 1] == page()


def test_the_reference_is_printed():
    assert comity("commands", "--text").out == page()


def test_the_page_for_observers_says_what_works(here: Path):
    lines = (TOP / "docs/verify.md").read_text().splitlines()
    examples = [shlex.split(line) for line in lines if line.startswith("comity ")]
    assert {tuple(each[1:3]) for each in examples} >= {("verify", "log"), ("verify", "both")}
    for each in examples:
        assert comity(*each[1:]).status == 0, each


def test_every_rule_of_the_log_means_something():
    text = (TOP / "docs/wire/log.md").read_text()
    rules = re.findall(r"`((?:log|note|checkpoint|cosignature|commitment)\.[a-z.-]+)`", text)
    assert len(rules) > 30
    assert all(meaning_of(rule) for rule in rules)
    assert meaning_of("log.copy.tile") != meaning_of("log.copy.missing") != meaning_of("log.rewritten")
    assert meaning_of("nothing") == ""
