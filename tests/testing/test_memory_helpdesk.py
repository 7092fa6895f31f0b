"""The helpdesk in memory keeps the contract of every helpdesk, and its weather is what it says."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.errors import (
    AuthenticationFailed,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from connector.domain.ticket import TicketStatus
from connector.helpdesks.base import Capabilities, Problem
from connector.testing.changes import a_note, a_ticket, an_update
from connector.testing.helpdesk import HelpdeskContract, SeenNote
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class MemoryWorld:
    def __init__(self):
        self.desk = MemoryDesk()

    def open(self):
        return MemoryHelpdesk(self.desk)

    def open_locked_out(self):
        return LockedOut(self.desk)

    @contextlib.contextmanager
    def _forecast(self, nth, weather):
        self.desk.forecast.extend([*([Weather.FAIR] * (nth - 1)), weather])
        yield
        self.desk.forecast.clear()

    def lose_request(self, nth):
        return self._forecast(nth, Weather.LOST)

    def lose_answer(self, nth):
        return self._forecast(nth, Weather.MUTE)

    @contextlib.contextmanager
    def refuse_reads(self):
        self.desk.reading = Weather.LOCKED_OUT
        yield
        self.desk.reading = Weather.FAIR

    @contextlib.contextmanager
    def down(self):
        self.desk.reading = self.desk.standing = Weather.DOWN
        yield
        self.desk.reading = self.desk.standing = Weather.FAIR

    def mails(self):
        return self.desk.mails

    def count(self, key):
        return self.desk.keys().count(key)

    def notes(self, ref):
        ticket = self.desk.tickets[ref.id]
        return [
            SeenNote(
                text=event.text,
                private=event.kind == "note",
                files=ticket.attachments.get(event.data.get("note_key", ""), {}),
            )
            for event in ticket.events
            if event.kind in {"note", "public_reply"}
        ]

    def tag_by_hand(self, ref, tag):
        self.desk.edit(ref.id, tags=self.desk.tickets[ref.id].snapshot.tags | {tag})

    def comment_by_hand(self, ref, text):
        self.desk.say(ref.id, text)

    def delete(self, ref):
        self.desk.delete(ref.id)

    def merge(self, ref, into):
        self.desk.merge(ref.id, into.id)

    def secrets(self):
        return []

    def colleagues(self):
        self.desk.accounts = frozenset({"kim", "ana"})
        return "kim", "ana"

    def close_for_good(self, ref):
        self.desk.edit(ref.id, status=TicketStatus.CLOSED)

    def open_auditor(self):
        return ReadOnly(self.desk)

    @contextlib.contextmanager
    def answering(self, status, headers, body, *, reads=True):
        del headers, body  # the desk does not speak HTTP: its weather says the same
        weather = Weather.BUSY if status == 429 else Weather.LOST
        self.desk.standing = weather
        self.desk.reading = weather if reads else Weather.FAIR
        yield
        self.desk.reading = self.desk.standing = Weather.FAIR

    @contextlib.contextmanager
    def interject(self, act):
        write = self.desk.write

        def quicker(*arguments):
            self.desk.write = write
            act()
            return write(*arguments)

        self.desk.write = quicker
        yield
        self.desk.write = write

    def open_bare(self):
        self.desk.setup.clear()
        return Particular(self.desk)

    def setup(self):
        return {name: one["title"] for name, one in self.desk.setup.items()}

    def set_up_by_hand(self):
        self.desk.setup |= {
            "field-1": {"title": "Insurance"},
            "view-1": {"title": "Recovery: my own", "tags": "amends"},
        }

    def rename_by_hand(self, step, title):
        self.desk.setup[step.id]["title"] = title


class LockedOut(MemoryHelpdesk):
    def _read(self, name):
        raise AuthenticationFailed(self.name, f"refuses {name}")

    def _write(self, name, apply):
        del apply
        raise AuthenticationFailed(self.name, f"refuses {name}")


class Particular(MemoryHelpdesk):
    """Wants its fields set up, as real products do."""

    def check(self):
        if self.desk.setup:
            return []
        return [Problem(what="No field of ours is there.", cure="Run amends provision.")]


class ReadOnly(MemoryHelpdesk):
    def check(self):
        return [Problem(what="The account may only read.", cure="Let it write.")]

    def _write(self, name, apply):
        del apply
        raise AuthenticationFailed(self.name, f"refuses {name}")


class TestMemoryHelpdesk(HelpdeskContract):
    @pytest.fixture
    def world(self):
        return MemoryWorld()


@pytest.fixture
def desk():
    return MemoryDesk()


@pytest.fixture
def helpdesk(desk):
    return MemoryHelpdesk(desk)


@pytest.mark.parametrize(
    ("weather", "error", "applied"),
    [
        (Weather.DOWN, NotSent, 0),
        (Weather.LOST, OutcomeUnknown, 0),
        (Weather.MUTE, OutcomeUnknown, 1),
        (Weather.LATE, OutcomeUnknown, 0),
        (Weather.BUSY, RateLimited, 0),
        (Weather.LOCKED_OUT, AuthenticationFailed, 0),
    ],
)
def test_a_write_meets_its_weather_once(desk, helpdesk, weather, error, applied):
    desk.forecast.append(weather)
    with pytest.raises(error):
        helpdesk.open(a_ticket(1))
    assert len(desk.visible) == applied
    helpdesk.open(a_ticket(2))
    assert desk.keys()[-1] == a_ticket(2).key


def test_what_is_late_lands_when_it_is_let(desk, helpdesk):
    desk.forecast.append(Weather.LATE)
    with pytest.raises(OutcomeUnknown):
        helpdesk.open(a_ticket(1))
    assert helpdesk.find(a_ticket(1).key, EPOCH) == []
    assert desk.land() == 1
    assert len(helpdesk.find(a_ticket(1).key, EPOCH)) == 1
    assert desk.land() == 0


def test_a_late_ticket_and_its_hasty_repetition_are_two(desk, helpdesk):
    desk.forecast.append(Weather.LATE)
    with pytest.raises(OutcomeUnknown):
        helpdesk.open(a_ticket(1))
    helpdesk.open(a_ticket(1))
    desk.land()
    assert len(helpdesk.find(a_ticket(1).key, EPOCH)) == 2
    assert [effect.kind for effect in desk.visible] == ["ticket", "ticket"]


def test_a_late_note_and_its_hasty_repetition_are_two(desk, helpdesk):
    ref = helpdesk.open(a_ticket(1))
    desk.forecast.append(Weather.LATE)
    with pytest.raises(OutcomeUnknown):
        helpdesk.note(ref, a_note())
    helpdesk.note(ref, a_note())
    desk.land()
    assert [effect.kind for effect in desk.visible] == ["ticket", "note", "note"]


def test_standing_weather_stays(desk, helpdesk):
    desk.standing = Weather.DOWN
    for number in (1, 2):
        with pytest.raises(NotSent):
            helpdesk.open(a_ticket(number))
    assert desk.visible == []
    assert desk.calls == ["open", "open"]


@pytest.mark.parametrize(
    ("weather", "error"),
    [
        (Weather.DOWN, NotSent),
        (Weather.MUTE, Unavailable),
        (Weather.BUSY, RateLimited),
        (Weather.LOCKED_OUT, AuthenticationFailed),
    ],
)
def test_reads_have_a_weather_of_their_own(desk, helpdesk, weather, error):
    ref = helpdesk.open(a_ticket(1))
    desk.reading = weather
    with pytest.raises(error):
        helpdesk.find(a_ticket(1).key, EPOCH)
    with pytest.raises(error):
        helpdesk.snapshot(ref)
    assert helpdesk.check() != []
    helpdesk.open(a_ticket(2))


def test_find_looks_no_further_back_than_it_is_asked(helpdesk):
    helpdesk.open(a_ticket(1))
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert helpdesk.find(a_ticket(1).key, later) == []


def test_an_update_that_changes_nothing_is_not_visible(desk, helpdesk):
    ref = helpdesk.open(a_ticket(1))
    helpdesk.update(ref, an_update())
    helpdesk.update(ref, an_update())
    assert [effect.kind for effect in desk.visible] == ["ticket", "change"]


def test_agents_edits_are_told_and_are_no_effects_of_ours(desk, helpdesk):
    ref = helpdesk.open(a_ticket(1))
    before = helpdesk.snapshot(ref).version
    desk.edit(ref.id, status=TicketStatus.RESOLVED, assignee="kim")
    desk.say(ref.id, "I called her.", public=True)
    assert helpdesk.snapshot(ref).assignee == "kim"
    assert helpdesk.snapshot(ref).version != before
    told = [event.kind for event in helpdesk.history(ref)]
    assert told == ["created", "status", "field", "public_reply"]
    assert len(desk.visible) == 1


def test_capabilities_can_be_claimed(desk):
    able = Capabilities(find="none")
    assert MemoryHelpdesk(desk, capabilities=able).capabilities is able
