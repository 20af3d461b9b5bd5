"""Backup and restore: what comes back is what was; what is damaged is refused and named."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.node.keys import KeyUse
from tests.nodes import Node, command, drop_database, free_port, new_database


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "restored"
    yield home
    drop_database(home)


def rewritten(backup: Path, to: Path, name: str, content: bytes | None) -> Path:
    """A copy of the backup with one file changed, or left out."""
    with tarfile.open(backup) as old, tarfile.open(to, "w") as new:
        for member in old:
            found = old.extractfile(member)
            assert found is not None
            kept = content if member.name == name else found.read()
            if kept is not None:
                member.size = len(kept)
                new.addfile(member, io.BytesIO(kept))
    return to


def member(backup: Path, name: str) -> bytes:
    with tarfile.open(backup) as tar:
        found = tar.extractfile(name)
        assert found is not None
        return found.read()


def test_a_backup_is_for_its_owner_alone_and_lists_what_it_holds(made: Node, backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    manifest = json.loads(member(backup, "manifest.json"))
    names = {each["name"] for each in manifest["files"]}
    assert names >= {"node.toml", "secret", "database", "keys/sign.pem", "keys/log.pem", "keys/witness.pem"}
    assert manifest["node"] == made.name
    assert member(backup, "secret") == (made.home / "secret").read_bytes()


def test_a_backup_is_never_overwritten(made: Node, backup: Path) -> None:
    before = backup.read_bytes()
    done = made.command("backup", str(backup), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"home-taken: {backup} exists")
    assert backup.read_bytes() == before


@pytest.mark.slow
def test_what_is_restored_runs_and_is_the_same_node(made: Node, backup: Path, new_home: Path) -> None:
    people = made.command("user", "list", "--json").stdout
    command(new_home, "restore", str(backup), *new_database())
    assert command(new_home, "user", "list", "--json").stdout == people
    kept = [*(made.home / "keys").glob("*.pem"), *(made.home / "credentials").iterdir()]
    assert len(kept) > len(KeyUse)
    for key in kept:
        restored = new_home / key.parent.name / key.name
        assert restored.read_bytes() == key.read_bytes()
        assert stat.S_IMODE(restored.stat().st_mode) == 0o600
    assert command(new_home, "check", check=False).returncode == 0
    node = Node(new_home, f"http://127.0.0.1:{_moved(new_home)}/", made.name)
    try:
        node.start()
        assert node.stop() == 0
    finally:
        node.close_processes()


def _moved(home: Path) -> int:
    """Let the restored node listen at another port than the one it is a copy of."""
    port = free_port()
    settings = home / "node.toml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith(("listen", "address"))]
    lines += [f'listen = "127.0.0.1:{port}"', f'address = "http://127.0.0.1:{port}/"']
    settings.write_text("\n".join(lines))
    return port


@pytest.mark.parametrize("name", ["database", "keys/log.pem", "secret", "node.toml"])
def test_a_changed_file_is_named_and_nothing_is_restored(backup: Path, new_home: Path, name: str) -> None:
    content = bytearray(member(backup, name))
    content[len(content) // 2] ^= 1
    damaged = rewritten(backup, new_home.with_name("damaged.tar"), name, bytes(content))
    done = command(new_home, "restore", str(damaged), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"damaged-backup: {damaged}: {name} is not what was backed up")
    assert not new_home.exists()


def test_a_missing_file_is_named(backup: Path, new_home: Path) -> None:
    damaged = rewritten(backup, new_home.with_name("damaged.tar"), "secret", None)
    done = command(new_home, "restore", str(damaged), check=False)
    assert done.returncode == 1
    assert f"{damaged}: secret is missing" in done.stderr


@pytest.mark.parametrize(("name", "why"), [("none.tar", "no such file"), (".", "is a directory")])
def test_a_backup_that_cannot_be_opened_is_bad_input(new_home: Path, name: str, why: str) -> None:
    file = new_home.parent / name
    done = command(new_home, "restore", str(file), check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"unreadable: {file}: {why}")
    assert "Name a file that `comity-node backup` wrote." in done.stderr
    assert not new_home.exists()


def test_a_folder_that_is_not_there_is_named(made: Node, tmp_path: Path) -> None:
    done = made.command("backup", str(tmp_path / "none" / "node.tar"), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"unavailable: {tmp_path}/none")


def test_half_a_backup_is_refused(backup: Path, new_home: Path) -> None:
    half = new_home.with_name("half.tar")
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    done = command(new_home, "restore", str(half), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("damaged-backup: ")
    assert not new_home.exists()


def test_a_file_that_leads_out_of_the_home_is_refused(backup: Path, new_home: Path) -> None:
    hostile = new_home.with_name("hostile.tar")
    shutil.copy(backup, hostile)
    with tarfile.open(hostile, "a") as tar:
        entry = tarfile.TarInfo("../outside")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    done = command(new_home, "restore", str(hostile), check=False)
    assert done.returncode == 1
    assert "../outside does not belong into a backup" in done.stderr
    assert not (new_home.parent / "outside").exists()


def test_a_home_that_holds_something_is_not_overwritten(made: Node, backup: Path) -> None:
    secret = (made.home / "secret").read_bytes()
    done = made.command("restore", str(backup), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("home-taken: ")
    assert (made.home / "secret").read_bytes() == secret


def test_a_file_that_is_no_backup_is_refused(new_home: Path) -> None:
    other = new_home.with_name("other.tar")
    other.write_bytes(b"nothing of the kind")
    done = command(new_home, "restore", str(other), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"damaged-backup: {other} is not a whole backup")
