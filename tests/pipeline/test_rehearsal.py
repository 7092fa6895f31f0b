"""Word lists and templates are loaded before the first item can be blamed for anything."""

from __future__ import annotations

from dataclasses import replace

from connector.pipeline.rehearsal import rehearse
from connector.testing.builders import some_rules


def test_a_rehearsal_plans_one_ticket_and_touches_nothing():
    assert rehearse(some_rules()) == 1


def test_what_cannot_be_prepared_is_found_at_the_start():
    def refuse(_change):
        raise ValueError("cannot")

    try:
        rehearse(replace(some_rules(), prepare=refuse))
    except ValueError:
        return
    raise AssertionError("the rehearsal did not look at the bodies")
