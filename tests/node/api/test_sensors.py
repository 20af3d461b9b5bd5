"""Sensors by the API."""

from __future__ import annotations

import pytest

from comity.node.detect.services.usefulness import reckon
from tests.node.detect.telling import Telling
from tests.node.exchange.holding import indicator, own_work
from tests.node.exchange.taxii.asking import opened, reader_of
from tests.node.world import NOW

pytestmark = pytest.mark.django_db


def test_the_fleet_and_one_of_it(agreed, analyst, observer, stranger):
    Telling(reader_of(agreed, opened(agreed.world), name="plant 4")).told(problems=("no disk",))
    (row,) = analyst.get("/sensors").json()["items"]
    assert (row["name"], row["state"], row["why"]) == ("plant 4", "failed", "no disk")
    assert row["party"]["ref"] == agreed.party.ref
    whole = analyst.get(f"/sensors/{row['number']}").json()
    assert (whole["rows"], whole["unreadable"], whole["indicators"]) == (1_000, 2, 12_345)
    assert whole["logs"][0]["name"] == "dns.log"
    assert [each["heard"] for each in whole["days"]] == [True]
    assert whole["days"][0]["rows"] == 1_000
    assert observer.get("/sensors").status_code == 403
    assert stranger.get("/sensors").json()["items"] == []
    assert stranger.get(f"/sensors/{row['number']}").status_code == 404


def test_how_useful_sources_were(agreed, analyst, observer):
    own_work(agreed.world, indicator("one"))
    reckon(agreed.world.body, NOW)
    (row,) = analyst.get("/usefulness").json()["items"]
    assert (row["source"], row["indicators"], row["met"], row["wait"]) == ("ourselves", 1, 0, None)
    assert row["party"]["ref"] == agreed.world.body.ref
    assert observer.get("/usefulness").status_code == 403
