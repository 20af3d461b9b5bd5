"""The OpenAPI document and what it promises: it is the one in docs, and no input breaks an operation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.node.api import api
from comity.node.parties.api.words import Told
from comity.node.parties.roles import Power, Role
from tests.node.exchange.holding import bundle, indicator

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[3] / "docs"
DOCUMENT = json.loads(json.dumps(api.get_openapi_schema()))
CALLS = [
    (method, address, told)
    for address, methods in DOCUMENT["paths"].items()
    for method, told in methods.items()
]
NAMES = [told["operationId"] for _, _, told in CALLS]


def test_the_document_in_docs_is_this_one():
    written = (DOCS / "openapi.json").read_text(encoding="utf-8")
    again = "run django-admin export_openapi_schema as docs/api.md says"
    assert written == json.dumps(DOCUMENT, indent=2, sort_keys=True, ensure_ascii=False), again


def test_the_page_in_docs_names_every_operation():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(GET|POST) (/\S+)`", page))
    assert named == {(method.upper(), address.removeprefix("/api/v1")) for method, address, _ in CALLS}


def test_the_document_is_open_to_all_and_says_nothing_of_this_node():
    answer = Client().get("/api/openapi.json")
    assert answer.json() == DOCUMENT
    assert (DOCUMENT["openapi"], DOCUMENT["servers"]) == ("3.1.0", [])
    assert len(set(NAMES)) == len(NAMES)
    for _, _, told in CALLS:
        assert told["description"]
        assert told["security"] == [{"Token": []}]
        assert set(told["x-power"].split(" or ")) <= {power.value for power in Power}
        assert told["responses"]["default"]["content"].keys() == {"application/problem+json"}


def test_every_part_that_the_document_names_is_in_it():
    named = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(DOCUMENT)))
    assert named <= set(DOCUMENT["components"]["schemas"])


def test_no_two_shapes_have_one_name():
    def below(shape: type) -> list[type]:
        return [each for direct in shape.__subclasses__() for each in (direct, *below(direct))]

    names = [each.__name__ for each in below(Told) if "[" not in each.__name__]
    assert len(names) > 20
    assert len(names) == len(set(names))  # in the document one would stand in the place of the other


def test_the_page_of_operations_needs_no_script_of_others():
    page = Client().get("/api/").content.decode().replace("<wbr>", "")
    assert "<h1>Programming interface</h1>" in page
    assert all(address in page for _, address, _ in CALLS)
    assert "UNKNOWN-VARIABLE" not in page
    assert not re.search(r"(?:src|href)=\"https?:", page)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)


@st.composite
def bodies(draw: st.DrawFn, start: dict[str, Any]) -> bytes:
    """Any JSON, any bytes, or a good body with one part replaced."""
    changed = start | {draw(st.sampled_from(sorted(start))): draw(values)}
    return draw(
        st.binary(max_size=60)
        | values.map(lambda value: json.dumps(value).encode())
        | st.just(json.dumps(changed).encode())
    )


@st.composite
def queries(draw: st.DrawFn, told: dict[str, Any]) -> dict[str, str]:
    """Some of the parameters, with good and any values."""
    names = [each["name"] for each in told["parameters"] if each["in"] == "query"]
    good = st.sampled_from(["1", "0", "true", "amber", "stix", "sent", "share", "closed", "network-defence"])
    if not names:
        return {}
    return draw(st.dictionaries(st.sampled_from(names), good | st.text(max_size=20), max_size=4))


@pytest.fixture
def given_things(world, agreed, program, note) -> dict[str, Any]:
    """A caller who may do everything that a program may, and something of every sort to ask for."""
    caller = program(Role.ANALYST, Role.DIPLOMAT)
    content = bundle(indicator("one"))
    assert caller.post("/imports?note=a+feed", content).status_code == 201
    act = caller.post("/acts", note).json()["ref"]
    share = {
        "kind": "share",
        "body": {"title": "t"},
        "purpose": "research",
        "tlp": "amber",
        "in_reply_to": act,
        "expires": "2099-01-01T00:00:00Z",
        "selection": [indicator("one")["id"]],
    }
    refs = [act, agreed.far.ref, world.body.ref, indicator("one")["id"]]
    return {"caller": caller, "refs": refs, "body": note | share, "bundle": json.loads(content)}


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(CALLS)), ids=NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_input_breaks_an_operation(given_things, place, data):
    method, address, told = CALLS[place]
    refs = st.sampled_from(given_things["refs"]) | st.text(min_size=1, max_size=20)
    filled = re.sub(r"{(number|index)}", lambda _: str(data.draw(st.integers(0, 2**70))), address)
    filled = re.sub(r"{ref}", lambda _: quote(data.draw(refs), safe=""), filled)
    start = given_things["bundle" if told["operationId"] == "import_file" else "body"]
    body = data.draw(bodies(start)) if method == "post" else b""
    answer = given_things["caller"].call(
        method,
        filled,
        data=body,
        content_type="application/json",
        QUERY_STRING=urlencode(data.draw(queries(told))),
    )
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
