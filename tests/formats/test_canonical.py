"""RFC 8785 by its published vectors."""

import json
import struct
from pathlib import Path

import pytest

from comity.base.errors import Malformed
from comity.formats.canonical import canonical, sha256_hex

VECTORS = json.loads(Path("tests/vectors/formats/rfc8785.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["numbers"], ids=lambda vector: vector["ieee754"])
def test_numbers_of_appendix_b(vector):
    (number,) = struct.unpack(">d", bytes.fromhex(vector["ieee754"]))
    assert canonical(number) == vector["text"].encode()


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda vector: vector["name"])
def test_published_values(vector):
    assert canonical(json.loads(vector["input"])) == vector["output"].encode()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, "\ud800", {"\ud800": 1}, {1: 2}, {"a": object()}]
)
def test_values_without_canonical_form(value):
    with pytest.raises(Malformed, match="no canonical form"):
        canonical(value)


def test_digest_of_the_empty_object():
    assert sha256_hex(canonical({})) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
