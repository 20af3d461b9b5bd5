"""Every code of the formats has its line in docs/wire/errors.md, and no line is of a code that is gone."""

import re
from pathlib import Path

from comity.base.errors import ComityError
from comity.formats import common, conversation, jws

PAGE = Path("docs/wire/errors.md").read_text("utf-8")
LISTED = set(re.findall(r"^\| `([a-z.-]+)` \|", PAGE, re.MULTILINE))
OF_A_YES = set(re.findall(r"`([a-z.-]+)`", PAGE.partition("## The grounds of a yes")[2]))
WITH_ERRORS = {
    "comity.base.errors",
    "comity.base.verdict",
    *(module.__name__ for module in (common, conversation, jws)),
}
LITERAL = re.compile(r'"((?:act|receipt|descriptor|key)\.[a-z-]+)"')
BY_SIGNATURE = re.compile(r'f"\{rules\}\.([a-z-]+)"')


def codes(error: type[ComityError]) -> set[str]:
    """The code of an error of the base or of the formats, and of those below it."""
    own = {error.code} if error.__module__ in WITH_ERRORS else set()
    return own.union(*(codes(below) for below in error.__subclasses__()))


def rules() -> set[str]:
    """The rules of all verdicts, as they are written in the code."""
    text = "".join(path.read_text("utf-8") for path in Path("src/comity/formats").glob("*.py"))
    signed = {
        f"{of}.{rule}" for of in ("act", "receipt", "descriptor") for rule in BY_SIGNATURE.findall(text)
    }
    return set(LITERAL.findall(text)) | signed


def test_every_code_has_its_line():
    assert codes(ComityError) | rules() == LISTED | OF_A_YES
    assert not LISTED & OF_A_YES
