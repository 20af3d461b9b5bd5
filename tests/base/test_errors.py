from __future__ import annotations

from comity.base import errors
from comity.base.errors import ComityError, Malformed, NotFound, TooLarge
from comity.base.stdout import Unwritable
from comity.base.verdict import Refused


def every_kind(kind: type[ComityError] = ComityError) -> list[type[ComityError]]:
    return [kind, *(below for each in kind.__subclasses__() for below in every_kind(each))]


def test_codes_are_stable_and_each_stands_for_one_error():
    codes = {kind.code: kind for kind in every_kind() if kind.__module__.startswith("comity.base.")}
    assert codes == {
        "error": ComityError,
        "refused": Refused,
        "malformed": Malformed,
        "too-large": TooLarge,
        "not-found": NotFound,
        "conflict": errors.Conflict,
        "unavailable": errors.Unavailable,
        "unwritable": Unwritable,
    }


def test_malformed_says_where_and_what():
    error = TooLarge("objects[3].name", "is longer than 200 characters")
    assert (error.where, error.problem) == ("objects[3].name", "is longer than 200 characters")
    assert str(error) == error.message == "objects[3].name: is longer than 200 characters"
    assert isinstance(error, Malformed)


def test_hidden_and_missing_read_the_same():
    assert NotFound("person").message == "There is no person here that you may see."
