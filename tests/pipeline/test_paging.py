"""People outside the helpdesk are told: once each, also when the helpdesk is down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from servers.hearing import on_record, said
from servers.people import House

from connector.domain.errors import Rejected, Unavailable
from connector.domain.signal import Contact
from connector.paging.page import Page
from connector.paging.settings import PagingSettings, WebhookRoute
from connector.pipeline import casework as casework_room
from connector.pipeline.paging import Pager
from connector.pipeline.promises import Promises
from connector.store.store import Store
from connector.testing.builders import Clock, a_practice, opinion_of_facts
from connector.testing.memory_source import a_signal


@pytest.fixture(autouse=True)
def _opinions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casework_room, "assess", opinion_of_facts)


class Practice(House):
    """A practice with routes; what was sent is kept."""

    def __init__(self, store: Store, clock: Clock, **route: Any) -> None:
        super().__init__(store, clock)
        way = WebhookRoute(name="chat", url="https://chat.practice.example/x", **route)
        self.settings = PagingSettings(webhook=(way,))
        self.told: list[tuple[str, Page]] = []
        self.trouble: list[Exception] = []
        self.promises = Promises(store, lambda: self.rules, self.settings.routes)
        self.pager = Pager(store, self.settings, a_practice(), self.send)

    def send(self, route: Any, page: Page, at: datetime) -> int:
        del at
        if self.trouble:
            raise self.trouble.pop(0)
        self.told.append((route.name, page))
        return 0

    def passes(self, seconds: float) -> list[str]:
        self.clock.advance(seconds)
        self.promises.tick()
        while self.pager.step():
            pass
        return [page.why for _, page in self.told]


def test_a_critical_case_is_told_at_once_and_again_when_nobody_acts(
    store: Store, clock: Clock
) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=4))

    assert practice.passes(20) == ["critical"]
    assert practice.passes(60) == ["critical"]
    assert practice.passes(30 * 60) == ["critical", "silence"]
    assert practice.passes(2 * 3_600) == ["critical", "silence", "contact_beyond"]
    assert practice.passes(90 * 86_400) == ["critical", "silence", "contact_beyond"]


def test_the_helpdesk_may_be_down_for_it(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=4), deliver=False)

    assert practice.passes(31 * 60)[0] == "critical"
    (_, page), *_ = practice.told
    assert "no ticket yet" in page.text


def test_somebody_who_acts_ends_the_silence(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=4))
    practice.passes(20)
    practice.desk.say(practice.ticket, "I am calling her now.")
    practice.looks()

    assert practice.passes(31 * 60) == ["critical"]


def test_a_route_of_one_site_is_not_for_another(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock, sites={"north"})
    practice.hears(said(1, severity=4))

    assert practice.passes(60) == []


def test_a_case_that_becomes_critical_is_told_although_somebody_acted_before(
    store: Store, clock: Clock
) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=2))
    practice.passes(20)
    practice.desk.say(practice.ticket, "I am on it.")
    practice.looks()
    practice.passes(20)
    practice.hears(said(2, severity=4))

    assert practice.passes(20) == ["critical"]


def test_filling_in_a_field_is_acting_too(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=4))
    practice.passes(20)
    desk, ticket = practice.desk, practice.ticket
    desk.edit(ticket, fields={**desk.tickets[ticket].snapshot.fields, "step_review": "yes"})
    practice.looks()

    assert practice.passes(31 * 60) == ["critical"]


def test_a_case_below_the_route_is_not_told(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=3))

    assert practice.passes(90 * 86_400) == []


def test_a_page_holds_no_word_of_the_patient(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=4))
    practice.passes(20)

    ((_, page),) = practice.told
    for word in ("Jane", "Roe", "jane@example.com"):
        assert word not in f"{page.subject}{page.text}{page.data}"


def test_a_way_that_is_down_is_tried_again_for_a_day_and_then_given_up(
    store: Store, clock: Clock
) -> None:
    practice = Practice(store, clock)
    practice.trouble = [Unavailable("route chat", "away")] * 3
    practice.hears(said(1, severity=4))
    practice.passes(20)
    for _ in range(10):
        practice.passes(60)
    assert practice.passes(0) == ["critical"]

    practice.trouble = [Unavailable("route chat", "away")] * 100_000
    practice.passes(31 * 60)
    for _ in range(200):
        practice.passes(600)
    assert [one["why"] for one in on_record(store, "page.given_up")][:1] == ["silence"]


def test_a_way_that_refuses_for_good_is_left_after_a_few_attempts(
    store: Store, clock: Clock
) -> None:
    practice = Practice(store, clock)
    practice.trouble = [Rejected("route chat", "no")] * 4
    practice.hears(said(1, severity=4))
    for _ in range(20):
        practice.passes(60)

    assert len(on_record(store, "page.given_up")) == 1


def test_too_many_pages_a_day_are_withheld_and_said_to_be(store: Store, clock: Clock) -> None:
    practice = Practice(store, clock, min_severity=1, per_day=2)
    for number in range(1, 5):
        who = said(number).contact
        practice.hears(said(number, who=type(who)(name="", email=f"p{number}@example.com")))
    practice.passes(90 * 86_400)

    assert len(practice.told) == 2
    assert len(on_record(store, "page.withheld")) == 2


def test_a_way_that_is_no_longer_configured_does_not_block_the_others(
    store: Store, clock: Clock
) -> None:
    practice = Practice(store, clock)
    practice.hears(said(1, severity=4))
    practice.promises.tick()
    gone = Pager(store, PagingSettings(), a_practice(), practice.send)

    assert gone.step() is True
    assert gone.step() is False
    assert len(on_record(store, "page.given_up")) == 1


def test_a_way_that_ends_with_the_manager_takes_no_case_about_them(
    store: Store, clock: Clock
) -> None:
    words = "The practice manager threatened me."
    for conflict, expected in (("never", []), ("only", ["critical"]), ("any", ["critical"])):
        practice = Practice(store, clock, conflict=conflict)
        number = len(practice.cases) + 1
        who = Contact(name=f"Jane {conflict}", email=f"{conflict}@example.org")
        practice.hears(a_signal(number, text=words, contact=who, facts={"severity": 4}))

        assert practice.passes(20) == expected
