"""Times on the wire have one form; what is written is read again."""

import pytest

from comity.base.errors import Malformed
from comity.base.times import decode_time, encode_time, is_written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-22T03:00:00Z", "2026-11-22T03:00:00.000Z"),
        ("2026-11-22T03:00:00.1234567Z", "2026-11-22T03:00:00.123Z"),
        ("2026-11-22T03:00:00.5Z", "2026-11-22T03:00:00.500Z"),
    ],
)
def test_times(text, written):
    assert encode_time(decode_time(text, "/at")) == written


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T03:00:00",
        "2026-11-22T03:00:00+00:00",
        "2026-11-22T03:00:00.Z",
        "2026-11-22T03:00:00.00000000000000000000Z",
        "2026-13-22T03:00:00Z",
        "2026-11-22T23:59:60Z",
        "0000-11-22T03:00:00Z",
        "2026-11-22t03:00:00z",
        "2026-11-22 03:00:00Z",
        "٢026-11-22T03:00:00Z",
        "2026-11-22T03:00:00Z\n",
    ],
)
def test_other_forms_of_time_are_refused(text):
    with pytest.raises(Malformed, match="RFC 3339"):
        decode_time(text, "/at")


@pytest.mark.parametrize("text", ["2026-11-22T03:00:00Z", "2026-11-22T03:00:00.123456789Z"])
def test_texts_in_the_form_of_the_wire(text):
    assert is_written(text)


@pytest.mark.parametrize(
    "text", [None, 7, "", "2026-11-22", "2026-11-22T03:00:00+01:00", "2026-11-22T03:00:00Z "]
)
def test_texts_in_another_form(text):
    assert not is_written(text)
