"""`amends inspect --calls`: whole calls, from all logs of one phone system together."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from connector.domain.errors import EdgeError
from connector.domain.practice import Practice
from connector.parsing.calls.found import Broken, Found
from connector.parsing.calls.settings import CallSettings
from connector.parsing.calls.timeline import Names
from connector.report.calls import CallJudge, describe_call
from connector.report.inspection import Value
from connector.sources.base import HearsCalls, Source, SourceSettings
from connector.triage.settings import TriageSettings

_LEADING = ("asterisk_cel", "asterisk_cdr", "asterisk_queue_log")
"""Which log of a phone system tells most; the others complete it."""
_BESIDE = {"asterisk_queue_log": "queue_log", "asterisk_cdr": "cdr"}
"""The setting by which a leading log learns of another one."""


def together(found: Sequence[tuple[str, str, SourceSettings]]) -> list[tuple[str, SourceSettings]]:
    """Make one source of all Asterisk logs that were named, and keep others as they are.

    `found` has kind, path and settings in the order of the command line.
    """
    system = [one for one in found if one[0] in _LEADING]
    others = [(path, settings) for kind, path, settings in found if kind not in _LEADING]
    if not system:
        return others
    leading = min(system, key=lambda one: _LEADING.index(one[0]))[0]
    paths = {kind: [Path(path) for one, path, _ in system if one == kind] for kind in _LEADING}
    settings = next(one[2] for one in reversed(system) if one[0] == leading)
    update: dict[str, Any] = {
        "path": paths[leading][-1],
        "earlier": tuple(paths[leading][:-1]),
    }
    for kind, name in _BESIDE.items():
        if kind != leading and paths[kind] and name in type(settings).model_fields:
            update[name] = paths[kind][-1]
            if f"{name}_earlier" in type(settings).model_fields:
                update[f"{name}_earlier"] = tuple(paths[kind][:-1])
    known = {key: value for key, value in update.items() if key in type(settings).model_fields}
    return [(str(paths[leading][-1]), settings.model_copy(update=known)), *others]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed(Broken):
    """What nobody can understand, and the kind of the source in which it stands."""

    kind: str


class Together:
    """Tells the calls of all paths as those of one phone system, in the order of their ends."""

    def __init__(
        self,
        sources: Sequence[tuple[str, SourceSettings]],
        practice: Practice,
        triage: TriageSettings,
    ) -> None:
        """`sources` are paths as they were written, and what reads them."""
        self._sources = sources
        self._practice = practice
        self._triage = triage
        self.faults: list[tuple[str, EdgeError | OSError]] = []
        """Paths that could not be read to their end, and why."""
        self.empty: list[str] = []
        """Paths in which nothing was found."""

    def lines(self) -> Iterator[dict[str, Value]]:
        """Yield one object for each call, and one for each place that nobody can understand.

        Raises UsageError where a path tells no calls.
        """
        names = _all_names([settings for _, settings in self._sources])
        with ExitStack() as stack:
            opened = [
                (given, settings.kind, stack.enter_context(closing(settings.open(self._practice))))
                for given, settings in self._sources
            ]
            streams = [self._heard(*one) for one in opened]
            merged = (item for _, item in heapq.merge(*streams, key=itemgetter(0)))
            for judged in CallJudge(self._triage).judge(merged):
                if isinstance(judged, Broken):
                    yield _unreadable(judged)
                else:
                    yield describe_call(judged, self._triage.phone, self._practice.zone, names)

    def _heard(self, given: str, kind: str, source: Source) -> Iterator[tuple[float, Found]]:
        if not isinstance(source, HearsCalls):
            raise click.UsageError(f"{kind} tells no calls; leave --calls out")
        now, found = 0.0, False
        try:
            for item in source.calls():
                found = True
                if isinstance(item, Broken):
                    where = item.locator or given
                    yield now, _Placed(locator=where, problem=item.problem, raw=b"", kind=kind)
                else:
                    now = item.call.ended_at.timestamp()
                    yield now, item
        except (EdgeError, OSError) as error:
            self.faults.append((given, error))
            return
        if not found:
            self.empty.append(given)


def _unreadable(broken: Broken) -> dict[str, Value]:
    return {
        "type": "unreadable",
        "source": broken.kind if isinstance(broken, _Placed) else "",
        "locator": broken.locator,
        "problem": broken.problem,
    }


def _all_names(sources: Sequence[SourceSettings]) -> Names:
    """Give how the team calls things, by the settings of all sources."""
    known = [one for source in sources if (one := _names(source)) is not None]
    return Names(
        queues={key: name for one in known for key, name in one.queues.items()},
        staff={key: name for one in known for key, name in one.staff.items()},
        recordings={key: name for one in known for key, name in one.recordings.items()},
        lines={key: name for one in known for key, name in one.lines.items()},
    )


def _names(source: SourceSettings) -> Names | None:
    calls = getattr(source, "calls", None)
    queues = getattr(source, "queues", {})
    return calls.with_queues(queues).names() if isinstance(calls, CallSettings) else None
