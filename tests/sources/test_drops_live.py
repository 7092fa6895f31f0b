"""Files of records that are dropped into a folder while the daemon is killed again and again."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers.cucm import QUEUE_COLUMNS, record

from connector.domain.practice import Practice
from connector.domain.signal import Item, Signal
from connector.parsing.calls.cucm import _COLUMNS
from connector.sources.cisco_cucm import CiscoCucm, CiscoCucmSettings

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
HEAD = ",".join((*_COLUMNS, *QUEUE_COLUMNS))
MINUTE_S = 60


def a_record(call: int, at: float, *, connect: float = 0, talk: float = 0, **cells: str) -> str:
    times = {"dateTimeOrigination": str(int(at)), "dateTimeDisconnect": str(int(at + 20))}
    if connect:
        times |= {
            "dateTimeConnect": str(int(at + connect)),
            "dateTimeDisconnect": str(int(at + connect + talk)),
            "duration": str(int(talk)),
        }
    return record(call, **{**times, **cells})


def minutes(base: float) -> list[tuple[str, str]]:
    """Eight minutes of records: missed, answered, passed on (three records in three files)."""
    split = {"origCause_value": "393216", "destCause_value": "393216"}
    passed = {**split, "origCallTerminationOnBehalfOf": "10", "destCallTerminationOnBehalfOf": "10"}
    consult = {
        "callingPartyNumber": "2001",
        "origDeviceName": "SEP0011223344AA",
        "finalCalledPartyNumber": "2002",
        "originalCalledPartyNumber": "2002",
        "origLegCallIdentifier": "12",
        "destLegIdentifier": "13",
    }
    rest = {
        "finalCalledPartyNumber": "2002",
        "origLegCallIdentifier": "10",
        "destLegIdentifier": "13",
        "joinOnBehalfOf": "10",
        "lastRedirectDn": "2001",
    }
    rows = [
        [a_record(5, base), a_record(6, base + 10, connect=5, talk=30)],
        [a_record(1, base + 20, connect=10, talk=60, destLegIdentifier="11", **passed)],
        [a_record(2, base + 90, connect=5, talk=20, **(consult | passed))],
        [a_record(7, base + 150)],
        [a_record(1, base + 120, connect=1, talk=100, pk="2", **rest)],
        [a_record(8, base + 300, connect=9, talk=15), a_record(9, base + 310)],
        [a_record(10, base + 380)],
        [a_record(11, base + 440, connect=3, talk=10)],
    ]
    files = ["\n".join([HEAD, *records, ""]) for records in rows]
    return [(f"cdr_A_01_20301120100{n}_{n}", content) for n, content in enumerate(files)]


def a_source(folder: Path, now: float) -> CiscoCucm:
    made = CiscoCucmSettings(name="cucm", path=folder, settle_seconds=0).open(PRACTICE)
    object.__setattr__(made._watched, "now", lambda: now)
    return made


def last_versions(items: list[Item]) -> dict[str, object]:
    """What is known of each call in the end; its corrections name the version before."""
    first: dict[str, str] = {}
    told: dict[str, object] = {}
    for item in items:
        assert isinstance(item, Signal), item
        before = str(item.facts.get("revises", ""))
        if not before and item.natural_key in first:
            continue  # known: told again after a kill
        first[item.natural_key] = first.get(before, item.natural_key)
        facts = {name: fact for name, fact in item.facts.items() if name != "revises"}
        told[first[item.natural_key]] = facts
    return told


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_drops_resends_packing_and_kills_give_the_calls_of_the_whole_folder(tmp_path_factory, data):
    base = time.time()
    files = minutes(base)
    whole = tmp_path_factory.mktemp("whole")
    for name, content in files:
        (whole / name).write_text(content)
    late = base + 86_400
    expected = last_versions(
        [one for batch in a_source(whole, late).read(None) for one in batch.items]
    )
    live = tmp_path_factory.mktemp("live")
    cursor, kept, done = None, [], 0
    while done < len(files):
        for name, content in files[done : done + data.draw(st.integers(1, 3), "files")]:
            part = live / f".{name}.Xk81hd"
            part.write_text(content[: len(content) // 2])
            if data.draw(st.booleans(), "seen half"):
                list(a_source(live, base + done * MINUTE_S).read(cursor))
            part.write_text(content)
            part.rename(live / name)
            done += 1
        deed = data.draw(st.sampled_from(["", "resend", "pack"]), "deed")
        name, content = files[data.draw(st.integers(0, done - 1), "which")]
        if deed == "resend":
            (live / f"{name}_again").write_text(content)
        elif deed == "pack" and (live / name).exists():
            (live / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
            (live / name).unlink()
        for batch in a_source(live, base + done * MINUTE_S + 30).read(cursor):
            if data.draw(st.sampled_from([False, False, True]), "killed"):
                break
            kept += batch.items
            cursor = batch.cursor
    for batch in a_source(live, late).read(cursor):
        kept += batch.items
    assert last_versions(kept) == expected
