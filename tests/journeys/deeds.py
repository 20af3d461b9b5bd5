"""A node whose every deed is a process of its own, so that each can be killed at any step of the path.

python -m tests.journeys.deeds HOME     reads orders as lines of JSON, answers each with one line

The process that reads orders loads Django once and never touches the database. Each deed is a fork of it
that works on the node's real database with the node's real keys, over real HTTP where the network is asked.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

from tests.journeys import content

ADMINISTRATOR, APPROVER, DIPLOMAT = "administrator", "approver", "diplomat"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the base class has
        """Say nothing: a test reads what Django logs."""


@dataclass
class Doer:
    """Carries out orders, each in a fork; at most one of them stays: the web."""

    web: int = 0
    deeds: Mapping[str, Callable[..., object]] = field(default_factory=dict)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        name, fault = order.pop("do"), order.pop("fault", "")
        if name == "hide":
            self._hide()
            return {"value": None}
        if name == "serve":
            return self._serve(fault)
        if name == "web-ended":
            return {"value": self._web_ended(wait=order["wait"])}
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            _live(write, fault, lambda: self.deeds[name](**order))
        os.close(write)
        with os.fdopen(read, "rb") as answers:
            answer = answers.read()
        _, status = os.waitpid(child, 0)
        return json.loads(answer) if answer else {"killed": os.WTERMSIG(status)}

    def _serve(self, fault: str) -> dict[str, Any]:
        """A new web server that dies at this step; the one before it is killed."""
        self._hide()
        read, write = os.pipe()
        self.web = os.fork()
        if self.web == 0:
            os.close(read)
            _live(write, fault, lambda: _serve_for_ever(write))
        os.close(write)
        with os.fdopen(read, "rb") as answers:
            return dict(json.loads(answers.readline()))

    def _hide(self) -> None:
        """From now on nobody answers."""
        if self.web:
            os.kill(self.web, signal.SIGKILL)
            os.waitpid(self.web, 0)
            self.web = 0

    def _web_ended(self, *, wait: bool) -> bool:
        if not self.web:
            return True
        ended, _ = os.waitpid(self.web, 0 if wait else os.WNOHANG)
        self.web = 0 if ended else self.web
        return bool(ended)


def _live(write: int, fault: str, deed: Callable[[], object]) -> None:
    """The whole life of a fork: one deed, one answer; it ends with its parent, however that ends."""
    from django.conf import settings

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    settings.CONFIG = replace(settings.CONFIG, fault=fault)
    try:
        answer = {"value": deed()}
    except BaseException as error:  # noqa: BLE001  a fork answers whatever happens, and ends
        answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    os.write(write, json.dumps(answer).encode())
    os._exit(0)


def _serve_for_ever(write: int) -> None:
    from django.conf import settings

    from comity.node.wsgi import application

    host, _, port = settings.CONFIG.listen.rpartition(":")
    with make_server(host, int(port), application, handler_class=_Quiet) as server:
        os.write(write, b'{"value": true}\n')
        os.close(write)
        server.serve_forever()


def _actor(role: str) -> Any:
    """Somebody of our body who holds this role; the same person each time."""
    from django.utils import timezone

    from comity.node.federation.queries import own_party
    from comity.node.parties.actors import Actor
    from comity.node.parties.models import Membership, Person
    from comity.node.parties.roles import Role

    body, now = own_party(), timezone.now()
    person, fresh = Person.objects.get_or_create(
        email=f"the-{role}@node.example", defaults={"name": f"The {role}", "added": now}
    )
    if fresh:
        Membership.objects.create(person=person, body=body, role=role, since=now - timedelta(hours=1))
    return Actor(name=person.name, body=body.pk, person=person.pk, roles=frozenset({Role(role)}))


def befriend(address: str) -> str:
    """Introduce and accept the node at this address, as an administrator does; its fingerprint."""
    from django.utils import timezone

    from comity.formats.exchange import fetch_descriptor
    from comity.link.transport import drive
    from comity.node.federation.services import partners
    from comity.node.federation.transport import Http

    now, actor = timezone.now(), _actor(ADMINISTRATOR)
    with Http() as transport:
        signed = drive(fetch_descriptor(address), transport)
    partner = partners.introduce(actor=actor, address=address, signed=signed, now=now)
    partners.accept(actor=actor, partner=partner.pk, fingerprint=partner.fingerprint, now=now)
    return partner.fingerprint


def go(*, reach: str, fetches: bool) -> None:
    """Choose how acts travel."""
    from django.utils import timezone

    from comity.node.federation.models import Partner, Reach
    from comity.node.federation.services import partners

    for partner in Partner.objects.all():
        partners.set_ways(
            actor=_actor(ADMINISTRATOR),
            partner=partner.pk,
            reach=Reach(reach),
            fetches=fetches,
            now=timezone.now(),
        )


def propose(*, count: int = 1, wide: bool = False) -> list[str]:
    """Propose so many agreements to the partner; whoever asked is told when this returns.

    Those that are wide wait for a second person.
    """
    from django.db import transaction
    from django.utils import timezone

    from comity.base.tlp import Tlp
    from comity.engines.release.terms import Category, Onward, Purpose, Terms
    from comity.node.federation.models import Partner
    from comity.node.instruments import services

    now, actor, partner = timezone.now(), _actor(DIPLOMAT), Partner.objects.select_related("party").get()
    with transaction.atomic():
        made = [
            services.propose(
                actor=actor,
                partner=partner.party,
                terms=Terms(
                    agreement=f"agreement--{uuid4()}",
                    title="Memorandum on sharing",
                    source="art. 4",
                    since=now.date(),
                    highest=Tlp.RED if wide else Tlp.AMBER,
                    purposes=frozenset({Purpose.NETWORK_DEFENCE}),
                    categories=frozenset(Category),
                    onward=Onward.OWN_CONSTITUENCY,
                    second_person_above=Tlp.AMBER,
                    remove_victims=True,
                ),
                now=now,
            )
            for _ in range(count)
        ]
    return [act.ref for act in made]


def approve() -> list[str]:
    """A second person approves what waits; the acts that went."""
    from django.utils import timezone

    from comity.node.acts.models import Act, ActState
    from comity.node.acts.services import approving

    refs = list(Act.objects.filter(state=ActState.AWAITING).values_list("ref", flat=True))
    for ref in refs:
        approving.approve(actor=_actor(APPROVER), ref=ref, now=timezone.now())
    return refs


def renew() -> None:
    """Sign with a new key."""
    from django.utils import timezone

    from comity.node.federation.services import own
    from comity.node.keys import KeyUse

    own.renew_key(KeyUse.SIGN, actor=_actor(ADMINISTRATOR), now=timezone.now())


def restart() -> list[bool]:
    """What web and worker do of themselves after a crash; whether each key is the one that partners know."""
    from comity.node.federation.services import own
    from comity.node.keys import KeyUse

    own.finish_renewal()
    return [own.is_current(use) for use in KeyUse]


def hurry() -> None:
    """Whatever rests until a later time is due now: an hour has passed."""
    from django.utils import timezone

    from comity.node.acts.models import Delivery, Receipt
    from comity.node.federation.models import Partner

    now = timezone.now()
    Delivery.objects.filter(next_try__isnull=False).update(next_try=now)
    Receipt.objects.filter(return_due__isnull=False).update(return_due=now)
    Partner.objects.update(fetch_due=now)


def exchange(*, seed: int = 0) -> list[str]:
    """One exchange with each partner, an hour later, as the worker makes it; what went wrong, in words."""
    from django.conf import settings
    from django.utils import timezone

    from comity.node.federation import worker

    hurry()
    now, random = timezone.now(), Random(seed)
    done = [
        worker.exchange_once(partner, settings.CONFIG, now=now, random=random)
        for partner in worker.partners_due(now)
    ]
    return [each.trouble for each in done if each.trouble]


def facts() -> dict[str, Any]:
    """What the record of the node says, for a comparison of both sides."""
    from comity.node.accountability.models import LogEntry
    from comity.node.acts.models import Act
    from comity.node.instruments.models import Agreement

    acts = Act.objects.prefetch_related("deliveries", "receipts")
    return {
        "acts": {
            act.ref: {
                "ours": act.ours,
                "kind": act.kind,
                "sha256": act.sha256,
                "deliveries": [each.state for each in act.deliveries.all()],
                "words": [each.words for each in act.deliveries.all()],
                "receipts": [each.sha256 for each in act.receipts.all()],
                "unreturned": sum(each.return_due is not None for each in act.receipts.all()),
            }
            for act in acts
        },
        "agreements": sorted(Agreement.objects.values_list("proposal__ref", flat=True)),
        "entries": [
            list(each) for each in LogEntry.objects.order_by("index").values_list("event", "subject")
        ],
    }


def copy_log(folder: str) -> int:
    """A copy of the node's log, to be verified by somebody else."""
    from comity.node.accountability import copies

    return copies.copy_log(Path(folder))


_DEEDS = (befriend, go, propose, approve, renew, restart, hurry, exchange, facts, copy_log)
DEEDS = {each.__name__: each for each in (*_DEEDS, *content.DEEDS)}


def main(home: str) -> None:
    """Obey until standard input ends; then the web goes, too."""
    os.environ["COMITY_HOME"] = home
    from comity.node.commands.homes import set_up_django

    set_up_django()
    import comity.node.urls
    import comity.node.wsgi  # noqa: F401  loaded here once, not in every fork

    doer = Doer(deeds=DEEDS)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(doer.obey(json.loads(line))) + "\n")
        sys.stdout.flush()
    doer.obey({"do": "hide"})


if __name__ == "__main__":
    main(sys.argv[1])
