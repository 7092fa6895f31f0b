"""Rows that nobody has to judge: by their status, by their age, or because they are waited for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connector.domain.response import Row as Outcome
from connector.parsing.survey_identity import speaks
from connector.parsing.survey_mapping import Status
from connector.parsing.surveys import ResponseReader

MAX_DAYS = 20_000
"""So many days before `start_from` are remembered."""
_DAY_CHARS = len("2025-03-04")
_ANY_ZONE = timedelta(days=2)

_PASSED = {
    Status.PARTIAL: Outcome.PARTIAL,
    Status.UNANSWERED: Outcome.UNANSWERED,
    Status.SPAM: Outcome.SPAM,
    Status.TEST: Outcome.PREVIEW,
    Status.PREVIEW: Outcome.PREVIEW,
    Status.NO_CONSENT: Outcome.NO_CONSENT,
}
"""Rows that nobody has to judge, unless they hold words."""
_UNREAD = frozenset({Outcome.PREVIEW, Outcome.UNANSWERED, Outcome.NO_CONSENT})
"""Rows that nobody has to judge, whatever they hold."""


class Passing:
    """Says of the rows of one export whether somebody has to judge them."""

    def __init__(self, *, start: datetime | None, grace_s: int, written_s: int, now_s: int) -> None:
        """Rows from before `start` are passed over, partial ones until `grace_s` have passed.

        `written_s` is when the export was written, `now_s` the clock, both epoch seconds.
        """
        self._start, self._grace_s = start, grace_s
        self._written_s, self._now_s = written_s, now_s
        self._old_days: set[str] = set()
        self.again_s = 0
        """Once asked: when the first response is no longer waited for, epoch seconds, or 0."""

    def of(
        self, rows: Sequence[Sequence[str]], contents: list[bytes], reader: ResponseReader
    ) -> tuple[list[Outcome | None], list[bytes]]:
        """Say of each row why nobody has to judge it, if so, and what its content counts as."""
        passed = self._passed(rows, reader)
        for place, cells in enumerate(rows) if self._grace_s else ():
            if passed[place] is not Outcome.BACKFILL and self.is_over(cells, reader):
                passed[place], contents[place] = None, _another(contents[place])
        return passed, contents

    def _passed(
        self, rows: Sequence[Sequence[str]], reader: ResponseReader
    ) -> list[Outcome | None]:
        """Say of each row why nobody has to judge it, if so."""
        by_status = list(map(_PASSED.get, reader.statuses_of(rows)))
        if not any(by_status):
            if self._start is None:
                return by_status
            if self._all_old(rows, reader):
                return [Outcome.BACKFILL] * len(rows)
        return [self._why(one, cells, reader) for one, cells in zip(by_status, rows, strict=True)]

    def _why(
        self, by_status: Outcome | None, cells: Sequence[str], reader: ResponseReader
    ) -> Outcome | None:
        """Say why nobody has to judge a row of this status, if so."""
        if by_status in _UNREAD:
            return by_status
        if self._start is not None and self._is_old(cells, reader):
            return Outcome.BACKFILL
        return None if by_status is None or speaks(reader.layout, cells) else by_status

    def _all_old(self, rows: Sequence[Sequence[str]], reader: ResponseReader) -> bool:
        """Say whether all rows were handed in on days that are known as too old."""
        if not reader.layout.submitted:
            return False
        index = reader.layout.submitted[0].index
        return self._old_days.issuperset([cells[index][:_DAY_CHARS] for cells in rows])

    def is_over(self, cells: Sequence[str], reader: ResponseReader) -> bool:
        """Say whether a response that was begun is no longer waited for, and holds something."""
        layout = reader.layout
        if not self._grace_s or reader.status_of(cells) is not Status.PARTIAL:
            return False
        if not (
            any(cells[one.column.index].strip() for one in layout.scores) or speaks(layout, cells)
        ):
            return False
        when, _ = reader.submitted_of(cells)
        ends = self._grace_s + (self._written_s if when is None else int(when.timestamp()))
        if ends > self._now_s:
            self.again_s = min(self.again_s or ends, ends)
        return ends <= self._now_s

    def _is_old(self, cells: Sequence[str], reader: ResponseReader) -> bool:
        """Say whether a response was handed in before those that are judged.

        A day that is certainly before them, whatever the zone, is read once: an archive has many
        responses a day.
        """
        first = reader.layout.submitted[0] if reader.layout.submitted else None
        day = cells[first.index][:_DAY_CHARS] if first else ""
        if day in self._old_days:
            return True
        when, text = reader.submitted_of(cells)
        if when is None or self._start is None or when >= self._start:
            return False
        begins = len(day) == _DAY_CHARS and text.startswith(day) and text[_DAY_CHARS:][:1] in " T"
        if begins and when < self._start - _ANY_ZONE and len(self._old_days) < MAX_DAYS:
            self._old_days.add(day)
        return True


def _another(content: bytes) -> bytes:
    """Give the content of a response that is judged although it was never handed in."""
    return bytes([content[0] ^ 1]) + content[1:]
