"""What a channel event log cannot show as it is configured, with the setting that changes it."""

from __future__ import annotations

from collections.abc import Sequence

from connector.parsing.calls.cel_rows import CelRows
from connector.parsing.logfiles import Candidate

SAMPLE_BYTES = 1_048_576
"""So much of the end of a log is looked at."""
MIN_CALLS = 5
"""With fewer calls nothing can be said."""

_ALL = "set `events=ALL` in cel.conf and reload (`cel.conf` ships with a shorter list)"


def shortcomings(log: Candidate, columns: Sequence[str]) -> list[str]:
    """Name what the last part of a log does not show; nothing where there is too little of it."""
    log.seek(max(0, log.size - SAMPLE_BYTES))
    lines = b"".join(log.blocks(SAMPLE_BYTES)).split(b"\n")[1:-1]
    rows, bad = CelRows(columns).read(lines)
    if len(bad) > len(rows):
        return [f"most lines are no events: {bad[0].problem}"]
    kinds = {row[0] for row in rows}
    calls = sum(row[0] == "CHAN_START" and row[14] == row[15] for row in rows)
    apps = {row[10].lower() for row in rows if row[0] == "APP_START"}
    return _missing(kinds, apps) if calls >= MIN_CALLS else []


def _missing(kinds: set[str], apps: set[str]) -> list[str]:
    found: list[str] = []
    if "BRIDGE_ENTER" not in kinds:
        found.append(f"the log does not show who spoke with whom: {_ALL}")
    if "LINKEDID_END" not in kinds:
        found.append(
            f"the log does not show transfers and the ends of calls; they are inferred: {_ALL}"
        )
    if "STREAM_BEGIN" not in kinds:
        found.append(
            "the log does not show music on hold: hold time is unknown, and recordings only "
            "where their applications are listed; Asterisk 20.16, 21.11, 22.6 and later show "
            "both with `events=ALL` in cel.conf"
        )
    if not apps:
        found.append(
            "the log does not show applications (queues, voicemail, recordings): list them in "
            "cel.conf: `apps=dial,queue,voicemail,playback,background,waitexten,park` "
            "(`apps=all` is not honoured)"
        )
    return found
