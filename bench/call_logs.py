"""Made-up phone logs of any length: other ids, numbers and times in every call.

Of thirteen calls six are talked through, three are abandoned in the queue, three end at the
voicemail and one is passed around; patients call again, before and after somebody spoke to them.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from servers.asterisk import LINE, START, Pbx

NUMBERS = 100_000
"""Patients who call."""
APART_S = 5.0
"""A call of the channel log begins so many seconds after the one before."""
_TRUNK, _CONTEXT = "SIP/denver-carrier", "pstn-in"


def make_cel(path: Path, events: int) -> int:
    """Write a channel event log of about so many events; gives how many there are.

    A call begins every five seconds, so twenty or more are open at any time and their events
    stand between one another, as in the log of a hospital.
    """
    pbx, written, turn = Pbx(), 0, 0
    begins = pbx.at
    with path.open("wb") as log:
        while written < events:
            for _ in range(200):
                turn, begins = turn + 1, begins + APART_S
                pbx.at = begins
                _call(pbx, turn)
            pbx.cel.sort(key=_when)
            over = bisect_left(pbx.cel, begins, key=_when)
            log.write("".join([line for _, line in pbx.cel[:over]]).encode())
            written += over
            del pbx.cel[:over]
            pbx.queue.clear()
    return written


def _call(pbx: Pbx, turn: int) -> None:
    number = f"720{(turn * 7_919) % NUMBERS + 2_000_000:07d}"
    match turn % 13:
        case 0:
            pbx.maze(number, ["2001", "2002", "2003", "2004"])
        case 1 | 5 | 9:
            pbx.voicemail(number)
        case 2 | 6 | 10:
            pbx.abandons(number)
        case _:
            pbx.talk(number, extension=f"20{turn % 60:02d}", talk=40 + turn % 200)


def _when(line: tuple[float, str]) -> float:
    return line[0]


def make_queue_log(path: Path, events: int) -> int:
    """Write a queue_log of about so many lines; gives how many there are."""
    written = 0
    with path.open("w", encoding="ascii") as log:
        for turn, (number, at) in enumerate(_callers(), start=1):
            call = f"{at}.{turn}"
            lines = [f"{at}|{call}|front|NONE|ENTERQUEUE||{number}|1"]
            if turn % 3:
                lines += [
                    f"{at + 9}|{call}|front|Agent {turn % 7}|RINGNOANSWER|5000",
                    f"{at + 21}|{call}|front|Agent {turn % 5}|CONNECT|21|{at + 15}.{turn}|6",
                    f"{at + 140}|{call}|front|Agent {turn % 5}|COMPLETECALLER|21|119|1",
                ]
            else:
                lines += [
                    f"{at + 30}|{call}|front|Agent {turn % 7}|RINGNOANSWER|15000",
                    f"{at + 50}|{call}|front|NONE|ABANDON|1|1|50",
                ]
            log.write("\n".join(lines) + "\n")
            written += len(lines)
            if written >= events:
                return written
    return written


def make_records(path: Path, rows: int) -> int:
    """Write call detail records (20 columns), one or two for each call; gives how many."""
    written = 0
    with path.open("w", encoding="ascii", newline="") as log:
        for turn, (number, at) in enumerate(_callers(), start=1):
            for row in _records(turn, number, at):
                _quoted(log, row)
                written += 1
            if written >= rows:
                return written
    return written


def make_smdr(path: Path, rows: int) -> int:
    """Write Avaya IP Office SMDR of so many rows, every fifth call passed on."""
    written = 0
    with path.open("w", encoding="ascii", newline="") as log:
        out = csv.writer(log, lineterminator="\r\n")
        for turn, (number, at) in enumerate(_callers(), start=1):
            begun, lost = f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d %H:%M:%S}", turn % 3 == 0
            passed = turn % 5 == 0 and not lost
            who = [f"E{200 + turn % 9}", f"Extn{200 + turn % 9}", "T9001", "LINE 1.1"]
            for more in (1, 0) if passed else (0,):
                talk = "00:00:00" if lost else f"00:0{turn % 9}:{turn % 60:02d}"
                row = [begun, talk, turn % 45, number, "I", "4324", "4324", "", 0, 1_000_000 + turn]
                out.writerow([*row, more, *who, 0, 0, *[""] * 13])
                written += 1
            if written >= rows:
                return written
    return written


def _callers() -> Iterator[tuple[str, int]]:
    turn, at = 0, int(START)
    while True:
        turn += 1
        at += 37 + turn % 90
        yield f"720{(turn * 7_919) % NUMBERS + 2_000_000:07d}", at


def _records(turn: int, number: str, at: int) -> Iterator[list[object]]:
    unique, phone = f"{at}.{turn * 3}", 2001 + turn % 7
    missed, passed = turn % 3 == 0, turn % 5 == 0 and turn % 3 != 0
    for leg in range(2 if passed else 1):
        begun, talk = at + leg * 80, 0 if missed else 60 + turn % 40
        yield [
            *("", number, LINE, _CONTEXT, f'"Pat Doe" <{number}>', f"{_TRUNK}-{turn:08x}"),
            *(f"SIP/{phone + leg}-{turn * 2 + leg:08x}", "Dial", f"SIP/{phone + leg},20,tT"),
            *(_local(begun), "" if missed else _local(begun + 9), _local(begun + 9 + talk)),
            *(9 + talk, talk, "NO ANSWER" if missed else "ANSWERED", "DOCUMENTATION"),
            *(unique, "", unique, turn * 2 + leg),
        ]


def _local(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _quoted(log: IO[str], row: list[object]) -> None:
    cells = (
        str(one) if isinstance(one, int) else '"' + one.replace('"', '""') + '"'
        for one in map(_plain, row)
    )
    log.write(",".join(cells) + "\n")


def _plain(cell: object) -> int | str:
    return cell if isinstance(cell, int) else str(cell)
