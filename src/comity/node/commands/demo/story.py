"""What happens in the demonstration, step by step; each step is checked from outside as it goes.

Pakistan's CERT and a partner become partners, agree on what may be shared, and share: some objects stay, one
goes without the victim's name. An observer who may see no content checks both logs.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from comity.base.errors import ComityError
from comity.node.commands.demo.people import Visitor, wait_for
from comity.node.commands.demo.stage import DemoNode, said

_SAMPLES = Path(str(files("comity.node.exchange") / "samples"))
_PEOPLE = {
    "pk": {"analyst": "Ayesha Analyst", "approver": "Bilal Approver", "diplomat": "Chanda Diplomat"},
    "de": {"analyst": "Anna Analystin", "approver": "Emil Entscheider", "diplomat": "Dieter Diplomat"},
    "observer": {"observer": "Oya Observer"},
}
VICTIM = "Karakoram Example Power Company"


class DemoFailed(ComityError):
    """A step of the demonstration did not come out as it must."""

    code = "demo-failed"


@dataclass
class Story:
    """The nodes, the people who are logged in, and what was made on the way."""

    nodes: Sequence[DemoNode]
    folder: Path
    people: dict[tuple[str, str], Visitor] = field(default_factory=dict)
    agreement: str = ""
    share: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pk, self.de, self.observer = self.nodes

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Each step: what is done, and the doing, which returns what came out."""
        yield "People log in and get their roles", self._people
        yield "The two CERTs compare fingerprints and accept each other", self._befriend
        yield "The observer is accepted by both, to read their logs", self._let_observe
        yield "Pakistan imports a MISP event, a STIX bundle and a report of its own", self._import
        yield "Pakistan proposes a sharing agreement, Germany accepts", self._agree
        yield "Pakistan composes a share: every object is judged", self._compose
        yield "A second person approves; it is signed, recorded, delivered and receipted", self._approve
        yield "Germany sees it with its provenance", self._arrive
        yield "The receipt holds offline", self._verify_receipt
        yield "The observer, who sees no content, verifies both logs", self._observe
        yield (
            "Both open their entries of this act to the observer, who finds it on both sides",
            self._both_sides,
        )
        yield "One altered entry of a copied log is noticed", self._alter

    def close(self) -> None:
        """Everybody leaves."""
        for person in self.people.values():
            person.close()

    def _people(self) -> str:
        for node in self.nodes:
            administrator = Visitor(node.address, node.login)
            self.people[node.role.folder, "administrator"] = administrator
            for role, name in _PEOPLE[node.role.folder].items():
                email = f"{role}@{node.role.folder}.example"
                made = administrator.submit(
                    "/parties/people/new", {"name": name, "email": email, "role": role}, action=""
                )
                link = _found(r'value="(http[^"]+/parties/enter/[^"]+)"', made.text, "log-in link")
                self.people[node.role.folder, role] = Visitor(node.address, link)
        return f"{len(self.people)} people in {len(self.nodes)} nodes; nobody has a power that no role gives."

    def _befriend(self) -> str:
        words = self._introduce(self.pk, self.de)
        self._introduce(self.de, self.pk)
        return f"Germany's words, read over the telephone: {words}."

    def _let_observe(self) -> str:
        for node in (self.pk, self.de):
            self._introduce(node, self.observer)
            self._introduce(self.observer, node)
        return "It gets no acts and no objects."

    def _introduce(self, node: DemoNode, other: DemoNode) -> str:
        """One side adds the other, and accepts it once the words are those of the other's own page."""
        here = self.people[node.role.folder, "administrator"]
        there = self.people[other.role.folder, "administrator"]
        shown = here.submit("/partners/add", {"address": other.address}, action="")
        key = _found(r"/partners/(\d+)/accept", shown.text, "page of the partner")
        words, theirs = _words(shown.text), _words(there.page("/partners/this-node"))
        _must(words == theirs, f"{other.role.name} shows other words than {node.role.name} was given")
        here.submit(f"/partners/{key}/", {"compared": "on"}, action=f"/partners/{key}/accept")
        return " ".join(words)

    def _import(self) -> str:
        analyst = self.people["pk", "analyst"]
        counts = []
        for name, form, own in (
            ("misp-backdoordiplomacy.json", "misp", False),
            ("attack-revil.json", "stix", False),
            ("pk-report.json", "stix", True),
        ):
            said = {"form": form, "source": "own" if own else "elsewhere"}
            said |= {} if own else {"note": "a public source", "unmarked_as": "clear"}
            report = analyst.submit("/exchange/import", said, action="", upload=_SAMPLES / name).text
            counts.append(_found(r"<strong>(\d+)</strong><span>new", report, "report of the import"))
        return f"{', '.join(counts)} objects are new; victims are known by name, and stay here."

    def _agree(self) -> str:
        here, there = self.people["pk", "diplomat"], self.people["de", "diplomat"]
        page = here.page("/agreements/propose")
        proposed = here.submit(
            "/agreements/propose",
            {
                "partner": _found(r'<option value="(\d+)">National CERT of Germany', page, "partner"),
                "title": "Sharing agreement of the demonstration",
                "since": f"{datetime.now(UTC):%Y-%m-%d}",
            },
            action="",
        )
        self.agreement = _found(r"(agreement--[0-9a-f-]{36})", proposed.text, "agreement")
        wait_for("the proposal at Germany", lambda: _page(there, f"/agreements/{self.agreement}/"))
        there.submit(
            f"/agreements/{self.agreement}/answer", {"decision": "accept", "understood": "on"}, action=""
        )
        for who in (here, there):
            wait_for("the agreement in force", lambda who=who: self._in_force(who))  # type: ignore[misc]  # bound now
        return "In force between the two, on the same terms, by two signed acts."

    def _in_force(self, who: Visitor) -> bool | None:
        return True if who.api(f"agreements/{self.agreement}")["state"] == "in-force" else None

    def _compose(self) -> str:
        analyst = self.people["pk", "analyst"]
        report = json.loads((_SAMPLES / "pk-report.json").read_text())
        chosen = [each["id"] for each in report["objects"] if each["type"] != "marking-definition"]
        query = "&".join(f"object={ref}" for ref in chosen)
        page = analyst.page(f"/exchange/share?{query}")
        sent = analyst.submit(
            f"/exchange/share?{query}",
            {
                "partners": _found(
                    r'name="partners" value="(identity--[^"]+)"', page, "partner to share with"
                ),
                "title": "DemoLoader in the energy sector",
                "object": chosen,
                "step": "send",
            },
            action="/exchange/share",
        )
        self.share = _found(r"(comity-act--[0-9a-f-]{36})", str(sent.url), "act")
        self.items = analyst.api(f"acts/{self.share}")["judgement"]["items"]
        goes = [each for each in self.items if each["leaves_as"]]
        stays = [each for each in self.items if not each["leaves_as"]]
        rules = {ground["rule"] for each in stays for ground in each["verdict"]["grounds"]}
        _must(bool(goes) and bool(stays), "some objects must go and some must stay")
        _must(any(each["removed"] for each in goes), "one object must go without its victim")
        _must(any("red" in rule for rule in rules), f"TLP:RED must stay, by its own rule, not {rules}")
        return "\n".join(_judged(each) for each in self.items)

    def _approve(self) -> str:
        analyst, approver = self.people["pk", "analyst"], self.people["pk", "approver"]
        _must(
            analyst.api(f"acts/{self.share}")["state"] == "awaiting-approval", "the act must await approval"
        )
        path = f"/acts/{self.share}/"
        self._judgement_shown(approver.page(path))
        approver.submit(path, {"note": "Seen."}, action=f"{path}approve")
        act = wait_for("Germany's receipt", lambda: self._receipted(analyst))
        return f"{act['delivered'][0]['words']}"

    def _judgement_shown(self, page: str) -> None:
        """The page tells of every object whether it goes, and why: who approves knows what."""
        words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
        for each in self.items:
            for part in (each["title"], each["verdict"]["grounds"][0]["text"]):
                _must(" ".join(part.split()) in words, f"the page of the act must show {part!r}")

    def _receipted(self, who: Visitor) -> dict[str, Any] | None:
        act: dict[str, Any] = who.api(f"acts/{self.share}")
        return act if act["delivered"] and act["delivered"][0]["state"] == "receipted" else None

    def _arrive(self) -> str:
        analyst = self.people["de", "analyst"]
        page = analyst.page(f"/acts/{self.share}/")
        _must("DemoLoader in the energy sector" in page, "Germany's page must show the act")
        _must(self.pk.role.name in page, "Germany's page must say who sent it")
        arrived = analyst.file(f"/acts/{self.share}/wire.json").decode()
        carried = "".join(
            json.dumps(analyst.api(f"objects/{each['leaves_as']}"))
            for each in self.items
            if each["leaves_as"]
        )
        _must(VICTIM not in page + arrived + carried, "the victim's name must not have left")
        return (
            f"{len([each for each in self.items if each['leaves_as']])} objects, and no word of the victim."
        )

    def _verify_receipt(self) -> str:
        analyst = self.people["pk", "analyst"]
        page = analyst.page(f"/acts/{self.share}/")
        self._keep("receipt.json", analyst.file(_receipt_on(page)))
        self._keep("act.json", analyst.file(f"/acts/{self.share}/wire.json"))
        for node in (self.pk, self.de):
            self._keep(
                f"{node.role.folder}.json",
                self.people[node.role.folder, "administrator"].file("/.well-known/comity.json"),
            )
        self._comity("verify", "receipt", "receipt.json", "--act", "act.json", "--descriptor", "de.json",
                     "--sender-descriptor", "pk.json")  # fmt: skip
        return "Signed by Germany, for exactly these bytes, and in its log."

    def _observe(self) -> str:
        self.observer.command("observe", "--to", str(self.folder / "copies"))
        for node in (self.pk, self.de):
            self._comity("verify", "log", self._copy(node), "--descriptor", f"{node.role.folder}.json")
        watcher = self.people["observer", "observer"]
        _must(_page(watcher, f"/acts/{self.share}/") is None, "the observer must see no act")
        return "Every entry is in place, and each log is the one that its partners cosigned."

    def _both_sides(self) -> str:
        """The observer is given three proofs, and reads both logs again: the openings stand in them, too."""
        sent, receipted = (self._opened(self.pk, event) for event in ("act-sent", "receipt-received"))
        received = self._opened(self.de, "act-received")
        self.observer.command("observe", "--to", str(self.folder / "copies"))
        logs = ["--copy-a", self._copy(self.pk), "--descriptor-a", "pk.json"]
        logs += ["--copy-b", self._copy(self.de), "--descriptor-b", "de.json"]
        self._comity("verify", "both", "act-sent.json", "act-received.json", *logs)
        self._comity(
            "verify", "both", "receipt-received.json", "act-received.json", *logs, "--receipt", "receipt.json"
        )
        return (
            f"Entry {sent} of Pakistan's log: sent. Entry {received} of Germany's: received, the same bytes. "
            f"Entry {receipted} of Pakistan's: Germany's receipt for them."
        )

    def _opened(self, node: DemoNode, event: str) -> int:
        """The node opens its entry of this event to the observer, and hands over the proof."""
        index = self._entry(self.people[node.role.folder, "analyst"], event)
        who = ["--as", f"approver@{node.role.folder}.example", "--why", "The observer looks into this act."]
        proof = ["--proof", str(self.folder / f"{event}.json")]
        node.command("log", "open", str(index), "--to", self.observer.role.name, *who, *proof)
        return index

    def _entry(self, who: Visitor, event: str) -> int:
        """Where the log of this person's node tells of the share: what an entry says, its proof says."""
        page = who.page(f"/accountability/log?subject={self.share}&event={event}")
        for index in re.findall(r"/accountability/log/(\d+)", page):
            told = json.loads(who.file(f"/accountability/log/{index}/proof.json")).get("entry", {})
            if (told.get("event"), told.get("subject")) == (event, self.share):
                return int(index)
        raise DemoFailed(f"The log has no entry {event} of the share.")

    def _alter(self) -> str:
        bundle = self.folder / self._copy(self.de) / "tile/entries"
        # The last one written: what an earlier look left of a bundle that has grown is not read any more.
        written = [each for each in bundle.rglob("*") if each.is_file()]
        path = max(written, key=lambda each: each.stat().st_mtime_ns)
        content = bytearray(path.read_bytes())
        content[5] ^= 1
        path.write_bytes(content)
        done = self._run("verify", "log", self._copy(self.de), "--descriptor", "de.json")
        _must(done.returncode == 1, "the altered copy must be refused")
        return _refusal(done.stdout)

    def _copy(self, node: DemoNode) -> str:
        return f"copies/{node.address.removeprefix('http://').replace('/', '_').replace(':', '_')}log"

    def _keep(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def _comity(self, *words: str) -> None:
        done = self._run(*words)
        _must(done.returncode == 0, f"comity {' '.join(words)}: {done.stdout}{done.stderr}")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return said([sys.executable, "-m", "comity.cli.program", *words], self.folder)


def found_again(nodes: Sequence[DemoNode], folder: Path) -> str:
    """After a new start: the act and its receipt are the same bytes as before, on both sides."""
    act, receipt = ((folder / name).read_bytes() for name in ("act.json", "receipt.json"))
    path = f"/acts/{json.loads(act)['id']}/"
    for node in nodes[:2]:
        (told,) = node.command("user", "link", f"analyst@{node.role.folder}.example")
        with contextlib.closing(Visitor(node.address, str(told["login"]))) as analyst:
            _must(analyst.file(f"{path}wire.json") == act, f"{node.role.name} must have the act as it was")
            if node is nodes[0]:
                kept = analyst.file(_receipt_on(analyst.page(path)))
                _must(kept == receipt, f"{node.role.name} must have the receipt as it was")
    return "Both have the act as it was, and Pakistan has the receipt."


def _judged(item: dict[str, Any]) -> str:
    said = "goes" if item["leaves_as"] else "stays"
    said += f" without {', '.join(item['removed'])}" if item["removed"] else ""
    return f"{item['title']}: {said}. {item['verdict']['grounds'][0]['text']}"


def _words(page: str) -> list[str]:
    """The twelve words of the first fingerprint on a page."""
    part = page.partition('class="fingerprint"')[2].partition("</ol>")[0]
    return re.findall(r">([a-z]+)<", part)


def _page(who: Visitor, path: str) -> str | None:
    try:
        return who.page(path)
    except ComityError:
        return None


def _refusal(stdout: str) -> str:
    """The words of the check that failed, among the lines of JSON."""
    checks = [json.loads(line) for line in stdout.splitlines()]
    return " ".join(
        g["text"] for check in checks if check["answer"] == "no" for g in check.get("grounds", ())
    )


def _receipt_on(page: str) -> str:
    return _found(r"(/acts/[^\"]+/receipts/\d+\.json)", page, "receipt")


def _found(pattern: str, text: str, what: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise DemoFailed(f"There is no {what} on the page.")
    return found[1]


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001  one fact, checked
    if not holds:
        raise DemoFailed(f"This does not hold: {otherwise}.")
