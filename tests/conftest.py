"""How tests are divided among workers: a journey's tests share real nodes, which take seconds to make."""

from __future__ import annotations

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]  # xdist has no marker for types
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # likewise

_LONG = ("tests/journeys/", "tests/browser/test_every_page.py")


class Journeys(LoadScopeScheduling):  # type: ignore[misc]  # its base is not typed
    """A file of journeys goes to one worker whole, and first, as does the walk over every page.

    Other tests go where there is time: what is long would otherwise be waited for at the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(_LONG) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Our way, unless another was asked for. (loadgroup finds no groups: xdist 3.8 under pytest 9.)"""
    return Journeys(config, log) if config.getoption("dist") == "load" else None
