"""One record to a leg, by a preset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from fnmatch import translate
from functools import lru_cache
from typing import Any, Final, TypeAlias

from connector.domain.call import Direction, HangUp, Outcome, TransferKind
from connector.parsing.calls.legs import Leg
from connector.parsing.calls.presets import FieldNames, Preset, Rule, When, fold
from connector.parsing.calls.table_times import TableClock, seconds_of
from connector.parsing.people import without_controls
from connector.parsing.recipes import compiled
from connector.parsing.survey_times import DateOrder

MAX_CELL_CHARS: Final = 400
"""A cell is cut to this: numbers, names and ids are far shorter."""
MAX_KEY_CHARS: Final = 300

Record: TypeAlias = Mapping[str, str]
"""Cells by folded column name or path."""
_Test: TypeAlias = Callable[[str], bool]


class Unusable(ValueError):
    """A row that cannot be read; the message is a sentence without its words."""


class LegMaker:
    """Reads records by one preset."""

    def __init__(self, preset: Preset, zone: tzinfo, order: DateOrder) -> None:
        """`zone` and `order` count where the preset names none."""
        self.preset = preset
        self._clock = TableClock(zone, preset.date_order or order)
        names = preset.fields
        self._alternatives = {
            name: tuple(fold(column) for column in getattr(names, name))
            for name in FieldNames.model_fields
            if name not in {"call", "leg"}
        }
        self._call = _folded(names.call)
        self._leg = _folded(names.leg)
        self._pick = {name: compiled(pattern) for name, pattern in preset.pick.items()}
        self._outcome = _Words(preset.outcome)
        self._direction = _Words(preset.direction)
        self._ended_by = _Words(preset.ended_by)
        self._transfer = _Words(preset.transfer)
        self._skip = _Whens(preset.skip)
        self._whole = _Whens(preset.whole)
        self._continues = _Whens(preset.continues)
        self._going_on = _Whens(preset.going_on)
        self._person = _Whens(preset.person)
        self._queued = _Whens(preset.queued)

    def leg(self, record: Record) -> Leg | None:
        """Read one record; None for one that is no call. Raises Unusable."""
        if self._skip(record):
            return None
        key = _first(record, self._call)
        if not key:
            raise Unusable("The row has no id of its call.")
        started = self._time(record, "started")
        if started is None:
            raise Unusable("The row does not say when its call began.")
        ring, talk, hold, park = (
            self._seconds(record, n) for n in ("ring", "talk", "hold", "park")
        )
        ended = self._end(record, started, (ring, talk, hold, park))
        outcome = Outcome(self._outcome(record) or Outcome.UNKNOWN.value)
        answered = self._time(record, "answered")
        if answered is None and outcome is Outcome.ANSWERED and ring is not None:
            answered = started + ring
        if outcome is not Outcome.ANSWERED and answered is not None and answered > ended:
            answered = None
        in_queue = not self.preset.queued or self._queued(record)
        is_person = not self.preset.person or self._person(record)
        return Leg(
            key=key,
            links=tuple(
                value[:MAX_KEY_CHARS]
                for name in self._alternatives["links"]
                if (value := record.get(name, "").strip())
            ),
            ident=_first(record, self._leg) or _content(record),
            version=self._text(record, "version"),
            started_at=started,
            answered_at=answered,
            ended_at=max(ended, answered or ended),
            direction=Direction(self._direction(record) or Direction.UNKNOWN.value),
            caller=self._text(record, "caller"),
            caller_name=self._text(record, "caller_name"),
            dialled=self._text(record, "dialled"),
            who=self._text(record, "who") if is_person else "",
            outcome=outcome,
            queue=self._text(record, "queue") if in_queue else "",
            ring_s=ring,
            wait_s=self._seconds(record, "wait"),
            talk_s=talk,
            hold_s=hold,
            park_s=park,
            message_s=self._seconds(record, "message"),
            ended_by=HangUp(self._ended_by(record)),
            transfer=_transfer(self._transfer(record)),
            whole=self._whole(record),
            last=not self._continues(record) if self.preset.continues else None,
            going_on=self._going_on(record),
        )

    def _end(self, record: Record, started: float, parts: Sequence[int | None]) -> float:
        ended = self._time(record, "ended")
        if ended is None:
            total = self._seconds(record, "total")
            ended = started + (sum(part or 0 for part in parts) if total is None else total)
        return max(started, ended)  # a clock that stepped back, or a negative duration

    def _raw(self, record: Record, name: str) -> str:
        for column in self._alternatives[name]:
            value = record.get(column)
            if value and (value := value.strip()):
                return value
        return ""

    def _text(self, record: Record, name: str) -> str:
        value = without_controls(self._raw(record, name)[:MAX_CELL_CHARS]).strip()
        pattern = self._pick.get(name)
        if pattern is None or not value:
            return value
        found = pattern.search(value)
        return (found.group(1) or "").strip() if found else ""

    def _time(self, record: Record, name: str) -> float | None:
        for column in self._alternatives[name]:
            value = record.get(column)
            if value and (at := self._clock.epoch(value)) is not None:
                return at
        return None

    def _seconds(self, record: Record, name: str) -> int | None:
        value = self._raw(record, name)
        return seconds_of(value, milliseconds=name in self.preset.milliseconds) if value else None


class _Whens:
    """Says whether one of some conditions holds."""

    def __init__(self, whens: Sequence[When]) -> None:
        self._whens = [_tests(when) for when in whens]

    def __call__(self, record: Record) -> bool:
        return any(_holds(tests, record) for tests in self._whens)


class _Words:
    """Gives the word of the first rule that holds; rows with the same cells are looked up."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule.word, _tests(rule.when)) for rule in rules]
        columns = dict.fromkeys(fold(column) for rule in rules for column in rule.when)
        self._columns = tuple(columns)
        self._known: dict[tuple[str, ...], str] = {}

    def __call__(self, record: Record) -> str:
        cells = tuple(record.get(column, "") for column in self._columns)
        word = self._known.get(cells)
        if word is None:
            word = next((w for w, tests in self._rules if _holds(tests, record)), "")
            if len(self._known) < 4_096:  # noqa: PLR2004 - bounds the memory
                self._known[cells] = word
        return word


def _tests(when: When) -> list[tuple[str, tuple[_Test, ...]]]:
    return [(fold(column), tuple(map(_test, wanted))) for column, wanted in when.items()]


def _holds(tests: Sequence[tuple[str, tuple[_Test, ...]]], record: Record) -> bool:
    return all(
        any(test(record.get(column, "").strip()) for test in alternatives)
        for column, alternatives in tests
    )


@lru_cache(maxsize=4_096)
def _test(wanted: str) -> _Test:
    """Make the test of one cell: a text, empty, a comparison, or one of these after `!`."""
    if wanted.startswith("!"):
        inner = _test(wanted[1:])
        return lambda cell: not inner(cell)
    if wanted[:1] in {">", "<"} and _number(wanted[1:]) is not None:
        bound, above = _number(wanted[1:]) or 0.0, wanted[0] == ">"
        return lambda cell: (n := _amount(cell)) is not None and (n > bound if above else n < bound)
    if wanted == "":
        return lambda cell: not cell
    if wanted == "*":
        return bool
    matches = re.compile(translate(wanted.casefold())).match
    return lambda cell: matches(cell.casefold()) is not None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) < 1e15 else None  # noqa: PLR0124, PLR2004 - NaN


def _amount(cell: str) -> float | None:
    """A number, or a duration written as a clock shows it."""
    number = _number(cell)
    return (
        float(seconds) if number is None and (seconds := seconds_of(cell)) is not None else number
    )


def _transfer(word: str) -> TransferKind | None:
    return TransferKind(word) if word else None


def _folded(parts: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(fold(column) for column in columns) for columns in parts)


def _first(record: Record, alternatives: Sequence[Sequence[str]]) -> str:
    for columns in alternatives:
        values = [record.get(column, "").strip() for column in columns]
        if all(values):
            return "|".join(values)[:MAX_KEY_CHARS]
    return ""


def _content(record: Record) -> str:
    """Give the content of a row as its id."""
    whole = "\x1f".join(f"{name}={value}" for name, value in sorted(record.items()))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def flat(value: Any, *, prefix: str = "", depth: int = 6) -> dict[str, str]:
    """Give the cells of a JSON record by their paths (`from.phoneNumber`), lists left out."""
    cells: dict[str, str] = {}
    if not isinstance(value, dict):
        return cells
    for name, inner in value.items():
        path = f"{prefix}{fold(str(name))}"
        if isinstance(inner, dict):
            if depth > 1:
                cells.update(flat(inner, prefix=f"{path}.", depth=depth - 1))
        elif inner is None:
            cells[path] = ""
        elif isinstance(inner, bool):
            cells[path] = "true" if inner else "false"
        elif isinstance(inner, str | int | float):
            cells[path] = str(inner)
    return cells
