"""Programs with tokens that call the API through every layer of the node."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from comity.node.parties.models import MachineUser, Party
from comity.node.parties.roles import Role
from comity.node.parties.tokens import digest, new_token
from tests.node.far import FarNode
from tests.node.instruments.agreeing import Sides, sides_of
from tests.node.world import NOW, World


@dataclass
class Caller:
    """Somebody at the API; without a token nobody."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def get(self, address: str, **query: Any):
        return self.client.get(f"/api/v1{address}", query, headers=self._headers)

    def post(self, address: str, content: Any = None, key: str = ""):
        body = content if isinstance(content, bytes) else json.dumps(content or {}).encode()
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(f"/api/v1{address}", body, content_type="application/json", headers=headers)

    def call(self, method: str, address: str, **more: Any):
        return self.client.generic(method.upper(), address, headers=self._headers, **more)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


Program = Callable[..., Caller]


@pytest.fixture(autouse=True)
def _fresh_counts(db):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is not there
    cache.clear()


@pytest.fixture
def program(world: World) -> Program:
    """Makes a program with these roles, even those that a service would not give to one."""

    def make(*roles: Role, name: str = "A program", body: Party | None = None) -> Caller:
        token = new_token()
        MachineUser.objects.create(
            name=f"{name} {token[:6]}",
            body=body or world.body,
            roles=[role.value for role in roles],
            token_hash=digest(token),
            since=NOW,
        )
        return Caller(token)

    return make


@pytest.fixture
def analyst(program: Program) -> Caller:
    return program(Role.ANALYST)


@pytest.fixture
def observer(program: Program) -> Caller:
    return program(Role.OBSERVER)


@pytest.fixture
def stranger(program: Program) -> Caller:
    """An analyst of another body of this node."""
    other = Party.objects.create(
        ref="identity--3f1d3ab5-3a3e-4c2e-8f5b-1f6f2d7f0009",
        kind="sector-cert",
        name="Bank CERT",
        state="PK",
        ours=True,
        added=NOW,
    )
    return program(Role.ANALYST, body=other)


@pytest.fixture
def sides(world: World, far: FarNode) -> Sides:
    return sides_of(world, far)


@pytest.fixture
def agreed(sides: Sides) -> Sides:
    sides.conclude()
    return sides


@pytest.fixture
def note(sides: Sides) -> dict[str, Any]:
    """A draft that goes at once."""
    return {"kind": "test-note", "recipients": [sides.party.ref], "body": {"title": "A note", "word": "go"}}
