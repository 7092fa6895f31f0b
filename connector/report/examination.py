"""What is wrong with state, sources and helpdesk, in plain words with the cure; changes nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connector.domain.errors import AmendsError, ConfigError
from connector.domain.signal import Cursor
from connector.helpdesks.base import Assigns, Helpdesk
from connector.paging.page import Page
from connector.paging.send import probe, send
from connector.paging.settings import MailRoute, PagingSettings
from connector.sources.base import Admits, Forecasts, Probes, Source
from connector.store import engine, volume
from connector.store.store import MIN_FREE_BYTES

WAL_RESET_FIXED = (3, 51, 3)
"""SQLite before this can corrupt a database when two connections checkpoint at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was examined."""

    part: str
    """state | source NAME | helpdesk NAME | configuration."""
    level: str
    """ok | warning | problem."""
    what: str
    cure: str = ""


def examine_state(state_dir: Path) -> Iterator[Finding]:
    """Look at the state directory, its disk and the SQLite library."""
    if state_dir.exists() and not state_dir.is_dir():
        yield _state("problem", f"{state_dir} is no directory", "name another state_dir")
        return
    if not state_dir.exists():
        yield from _absent(state_dir)
        return
    mode = stat.S_IMODE(state_dir.stat().st_mode)
    found = False
    if mode & 0o077:
        found = True
        yield _state("warning", f"{state_dir} can be read by others", f"chmod 700 {state_dir}")
    if not os.access(state_dir, os.W_OK | os.X_OK):
        found = True
        yield _state("problem", f"{state_dir} cannot be written by this user", "check its owner")
    if engine.free_bytes(state_dir) < MIN_FREE_BYTES:
        found = True
        yield _crowded(state_dir)
    kind = volume.filesystem(state_dir)
    if kind in volume.NETWORK:
        found = True
        yield _state(
            "problem",
            f"{state_dir} is on a network file system ({kind})",
            "move the state to a local disk; locks and write-ahead log do not hold there",
        )
    if not found:
        yield _state("ok", f"{state_dir} is ours and writable", "")
    if engine.sqlite_version() < WAL_RESET_FIXED:
        version = ".".join(map(str, engine.sqlite_version()))
        yield _state(
            "ok",
            f"SQLite {version}; do not run other writers or replication tools on the database",
            "",
        )


def _absent(state_dir: Path) -> Iterator[Finding]:
    parent = next((p for p in state_dir.parents if p.is_dir()), Path("/"))
    if os.access(parent, os.W_OK) and engine.free_bytes(parent) < MIN_FREE_BYTES:
        yield _crowded(parent)
    elif os.access(parent, os.W_OK):
        yield _state("ok", f"{state_dir} does not exist yet; it will be made", "")
    else:
        yield _state(
            "problem",
            f"{state_dir} does not exist and cannot be made by this user",
            f"make it and give it to the user that runs amends (install -d -m 700 {state_dir})",
        )


def _crowded(path: Path) -> Finding:
    return _state(
        "problem",
        "less than 64 MiB are free; nothing new is read",
        f"free some space on the volume of {path}",
    )


def examine_source(
    name: str, source: Source, cursors: Mapping[str, Cursor] | None
) -> Iterator[Finding]:
    """Ask a source what is wrong with its place, and what it will read next.

    `cursors` says where sources go on; None when that is not known.
    """
    part = f"source {name}"
    if not isinstance(source, Probes):
        yield Finding(part=part, level="ok", what="nothing to examine")
        return
    try:
        problems = source.probe()
    except AmendsError as error:
        problems = [str(error)]
    for problem in problems:
        yield Finding(part=part, level="problem", what=problem)
    if problems:
        return
    told = ""
    if cursors is not None and isinstance(source, Forecasts):
        try:
            told = source.forecast(cursors.get(name))
        except AmendsError as error:
            yield Finding(part=part, level="problem", what=str(error))
            return
    yield Finding(part=part, level="ok", what=f"can be read; {told}" if told else "can be read")
    for shortcoming in source.cannot_show() if isinstance(source, Admits) else ():
        yield Finding(part=part, level="ok", what=f"note: {shortcoming}")


def examine_helpdesk(helpdesk: Helpdesk) -> Iterator[Finding]:
    """Ask the helpdesk's plugin what is wrong with account, rights and fields."""
    part = f"helpdesk {helpdesk.name}"
    try:
        problems = helpdesk.check()
    except AmendsError as error:
        yield Finding(part=part, level="problem", what=str(error))
        return
    for problem in problems:
        level = "problem" if problem.fatal else "warning"
        yield Finding(part=part, level=level, what=problem.what, cure=problem.cure)
    if not any(problem.fatal for problem in problems):
        yield Finding(part=part, level="ok", what="answers, and we may do what we need")


def examine_people(helpdesk: Helpdesk, accounts: Collection[str]) -> Iterator[Finding]:
    """Ask the helpdesk whether it knows those to whom late cases are to be assigned."""
    part = "recovery.escalation"
    if not accounts:
        return
    if not isinstance(helpdesk, Assigns):
        what = "this helpdesk cannot assign tickets; the manager is named in a note only"
        yield Finding(part=part, level="warning", what=what, cure="take the logins away")
        return
    try:
        strangers = helpdesk.strangers(sorted(accounts))
    except AmendsError as error:
        yield Finding(part=part, level="problem", what=str(error))
        return
    for name in strangers:
        yield Finding(
            part=part,
            level="problem",
            what=f"the helpdesk has nobody with the login {name!r} to whom tickets can be given",
            cure="write it as it stands in the helpdesk, or let us see its people",
        )
    if not strangers:
        yield Finding(part=part, level="ok", what="those who get late cases are known there")


def examine_routes(paging: PagingSettings) -> Iterator[Finding]:
    """Try the ways to people outside the helpdesk, as far as that tells nobody anything."""
    for route in paging.routes:
        part = f"route {route.name}"
        try:
            probe(route)
        except AmendsError as error:
            cure = "mend it: it is needed when the helpdesk is down"
            yield Finding(part=part, level="problem", what=str(error), cure=cure)
            continue
        tried = isinstance(route, MailRoute)
        what = "the mail server takes our login" if tried else "cannot be tried without telling"
        yield Finding(part=part, level="ok", what=what)


def page_by(paging: PagingSettings, name: str, at: datetime) -> Finding:
    """Send a test page by one way. Raises ConfigError when there is no such way."""
    route = next((one for one in paging.routes if one.name == name), None)
    if route is None:
        known = ", ".join(one.name for one in paging.routes) or "none is configured"
        raise ConfigError([f"paging: there is no route {name} ({known})"])
    page = Page(
        key=f"test.{at:%Y%m%dT%H%M%S}.{name}"[:64],
        why="test",
        case_id="C-00000-00000",
        severity=4,
        category="other.unclassified",
        due="",
        url="",
    )
    part = f"route {name}"
    try:
        refused = send(route, page, at)
    except AmendsError as error:
        return Finding(part=part, level="problem", what=str(error), cure="mend it and try again")
    what = "a test page was sent; ask who should have it"
    if refused:
        return Finding(part=part, level="warning", what=f"{what}; {refused} recipients refused")
    return Finding(part=part, level="ok", what=what)


def _state(level: str, what: str, cure: str) -> Finding:
    return Finding(part="state", level=level, what=what, cure=cure)
