from __future__ import annotations

from itertools import pairwise

import pytest

from comity.base.tlp import Tlp

IN_ORDER = [Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED]


def test_labels_compare_from_open_to_closed():
    assert sorted(Tlp, reverse=True) == IN_ORDER[::-1]
    for lower, higher in pairwise(IN_ORDER):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert not higher <= lower
    assert Tlp.AMBER <= Tlp.AMBER
    assert not Tlp.AMBER < Tlp.AMBER
    assert [label.rank for label in IN_ORDER] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("label", "written"),
    list(zip(IN_ORDER, ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"], strict=True)),
)
def test_labels_are_written_as_first_writes_them(label, written):
    assert label.label == written
