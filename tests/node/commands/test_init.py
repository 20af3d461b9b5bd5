"""Making a node: complete and private, or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import httpx
import pytest

from comity.node.config import load
from tests.nodes import Node, command, drop_database, new_database

WHO = ["--name", "CERT", "--state", "PK", "--admin-email", "a@cert.example", "--admin-name", "A"]


def test_everything_in_the_home_is_for_its_owner_alone(made: Node) -> None:
    static = made.home / "static"  # public, and Django gives these files their mode
    found = [path for path in made.home.rglob("*") if static not in path.parents]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [made.home, *found]}
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
    assert {path.name for path in made.home.iterdir()} >= {"node.toml", "secret", "keys", "static"}
    assert {path.name for path in (made.home / "keys").iterdir()} >= {"sign.pem", "log.pem", "witness.pem"}


def test_a_second_init_is_refused_and_changes_nothing(made: Node) -> None:
    before = {path: path.read_bytes() for path in made.home.rglob("*") if path.is_file()}
    done = command(made.home, "init", *WHO, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("home-taken: ")
    assert str(made.home) in done.stderr
    assert {path: path.read_bytes() for path in made.home.rglob("*") if path.is_file()} == before


def test_what_is_missing_is_named_at_once(tmp_path: Path) -> None:
    done = command(tmp_path / "home", "init", "--name", "CERT", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("bad-usage: --state, --admin-email, --admin-name: missing")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--state", "XX"], "malformed"),
        (["--kind", "state"], "malformed"),
        (["--kind", "nonsense"], "malformed"),
        (["--state", ""], "malformed"),
        (["--admin-email", "nobody"], "malformed"),
        (["--address", "cert.example"], "bad-config"),
        (["--set", "listen=nowhere"], "bad-config"),
        (["--set", "no_such_setting=1"], "bad-config"),
        (["--set", "novalue"], "bad-usage"),
    ],
)
def test_bad_input_leaves_nothing_behind(tmp_path: Path, words: list[str], code: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = command(home, "init", *WHO, *words, check=False)
    assert (done.returncode, done.stderr.partition(":")[0]) == (2, code)
    assert list(home.iterdir()) == []


def test_settings_are_written_so_that_they_can_be_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    database = new_database()
    address = 'https://cert.example/a"b\\c/'
    command(home, "init", *WHO, "--address", address, "--set", "web_threads=7", *database)
    config = load({"COMITY_HOME": str(home)})
    assert (config.address, config.web_threads) == (address, 7)
    drop_database(home)


def test_an_observer_needs_no_state(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command(home, "init", *WHO, "--kind", "observer", "--state", "", *new_database())
    drop_database(home)


def test_a_database_that_has_a_node_is_refused(made: Node, tmp_path: Path) -> None:
    url = load({"COMITY_HOME": str(made.home)}).database
    done = command(tmp_path / "other", "init", *WHO, "--database-url", url, check=False)
    assert done.returncode == 1
    assert "is that of CERT of Pakistan already" in done.stderr
    assert not (tmp_path / "other").exists()


def test_the_link_is_for_the_first_administrator(made: Node) -> None:
    assert made.admin_link.startswith(made.address + "parties/enter/")
    people = made.command("user", "list", "--json").stdout
    assert "administrator in CERT of Pakistan" in people
    with pytest.raises(httpx.ConnectError):
        httpx.get(made.admin_link)
