from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli import world


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's files; nobody alters them."""
    top = tmp_path_factory.mktemp("world")
    world.write_all(top)
    return top


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of them to alter, which is where commands run."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
