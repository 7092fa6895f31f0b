"""What the next reading of a mailbox will bring, for `amends check`: looks, reads no message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from connector.sources.imap import uids
from connector.sources.imap.client import Mailbox
from connector.sources.imap.place import Position


def forecast(
    mailbox: Mailbox,
    names: Sequence[str],
    position: Position | None,
    start_from: Literal["now", "everything"] | date,
) -> str:
    """Count in all folders, and say it in one sentence; no position: before the first start."""
    there = ahead = 0
    for name in names:
        mailbox.select(name, shown="a folder")
        found = mailbox.uids_behind(0)
        there += len(found)
        ahead += _ahead(mailbox, name, found, position, start_from)
    total = f"{there:,} {'message is' if there == 1 else 'messages are'} there"
    if position is not None:
        return (
            f"{total}, {ahead:,} of them still to be read" if ahead else f"{total}, all are known"
        )
    if start_from == "now":
        return f'{total} and will be left out (start_from = "now"); what comes from now on is read'
    if start_from == "everything":
        return f'{total}, all will be read (start_from = "everything"){_guarded(ahead)}'
    left = there - ahead
    return (
        f"{total}: {ahead:,} since {start_from} will be read, {left:,} older left out"
        f"{_guarded(ahead)}"
    )


def _ahead(
    mailbox: Mailbox,
    name: str,
    found: Sequence[int],
    position: Position | None,
    start_from: Literal["now", "everything"] | date,
) -> int:
    """Count what will be read in the selected folder."""
    if position is None:
        if start_from == "now":
            return 0
        if start_from == "everything":
            return len(found)
        return len(mailbox.uids_behind(0, since=start_from))
    progress = position.folders.get(name)
    if progress is not None and progress.uidvalidity == mailbox.uidvalidity:
        return len(uids.unknown(found, progress.known))
    day = position.search_day()
    return len(found) if day is None else len(mailbox.uids_behind(0, since=day))


def _guarded(ahead: int) -> str:
    return "; the storm guard holds what makes too many cases an hour" if ahead else ""
