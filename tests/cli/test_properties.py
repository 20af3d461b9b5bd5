"""Whatever bytes a command is given, it answers in words; any changed byte of what is proven is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli import world
from tests.cli.run import comity

often = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEY = ("--key", world.A.vkey)

# Every place in which a command takes a file, with sound files in the others.
RECEIPT = ("verify", "receipt", "receipt.json", "--act", "act.json", "--descriptor", "b.json",
           "--sender-descriptor", "a.json")  # fmt: skip
LOG = ("verify", "log", "log-a", *KEY, "--since", "old")
POINTS = ("verify", "checkpoints", "old", "new", "--copy", "log-a", *KEY)
PROOF = ("verify", "proof", "sent.json", "--descriptor", "a.json", "--copy", "log-a")
ENTRY = ("verify", "entry", "--copy", "log-a", "--index", str(world.SENT_AT), "--entry", "entry.json",
         "--salt", world.opening(world.A, world.SENT_AT).salt.hex(), *KEY)  # fmt: skip
BOTH = ("verify", "both", "receipted.json", "received.json", "--copy-a", "log-a", "--descriptor-a", "a.json",
        "--copy-b", "log-b", "--descriptor-b", "b.json", "--receipt", "receipt.json")  # fmt: skip
LINT = ("lint", "act.json", "--descriptor", "a.json", "--bundle", "bundle.json")
INSPECT = ("inspect", "bundle.json")
WHY = (*INSPECT, "--why", "--recipient", "x", "--terms", "terms.json", "--victim", "y", "--from", "z")
PLACES = [
    *((RECEIPT, file) for file in ("receipt.json", "act.json", "a.json", "b.json")),
    *((LOG, file) for file in ("old", "log-a/checkpoint", "log-a/tile/0/000", "log-a/tile/entries/001.p/44")),
    *((POINTS, file) for file in ("old", "new", "log-a/tile/0/001.p/44")),
    *((PROOF, file) for file in ("sent.json", "a.json", "log-a/checkpoint", "log-a/tile/entries/001.p/44")),
    *((ENTRY, file) for file in ("entry.json", "log-a/tile/entries/001.p/44")),
    *((BOTH, file) for file in ("receipted.json", "received.json", "receipt.json", "log-b/checkpoint")),
    *((LINT, file) for file in ("act.json", "a.json", "bundle.json")),
    (INSPECT, "bundle.json"),
    (WHY, "terms.json"),
    (("fingerprint", "a.json"), "a.json"),
]

noise = st.binary(max_size=200) | st.sampled_from([b"", b"{}", b"[]", b"null", b"\n\n", b"[" * 100_000])


def named(each: tuple[str, ...] | str) -> str:
    """A command by its first words, a file by its path."""
    return each if isinstance(each, str) else " ".join(each[:2])


def answered(words: tuple[str, ...], allowed: set[int]) -> None:
    """The command ends as it should: bad input is one line on stderr, everything else lines of JSON."""
    said = comity(*words)
    assert said.status in allowed
    assert (
        said.err.count("\n") == len(said.err.splitlines()) == (1 if said.status == 2 or not said.out else 0)
    )
    assert [json.loads(line) for line in said.out.splitlines()] or said.err


@pytest.mark.slow
@pytest.mark.parametrize(("words", "file"), PLACES, ids=named)
@settings(often, max_examples=15)
@given(content=noise)
def test_noise_is_never_taken_for_something(here: Path, words: tuple[str, ...], file: str, content: bytes):
    (here / "terms.json").write_text("[]")
    (here / file).write_bytes(content)
    terms = words is WHY and content == b"[]"  # no terms at all is an answer
    answered(words, {0} if terms else {1, 2})


@st.composite
def spliced(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with a piece of it replaced."""
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 40)))
    piece = draw(
        st.binary(max_size=20) | st.sampled_from([b"0", b"-1", b"null", b'""', b"{}", b"[]", b"\xff"])
    )
    return content[:start] + piece + content[end:]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "file"), PLACES[:-2], ids=named)
@settings(often, max_examples=20)
@given(data=st.data())
def test_whatever_is_spliced_in_is_answered_in_words(made: Path, here: Path, words, file: str, data):
    (here / file).write_bytes(data.draw(spliced((made / file).read_bytes())))
    answered(words, {0, 1, 2})


def changed_byte(data: st.DataObject, content: bytes) -> bytes:
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    return content[:at] + bytes([other]) + content[at + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "file"),
    [
        *((RECEIPT, file) for file in ("receipt.json", "act.json", "a.json", "b.json")),
        *((LOG, f"log-a/{file}") for file in world.log(world.A)),
        (LOG, "old"),
        (POINTS, "old"),
        (POINTS, "new"),
        (PROOF, "sent.json"),
        (PROOF, "log-a/checkpoint"),
        (ENTRY, "entry.json"),
        (BOTH, "receipted.json"),
        (BOTH, "receipt.json"),
        (LINT, "act.json"),
    ],
    ids=named,
)
@settings(often, max_examples=25)
@given(data=st.data())
def test_any_changed_byte_is_noticed(made: Path, here: Path, words: tuple[str, ...], file: str, data):
    (here / file).write_bytes((made / file).read_bytes())
    assert comity(*words).status == 0
    (here / file).write_bytes(changed_byte(data, (made / file).read_bytes()))
    answered(words, {1, 2})
