"""The errors of Comity: a small tree, each named for what happened, each with a stable code.

A message says what, where, and what to do next. Codes are part of the wire and never change their meaning;
`docs/wire/errors.md` lists them all. `Refused` stands beside the verdict that it carries.
"""

from __future__ import annotations

from typing import ClassVar


class ComityError(Exception):
    """What every error of ours is; `code` is stable, the message is for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Malformed(ComityError):
    """Input that cannot be read: `where` is a path into it, `problem` says what is wrong there."""

    code = "malformed"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class TooLarge(Malformed):
    """Input over a named bound of size, depth or count."""

    code = "too-large"


class NotFound(ComityError):
    """There is no such thing, or you may not see it: both read the same on purpose."""

    code = "not-found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what} here that you may see.")
        self.what = what


class Conflict(ComityError):
    """The thing has left the state that this step starts from, or already exists with other content."""

    code = "conflict"


class Unavailable(ComityError):
    """Something this step needs cannot be reached or written now; trying again later may work."""

    code = "unavailable"
