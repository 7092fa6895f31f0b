"""Which files of a log to read, from where on, and whether anything in between is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.parsing import logfiles
from connector.parsing.log_position import Position
from connector.parsing.logfiles import TAIL_BYTES, Candidate

ALIKE_BYTES = 8_192
"""Two files may begin alike up to here (a header): before it, one match is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One file to read in this turn."""

    file: Candidate
    after: Position | None
    """Where to go on in it; None: from its start."""
    finished: bool = False
    """True when nobody should write to it any more, because a newer file has bytes."""
    copied_from: int | None = None
    """The inode of the log when this part is a copy of it, made before it was cut: a line that
    is half in the copy goes on in the next file."""
    before_ns: int | None = None
    """Earlier than the parts that are to be read behind this one: late lines may have made this
    one the youngest, and those parts must still count as new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to read in this turn."""

    stages: list[Stage]
    lost: bool = False
    """True when something between the position and the first stage is gone."""
    beside: list[Stage] = field(default_factory=list)
    """Rotated parts to read without leaving the place in the log."""


def planned(files: logfiles.Opened, after: Position | None) -> Plan:
    """Decide which files to read from where, and whether something in between is lost."""
    if after is None:
        return Plan(stages=_stages([], files.need_live(), None))
    return _plan_on(files, after)


def _plan_on(files: logfiles.Opened, after: Position) -> Plan:
    """Decide where to go on."""
    if after.offset == 0:
        newer = [part for part in _parts(files, after) if part.mtime_ns >= after.mtime_ns]
        live = files.live if newer else files.need_live()
        return Plan(stages=_stages(newer, live, None, log=after.inode))
    live = files.live
    held = live is not None and live.holds(after.offset, after.head, after.tail)
    if held and after.offset > ALIKE_BYTES:
        return Plan(stages=_stages([], live, after))
    rotated = _parts(files, after)
    if live is not None and held:
        return Plan(stages=_stages([], live, after), beside=_beside(rotated, live, after))
    for index in sorted(range(len(rotated)), key=lambda at: _likely(rotated[at], after)):
        if rotated[index].holds(after.offset, after.head, after.tail):
            older = [part for part in rotated[:index] if part.mtime_ns > after.mtime_ns]
            parts = [rotated[index], *older, *rotated[index + 1 :]]  # late lines make it young
            return Plan(stages=_stages(parts, live, after, log=after.inode))
    return _begin_anew(rotated, files.need_live(), after)


def _parts(files: logfiles.Opened, after: Position) -> list[Candidate]:
    """Give the rotated parts that may hold something new."""
    return [part for part in files.rotated() if not _is_left(part, after)]


def _beside(rotated: list[Candidate], live: Candidate, after: Position) -> list[Stage]:
    """Read every part that was written since, where a common beginning tells nothing."""
    return [
        Stage(
            file=part,
            after=after if part.holds(after.offset, after.head, after.tail) else None,
            finished=True,
        )
        for part in rotated
        if part.mtime_ns >= after.mtime_ns and not _continues(live, part, after)
    ]


def _is_left(part: Candidate, after: Position) -> bool:
    """Say whether a part was read to its end already and left: late lines move its time on."""
    return part.inode != after.inode and any(
        (part.mtime_ns if part.packed else part.inode)
        == (end.mtime_ns if part.packed else end.inode)
        and part.holds(end.offset, end.head, end.tail)
        and (not part.packed or part.inode == end.inode or not part.peek(end.offset, 1))
        for end in after.left
    )


def _begin_anew(rotated: list[Candidate], live: Candidate, after: Position) -> Plan:
    """Read the log from its start, and what was written since and rotated meanwhile.

    A copy shorter than what was read proves that nothing is lost.
    """
    for index in reversed(range(len(rotated))):
        if rotated[index].is_beginning_of(after.offset, after.head):
            rest = rotated[index + 1 :]  # a copy made before its last lines were read from the log
            return Plan(stages=_stages(rest, live, None))
    newer = [
        part
        for part in rotated
        if part.mtime_ns >= after.mtime_ns and not part.begins_like(after.offset, after.head)
    ]  # what begins like it is its damaged rest
    return Plan(stages=_stages(newer, live, None, log=after.inode), lost=True)


def _continues(live: Candidate, part: Candidate, after: Position) -> bool:
    """Say whether a part takes nothing away from the log, where both may begin alike.

    It has nothing behind the common beginning, or says the same as the log. Any doubt is for
    the part: what is read twice does less harm than what is never read.
    """
    if not part.holds(after.offset, after.head, after.tail):
        return False
    there, here = part.peek(after.offset, TAIL_BYTES), live.peek(after.offset, TAIL_BYTES)
    if not there:
        return True
    if part.inode == after.inode != live.inode:
        return False
    return bool(here) and (here.startswith(there) or there.startswith(here))


def _likely(file: Candidate, after: Position) -> tuple[bool, bool, bool, int]:
    """Sort key: the same inode first, then plain files, then the newest.

    Where many may begin alike, the oldest that was written since.
    """
    other = file.inode != after.inode
    if after.offset <= ALIKE_BYTES:
        return (file.mtime_ns < after.mtime_ns, other, False, file.mtime_ns)
    return (other, False, file.packed, -file.mtime_ns)


def _stages(
    rotated: list[Candidate],
    live: Candidate | None,
    after: Position | None,
    *,
    log: int | None = None,
) -> list[Stage]:
    """Read the rotated parts and then the log, which counts only once it has bytes.

    `log` is the inode that the log had: parts before the file that has it now are copies.
    """
    parts = list(rotated)
    if live is not None and (live.size > 0 or not parts):
        parts.append(live)
    known = [*rotated, live] if live is not None else rotated
    same = next((index for index, part in enumerate(known) if part.inode == log), -1)
    return [
        Stage(
            file=part,
            after=after if index == 0 else None,
            finished=index < len(parts) - 1,
            copied_from=log if index < same else None,
            before_ns=min((one.mtime_ns - 1 for one in parts[index + 1 :]), default=None),
        )
        for index, part in enumerate(parts)
    ]
