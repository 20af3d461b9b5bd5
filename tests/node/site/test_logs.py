from __future__ import annotations

import logging

import pytest
from django.test import RequestFactory

from comity.node.site.logs import OtherHosts


def record(host: str, at: float) -> logging.LogRecord:
    made = logging.LogRecord("django.security.DisallowedHost", logging.ERROR, "", 1, "Invalid", None, None)
    made.exc_info = (ValueError, ValueError("x"), None)
    made.created = at
    made.request = RequestFactory().get("/", headers={"host": host})
    return made


def test_another_host_is_one_line_without_what_could_end_it():
    filters, made = OtherHosts(), record("evil\n2026 ERROR forged" + "x" * 5_000, 60.0)
    assert filters.filter(made)
    assert (made.exc_info, made.levelno, "\n" in made.getMessage()) == (None, logging.WARNING, False)
    assert "evil\\n2026" in made.getMessage()
    assert len(made.getMessage()) < 200


def test_in_one_minute_few_are_told_and_the_next_counts_the_rest():
    filters = OtherHosts()
    assert [filters.filter(record("evil", 60.0 + each)) for each in range(15)] == [True] * 10 + [False] * 5
    later = record("evil", 120.0)
    assert filters.filter(later)
    assert "5 more were not noted" in later.getMessage()
    last = record("evil", 121.0)
    assert filters.filter(last)
    assert "more" not in last.getMessage()


@pytest.mark.django_db
def test_the_node_logs_so(client, caplog):
    with caplog.at_level(logging.WARNING):
        assert client.get("/health", headers={"host": "evil.example"}).status_code == 400
    (told,) = [each for each in caplog.records if each.name == "django.security.DisallowedHost"]
    assert told.exc_info is None
    assert told.getMessage() == "a request for the host 'evil.example', which is not ours"
