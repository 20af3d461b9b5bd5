"""Real nodes as processes, made and run by `comity-node`, and always cleaned up."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import psycopg

START = 90.0  # seconds a node may take to answer, on a machine that has much else to do
STOP = 30.0  # seconds it may take to stop
_FAST = {"plain_http_partners": "true", "worker_pause": "0.2", "pull_interval": "1"}


class Node:
    """A node on a free loopback port; the processes are gone when `close` returns."""

    def __init__(self, home: Path, address: str, name: str, admin_link: str = "") -> None:
        self.home = home
        self.address = address
        self.name = name
        self.admin_link = admin_link
        self.log = home.parent / f"{home.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._orphans: list[int] = []

    def start(self) -> None:
        """Run web and worker, and wait until the web answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                _words(self.home, "run"), stdout=log, stderr=log, env=environment(), start_new_session=True
            )
        until = time.monotonic() + START
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether /health says ok."""
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.address}health", timeout=5).status_code == httpx.codes.OK
        return False

    def stop(self) -> int:
        """Ask the node to stop, as a service manager does; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """The exit code, once the node has ended."""
        assert self._process is not None
        return self._process.wait(STOP)

    def kill(self, what: str) -> None:
        """SIGKILL `web`, `worker` or `supervisor`, with every process of that part."""
        assert self._process is not None
        if what == "supervisor":
            self._orphans = _descendants(self._process.pid)
            self._process.kill()
            self._process.wait()
        else:
            pid = self.part(what)
            assert pid, f"{self.name} runs no {what}"
            _kill([pid, *_descendants(pid)])

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `comity-node` command on this node."""
        return command(self.home, *words, check=check)

    def login(self, role: str) -> httpx.Client:
        """A client that is logged in as somebody who holds the role in the node's own body."""
        email = f"{role}@{self.home.name}.example"
        words = ["add", email, f"The {role}", role, "--json"]
        done = self.command("user", *words, check=False)
        if done.returncode != 0:
            done = self.command("user", "link", email, "--json")
        return enter(json.loads(done.stdout)["login"])

    def close(self) -> None:
        """End every process, and remove what a database server keeps of the node."""
        self.close_processes()
        drop_database(self.home)

    def close_processes(self) -> None:
        """Stop the node, by force where it must be."""
        if self._process and self._process.poll() is None:
            left = [self._process.pid, *_descendants(self._process.pid)]
            self._process.terminate()
            try:
                self._process.wait(STOP)
            except subprocess.TimeoutExpired:
                _kill(left)
                self._process.wait()
        _kill(self._orphans)
        self._orphans = []

    @property
    def pid(self) -> int:
        """The supervisor."""
        assert self._process is not None
        return self._process.pid

    def part(self, what: str) -> int:
        """The process of `web` or `worker`; 0 while there is none."""
        for pid in _children(self.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if what.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return pid
        return 0

    def parts(self, what: str) -> list[int]:
        """The process of `web` or `worker`, and those that it started."""
        pid = self.part(what)
        return [pid, *_descendants(pid)]


def start_node(folder: Path, name: str, state: str, **settings: str) -> Node:
    """A new node of this state that is running."""
    node = make_node(folder, name, state, **settings)
    node.start()
    return node


def make_node(folder: Path, name: str, state: str, **settings: str) -> Node:
    """A new node of this state, not yet running."""
    port = free_port()
    home = folder / re.sub(r"\W+", "-", name.lower())
    address = f"http://127.0.0.1:{port}/"
    words = ["--name", name, "--state", state, "--address", address, "--listen", f"127.0.0.1:{port}"]
    words += ["--admin-email", f"administrator@{home.name}.example", "--admin-name", "The administrator"]
    words += [f"--set={key}={value}" for key, value in (_FAST | settings).items()]
    done = command(home, "init", *words, *new_database(), "--json")
    return Node(home, address, name, json.loads(done.stdout)["login"])


def command(home: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one `comity-node` command; with `check`, a failure shows what it said."""
    done = subprocess.run(
        _words(home, *words), capture_output=True, text=True, check=False, env=environment(), timeout=120
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"comity-node {' '.join(words)}: exit code {done.returncode}\n{done.stderr}")
    return done


def befriend(a: Node, b: Node) -> None:
    """Each introduces and accepts the other, as people do from the terminal."""
    for node, other in ((a, b), (b, a)):
        words = node.command("partner", "add", other.address, "--json").stdout
        told = json.loads(words.splitlines()[-1])["words"]
        person = f"administrator@{node.home.name}.example"
        node.command("partner", "accept", other.address, "--words", " ".join(told), "--as", person)


def enter(link: str) -> httpx.Client:
    """A client whose session was opened by a one-time log-in link."""
    client = httpx.Client(base_url=link.partition("/parties/")[0], follow_redirects=True, timeout=30)
    page = client.get(link).raise_for_status()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token, page.text
    client.post(link, data={"csrfmiddlewaretoken": token[1]}).raise_for_status()
    return client


def environment() -> dict[str, str]:
    """Ours, without what would reach into the settings of the node."""
    ours = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    return {
        key: value for key, value in os.environ.items() if key not in ours and not key.startswith("COMITY_")
    }


def free_port() -> int:
    """A port of the loopback interface at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_database() -> list[str]:
    """The option that names a new database, where the tests run on a database server; else none."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return []
    name = f"comity_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return ["--database-url", re.sub(r"/comity\b", f"/{name}", url, count=1)]


def drop_database(home: Path) -> None:
    """Remove the database that `new_database` made for the node in this home, if there is one."""
    settings = home / "node.toml"
    found = re.search(r"/(comity_[0-9a-f]{32})\b", settings.read_text()) if settings.exists() else None
    if found:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{found[1]}" WITH (FORCE)')


def _words(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "comity.node.manage", "--home", str(home), *words]


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    return [each for child in _children(pid) for each in (child, *_descendants(child))]


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (thread / "children").read_text().split())
