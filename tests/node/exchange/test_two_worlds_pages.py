"""People and programs of a node that have no part in what a body holds: no page and no operation tells of it.

Who asks is somebody of another body of the same node, with every role there is, and an observer of the body
itself. They open every page and call every operation of the node, with the names of all that is hidden, in a
world where it is and in one where it never was. What differs on purpose is left out by name: the log and its
checkpoints count what every body does, and are public; partners and the accounts of their programs are the
whole node's, and its administrators look after them for all bodies.

A party that is no body of this node has no person and no program here: its account opens the doors of TAXII
and of MISP feeds alone (`test_two_worlds.py`), and no operation, which the last test shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from comity.base.tlp import Tlp
from comity.node import api
from comity.node.acts.models import Act
from comity.node.api import api as the_api
from comity.node.exchange.models import (
    Collection,
    Feed,
    Import,
    RemoteCollection,
    StricterVersion,
    TaxiiAccount,
    Webhook,
)
from comity.node.instruments.models import Agreement
from comity.node.parties.actors import Actor
from comity.node.parties.models import MachineUser, Membership, Party, Person
from comity.node.parties.roles import Role
from comity.node.parties.tokens import digest, new_token
from tests.browser.rows import rows_between
from tests.node.exchange.holding import from_far, indicator, own_work, shared
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.exchange.worlds import undone
from tests.node.instruments.agreeing import Sides
from tests.node.instruments.test_pages import client_of
from tests.node.world import NOW

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]
HIDDEN = indicator("hidden", Tlp.GREEN, description="Nobody else knows.", labels=["secret-label"])
# The log and what proves it, the doors that have no session, and what answers everybody alike.
_LEFT_OUT = re.compile(
    r"log/|accountability/|taxii2/|misp/|federation/|account/|static/|partners/|exchange/accounts/"
    r"|\.well-known/|enter/|health|style|api/|preferences"
)
_LEFT_OUT_OF_API = re.compile(r"/log\b|/partners\b|/accounts\b")
# What is another each time: tokens, and the time at which a page was made.
_PASSING = re.compile(
    rb'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": ?"\w+"|nonce(="|-)[\w+/=-]+'
    rb'|<time datetime="[^"]+\.\d{6}\+00:00">[^<]*</time>|At \d{4}-[\d:T-]+Z'
)
_PARAMETER = re.compile(r"<(\w+):(\w+)>|{(\w+)}")
_LISTS = (
    "search?q={name}", "search?q={value}", "exchange/?words={name}", "exchange/?words={value}",
    "exchange/?related={ref}", "exchange/?label=secret-label", "exchange/?brought={brought}",
    "exchange/?source={party}", "exchange/export?words={name}&form=csv", "exchange/share?object={ref}",
    "exchange/share?brought={brought}", "exchange/see/{party}/?purpose=network-defence", "acts/?words={name}",
    "api/v1/objects?words={name}", "api/v1/objects?related={ref}", "api/v1/objects?label=secret-label",
    "api/v1/values?kind=domain&text={value}", "api/v1/exports/list-domain", "api/v1/exports/csv",
    "api/v1/exports/list-domain?partner={party}", "api/v1/views/{party}?purpose=network-defence",
)  # fmt: skip  # as people would write a list of words
Told = dict[str, tuple[int, bytes]]


@dataclass
class Names:
    """Names of what is hidden, by a word of the addresses that take them."""

    pools: dict[str, tuple[str, ...]]

    def filled(self, route: str) -> Iterator[str]:
        """The address with each of the names that fit; with `nothing` where none is known."""
        pool = next((names for word, names in self.pools.items() if word in route), ("nothing",))
        for name in pool:
            given = iter(name.split(" "))
            yield _PARAMETER.sub(lambda _, given=given: next(given, "1"), route)  # type: ignore[misc]

    def lists(self) -> Iterator[str]:
        """Lists that are narrowed to what is hidden."""
        party, brought = self.pools["see/"][0], self.pools["imports/"][0]
        for each in _LISTS:
            yield each.format(
                name="hidden", value="hidden.example", ref=HIDDEN["id"], party=party, brought=brought
            )


def routes_below(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """The whole route of every view."""
    for each in resolver.url_patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from routes_below(each, route)
        else:
            yield route


def newest(model: Any, name: str = "pk") -> tuple[str, ...]:
    return tuple(str(each) for each in model.objects.order_by("-pk").values_list(name, flat=True)[:1])


def names_here() -> Names:
    """The names of the newest of everything."""
    collections, party = newest(Collection, "ref"), Party.objects.exclude(ours=True).latest("pk").ref
    return Names(
        {
            "collections/elsewhere/": newest(RemoteCollection, "ref"),
            "/for/": tuple(f"{each} {party}" for each in collections),
            "collections/": collections,
            "feeds/": tuple(f"{each} 1" for each in newest(Feed, "ref")),
            "objects/": (HIDDEN["id"],),
            "values/": ("domain-name hidden.example", "domain hidden.example"),
            "imports/": newest(Import),
            "accounts/": newest(TaxiiAccount),
            "webhooks/": newest(Webhook),
            "stricter/": newest(StricterVersion),
            "sensors/": ("1",),
            "see/": (party,),
            "views/": (party,),
            "telling/": (party,),
            "receipts/": tuple(f"{each} 0" for each in newest(Act, "ref")),
            "acts/": newest(Act, "ref"),
            "agreements/": newest(Agreement, "ref"),
            "bodies/": newest(Party),
        }
    )


@dataclass
class Stranger:
    """A person in a browser, and a program with the same roles in the same body."""

    browser: Client
    token: str

    def told(self, names: Names) -> Told:
        """What every page and every operation answers."""
        found: Told = {}
        for route in routes_below(get_resolver()):
            if not _LEFT_OUT.match(route):
                for path in names.filled(route):
                    found |= self.opened(path)
        for path in names.lists():
            found |= self.opened(path)
        for address, methods in the_api.get_openapi_schema()["paths"].items():
            if not _LEFT_OUT_OF_API.search(address):
                for path in names.filled(address):
                    found |= self._called(path, methods)
        return found

    def opened(self, path: str) -> Told:
        """What a page answers."""
        with_token = self._headers if path.startswith("api/") else {}
        return {
            f"{method} {path}": answer_of(self.browser.generic(method, f"/{path}", headers=with_token))
            for method in ("GET", "POST")
            if method == "GET" or "?" not in path
        }

    def _called(self, path: str, methods: dict[str, Any]) -> Told:
        body = json.dumps(_BODY).encode()
        return {
            f"{method} {path}": answer_of(
                Client().generic(
                    method.upper(), path, body, content_type="application/json", headers=self._headers
                )
            )
            for method in methods
        }

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


_BODY = {
    "kind": "share", "selection": [HIDDEN["id"]], "recipients": ["nobody"], "ref": HIDDEN["id"],
    "purpose": "network-defence", "body": {"title": "x"}, "title": "x", "reason": "wrong", "why": "x",
    "reports": [{"ref": HIDDEN["id"], "kind": "seen"}], "text": "x",
}  # fmt: skip  # members of many bodies


def answer_of(response: Any) -> tuple[int, bytes]:
    return response.status_code, _PASSING.sub(
        b"", b"".join(response) if response.streaming else response.content
    )


def stranger_in(body: Party, *roles: Role) -> Stranger:
    person = Person.objects.create(email="stranger@pk.example", name="Stranger", added=NOW)
    for role in roles:
        Membership.objects.create(person=person, body=body, role=role.value, since=NOW)
    token = new_token()
    MachineUser.objects.create(
        name="program", body=body, roles=[each.value for each in roles], token_hash=digest(token), since=NOW
    )
    return Stranger(client_of(Actor(name="Stranger", body=body.pk, person=person.pk)), token)


def hide(sides: Sides) -> None:
    """Objects, shares and what a partner gave."""
    own_work(sides.world, HIDDEN)
    shared(sides, HIDDEN)
    from_far(sides, indicator("from afar, hidden"), basis=(Agreement.objects.earliest("pk").ref,))


def differences(one: Told, other: Told) -> str:
    """The lines that are not the same, for whoever has to find out why."""
    assert one.keys() == other.keys()
    found = []
    for path in (each for each in one if one[each] != other[each]):
        (status, body), (other_status, other_body) = one[path], other[path]
        lines = unified_diff(body.decode().splitlines(), other_body.decode().splitlines(), n=0, lineterm="")
        found += [f"{path}: {status} / {other_status}", *list(lines)[2:8]]
    return "\n".join(found[:80])


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch):
    monkeypatch.setattr(api, "RATE", 10**9)


def test_another_body_of_the_node_cannot_tell_what_this_one_holds(sides):
    other = Party.objects.create(
        ref=f"{sides.world.body.ref[:-1]}9", kind="ministry", name="MoIT", state="PK", ours=True, added=NOW
    )
    stranger = stranger_in(other, *Role)
    with undone():
        rows_between(sides)
        hide(sides)
        names = names_here()
        with_it = stranger.told(names)
    with undone():
        without = stranger.told(names)
    assert differences(with_it, without) == ""
    assert {status for status, _ in without.values()} >= {200, 403, 404, 405}


def test_an_observer_cannot_tell_what_the_body_holds(sides):
    rows_between(sides)
    observer = stranger_in(sides.world.body, Role.OBSERVER)
    with undone():
        hide(sides)
        names = names_here()
        with_it = observer.told(names)
    with undone():
        without = observer.told(names)
    assert differences(with_it, without) == ""


def test_an_account_of_a_party_opens_no_operation(agreed):
    """Its token is for TAXII and MISP feeds; the API answers it as it answers one that was never given."""
    reader = reader_of(agreed, opened(agreed.world))
    assert reader.ask("objects/").status_code == 200
    own_work(agreed.world, HIDDEN)
    told = []
    for token in (reader.token, new_token()):
        stranger = Stranger(Client(), token)
        told.append(stranger.told(names_here()))
    assert differences(*told) == ""
    statuses = {each[0] for path, each in told[0].items() if "/api/v1/" in path}
    assert statuses == {401}


def test_there_is_a_difference_to_see(sides):
    """Whoever belongs to the body opens what the others cannot."""
    owner = Stranger(client_of(sides.world.analyst), "")
    sides.conclude()
    with undone():
        hide(sides)
        paths = [f"exchange/objects/{HIDDEN['id']}/", "exchange/?words=hidden", "search?q=hidden.example"]
        with_it = [owner.opened(each) for each in paths]
    assert all(each != owner.opened(path) for each, path in zip(with_it, paths, strict=True))
