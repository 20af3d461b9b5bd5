"""The first command of docs/operate.md, run as it stands there, in a home of the test's own."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import pages
from tests.nodes import drop_database, environment, new_database

HOME = "/var/lib/comity/node"


def shown(command: str, home: Path) -> list[str]:
    """A command of the page, in this home."""
    (line,) = {
        each for each in pages.indented("docs/operate.md") if f"--home {HOME} {command} " in f"{each} "
    }
    words = shlex.split(line.replace(HOME, str(home)))
    assert words[0] == "comity-node"
    return [str(Path(sys.executable).with_name("comity-node")), *words[1:]]


@pytest.mark.slow
def test_init_as_the_page_shows(tmp_path, request):
    home = tmp_path / "node"
    request.addfinalizer(lambda: drop_database(home))
    words = [*shown("init", home), *new_database()]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert "https://comity.cert.example/" in done.stdout
    assert {each.name for each in home.iterdir()} >= {"node.toml", "secret", "keys"}
    again = subprocess.run(words, capture_output=True, text=True, env=environment(), check=False)
    assert again.returncode == 1
    assert again.stderr.startswith("home-taken: ")
