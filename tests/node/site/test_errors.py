"""Every error has one status and one code, told as a page, as problem details, or as a part of a page."""

import json

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.node.site.raising_urls")]

TABLE = [
    ("refused", 403, "refused"),
    ("missing", 404, "not-found"),
    ("malformed", 400, "malformed"),
    ("too-large", 413, "too-large"),
    ("conflict", 409, "conflict"),
    ("unavailable", 503, "unavailable"),
    ("django-404", 404, "not-found"),
    ("django-403", 403, "forbidden"),
    ("django-413", 413, "too-large"),
    ("django-400", 400, "malformed"),
    ("fault", 500, "failed"),
]


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(("name", "status", "code"), TABLE)
def test_a_page_for_people(client, name, status, code):
    response = client.get(f"/raise/{name}")
    text = response.content.decode()
    assert (response.status_code, response["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert code in text
    assert text.count("<h1>") == 1
    assert "secret detail" not in text
    assert "UNKNOWN-VARIABLE" not in text
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["/api/raise/{}", "/raise/{}"])
@pytest.mark.parametrize(("name", "status", "code"), TABLE)
def test_problem_details_for_programs(client, name, status, code, address):
    response = client.get(address.format(name), headers={"accept": "application/json"})
    assert response["Content-Type"] == "application/problem+json"
    told = json.loads(response.content)
    assert (response.status_code, told["status"], told["code"]) == (status, status, code)
    assert told["type"] == f"urn:comity:error:{code}"
    assert told["title"]
    assert told["detail"]
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(("name", "status", "code"), TABLE)
def test_a_part_of_a_page_for_htmx(client, name, status, code):
    response = client.get(f"/raise/{name}", headers={"hx-request": "true"})
    text = response.content.decode()
    assert response.status_code == status
    assert response["HX-Retarget"] == "#messages"
    assert code in text
    assert "<html" not in text
    assert 'role="alert"' in text


def test_the_api_answers_in_json_whatever_is_accepted(client):
    response = client.get("/api/raise/conflict", headers={"accept": "text/html"})
    assert json.loads(response.content)["detail"] == "Somebody else approved it."


def test_a_refusal_names_its_grounds(client):
    told = json.loads(client.get("/api/raise/refused").content)
    assert told["answer"] == "no"
    assert told["grounds"] == [{"rule": "tlp.red", "source": "TLP 2.0", "text": "It goes no further."}]
    page = client.get("/raise/refused").content.decode()
    assert "verdict-no" in page
    assert "It goes no further." in page
    assert "tlp.red" in page


def test_malformed_input_names_the_place(client):
    assert json.loads(client.get("/api/raise/malformed").content)["where"] == "objects[3].name"


def test_hidden_and_missing_are_the_same(client):
    pages = [client.get(path).content.decode().splitlines() for path in ("/raise/hidden", "/raise/missing")]
    hidden, missing = ([line for line in page if " UTC</time>" not in line] for page in pages)
    assert hidden == missing


def test_an_unknown_address(client):
    assert client.get("/nowhere").status_code == 404
    assert json.loads(client.get("/api/nowhere").content)["code"] == "not-found"


def test_a_wrong_method_on_the_api_names_itself(client):
    response = client.post("/health", headers={"accept": "application/json"})
    assert response.status_code == 405


def test_a_fault_is_logged_with_its_trace_and_shown_without(client, caplog):
    response = client.get("/raise/fault")
    assert response.status_code == 500
    assert "It was noted for the administrator" in response.content.decode()
    assert "secret detail" in caplog.text


def test_a_form_from_elsewhere_is_explained():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/guarded", {"a": "b"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_every_answer_closes_the_device(client):
    for path in ("/health", "/raise/conflict", "/nowhere"):
        assert "camera=()" in client.get(path)["Permissions-Policy"]
