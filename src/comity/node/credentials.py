"""What this node shows to servers that do not know nodes: a token or a password, in a file of the home.

The database knows only that there is one; whoever reads it, or a copy of it, does not learn it.
"""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from uuid import UUID, uuid4

from comity.base.errors import ComityError, Malformed

MAX_SECRET = 4_000  # characters; tokens of some servers carry claims
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_PLAIN = re.compile(r"[\x21-\x7e]+")  # what a header can carry as it is


class CredentialMissing(ComityError):
    """The file with a token or password is absent or unreadable."""

    code = "credential-missing"


class Scheme(Enum):
    """How a request says who asks."""

    NOBODY = "nobody"
    SIGNATURE = "signature"  # RFC 9421, as between nodes
    BEARER = "bearer"
    TOKEN = "token"  # noqa: S105  a scheme, as some servers call it
    BASIC = "basic"

    @property
    def has_secret(self) -> bool:
        """Whether something is kept in a file."""
        return self in {Scheme.BEARER, Scheme.TOKEN, Scheme.BASIC}


@dataclass(frozen=True, slots=True)
class Credential:
    """What is shown; nobody in particular needs nothing."""

    scheme: Scheme = Scheme.NOBODY
    secret: str = field(default="", repr=False)
    user: str = ""

    def __post_init__(self) -> None:
        if self.scheme.has_secret and not 0 < len(self.secret) <= MAX_SECRET:
            raise Malformed("secret", f"expected 1 to {MAX_SECRET:,} characters")
        if self.scheme in {Scheme.BEARER, Scheme.TOKEN} and not _PLAIN.fullmatch(self.secret):
            raise Malformed("secret", "a token has no spaces, and no signs beyond ASCII")
        if self.scheme is Scheme.BASIC and (not self.user or ":" in self.user):
            raise Malformed("user", "HTTP Basic needs a name, without a colon")

    @property
    def authorization(self) -> str | None:
        """The header; "" where there is none, None where the request is signed instead."""
        if self.scheme is Scheme.SIGNATURE:
            return None
        if self.scheme is Scheme.BASIC:
            return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        return f"{self.scheme.value.title()} {self.secret}" if self.scheme.has_secret else ""


def keep(folder: Path, ref: UUID, credential: Credential) -> None:
    """Write the secret, in the place of one that was there; nothing where there is none."""
    if not credential.scheme.has_secret:
        forget(folder, ref)
        return
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    part = folder / f".{uuid4()}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"user": credential.user, "secret": credential.secret}, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(_path(folder, ref))


def read(folder: Path, ref: UUID, scheme: Scheme) -> Credential:
    """The credential of this scheme; raises `CredentialMissing`."""
    if not scheme.has_secret:
        return Credential(scheme)
    path = _path(folder, ref)
    try:
        kept = json.loads(path.read_text("utf-8"))
        return Credential(scheme, str(kept["secret"]), str(kept["user"]))
    except (OSError, ValueError, KeyError, TypeError, Malformed) as error:
        raise CredentialMissing(f"{path}: {error}. Enter the token or password anew.") from error


def forget(folder: Path, ref: UUID) -> None:
    """Nothing is kept under this name any more."""
    _path(folder, ref).unlink(missing_ok=True)


def _path(folder: Path, ref: UUID) -> Path:
    return folder / f"{ref}.json"
