"""`comity-node check`: looks for what is wrong with the node, and says what to do about it."""

from __future__ import annotations

import argparse
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from comity.base.errors import ComityError, Unavailable
from comity.node import keys
from comity.node.accountability import queries as log
from comity.node.commands import log_state
from comity.node.commands.databases import Engine, engine_of, sqlite_file
from comity.node.commands.homes import FILE_MODE, FOLDER_MODE
from comity.node.commands.migrate import missing_migrations
from comity.node.config import Config
from comity.node.federation.services.own import is_current
from comity.node.parties.proxies import seen_fewer

_LITTLE = 1 << 30  # bytes of free disk below which a warning is due
_ALTERED = "Stop the node and restore the last backup whose log is whole; find out who wrote to the database."
_NOTHING = 100 << 20  # and below which recording an act may fail


class State(Enum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do if it is not as it should be."""

    state: State
    what: str
    found: str
    todo: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose: every check is made."""


def run(args: argparse.Namespace) -> int:
    """Print all findings; exit 1 if one is a failure."""
    with args.output.step("Checking the node"):
        findings = list(_findings(settings.CONFIG, datetime.now(UTC)))
    rows = [
        {"state": each.state.value, "what": each.what, "found": each.found, "to do": each.todo}
        for each in findings
    ]
    args.output.table(f"The node in {settings.CONFIG.home}", rows)
    return 1 if any(each.state is State.FAIL for each in findings) else 0


def _findings(config: Config, now: datetime) -> Iterator[Finding]:
    yield Finding(State.OK, "settings", f"{config.home / 'node.toml'} and the environment can be used")
    yield _transport(config)
    yield from _modes(config)
    readable = _keys(config)
    yield readable
    yield _disk(config)
    yield _static(Path(settings.STATIC_ROOT))
    yield _django()
    database = _database(config)
    yield database
    if database.state is State.OK:
        yield _proxies(config, seen_fewer())
        if readable.state is State.OK:
            yield _declared_keys()
        yield _clock(now)
        yield _log()


def _transport(config: Config) -> Finding:
    if config.address.startswith("https://"):
        return Finding(State.OK, "address", f"{config.address} is protected by TLS")
    todo = "For anything but a trial: put a proxy with TLS before it and set `address` to https://…"
    return Finding(State.WARN, "address", f"{config.address} is not protected by TLS", todo)


def _proxies(config: Config, seen: int | None) -> Finding:
    """A proxy too many keeps all out; one too few, and a stranger's attempts use up everybody's."""
    if seen is not None:
        found = f"`proxies` is {config.proxies}, and lately a request came past {seen}: no log-in that way"
        todo = "Set `proxies` to how many stand one behind the other, and close other ways to the node."
        return Finding(State.FAIL, "proxies", found, todo)
    if config.proxies == 0 and config.address.startswith("https://"):
        found = (
            "`proxies` is 0, and TLS needs one: attempts to log in by everybody behind it are counted as one"
        )
        todo = "Set `proxies` to how many stand one behind the other before the node, mostly 1."
        return Finding(State.WARN, "proxies", found, todo)
    return Finding(State.OK, "proxies", f"{config.proxies} before the node, and no request came past fewer")


def _modes(config: Config) -> Iterator[Finding]:
    """Folders are 0700 and files 0600: whoever can read a key can sign for the state."""
    wanted = {config.home: FOLDER_MODE, config.keys: FOLDER_MODE, config.secret_file: FILE_MODE}
    wanted |= dict.fromkeys([config.home / "node.toml", *sorted(config.keys.glob("*.pem"))], FILE_MODE)
    if engine_of(config.database) is Engine.SQLITE:
        wanted[sqlite_file(config.database)] = FILE_MODE
    wrong = {path: mode for path, mode in wanted.items() if path.exists() and _mode(path) & ~mode}
    for path, mode in wrong.items():
        yield Finding(
            State.FAIL, "file modes", f"{path} has mode {_mode(path):04o}", f"chmod {mode:04o} {path}"
        )
    if not wrong:
        yield Finding(State.OK, "file modes", "keys, secret, settings and database are for their owner alone")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _keys(config: Config) -> Finding:
    try:
        for use in keys.KeyUse:
            keys.node_key(use)
    except keys.KeyMissing as error:
        return Finding(State.FAIL, "keys", error.message, _how_to_get_back(config.keys))
    return Finding(State.OK, "keys", f"{len(keys.KeyUse)} private keys can be read")


def _how_to_get_back(folder: Path) -> str:
    """A key that was replaced must not come back: partners refuse what it signs."""
    if any(keys.next_of(folder, use).exists() for use in keys.KeyUse):
        return "A renewal of the key was cut off: start the worker, it finishes it."
    return (
        "Restore the missing file from a backup made after the last renewal of the key; an older backup "
        "has a key that partners no longer believe."
    )


def _declared_keys() -> Finding:
    """Whether what we sign with is what partners were told of."""
    wrong = [use for use in keys.KeyUse if not is_current(use)]
    if not wrong:
        return Finding(State.OK, "declared keys", "the private keys are those that partners were told of")
    names = ", ".join(f"{use.value}.pem" for use in wrong)
    found = f"{names} is not the key that partners were told of last: they refuse what it signs"
    return Finding(State.FAIL, "declared keys", found, _how_to_get_back(settings.CONFIG.keys))


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.home).free
    state = State.FAIL if free < _NOTHING else State.WARN if free < _LITTLE else State.OK
    todo = (
        ""
        if state is State.OK
        else f"Free some space where {config.home} is; without it acts are not recorded."
    )
    return Finding(state, "disk", f"{free / (1 << 30):.1f} GiB are free", todo)


def _static(folder: Path) -> Finding:
    if (folder / "staticfiles.json").exists():
        return Finding(State.OK, "static files", f"collected in {folder}")
    return Finding(
        State.FAIL, "static files", f"{folder} lacks staticfiles.json", "Run `comity-node migrate`."
    )


def _django() -> Finding:
    try:
        call_command("check", stdout=StringIO())
    except (SystemCheckError, ImproperlyConfigured) as error:
        return Finding(State.FAIL, "systems", str(error), "Reinstall Comity; see docs/operate.md.")
    return Finding(State.OK, "systems", "the installed systems fit together")


def _database(config: Config) -> Finding:
    engine = engine_of(config.database).value
    try:
        missing = missing_migrations()
    except Unavailable as error:
        return Finding(
            State.FAIL, "database", error.message, "Start the database, or correct `database_url`."
        )
    if missing:
        todo = "Make a backup, then run `comity-node migrate`."
        return Finding(State.FAIL, "database", f"{len(missing)} migrations are missing", todo)
    return Finding(State.OK, "database", f"{engine}, with the tables of this version")


def _clock(now: datetime) -> Finding:
    """Entries carry rising times: a clock behind the last entry would stamp everything with that time."""
    head = log.head()
    if head is None or head.last_at <= now:
        return Finding(
            State.OK, "clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, not before the last entry of the log"
        )
    last = f"{head.last_at:%Y-%m-%d %H:%M:%S}"
    found = f"{now:%Y-%m-%d %H:%M:%S} UTC, but the last entry of the log is of {last}"
    return Finding(State.FAIL, "clock", found, "Set the clock right, and keep it so with NTP.")


def _log() -> Finding:
    try:
        verdict = log_state.judge_log()
    except ComityError as error:
        return Finding(State.FAIL, "log", error.message, _ALTERED)
    text = " ".join(ground.text for ground in verdict.grounds)
    return Finding(State.OK, "log", text) if verdict.allowed else Finding(State.FAIL, "log", text, _ALTERED)
