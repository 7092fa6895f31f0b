"""Logs of every phone kind while they are written: pieces, rotation and kills change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.asterisk import START
from servers.phone_logs import Growing, Script, busy_day, script

from connector.domain.practice import Practice
from connector.domain.signal import Item, Signal
from connector.parsing.calls.watching import PhoneSource
from connector.sources.asterisk_cdr import AsteriskCdrSettings
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.sources.asterisk_queue_log import AsteriskQueueLogSettings
from connector.sources.call_table import CallTableSettings

PRACTICE = Practice(tenant="clinic", name="Clinic", zone=ZoneInfo("America/Denver"))
MUCH_LATER_S = 86_400


@dataclass(frozen=True)
class System:
    """A phone system: what it writes, and the source that reads it."""

    lines: Callable[[], Script]
    source: Callable[[Path], PhoneSource]

    def at(self, folder: Path, now: float) -> PhoneSource:
        made = self.source(folder)
        object.__setattr__(made._watched, "now", lambda: now)
        return made


def avaya_day() -> Script:
    """Rows of SMDR: lost, answered, passed on to the voicemail (in two rows)."""
    lines = []
    for number in range(12):
        at = START + number * 40
        when = datetime.fromtimestamp(at, UTC).strftime("%Y/%m/%d %H:%M:%S")
        head, call = f"{when},", 1_000_100 + number
        if number % 3 == 0:
            rows = [f"00:00:00,9,72055502{number:02},I,4324,3035550140,,0,{call},0,E4324,Extn4324"]
            rows[0] += ",T9001,LINE 1.1,0,0"
        elif number % 3 == 1:
            rows = [f"00:02:35,12,72055502{number:02},I,4324,3035550140,,0,{call},0,E4324,Extn4324"]
            rows[0] += ",T9001,LINE 1.1,30,0"
        else:
            base = f"72055502{number:02},I,4750,3035550140,,0,{call}"
            rows = [
                f"00:00:07,4,{base},1,E4750,Extn4750,T9001,LINE 1.1,0,0",
                f"00:00:20,6,{base},0,V9502,VM Channel 2,T9001,LINE 1.1,0,0",
            ]
        lines += [(at + 60, f"{head}{row},,,,,,,,,,,,,,,\n") for row in rows]
    return script(("smdr.log", lines))


SAMPLE = frozenset({"LINKEDID_END", "BLINDTRANSFER", "ATTENDEDTRANSFER"})
"""Events that the shipped cel.conf leaves out."""


def cel_system(
    *beside: str, zone: ZoneInfo | None = None, without: frozenset[str] = frozenset()
) -> System:
    def lines() -> Script:
        pbx = busy_day(zone, without=without)
        logs = {"Master.csv": pbx.cel, "queue_log": pbx.queue, "cdr.csv": pbx.cdr}
        return script(*((name, logs[name]) for name in ("Master.csv", *beside)))

    def source(folder: Path) -> PhoneSource:
        return AsteriskCelSettings(
            name="phones",
            path=folder / "Master.csv",
            queue_log=folder / "queue_log" if "queue_log" in beside else None,
            cdr=folder / "cdr.csv" if "cdr.csv" in beside else None,
        ).open(PRACTICE)

    return System(lines, source)


def cdr_lines() -> Script:
    pbx = busy_day()
    return script(("cdr.csv", pbx.cdr), ("queue_log", pbx.queue))


SYSTEMS = {
    "cel": cel_system("queue_log"),
    "cel and all": cel_system("queue_log", "cdr.csv"),
    "cel in local time": cel_system("queue_log", zone=ZoneInfo("America/Denver")),
    "cel of the sample": cel_system("queue_log", without=SAMPLE),
    "cdr": System(
        cdr_lines,
        lambda folder: AsteriskCdrSettings(
            name="phones", path=folder / "cdr.csv", queue_log=folder / "queue_log"
        ).open(PRACTICE),
    ),
    "queue_log": System(
        lambda: script(("queue_log", busy_day().queue)),
        lambda folder: AsteriskQueueLogSettings(name="phones", path=folder / "queue_log").open(
            PRACTICE
        ),
    ),
    "avaya": System(
        avaya_day,
        lambda folder: CallTableSettings(
            name="phones", path=folder / "smdr.log", preset="avaya_ip_office"
        ).open(PRACTICE),
    ),
}


def heard(source: PhoneSource) -> dict[str, Item]:
    return named([item for batch in source.read(None) for item in batch.items])


def named(items: list[Item]) -> dict[str, Item]:
    """By key as the store keeps them: the first one counts."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item.natural_key if isinstance(item, Signal) else item.locator, item)
    return found


def told(items: dict[str, Item]) -> dict[str, object]:
    return {
        key: (item.facts, item.text, item.contact) if isinstance(item, Signal) else item
        for key, item in items.items()
    }


@pytest.mark.parametrize("name", SYSTEMS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_pieces_rotations_and_kills_give_the_calls_of_the_whole_log(
    tmp_path_factory, name, data
):
    system = SYSTEMS[name]
    lines = system.lines()
    whole = Growing(tmp_path_factory.mktemp("whole"), lines)
    whole.write_all()
    expected = heard(system.at(whole.folder, whole.now + MUCH_LATER_S))
    live = Growing(tmp_path_factory.mktemp("live"), lines)
    files = sorted({name for _, name, _ in lines})
    kept: list[Item] = []
    (first,) = system.at(live.folder, live.now).read(None)  # the daemon was there before
    cursor = first.cursor
    for _ in range(data.draw(st.integers(1, 6), "turns")):
        live.grow(data.draw(st.integers(0, len(lines)), "lines"), data.draw(st.integers(0, 90)))
        deed = data.draw(st.sampled_from(["", "rename", "copytruncate", "pack"]), "deed")
        if deed == "pack":
            live.pack(data.draw(st.sampled_from(files)))
        elif deed:
            live.rotate(data.draw(st.sampled_from(files)), deed)
        for batch in system.at(live.folder, live.now).read(cursor):
            if data.draw(st.sampled_from([False, False, False, True]), "killed"):
                break  # before the commit: neither items nor cursor are kept
            kept += batch.items
            cursor = batch.cursor
    live.write_all()
    for now in (live.now, live.now + MUCH_LATER_S):
        for batch in system.at(live.folder, now).read(cursor):
            kept += batch.items
            cursor = batch.cursor
    assert told(named(kept)) == told(expected)
