import pytest

from comity.node.acts import together as module
from comity.node.acts.together import all_asked_about, once_together, together


class Asked:
    """A read that counts how often the database would have been asked."""

    def __init__(self) -> None:
        self.count = 0
        self.read = once_together(self._read)

    def _read(self, what: str, *, day: int = 1) -> str:
        self.count += 1
        return f"{what} on {day}"


def test_outside_of_a_block_every_question_is_asked():
    asked = Asked()
    assert [asked.read("terms"), asked.read("terms")] == ["terms on 1"] * 2
    assert asked.count == 2


def test_within_a_block_each_distinct_question_is_asked_once():
    asked = Asked()
    with together():
        told = [
            asked.read("terms"),
            asked.read("terms", day=2),
            asked.read("terms"),
            asked.read("terms", day=2),
        ]
    assert told == ["terms on 1", "terms on 2"] * 2
    assert asked.count == 2


def test_nothing_is_kept_from_one_block_to_the_next():
    asked = Asked()
    for _ in range(2):
        with together():
            asked.read("terms")
    assert asked.count == 2


def test_a_block_that_fails_ends_all_the_same():
    asked = Asked()
    with pytest.raises(KeyError), together():
        dict[str, str]()[asked.read("terms")]
    asked.read("terms")
    assert asked.count == 2


def test_what_is_asked_about_is_read_at_once():
    with together(["a", "b", "a", "c"]):
        assert all_asked_about(["c", "a"]) == ("a", "b", "c")
        assert all_asked_about(["c", "d"]) == ("c", "d")
        assert all_asked_about([]) == ()
    assert all_asked_about(["c", "a", "c"]) == ("c", "a")


def test_too_much_is_not_read_ahead(monkeypatch):
    monkeypatch.setattr(module, "MOST_AHEAD", 2)
    with together(["a", "b", "c"]):
        assert all_asked_about(["a"]) == ("a",)
