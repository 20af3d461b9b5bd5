"""A system, kind of act, setting, code, step or command that has no line in the docs fails here."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from comity.cli.program import COMMANDS as COMITY
from comity.node.acts.kinds import kinds
from comity.node.config import Config
from comity.node.faults import Step
from comity.node.manage import COMMANDS as COMITY_NODE
from comity.node.parties.roles import Role
from comity.node.site.errors import _PLAIN_CODES
from tests.docs import pages
from tests.docs.codes import all_codes

CODES = Path("docs/systems/codes.md")
EXAMPLES = Path("src/comity/node/site/gallery.py")  # the rules shown there stand for no rule
ARCHITECTURE = Path("docs/architecture.md")
NODE_COMMAND = re.compile(r"comity-node(?: --home \S+)? ([a-z]+)")
COMMAND = re.compile(r"comity ((?:verify )?[a-z]+)")


def said() -> set[str]:
    """All codes of the sources."""
    return {code.name for code in all_codes() if code.path != EXAMPLES} | set(_PLAIN_CODES.values())


def test_every_code_has_its_line():
    listed = set().union(*(pages.in_code(pages.read(page)) for page in pages.pages()))
    assert said() - listed == set(), f"add a line for each to {CODES}"


def test_no_line_is_of_a_code_that_is_gone():
    told = {name for row in pages.rows(pages.read(CODES)) for name in pages.in_code(row[0])}
    told |= pages.in_code(pages.section(CODES, "What a yes and a duty say"))
    assert told - said() == set()


def test_codes_are_found_in_every_way_they_are_written():
    found = said()
    assert "refused" in found  # the code of an error
    assert "role.lacks" in found  # a ground, written out
    assert "share.reveals" in found  # the end of a rule, given to a small function
    assert "act.replayed" in found  # a rule that has a name
    assert not any(" " in name for name in found)


def test_every_kind_of_act_has_its_line():
    told = {name for row in pages.rows(pages.read("docs/systems/acts.md")) for name in pages.in_code(row[0])}
    assert told == {kind.name for kind in kinds() if not kind.name.startswith("test-")}


def test_kinds_are_told_with_their_verb_and_composers():
    told = {row[0].strip("`"): (row[1], row[2]) for row in pages.rows(pages.read("docs/systems/acts.md"))}
    for kind in kinds():
        if not kind.name.startswith("test-"):
            composers = ", ".join(role.words for role in Role if role in kind.composers)
            assert told[kind.name] == (kind.verb.value, composers or "the node itself")


def test_every_setting_has_its_line():
    told = {row[0].strip("`") for row in pages.rows(pages.read("docs/settings.md"))}
    assert told == {each.name for each in fields(Config)}


def test_every_role_has_its_line():
    told = [row[0] for row in pages.rows(pages.read("docs/systems/parties.md"))]
    assert sorted(", ".join(told).split(", ")) == sorted(role.words for role in Role)


def test_every_step_at_which_a_process_can_die_has_its_line():
    table = pages.rows(pages.section(ARCHITECTURE, "Transactions, and what a crash leaves"))
    told = [name for row in table for name in sorted(pages.in_code(row[0]))]
    assert sorted(told) == sorted(step.value for step in Step)


@pytest.mark.parametrize("name", sorted(pages.in_code(pages.section(ARCHITECTURE, "The path of an act"))))
def test_what_the_path_names_is_there(name):
    assert any(_has(path, name) for path in Path("src/comity").rglob("*.py")), f"{ARCHITECTURE} names {name}"


def test_node_commands_that_pages_show_are_there():
    known = {command.name for command in COMITY_NODE}
    shown = {(str(page), each) for page in pages.pages() for each in _words(page, NODE_COMMAND)}
    assert {each for _, each in shown} >= {"init", "run", "backup"}
    assert {(page, each) for page, each in shown if each not in known} == set()


def test_commands_for_files_that_pages_show_are_there():
    known = {command.name for command in COMITY} | {"verify"}
    shown = {(str(page), each) for page in pages.pages() for each in _words(page, COMMAND)}
    assert {each for _, each in shown} >= {"verify log", "verify proof"}
    assert {(page, each) for page, each in shown if each not in known} == set()


def _words(page: Path, command: re.Pattern[str]) -> set[str]:
    return {found[1] for each in pages.commands(page) if (found := command.match(each))}


def _has(path: Path, name: str) -> bool:
    """Whether the file is the module that a dotted name ends in, or defines its last word."""
    *module, last = name.removesuffix(".py").strip("/").replace("/", ".").split(".")
    parts = [each for each in path.with_suffix("").parts if each != "__init__"]
    if parts[-len(module) - 1 :] == [*module, last] or [*module, last] == parts[1 : len(module) + 2]:
        return True
    inside = (
        not module or parts[-len(module) :] == module or path.parent.parts[-len(module) :] == tuple(module)
    )
    return inside and bool(
        re.search(
            rf"^\s*(?:def|class) {re.escape(last)}\b|^\s+{re.escape(last)}: ",
            path.read_text("utf-8"),
            re.MULTILINE,
        )
    )
