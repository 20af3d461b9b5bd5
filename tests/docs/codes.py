"""Every stable code that the sources can say: codes of errors, and rules of grounds.

They are read from the syntax trees. A rule is the first argument of `Ground`; where a small function makes
the ground (`_no("late", …)`), the rule is its argument with the prefix that the function puts before it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SOURCES = Path("src/comity")


@dataclass(frozen=True)
class Maker:
    """A function that makes a ground of one of its arguments."""

    prefix: str
    place: int


@dataclass(frozen=True)
class Code:
    """A code, and the file that says it."""

    name: str
    path: Path


@cache
def all_codes() -> frozenset[Code]:
    """The codes of all sources."""
    texts = {path: path.read_text("utf-8") for path in sorted(SOURCES.rglob("*.py"))}
    trees = {
        path: ast.parse(text) for path, text in texts.items() if "Ground" in text or "base.errors" in text
    }
    named = {name: value for tree in trees.values() for name, value in _constants(tree)}
    return frozenset(
        Code(name, path) for path, tree in trees.items() for name in (*_errors(tree), *_rules(tree, named))
    )


def _errors(tree: ast.Module) -> Iterator[str]:
    for each in ast.walk(tree):
        if isinstance(each, ast.ClassDef):
            yield from (value for name, value in _constants(each) if name == "code")


def _rules(tree: ast.Module, named: dict[str, str]) -> Iterator[str]:
    makers = {**_makers(tree), "Ground": Maker("", 0)}
    chosen = dict(_chosen(tree))
    for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
        maker = makers.get(_name(call.func))
        given = _argument(call, maker.place) if maker else None
        if maker and given:
            for each in chosen.get(_name(given), [given]):
                rule = _text(each) or named.get(_name(each))
                yield from [maker.prefix + rule] if rule else []


def _chosen(tree: ast.Module) -> Iterator[tuple[str, list[ast.expr]]]:
    """Variables that are one of two rules."""
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.IfExp):
            yield from ((_name(target), [each.value.body, each.value.orelse]) for target in each.targets)


def _makers(tree: ast.Module) -> dict[str, Maker]:
    """Functions whose `Ground` takes its rule, or the end of it, from an argument."""
    found: dict[str, Maker] = {}
    for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
        arguments = [each.arg for each in function.args.args if each.arg != "self"]
        for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
            rule = _argument(call, 0) if _name(call.func) == "Ground" else None
            prefix, end = _parts(rule)
            if end in arguments:
                found[function.name] = Maker(prefix, arguments.index(end))
    return found


def _parts(rule: ast.expr | None) -> tuple[str, str]:
    """The fixed beginning of a rule, and the name of the argument that ends it."""
    if isinstance(rule, ast.Name):
        return "", rule.id
    if isinstance(rule, ast.JoinedStr) and isinstance(rule.values[-1], ast.FormattedValue):
        prefix, end = "".join(filter(None, map(_text, rule.values[:-1]))), rule.values[-1].value
        return prefix, end.id if isinstance(end, ast.Name) else ""
    return "", ""


def _argument(call: ast.Call, place: int) -> ast.expr | None:
    return call.args[place] if len(call.args) > place else None


def _constants(body: ast.Module | ast.ClassDef) -> Iterator[tuple[str, str]]:
    for each in body.body:
        targets: list[Any] = [*getattr(each, "targets", ()), getattr(each, "target", None)]
        value = _text(getattr(each, "value", None))
        yield from ((target.id, value) for target in targets if isinstance(target, ast.Name) and value)


def _name(node: ast.expr | None) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
