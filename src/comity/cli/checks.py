"""What a `verify` command says: each check with its verdict, and what follows from one that is not a yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comity.base.verdict import Answer, Verdict, all_of
from comity.cli.meanings import meaning_of
from comity.cli.output import Output

_WORDS = {Answer.YES: "holds", Answer.NO: "does not hold", Answer.UNKNOWN: "cannot be said"}
_SIGNS = {Answer.YES: "✓", Answer.NO: "✗", Answer.UNKNOWN: "?"}
_STYLES = {Answer.YES: "green", Answer.NO: "bold red", Answer.UNKNOWN: "yellow"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict

    def tell(self, output: Output) -> None:
        """Say what holds; if something does not, what is wrong and what that means."""
        answer, grounds = self.verdict.answer, self.verdict.grounds
        means = (
            () if self.verdict.allowed else tuple(dict.fromkeys(meaning_of(each.rule) for each in grounds))
        )
        said = {"check": self.name, **self.verdict.as_json()}
        output.give(
            said | ({"means": " ".join(means)} if means else {}),
            f"{_SIGNS[answer]} {self.name}: {_WORDS[answer]}",
            *(f"    {ground.text}" for ground in grounds),
            *(f"    This means: {each}" for each in means),
            style=_STYLES[answer],
        )


@dataclass(frozen=True, slots=True)
class Unchecked:
    """One thing that was not looked at, and what would let it be."""

    name: str
    text: str

    def tell(self, output: Output) -> None:
        """Say so: what is not mentioned might be taken for checked."""
        said = {"check": self.name, "answer": "not-checked", "text": self.text}
        output.give(said, f"- {self.name}: not checked", f"    {self.text}")


def report(command: str, told: Sequence[Check | Unchecked], output: Output) -> int:
    """Tell everything, and the sum of it; 0 if every check holds, else 1."""
    for each in told:
        each.tell(output)
    checks = [each for each in told if isinstance(each, Check)]
    answer = all_of(each.verdict for each in checks).answer
    open_ones = len(told) - len(checks)
    left = f" Not checked: {open_ones}." if open_ones else ""
    wrong = sum(not each.verdict.allowed for each in checks)
    line = f"{wrong} of {len(checks)} checks did not hold." if wrong else "Everything that was checked holds."
    result = {"command": command, "answer": answer.value, "checks": len(checks), "failed": wrong}
    output.give(result | {"not_checked": open_ones}, "", line + left, style=_STYLES[answer])
    return 1 if wrong else 0
