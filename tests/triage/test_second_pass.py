"""The memory of the second pass: what is needed to know a call's fate, and never more."""

from __future__ import annotations

from collections.abc import Iterator

from connector.triage import second_pass
from connector.triage.callers import Seen
from connector.triage.second_pass import SecondPass
from connector.triage.settings import PhoneLimits

LIMITS = PhoneLimits()


def call(key: str, at: int, number: str = "+13035550101", *, failed: bool = True) -> Seen:
    return Seen(
        key=key,
        number=number,
        started=at,
        ended=at + 30,
        outbound=False,
        reached=not failed,
        failed=failed,
        message=False,
        line="3035550140",
    )


def one_pass() -> SecondPass[str]:
    return SecondPass(LIMITS, lambda one: one.ended + 600)


def fed(memory: SecondPass[str], *calls: Seen) -> Iterator[tuple[str, list[str]]]:
    for one in calls:
        for payload, _, others in memory.feed(one, one.key, one.ended):
            yield payload, [other.key for other in others]


def test_a_failed_call_is_told_with_the_calls_before_and_after_it():
    memory = one_pass()
    later = call("c", 2_000, number="+13035550199", failed=False)
    told = list(fed(memory, call("a", 100, failed=False), call("b", 200), later))
    assert told == [("a", []), ("b", ["a"]), ("c", [])]


def test_a_number_that_calls_without_end_is_remembered_by_its_last_calls(monkeypatch):
    monkeypatch.setattr(second_pass, "MAX_OF_NUMBER", 3)
    memory = one_pass()
    many = [call(str(at), at * 10, failed=False) for at in range(20)]
    told = list(fed(memory, *many))
    assert told[-1] == ("19", ["17", "18"])
    assert max(len(others) for _, others in told) == 2


def test_calls_that_are_older_than_the_window_are_forgotten():
    memory = one_pass()
    day = LIMITS.repeat_hours * 3_600
    numbers = [f"+1303555{at:04d}" for at in range(50)]
    list(fed(memory, *[call(one, 100, one, failed=False) for one in numbers]))
    list(fed(memory, call("z", 100 + 2 * day, failed=False)))
    assert list(memory._by_number) == ["+13035550101"]
    assert len(memory._ages) == 1


def test_what_is_forgotten_of_a_busy_number_is_forgotten_once(monkeypatch):
    monkeypatch.setattr(second_pass, "MAX_OF_NUMBER", 2)
    monkeypatch.setattr(second_pass, "MAX_REMEMBERED", 3)
    memory = one_pass()
    told = list(fed(memory, *[call(str(at), at * 10, failed=False) for at in range(6)]))
    assert told[-1] == ("5", ["4"])
    assert len(memory._by_number["+13035550101"]) == 2
