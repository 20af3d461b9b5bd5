"""Validation and canonical form of STIX 2.1 objects, beside `stix2`, `stix2-validator` and `rfc8785`.

python bench/validation.py [--quick] [--data FOLDER] [--peer-python PYTHON]

All run on the same objects in the same run: ATT&CK for ICS, and MISP events brought to STIX. stix2-validator
lives in an environment of its own, which is made when it is missing; its checks of what the standard only
recommends are off, so that it does what is compared, and is at its fastest.
"""

# ruff: noqa: E402  the checkout comes before its modules

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])  # the checkout; this folder's names would hide others

import rfc8785

from bench.kit.figures import begin, options, say, spread, timed
from comity.formats.canonical import canonical
from comity.formats.misp.decode import decode_misp
from comity.formats.stix21.validate import errors, findings
from tests.formats.stix21.test_peer_verdicts import LOOSER, STRICTER
from tests.peers import environment

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import stix2  # type: ignore[import-untyped]  # it carries no types

RUNS = 7
VALIDATOR = Path(__file__).with_name("kit") / "validator.lock"
APART = environment.FOLDER.with_name("validator")
DATA = Path("../shared/data/exchange-detect")
ATTACK = "stix/ics-attack-18.1.json"
_SHOWN = 10
# Reads {"objects": [...]} from a file; says how much CPU that took, and what is wrong with each.
PEER = """
import json, sys, time
from stix2validator import ValidationOptions, validate_instance
objects = json.load(open(sys.argv[1]))["objects"]
options = ValidationOptions(version="2.1", disabled=["all"])
validate_instance(objects[0], options)
begun = time.process_time()
wrong = [[str(error) for error in validate_instance(each, options).errors] for each in objects]
print(json.dumps({"cpu": time.process_time() - begun, "errors": wrong}))
"""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """What stix2-validator said, and its objects in a second of CPU."""

    rate: float
    errors: list[list[str]]


def main() -> None:
    """Each set of objects by each validator; then the canonical form."""
    parser = options("Validation and canonical form of STIX objects.")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of ATT&CK and of MISP events")
    parser.add_argument("--peer-python", default="", help="an interpreter with stix2-validator")
    args = parser.parse_args()
    if not args.peer_python:
        environment.make(VALIDATOR, APART)
        args.peer_python = str(APART / "bin" / "python")
    begin("Validation of STIX 2.1")
    if not (args.data / ATTACK).exists():
        say("the data", f"is not in {args.data}; name its folder with --data")
        return
    for name, objects in (("ATT&CK for ICS", attack(args.data)), ("MISP events", misp(args.data))):
        chosen = objects[:300] if args.quick else objects
        compare(f"{name}, {len(chosen):,} objects", chosen, args.peer_python)
        canonical_form(name, chosen)
    differences(args.peer_python)


def attack(data: Path) -> list[Object]:
    """The objects of ATT&CK for ICS."""
    return list(json.loads((data / ATTACK).read_text("utf-8"))["objects"])


def misp(data: Path) -> list[Object]:
    """The objects of all MISP events."""
    events = sorted((data / "misp-events").glob("*.json"))
    return [each.value for path in events for each in decode_misp(path.read_bytes()).objects]


def rate(objects: Sequence[Object], work: Callable[[Object], object]) -> float:
    """Objects in a second of CPU; nobody pays for the garbage of the one before."""

    def all_of_them() -> None:
        for each in objects:
            work(each)

    gc.collect()
    return len(objects) / timed(all_of_them).cpu


def compare(name: str, objects: list[Object], python: str) -> None:
    """Our rate, those of the peers, and whether the verdicts are the same."""
    # In turn, so that what else the machine does meets both.
    pairs = [(rate(objects, findings), rate(objects, _parse)) for _ in range(RUNS)]
    ours, parsed = zip(*pairs, strict=True)
    say(f"{name}: comity", spread(ours, "objects per CPU second"))
    say(f"{name}: stix2.parse {stix2.__version__}", spread(parsed, "objects per CPU second"))
    ratios = [mine / theirs for mine, theirs in pairs]
    say(f"{name}: comity over stix2.parse", spread(ratios, "times", ".1f"), "15 times")
    peer = ask_peer(objects, python)
    if peer is not None:
        say(f"{name}: stix2-validator", f"{peer.rate:,.0f} objects per CPU second (1 run)")
        say(f"{name}: comity over stix2-validator", f"{median(ours) / peer.rate:.0f} times", "100 times")
        verdicts(name, objects, peer)


def _parse(value: Object) -> object:
    """As stix2 reads an object that may have custom properties; what it refuses has cost its time too."""
    try:
        return stix2.parse(value, allow_custom=True, version="2.1")
    except (stix2.exceptions.STIXError, ValueError) as error:
        return error


def ask_peer(objects: Sequence[Object], python: str) -> Peer | None:
    """stix2-validator on these objects, or None with a line that says that it is not installed."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"objects": objects}, file)
        file.flush()
        done = subprocess.run([python, "-c", PEER, file.name], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        say("stix2-validator", f"NOT COMPARED: {last}; install stix2-validator==3.2.0, or name --peer-python")
        return None
    said = json.loads(done.stdout.strip().rpartition("\n")[2])
    return Peer(len(objects) / said["cpu"], said["errors"])


def verdicts(name: str, objects: Sequence[Object], peer: Peer) -> None:
    """On how many objects both agree whether they break the standard."""
    other = [
        (each["id"], errors(findings(each)), theirs)
        for each, theirs in zip(objects, peer.errors, strict=True)
        if bool(errors(findings(each))) != bool(theirs)
    ]
    refused = sum(bool(theirs) for theirs in peer.errors)
    agreed = len(objects) - len(other)
    say(f"{name}: the same verdict", f"{agreed:,} of {len(objects):,} ({refused} refused)", "all")
    for ref, ours, theirs in other[:_SHOWN]:
        say(f"  {ref}", f"comity {[each.text for each in ours]}, stix2-validator {theirs}")


def differences(python: str) -> None:
    """Whether the table of known differences in the tests still tells the truth of the validator."""
    peer = ask_peer([value for _, value in (*STRICTER, *LOOSER)], python)
    if peer is None:
        return
    expected = [False] * len(STRICTER) + [True] * len(LOOSER)
    right = sum(bool(found) == said for found, said in zip(peer.errors, expected, strict=True))
    say("known differences that stand", f"{right} of {len(expected)}", "all")


def canonical_form(name: str, objects: Sequence[Object]) -> None:
    """The time of an object's canonical form, by our fast way and by the library."""
    ours = [1e6 / rate(objects, canonical) for _ in range(RUNS)]
    library = [1e6 / rate(objects, rfc8785.dumps) for _ in range(3)]
    say(f"{name}: canonical form", spread(ours, "µs of CPU an object", ".1f"))
    say(f"{name}: the same by rfc8785", spread(library, "µs of CPU an object", ".1f"))
    same = all(canonical(each) == rfc8785.dumps(each) for each in objects)
    say(f"{name}: the same bytes", "yes" if same else "NO", "yes")


if __name__ == "__main__":
    main()
