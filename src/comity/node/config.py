"""The node's settings: one frozen value, read once at start from `node.toml` and the environment.

Each field says in one line what it is for; `docs/settings.md` is generated from these lines. A setting is
written in `node.toml` under its name, or in the environment as `COMITY_` and its name in capitals (the
database also as `DATABASE_URL`); the environment wins. Secrets are files in the node's home, never values.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from comity.base.errors import ComityError


class BadConfig(ComityError):
    """Settings that cannot be used; the message lists every problem at once."""

    code = "bad-config"


_LAST_PORT = 65_535
_PREFIX = "COMITY_"


def _about(words: str, *, least: float | None = None) -> dict[str, Any]:
    """What a setting is for, and the least value that it may have."""
    return {"help": words, "least": least}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of a node."""

    home: Path = field(
        default=Path(),
        metadata=_about("Folder of the node: node.toml, keys, secrets and, by default, the database."),
    )
    address: str = field(
        default="http://127.0.0.1:8000/",
        metadata=_about("Address at which partners and people reach the node."),
    )
    listen: str = field(default="127.0.0.1:8000", metadata=_about("Host and port the web server binds to."))
    proxies: int = field(
        default=0,
        metadata=_about(
            "Proxies before the node that each add to X-Forwarded-For; behind them, limits are counted by "
            "the address of the person, not of the proxy.",
            least=0,
        ),
    )
    database_url: str = field(
        default="",
        metadata=_about("sqlite:///PATH or postgresql://USER@HOST/NAME; empty: SQLite in the home."),
    )
    web_processes: int = field(default=1, metadata=_about("Web server processes.", least=1))
    web_threads: int = field(default=4, metadata=_about("Threads in each web server process.", least=1))
    worker_pause: float = field(
        default=1.0, metadata=_about("Seconds the worker rests when nothing is waiting.", least=0.05)
    )
    pull_interval: float = field(
        default=30.0, metadata=_about("Seconds between two looks into the outbox of each partner.", least=0.1)
    )
    request_timeout: float = field(
        default=20.0, metadata=_about("Seconds a partner may take to answer one request.", least=0.1)
    )
    exchange_timeout: float = field(
        default=300.0,
        metadata=_about(
            "Seconds that one exchange with one partner may take, whatever it asks; then others have a turn.",
            least=0.1,
        ),
    )
    feed_timeout: float = field(
        default=60.0, metadata=_about("Seconds that one request for a feed may take.", least=0.1)
    )
    feed_hosts: str = field(
        default="",
        metadata=_about(
            "Hosts, separated by commas, from which feeds may be read though they have a private address or "
            "no TLS, and to which another host may redirect; also collections that are asked from pages."
        ),
    )
    max_content_length: int = field(
        default=10_485_760, metadata=_about("Largest request body taken from anybody, in bytes.", least=1)
    )
    plain_http_partners: bool = field(
        default=False,
        metadata=_about(
            "Allow partners at http:// addresses; for demonstrations and tests on one machine only."
        ),
    )
    require_second_factor: bool = field(
        default=True,
        metadata=_about("People must set up TOTP or a passkey before they can do anything else."),
    )
    scoring: str = field(
        default="",
        metadata=_about(
            "YAML file with the node's own parameters of scores; empty: those that come with the product."
        ),
    )
    fault: str = field(
        default="", metadata=_about("For tests: the step of the path at which the process kills itself.")
    )

    @property
    def database(self) -> str:
        """The database's address, with the default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'node.sqlite3'}"

    @property
    def keys(self) -> Path:
        """The folder of the private keys, one PEM file each, mode 0600."""
        return self.home / "keys"

    @property
    def feeds(self) -> Path:
        """The folder of feeds that are read from files."""
        return self.home / "feeds"

    @property
    def credentials(self) -> Path:
        """The folder of what the node shows to servers of others, one file each, mode 0600."""
        return self.home / "credentials"

    @property
    def secret_file(self) -> Path:
        """The file with the secret that signs sessions."""
        return self.home / "secret"


def load(environ: Mapping[str, str]) -> Config:
    """The settings of the node in `COMITY_HOME` (default `~/comity`); `BadConfig` has all problems."""
    home = Path(environ.get("COMITY_HOME", "~/comity")).expanduser().resolve()
    written = _from_file(home / "node.toml") | _from_environment(environ)
    known = {each.name: each for each in fields(Config) if each.name != "home"}
    problems = [_unknown(name, known) for name in written if name not in known]
    problems += [_unknown(name, _VARIABLES) for name in _misspelt(environ)]
    values: dict[str, Any] = {}
    for name in (name for name in written if name in known):
        try:
            values[name] = _typed(written[name], type(known[name].default))
        except ValueError as error:
            problems.append(f"{name}: {error}")
    config = Config(home=home, **values)  # what has the wrong type stands at its default, which is good
    problems += _wrong(config)
    if problems:
        raise BadConfig(
            f"The settings in {home / 'node.toml'} and the environment cannot be used: " + "; ".join(problems)
        )
    return config


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is not valid TOML: {error}") from error


_VARIABLES = {f"{_PREFIX}{each.name.upper()}": each.name for each in fields(Config) if each.name != "home"}


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {_VARIABLES[key]: value for key, value in environ.items() if key in _VARIABLES}
    if "DATABASE_URL" in environ:
        found.setdefault("database_url", environ["DATABASE_URL"])
    return found


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    return sorted(
        key
        for key in environ
        if key.startswith(_PREFIX) and key not in _VARIABLES and key != f"{_PREFIX}HOME"
    )


def _unknown(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  memory that the supervisor saves

    near = get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"{name}: there is no such setting, see docs/settings.md.{meant}"


def _typed(value: object, wanted: type) -> object:
    """The value in its type; raises `ValueError` in words for whoever wrote it."""
    if wanted is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in words:
            raise ValueError(f"expected true or false, not {value!r}")
        return words[str(value).lower()]
    if wanted in (int, float):
        return _number(value, wanted)
    if not isinstance(value, str):
        raise ValueError(f"expected text, not {value!r}")  # noqa: TRY004  collected with the other problems
    return value


def _number(value: object, wanted: type) -> float:
    expected = "a whole number" if wanted is int else "a number"
    try:
        number: float = wanted(str(value))
    except ValueError as error:
        raise ValueError(f"expected {expected}, not {value!r}") from error
    if not isfinite(number):
        raise ValueError(f"expected {expected}, not {value!r}")
    return number


def _wrong(config: Config) -> list[str]:
    problems = []
    address = _split(config.address)
    if (
        not address
        or address.scheme not in ("http", "https")
        or not (address.hostname and config.address.endswith("/"))
    ):
        problems.append("address: expected https://HOST/ with a slash at the end")
    host, _, port = config.listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port) <= _LAST_PORT):
        problems.append("listen: expected HOST:PORT")
    if not config.database.startswith(("sqlite:///", "postgresql://", "postgres://")) or not _split(
        config.database
    ):
        problems.append("database_url: expected sqlite:///PATH or postgresql://…")
    for each in fields(config):
        least = each.metadata["least"]
        if least is not None and getattr(config, each.name) < least:
            problems.append(f"{each.name}: expected at least {least}")
    return problems + _wrong_fault(config.fault)


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None where it has none, or no port could have that number."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  a property that raises
    except ValueError:
        return None
    return parts


def _wrong_fault(fault: str) -> list[str]:
    if not fault:
        return []
    from comity.node.faults import Step  # noqa: PLC0415  it needs Django, and only tests set a fault

    known = [step.value for step in Step]
    return [] if fault in known else [f"fault: expected nothing, or one of {', '.join(known)}"]
