"""What the OpenAPI document allows, and what it does not, sent by programs in every role: nothing fails.

EXAMPLES=500 pytest tests/node/api/test_schemathesis.py     looks further
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from comity.node.api import api
from comity.node.parties.roles import Role
from comity.node.wsgi import application
from tests.node.exchange.holding import bundle, indicator

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(600)]
DOCUMENT: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
ROLES = list(Role)
CALLS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@contextmanager
def undone() -> Iterator[None]:
    """The test's transaction goes on when a request ends, and what it wrote is gone."""
    cache.clear()
    for each in (request_started, request_finished):
        each.disconnect(close_old_connections)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def tokens(world, agreed, program, note) -> list[str]:
    """A program of each role, and one that has them all; there is something of every sort to ask for."""
    callers = [*(program(role) for role in ROLES), program(*ROLES)]
    everybody = callers[-1]
    assert everybody.post("/imports?note=a+feed", bundle(indicator("one"))).status_code == 201
    everybody.post("/acts", note)
    return [each.token for each in callers]


@pytest.mark.parametrize("place", range(len(CALLS)), ids=[each.label for each in CALLS])
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip  # settings
@given(data=st.data())
def test_no_call_breaks_an_operation(tokens, place, data):
    operation = CALLS[place]
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    case = data.draw(operation.as_strategy(generation_mode=data.draw(st.sampled_from(modes))))
    token = data.draw(st.sampled_from(tokens))
    with undone():
        answer = case.call(app=application, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code < 500, (case.as_curl_command(), answer.content[:500])
    case.validate_response(answer, checks=[status_code_conformance, response_schema_conformance])


def test_the_calls_arrive(tokens):
    """A program that may read is answered: the calls above are not all refused at the door."""
    (listing,) = (each for each in CALLS if each.label == "GET /api/v1/objects")
    with undone():
        answer = listing.Case().call(app=application, headers={"Authorization": f"Bearer {tokens[-1]}"})
    assert len(CALLS) == sum(map(len, DOCUMENT["paths"].values()))
    assert answer.status_code == 200
    assert answer.json()["items"]
