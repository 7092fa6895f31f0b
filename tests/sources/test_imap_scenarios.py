"""Whatever a mail server does, every message ends as exactly one stored signal.

Each scenario runs end to end: an honest server (Dovecot where it is installed, else pymap), a
proxy before it that misbehaves, the source, and the store. A table at the end of the run says
how each went.
"""

from __future__ import annotations

import re
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from servers.imap import DOVECOT, DovecotServer, PymapServer
from servers.imap_scenarios import BEFORE, SCENARIOS, Scenario, Stage, names
from servers.imap_table import PROPERTY

from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.store import schema, signals
from connector.testing.builders import Clock, a_store

LAST = 900
"""The message that comes after everything."""
MOST_READINGS = 12


@pytest.fixture(scope="module")
def server():
    server = DovecotServer() if DOVECOT else PymapServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = a_store(tmp_path_factory.mktemp("scenarios") / "state", Clock())
    yield opened
    opened.close()


@pytest.fixture
def stage(server, store, request):
    one = request.getfixturevalue("scenario")
    number = SCENARIOS.index(one)
    practice = Practice(tenant=f"scenario-{number}", name="Practice", zone=ZoneInfo("UTC"))
    stage = Stage(server, store, f"Scenario-{number}", practice)
    yield stage
    stage.close()


def stored(stage):
    """How often each message was stored, by the number of its sender."""
    with stage.store.read() as connection:
        query = sa.select(schema.signal.c.n).where(schema.signal.c.tenant == stage.practice.tenant)
        numbers = connection.execute(query).scalars().all()
        items = [one.item for one in signals.load(connection, numbers)]
    assert all(isinstance(item, Signal) for item in items)
    return Counter(int(item.contact.email[1:].partition("@")[0]) for item in items)


def test_the_table_is_long_enough_and_no_name_comes_twice():
    assert len(set(names())) == len(SCENARIOS) >= 18


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_every_message_is_stored_once(scenario: Scenario, stage: Stage, server, record_property):
    number = SCENARIOS.index(scenario) + 1
    record_property(PROPERTY, [number, scenario.name, type(server).__name__])
    stage.deliver(*range(1, BEFORE + 1))
    if not scenario.unread:
        assert stage.read()
    scenario.play(stage)
    readings = 0
    while not stage.read():
        readings += 1
        assert readings < MOST_READINGS, stage.outages
    stage.deliver(LAST)
    assert stage.read()
    counts = stored(stage)
    assert counts == Counter(stage.expected | (stage.removed & counts.keys())), stage.outages
    if scenario.outage is None:
        assert stage.outages == []
    else:
        assert any(isinstance(one, scenario.outage) for one in stage.outages)
        assert re.search(re.escape(scenario.says), " ".join(map(str, stage.outages)))
    assert not stage.proxy.unmet
