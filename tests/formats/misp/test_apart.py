"""What a file is, told by how it begins."""

from __future__ import annotations

import pytest

from comity.formats.misp.apart import is_misp


@pytest.mark.parametrize(
    "head",
    [
        b'{"Event": {"info": "x"',
        b'\xef\xbb\xbf {\r\n "response": [{"Event"',
        b'[{"Event": {}}]',
        b'{"id": "17", "orgc_id": "2"',
        b'{"uuid": "5d3f08b3-a840-479b-88ee-695e0a016219"',
    ],
)
def test_events_in_all_their_wrappings(head):
    assert is_misp(head)


@pytest.mark.parametrize(
    "head",
    [
        b'{"type": "bundle", "id": "bundle--',
        b'\xef\xbb\xbf{"objects": [{"type": "indicator"',
        b'{ "id" : "bundle--5d3f08b3-a840-479b-88ee-695e0a016219"',
        b'{"spec_version": "2.1"',
        b"{}",
        b"[]",
        b"",
        b"<html>",
    ],
)
def test_bundles_and_what_is_neither(head):
    assert not is_misp(head)
