"""Memory is given back where the C library can, and nothing breaks where it cannot."""

from __future__ import annotations

import ctypes

import pytest

from comity.detection.thrift import give_back, keep_little


@pytest.mark.parametrize("library", [ctypes.CDLL(None), object()])
def test_any_library_will_do(monkeypatch, library):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    keep_little()
    give_back()
