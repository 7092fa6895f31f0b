"""What a person asked for waits for the helpdesk's limits, within reason."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from connector.domain.errors import OverShare, RateLimited, Unavailable
from connector.pipeline.provisioning import apply, plan
from connector.pipeline.selftest import Outcome, SelfTest
from connector.pipeline.waiting import LONGEST_S, TRIES, UNSAID_S, in_turn
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.builders import Clock, a_store
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk


@pytest.fixture
def pauses():
    return []


def refused(*pauses_s, kind=RateLimited):
    """A call that is refused for its rate so often, and then works."""
    left = list(pauses_s)

    def call():
        if left:
            raise kind("desk", "asks for a pause", retry_after_s=left.pop(0))
        return "done"

    return call


def test_a_call_is_made_again_after_the_pause_that_was_asked_for(pauses):
    desk = MemoryHelpdesk(MemoryDesk())
    assert in_turn(desk, "note", refused(7, None, 0), pause=pauses.append) == "done"
    assert pauses == [7, UNSAID_S, 1]


def test_our_own_share_is_waited_for_as_well(pauses):
    desk = MemoryHelpdesk(MemoryDesk())
    assert in_turn(desk, "open", refused(3, kind=OverShare), pause=pauses.append) == "done"
    assert pauses == [3]


@pytest.mark.parametrize("asked", [[LONGEST_S + 1], [1] * TRIES])
def test_too_long_or_too_often_is_told(pauses, asked):
    with pytest.raises(RateLimited):
        in_turn(MemoryHelpdesk(MemoryDesk()), "note", refused(*asked), pause=pauses.append)
    assert len(pauses) == len(asked) - 1


def test_other_trouble_is_not_waited_for(pauses):
    def call():
        raise Unavailable("desk", "did not answer")

    with pytest.raises(Unavailable):
        in_turn(MemoryHelpdesk(MemoryDesk()), "note", call, pause=pauses.append)
    assert pauses == []


def test_a_paced_helpdesk_is_asked_in_turn(pauses):
    waits, turns = [0.5, 2.0, 0.0], []

    class Slow(MemoryHelpdesk):
        def pause_s(self, op, *, urgent=False):
            assert not urgent
            turns.append(op)
            return waits.pop(0)

        @contextmanager
        def turn(self, op, *, urgent=False):
            del urgent
            turns.append(f"turn {op}")
            yield

    desk = Slow(MemoryDesk())
    assert in_turn(desk, "find", lambda: "done", pause=pauses.append) == "done"
    assert pauses == [0.5, 2.0]
    assert turns == ["find", "find", "find", "turn find"]


def test_the_self_test_waits_too():
    clock = Clock()
    desk = MemoryDesk(now=clock)
    desk.forecast.extend([Weather.BUSY, Weather.FAIR, Weather.BUSY])
    test = SelfTest(helpdesk=MemoryHelpdesk(desk), token="t", clock=clock, pause=clock.advance)
    assert [one for one in test.run() if one.outcome is Outcome.FAILED] == []
    assert len(desk.tickets) == 1


def test_setting_up_waits_too(tmp_path):
    clock = Clock()
    desk = MemoryDesk(now=clock)
    store = a_store(tmp_path, clock)
    helpdesk, wanted = MemoryHelpdesk(desk), blueprint(RecoverySettings())
    desk.forecast.extend([Weather.BUSY, Weather.FAIR, Weather.BUSY])
    began = clock.now
    steps = plan(helpdesk, wanted, pause=clock.advance)
    done = list(apply(store, helpdesk, wanted, steps, pause=clock.advance))
    store.close()
    assert [one.problem for one in done] == [""] * len(steps)
    assert len(desk.setup) == len(steps)
    assert (clock.now - began).total_seconds() == 14
