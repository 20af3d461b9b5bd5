"""The node's settings: one frozen value, read once at start from `node.toml` and the environment.

Each field says in one line what it is for; `docs/settings.md` is generated from these lines. A setting is
written in `node.toml` under its name, or in the environment as `COMITY_` and its name in capitals (the
database also as `DATABASE_URL`); the environment wins. Secrets are files in the node's home, never values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from comity.base.errors import ComityError


class BadConfig(ComityError):
    """Settings that cannot be used; the message lists every problem at once."""

    code = "bad-config"


def _setting(about: str, default: Any) -> Any:  # noqa: ANN401  a dataclass field may hold any type
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of a node."""

    home: Path = _setting(
        "Folder of the node: node.toml, keys, secrets and, by default, the database.", Path()
    )
    address: str = _setting("Address at which partners and people reach the node.", "http://127.0.0.1:8000/")
    listen: str = _setting("Host and port the web server binds to.", "127.0.0.1:8000")
    database_url: str = _setting(
        "sqlite:///PATH or postgresql://USER@HOST/NAME; empty: SQLite in the home.", ""
    )
    web_processes: int = _setting("Web server processes.", 1)
    web_threads: int = _setting("Threads in each web server process.", 4)
    worker_pause: float = _setting("Seconds the worker rests when nothing is waiting.", 1.0)
    pull_interval: float = _setting("Seconds between two looks into the outbox of each partner.", 30.0)
    request_timeout: float = _setting("Seconds a partner may take to answer one request.", 20.0)
    max_content_length: int = _setting("Largest request body taken from anybody, in bytes.", 10_485_760)
    plain_http_partners: bool = _setting(
        "Allow partners at http:// addresses; for demonstrations and tests on one machine only.",
        default=False,
    )
    require_second_factor: bool = _setting(
        "People must set up TOTP or a passkey before they can do anything else.", default=True
    )
    fault: str = _setting("For tests: the step of the path at which the process kills itself.", "")

    @property
    def database(self) -> str:
        """The database's address, with the default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'node.sqlite3'}"

    @property
    def keys(self) -> Path:
        """The folder of the private keys, one PEM file each, mode 0600."""
        return self.home / "keys"

    @property
    def secret_file(self) -> Path:
        """The file with the secret that signs sessions."""
        return self.home / "secret"


def load(environ: Mapping[str, str]) -> Config:
    """The settings of the node in `COMITY_HOME` (default `~/comity`); raises `BadConfig` with all problems."""
    home = Path(environ.get("COMITY_HOME", "~/comity")).expanduser().resolve()
    written = _from_file(home / "node.toml") | _from_environment(environ)
    problems: list[str] = []
    known = {each.name: each for each in fields(Config)}
    values: dict[str, Any] = {}
    for name, value in written.items():
        if name not in known or name == "home":
            problems.append(f"{name}: there is no such setting; see docs/settings.md")
            continue
        try:
            values[name] = _typed(value, type(known[name].default))
        except ValueError as error:
            problems.append(f"{name}: {error}")
    problems += [] if problems else _wrong(Config(home=home, **values))
    if problems:
        raise BadConfig(f"The settings in {home / 'node.toml'} cannot be used: " + "; ".join(problems))
    return Config(home=home, **values)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is not valid TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    names = {f"COMITY_{each.name.upper()}": each.name for each in fields(Config) if each.name != "home"}
    found = {names[key]: value for key, value in environ.items() if key in names}
    if "DATABASE_URL" in environ:
        found.setdefault("database_url", environ["DATABASE_URL"])
    return found


def _typed(value: object, wanted: type) -> object:
    if wanted is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in words:
            raise ValueError(f"expected true or false, not {value!r}")
        return words[str(value).lower()]
    if wanted in (int, float):
        return wanted(str(value))
    if not isinstance(value, str):
        raise ValueError(f"expected text, not {value!r}")  # noqa: TRY004  collected with the other problems
    return value


def _wrong(config: Config) -> list[str]:
    problems = []
    address = urlsplit(config.address)
    if address.scheme not in ("http", "https") or not address.hostname or not config.address.endswith("/"):
        problems.append("address: expected https://HOST/ with a slash at the end")
    host, _, port = config.listen.rpartition(":")
    if not host or not port.isdigit():
        problems.append("listen: expected HOST:PORT")
    if not config.database.startswith(("sqlite:///", "postgresql://", "postgres://")):
        problems.append("database_url: expected sqlite:///PATH or postgresql://…")
    low = [n for n in ("web_processes", "web_threads", "max_content_length") if getattr(config, n) < 1]
    return problems + [f"{name}: expected at least 1" for name in low]
