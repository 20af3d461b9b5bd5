"""The nodes of the demonstration: made by `comity-node init`, run by `comity-node run`, always ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from comity.base.errors import Unavailable

PATIENCE = 120.0  # seconds for a node to answer; a small machine does it in five, a busy one in sixty
STOPPING = 15.0
_SETTINGS = ("plain_http_partners=true", "worker_pause=0.2", "pull_interval=2")


@dataclass(frozen=True, slots=True)
class Role:
    """A node's part in the demonstration."""

    folder: str
    name: str
    state: str
    kind: str
    port: int


ROLES = (
    Role("pk", "National CERT of Pakistan (demonstration)", "PK", "national-cert", 8000),
    Role("de", "National CERT of Germany (demonstration)", "DE", "national-cert", 8001),
    Role("observer", "Observer of both (demonstration)", "", "observer", 8002),
)


@dataclass
class DemoNode:
    """One node: its home, its address, and its process while it runs."""

    role: Role
    home: Path
    address: str
    login: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def command(self, *words: str) -> list[dict[str, object]]:
        """Run a `comity-node` command here; its results."""
        done = said([*_program(self.home), *words, "--json"], self.home.parent)
        if done.returncode:
            raise Unavailable(f"comity-node {words[0]} on {self.role.name}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def start(self) -> None:
        """Run web and worker; what they say goes into a file beside the home. They end when we are gone."""
        words = [*_program(self.home), "run", "--until-stdin-ends"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment(), process_group=0
            )

    def wait_until_it_answers(self) -> None:
        """Raise `Unavailable` with the reason, and with what to do, if it does not."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}health", timeout=2, trust_env=False).is_success:
                    return
            time.sleep(0.1)
        raise Unavailable(self._why_not())

    def _why_not(self) -> str:
        """Why the node does not answer, in its own words where it left some."""
        code = self._process.poll() if self._process else None
        lines = [line for line in self.log.read_text().splitlines() if line.strip()]
        said_last = f"it said: {lines[-1]}" if lines else "it said nothing"
        if code is None:
            why = f"no answer at {self.address} within {PATIENCE:g} seconds; {said_last}"
            todo = "Let other work on this machine end, and start the demonstration again."
        else:
            why = f"it ended with exit code {code}; {said_last}"
            todo = "Put that right, and start the demonstration again."
        return f"{self.role.name} did not start: {why} Everything it said is in {self.log}. {todo}"

    def stop(self) -> int | None:
        """End the node as a service manager does; its exit code, None if it does not run."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()
        finally:
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None

    @property
    def log(self) -> Path:
        """What the node's processes say."""
        return self.home.with_suffix(".log")


def environment() -> dict[str, str]:
    """Ours, without settings that would reach into the nodes."""
    foreign = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in foreign and not name.startswith("COMITY_")
    }


def said(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder to its end; raises `Unavailable` when that does not come."""
    try:
        return subprocess.run(
            words,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            f"{' '.join(words[3:])} did not end within {PATIENCE:g} seconds. "
            "Let other work on this machine end, and start the demonstration again."
        ) from error


def make_nodes(folder: Path, ports: Sequence[int]) -> list[DemoNode]:
    """Three new nodes in the folder, made at the same time."""
    with ThreadPoolExecutor(len(ROLES)) as threads:
        return list(threads.map(lambda made: _make(folder, *made), zip(ROLES, ports, strict=True)))


def known_nodes(folder: Path) -> list[DemoNode]:
    """The nodes that an earlier run left in the folder."""
    kept = json.loads((folder / "nodes.json").read_text())
    return [DemoNode(role, folder / role.folder, kept[role.folder]) for role in ROLES]


def keep_nodes(folder: Path, nodes: Sequence[DemoNode]) -> None:
    """Note where the nodes are, for the next run."""
    kept = {node.role.folder: node.address for node in nodes}
    (folder / "nodes.json").write_text(json.dumps(kept))


@contextlib.contextmanager
def running(nodes: Sequence[DemoNode]) -> Iterator[None]:
    """The nodes run while the block does, and no process is left after it."""
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_until_it_answers()
        yield
    finally:
        with ThreadPoolExecutor(len(nodes)) as threads:
            list(threads.map(DemoNode.stop, nodes))


@contextlib.contextmanager
def free_ports(roles: Iterable[Role]) -> Iterator[list[int]]:
    """The ports that the roles wish for, or others; nobody else gets them meanwhile."""
    with contextlib.ExitStack() as stack:
        yield [_held_port(role.port, stack) for role in roles]


def _held_port(wished: int, stack: contextlib.ExitStack) -> int:
    for port in (wished, 0):
        holder = stack.enter_context(socket.socket())
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", port))
            # Only now, so that it did not share the port of another server: ours may listen beside it.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            return int(holder.getsockname()[1])
    raise Unavailable("127.0.0.1 has no free port. End other programs, and start the demonstration again.")


def _make(folder: Path, role: Role, port: int) -> DemoNode:
    node = DemoNode(role, folder / role.folder, f"http://127.0.0.1:{port}/")
    words = ["--name", role.name, "--state", role.state, "--kind", role.kind]
    words += ["--address", node.address, "--listen", f"127.0.0.1:{port}"]
    words += ["--admin-email", f"administrator@{role.folder}.example", "--admin-name", "The administrator"]
    (told,) = node.command("init", *words, *(f"--set={each}" for each in _SETTINGS))
    node.login = str(told["login"])
    return node


def _program(home: Path) -> list[str]:
    return [sys.executable, "-m", "comity.node.manage", "--home", str(home)]
