"""A folder with one small log and one feed."""

import pytest

from tests.cli.detecting.logs import bundle, indicator, put, zeek


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    put(dns_log=zeek("good.example", "EVIL.example", "michigan.example"), feed=bundle(indicator()))
    return tmp_path
