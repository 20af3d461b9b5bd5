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

PATIENCE = 60.0  # seconds for a node to answer; a small machine does it in five
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
        done = subprocess.run(
            [*_program(self.home), *words, "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environment(),
        )
        if done.returncode:
            raise Unavailable(f"comity-node {words[0]} on {self.role.name}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def start(self) -> None:
        """Run web and worker; what they say goes into a file beside the home."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_program(self.home), "run"], stdout=log, stderr=log, env=environment(), process_group=0
            )

    def wait_until_it_answers(self) -> None:
        """Raise `Unavailable` with the end of its words if it does not."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}health", timeout=2, trust_env=False).is_success:
                    return
            time.sleep(0.1)
        raise Unavailable(f"{self.role.name} did not start: {self.log.read_text()[-500:]}")

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


def make_nodes(folder: Path) -> list[DemoNode]:
    """Three new nodes in the folder, made at the same time."""
    with ThreadPoolExecutor(len(ROLES)) as threads:
        return list(
            threads.map(lambda made: _make(folder, *made), zip(ROLES, free_ports(ROLES), strict=True))
        )


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


def free_ports(roles: Iterable[Role]) -> list[int]:
    """The ports that the roles wish for, or others where somebody listens already."""
    with contextlib.ExitStack() as stack:
        return [_free_port(role.port, stack) for role in roles]


def _free_port(wished: int, stack: contextlib.ExitStack) -> int:
    for port in (wished, 0):
        probe = stack.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Unavailable("No free port on 127.0.0.1.")


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
