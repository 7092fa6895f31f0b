"""One record to a leg, by a preset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from fnmatch import translate
from functools import lru_cache
from typing import Any, Final, Generic, TypeAlias, TypeVar

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
Answer = TypeVar("Answer")
_ANSWERED: Final = Outcome.ANSWERED
MAX_KNOWN: Final = 4_096
"""Answers that are remembered of one condition or table of words."""


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
        self._milliseconds = frozenset(preset.milliseconds)
        self._call = _folded(names.call)
        self._leg = _folded(names.leg)
        self._pick = {name: compiled(pattern) for name, pattern in preset.pick.items()}
        self._outcome = _Words(preset.outcome, lambda word: Outcome(word or Outcome.UNKNOWN.value))
        self._direction = _Words(
            preset.direction, lambda word: Direction(word or Direction.UNKNOWN.value)
        )
        self._ended_by = _Words(preset.ended_by, HangUp)
        self._transfer = _Words(preset.transfer, _transfer)
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
        outcome = self._outcome(record)
        answered = self._time(record, "answered")
        if answered is None and outcome is _ANSWERED and ring is not None:
            answered = started + ring
        if outcome is not _ANSWERED and answered is not None and answered > ended:
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
            direction=self._direction(record),
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
            ended_by=self._ended_by(record),
            transfer=self._transfer(record),
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
        value = self._raw(record, name)
        if not value:
            return ""
        if len(value) > MAX_CELL_CHARS or not (value.isascii() and value.isprintable()):
            value = without_controls(value[:MAX_CELL_CHARS]).strip()
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
        return _seconds(value, name in self._milliseconds) if value else None


class _Cells:
    """The cells that some conditions look at: the same cells give the same answer again."""

    def __init__(self, whens: Iterable[When]) -> None:
        columns = dict.fromkeys(fold(column) for when in whens for column in when)
        self.columns = tuple(columns)

    def of(self, record: Record) -> tuple[str, ...]:
        return tuple([record.get(column, "") for column in self.columns])

    def keep(
        self, known: dict[tuple[str, ...], Answer], cells: tuple[str, ...], one: Answer
    ) -> None:
        """Remember an answer, as long as there are few and they are short."""
        if len(known) < MAX_KNOWN and sum(map(len, cells)) <= MAX_CELL_CHARS:
            known[cells] = one


class _Whens:
    """Says whether one of some conditions holds."""

    def __init__(self, whens: Sequence[When]) -> None:
        self._whens = [_tests(when) for when in whens]
        self._cells = _Cells(whens)
        self._known: dict[tuple[str, ...], bool] = {}

    def __call__(self, record: Record) -> bool:
        if not self._whens:
            return False
        cells = self._cells.of(record)
        holds = self._known.get(cells)
        if holds is None:
            holds = any(_holds(tests, record) for tests in self._whens)
            self._cells.keep(self._known, cells, holds)
        return holds


class _Words(Generic[Answer]):
    """Gives the word of the first rule that holds, as what it means."""

    def __init__(self, rules: Sequence[Rule], meaning: Callable[[str], Answer]) -> None:
        self._rules = [(rule.word, _tests(rule.when)) for rule in rules]
        self._cells = _Cells(rule.when for rule in rules)
        self._meaning = meaning
        self._known: dict[tuple[str, ...], Answer] = {}

    def __call__(self, record: Record) -> Answer:
        cells = self._cells.of(record)
        if cells in self._known:
            return self._known[cells]
        word = next((w for w, tests in self._rules if _holds(tests, record)), "")
        found = self._meaning(word)
        self._cells.keep(self._known, cells, found)
        return found


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
    form, cells = _form(tuple(record))
    whole = form % cells(record)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@lru_cache(maxsize=64)
def _form(columns: tuple[str, ...]) -> tuple[str, Callable[[Record], tuple[str, ...]]]:
    r"""Give `a=%s\x1fb=%s`, columns by name, and what picks the cells: made once for a header."""
    names = sorted(columns)
    form = "\x1f".join(f"{name.replace('%', '%%')}=%s" for name in names)
    return form, lambda record: tuple([record[name] for name in names])


@lru_cache(maxsize=4_096)
def _seconds(text: str, milliseconds: bool) -> int | None:  # noqa: FBT001 - a key of the cache
    return seconds_of(text[:MAX_CELL_CHARS], milliseconds=milliseconds)


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
