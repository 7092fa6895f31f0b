"""Values that come again are understood once, and memory stays bounded."""

from __future__ import annotations

from connector.parsing import remembered
from connector.parsing.remembered import Remembered


def test_a_value_that_comes_again_is_understood_once():
    asked: list[str] = []
    lengths = Remembered[str, int](lambda given: asked.append(given) or len(given))
    assert [lengths[given] for given in ("no", "yes", "no")] == [2, 3, 2]
    assert asked == ["no", "yes"]


def test_what_is_long_or_too_much_is_understood_and_not_kept(monkeypatch):
    monkeypatch.setattr(remembered, "MAX_REMEMBERED", 2)
    monkeypatch.setattr(remembered, "MAX_REMEMBERED_CHARS", 3)
    joined = Remembered[tuple[str, ...], str]("".join)
    given = [("ab", "cd"), ("a",), ("b",), ("c",)]
    assert [joined[one] for one in given] == ["abcd", "a", "b", "c"]
    assert list(joined) == [("a",), ("b",)]
