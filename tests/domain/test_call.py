"""One call as the caller lived it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from connector.domain.call import Aspect, Call, Direction, Heard, Hold

AT = datetime(2031, 3, 4, 15, 0, tzinfo=UTC)
CALL = Call(key="1930000000.7", started_at=AT, ended_at=AT, direction=Direction.INBOUND)


def test_what_a_log_cannot_show_is_unknown_and_not_absent():
    assert (CALL.hold_s_max, CALL.same_recording_max) == (None, None)
    shown = replace(CALL, shows=frozenset({Aspect.HOLDS, Aspect.RECORDINGS}))
    assert (shown.hold_s_max, shown.same_recording_max) == (0, 0)


def test_the_longest_hold_counts():
    assert replace(CALL, holds=(Hold(at=AT, seconds=4), Hold(at=AT, seconds=70))).hold_s_max == 70


def test_a_menu_that_repeats_itself_is_one_place():
    menu = tuple(Heard(at=AT, name="custom/welcome", place=0) for _ in range(3))
    again = Heard(at=AT, name="custom/welcome", place=1)
    assert replace(CALL, recordings=menu).same_recording_max == 3
    assert replace(CALL, recordings=menu).recording_places_max == 1
    assert replace(CALL, recordings=(*menu, again)).recording_places_max == 2


def test_calls_from_outside_are_the_ones_that_can_fail():
    kinds = {kind: replace(CALL, direction=kind).from_outside for kind in Direction}
    assert [kind.value for kind, outside in kinds.items() if outside] == ["inbound", "unknown"]
