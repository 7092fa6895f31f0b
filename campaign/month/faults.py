"""Faults that are planted in the program, each with the rows of the table that must tell of it.

A month in which nothing disagrees says little unless one with a mistake disagrees where it should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from connector.pipeline import edits, observing, owing, paging, promises
from connector.pipeline.promises import Promises
from connector.recovery import evidence, holds, hours, ladder

Planted = AbstractContextManager[Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A mistake in the program."""

    says: str
    plant: Callable[[], Planted]
    shows: frozenset[str]
    """Rows of the table, one of which at least must disagree."""


def _no_holidays() -> Planted:
    made = hours._open_times  # noqa: SLF001 - a planted fault reaches inside

    def every_day(start: Any, week: Any, zone: Any) -> Any:
        return made(start, replace(week, holidays=frozenset(), region=""), zone)

    return mock.patch.object(hours, "_open_times", every_day)


def _told_twice() -> Planted:
    made = promises._record  # noqa: SLF001 - likewise

    def twice(tx: Any, before: Any, asked: Any) -> None:
        made(tx, before, asked)
        made(tx, before, asked)

    return mock.patch.object(promises, "_record", twice)


def _never_takes_away() -> Planted:
    made = owing.respected

    def kept(tx: Any, changes: Any) -> Any:
        for change in made(tx, changes):
            has = getattr(change, "remove_tags", ())
            yield replace(change, remove_tags=()) if has else change

    return mock.patch.object(owing, "respected", kept)


def _old_clocks() -> Planted:
    return mock.patch.object(Promises, "_anew", return_value=None)


def _silent_silence() -> Planted:
    made = paging.owe

    def owe(tx: Any, case: Any, number: int, whys: Any, routes: Any, **more: Any) -> None:
        made(tx, case, number, [one for one in whys if one.value != "silence"], routes, **more)

    return mock.patch.object(paging, "owe", owe)


def _any_word() -> Planted:
    made = observing.is_contact

    def anything(event: Any, requester: str) -> bool:
        return (event.kind == "note" and "note_key" not in event.data) or made(event, requester)

    return mock.patch.object(observing, "is_contact", anything)


def _forgotten_rest() -> Planted:
    return mock.patch.object(holds, "_moved", lambda due_at, *_: due_at)


def _cause_forgotten() -> Planted:
    made = evidence.missing

    def without(*said: Any, **more: Any) -> Any:
        return tuple(one for one in made(*said, **more) if one != "root_cause")

    return mock.patch.object(evidence, "missing", without)


def _ours_again() -> Planted:
    return mock.patch.object(edits, "spare", lambda change, *_, **__: change)


def _by_the_calendar() -> Planted:
    return mock.patch.object(ladder, "open_minutes", return_value=0)


FAULTS: Mapping[str, Fault] = {
    "holiday": Fault(
        says="opening hours know no holidays",
        plant=_no_holidays,
        shows=frozenset({"contact due", "resolution due"}),
    ),
    "twice": Fault(
        says="a rung is told twice",
        plant=_told_twice,
        shows=frozenset({f"rung {share} %" for share in (50, 80, 100, 200)}),
    ),
    "tag": Fault(
        says="tags that no longer hold are left on the ticket",
        plant=_never_takes_away,
        shows=frozenset({"SLA tag", "incomplete tag", "late and second-look tags"}),
    ),
    "reopening": Fault(
        says="reopening starts no new clock",
        plant=_old_clocks,
        shows=frozenset({"contact due", "resolution due"}),
    ),
    "silence": Fault(
        says="nobody outside hears that nobody acts on a critical case",
        plant=_silent_silence,
        shows=frozenset({"pages, each once"}),
    ),
    "contact": Fault(
        says="a private note counts as first contact",
        plant=_any_word,
        shows=frozenset({"first contact"}),
    ),
    "hold": Fault(
        says="a hold moves no due time",
        plant=_forgotten_rest,
        shows=frozenset({"contact due", "resolution due"}),
    ),
    "step": Fault(
        says="a case counts as recovered without its cause",
        plant=_cause_forgotten,
        shows=frozenset({"steps that lack"}),
    ),
    "edits": Fault(
        says="what agents changed is written over",
        plant=_ours_again,
        shows=frozenset({"priority", "agents' edits stand"}),
    ),
    "shares": Fault(
        says="shares of a clock are counted by the calendar",
        plant=_by_the_calendar,
        shows=frozenset({"rung 50 %", "rung 80 %", "rung 200 %"}),
    ),
}
