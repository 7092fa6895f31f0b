"""`amends inspect --calls`: whole calls, from all logs of one phone system together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from connector.domain.practice import Practice
from connector.parsing.calls.found import Broken
from connector.parsing.calls.timeline import Names
from connector.report.calls import CallJudge, describe_call
from connector.report.inspection import Value
from connector.sources.base import HearsCalls, SourceSettings
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


def lines(
    settings: SourceSettings, given: str, practice: Practice, triage: TriageSettings
) -> Iterator[dict[str, Value]]:
    """Yield one object for each call, and one for each place that nobody can understand."""
    with closing(settings.open(practice)) as source:
        if not isinstance(source, HearsCalls):
            raise click.UsageError(f"{settings.kind} tells no calls; leave --calls out")
        names = getattr(getattr(settings, "calls", None), "names", Names)()
        for judged in CallJudge(triage).judge(source.calls()):
            if isinstance(judged, Broken):
                yield {
                    "type": "unreadable",
                    "source": settings.kind,
                    "locator": judged.locator or given,
                    "problem": judged.problem,
                }
            else:
                yield describe_call(judged, triage.phone, practice.zone, names)
