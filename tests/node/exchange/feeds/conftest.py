"""A publisher on this machine, which the node may ask though its address is private and without TLS."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings

from tests.link.publisher import Publisher, publishing


@pytest.fixture
def publisher(settings) -> Iterator[Publisher]:
    settings.CONFIG = dataclasses.replace(
        django_settings.CONFIG, feed_hosts="127.0.0.1, elsewhere.example", feed_timeout=2.0
    )
    with publishing() as found:
        yield found
