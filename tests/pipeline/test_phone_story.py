"""The call of 2009, heard from a log alone: no complaint, no patient record, no mail."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from servers.asterisk import Pbx
from servers.hearing import all_cases, outcomes, owed, work_off

from connector.pipeline.casework import Casework
from connector.pipeline.intake import Intake
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.store.store import Store
from connector.testing.builders import a_practice, some_rules


@pytest.fixture
def log(tmp_path):
    pbx = Pbx(caller_name="")
    pbx.maze("7205550112", ["2001", "2002", "2003", "2004"], last=90)
    path = tmp_path / "Master.csv"
    path.write_bytes(pbx.cel_bytes())
    return path


def listen(store: Store, path, cut: int | None = None) -> None:
    """Read the log as a fresh process would; `cut` lets only so many bytes be there yet."""
    whole = path.read_bytes()
    if cut is not None:
        path.write_bytes(whole[:cut])
    source = AsteriskCelSettings(name="phones", path=path).open(replace(a_practice(), region="US"))
    intake = Intake(
        store,
        source,
        tenant=a_practice().tenant,
        kind="asterisk_cel",
        pause=lambda: "",
        heartbeat=lambda: None,
    )
    intake.pull()
    path.write_bytes(whole)


def ticket_words(store: Store) -> str:
    with store.read() as connection:
        rows = connection.execute(sa.text("SELECT body FROM content WHERE kind <> 'raw'")).all()
    return "\n".join(bytes(row[0]).decode("utf-8", "replace") for row in rows)


def test_a_log_alone_gives_exactly_one_ticket_with_a_script_and_no_name(store, log):
    listen(store, log)
    work_off(Casework(store, some_rules()))
    (case,) = all_cases(store)
    assert case.severity >= 2
    assert case.categories == '["access.phone_maze"]'
    assert owed(store, case.id) == [("open", "ready")]
    words = ticket_words(store)
    assert "I am sorry that you were passed around" in words
    assert "Call the caller at +17205550112" in words
    assert "amends_phone_transfers" in words
    assert "amends_phone_recording" in words
    assert "amends_lost_prospect" in words
    assert "for the 3rd time" in words
    assert "date of birth" in words  # what the log cannot show has to be asked for


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_kill_at_any_point_of_the_log_still_gives_one(store, log, share):
    listen(store, log, cut=round(log.stat().st_size * share))
    work_off(Casework(store, some_rules()))
    listen(store, log)
    listen(store, log)
    work_off(Casework(store, some_rules()))
    assert len(all_cases(store)) == 1
    assert outcomes(store) == {"opened": 1}


def test_the_same_log_from_the_beginning_again_gives_no_second(store, log):
    listen(store, log)
    work_off(Casework(store, some_rules()))
    store.write(lambda tx: tx.connection.execute(sa.text("UPDATE source SET cursor = NULL")))
    listen(store, log)
    work_off(Casework(store, some_rules()))
    assert len(all_cases(store)) == 1
