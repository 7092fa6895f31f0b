"""The practice of the month: three sites beside the practice itself, and who complains when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.month.minutes import Place
from connector.domain.practice import Practice
from connector.domain.signal import Contact, Signal
from connector.paging.settings import MailRoute, PagingSettings, WebhookRoute
from connector.recovery.settings import HoursSettings, RecoverySettings
from connector.recovery.sites import SiteSettings
from connector.testing.memory_source import a_signal

BEGIN = datetime(2026, 10, 9, 4, 0, tzinfo=UTC)
"""A Friday; the month has Columbus Day and both ends of summer time in it."""
OUTAGE_BEGINS = timedelta(days=14, hours=18)
"""Friday evening, Boston time, after two weeks."""
OUTAGE_ENDS = timedelta(days=17, hours=8, minutes=30)
"""Monday morning."""

USUAL = [("09:00", "17:00")]
SPLIT = [("08:00", "12:00"), ("13:00", "18:00")]
ALWAYS = [("00:00", "24:00")]

PLACES = {
    "": Place(
        zone="America/New_York",
        week=dict.fromkeys(range(5), USUAL),
        closed=frozenset(
            {date(2026, 10, 12), date(2026, 11, 3), date(2026, 11, 11), date(2026, 11, 26)}
        ),
    ),
    "north": Place(
        zone="America/Chicago",
        week={**dict.fromkeys(range(5), SPLIT), 5: [("09:00", "12:00")]},
        closed=frozenset({date(2026, 10, 21)}),
    ),
    "night": Place(zone="America/New_York", week=dict.fromkeys(range(7), ALWAYS)),
    "rhine": Place(zone="Europe/Berlin", week={**dict.fromkeys(range(4), USUAL), 4: [SPLIT[0]]}),
}
"""Columbus, Election, Veterans' and Thanksgiving Day are closed by `public_holidays`."""

CATEGORIES = (
    ("visit.wait",),
    ("billing.money",),
    ("people.courtesy",),
    ("comm.no_follow_up",),
    ("info.wrong", "people.courtesy"),
    ("privacy.confidentiality",),
    ("clinical.safety",),
)
WEIGHTS = (30, 20, 15, 15, 8, 7, 5)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A complaint as the world made it."""

    number: int
    at: datetime
    person: int
    severity: int
    categories: tuple[str, ...]
    review: bool
    """It is not clear whether it is a complaint at all."""
    site: str
    happened_at: datetime | None

    @property
    def email(self) -> str:
        """By which everybody recognises the person."""
        return f"person{self.person}@example.com"

    @property
    def signal(self) -> Signal:
        """What a source makes of it; its facts say how it is assessed."""
        facts: dict[str, object] = {
            "lane": "review" if self.review else "ticket",
            "severity": self.severity,
            "categories": self.categories,
        }
        if self.site:
            facts["location"] = f"{self.site.title()} Clinic"
        return a_signal(
            self.number,
            contact=Contact(name=f"Pat {_name(self.person)}", email=self.email),
            event_time=self.happened_at,
            subject=f"Feedback {self.number}",
            facts=facts,
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One thing that an agent means to do about a ticket, so long after the one before."""

    act: str
    after_minutes: int
    values: dict[str, str] = field(default_factory=dict)


def _name(number: int) -> str:
    letters = ""
    for _ in range(4):
        number, rest = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[rest] + "aeiou"[rest % 5]
    return letters.title()


def complaints(chance: random.Random, count: int, days: int) -> list[Heard]:
    """Let `count` people complain within so many days, at whole minutes, in order."""
    minutes = sorted(chance.randrange(days * 24 * 60) for _ in range(count))
    return [_complaint(chance, number, minute) for number, minute in enumerate(minutes, 1)]


def _complaint(chance: random.Random, number: int, minute: int) -> Heard:
    at = BEGIN + timedelta(minutes=minute)
    again = number > 10 and chance.random() < 0.3
    person = chance.randrange(max(1, number - 300), number) if again else number
    site = ("", "north", "night", "rhine")[random.Random(person).randrange(4)]
    late = timedelta(minutes=chance.choice((0, 5, 60, 61, 600, 4_000)))
    return Heard(
        number=number,
        at=at,
        person=person,
        severity=chance.choices((1, 2, 3, 4), (45, 30, 18, 7))[0],
        categories=chance.choices(CATEGORIES, WEIGHTS)[0],
        review=chance.random() < 0.08,
        site=site,
        happened_at=at - late if chance.random() < 0.8 else None,
    )


STEPS = ("step_apologize", "step_review", "step_fix", "step_document")
WHOLE = {**dict.fromkeys(STEPS, "yes"), "root_cause": "workflow", "told_change": "yes"}


def intentions(chance: random.Random) -> Iterator[Plan]:
    """Give what an agent will do about a ticket; some never do anything."""
    pace = chance.choice((10, 60, 240, 240, 900, 2_400))

    def soon() -> int:
        return 1 + int(chance.expovariate(1 / pace))

    draw = chance.random()
    if draw < 0.08:
        return
    if draw < 0.14:
        yield Plan(act="wrong", after_minutes=soon())
        return
    if draw < 0.17:
        yield Plan(act="delete", after_minutes=soon())
        return
    if draw < 0.21:
        yield Plan(act="merge", after_minutes=soon())
        return
    yield from _work(chance, soon)
    if chance.random() < 0.2:
        yield Plan(act="reopen", after_minutes=soon())
        yield from _work(chance, soon)


def _work(chance: random.Random, wait: Callable[[], int]) -> Iterator[Plan]:
    yield from _begins(chance, wait)
    if chance.random() < 0.75:
        act = "call" if chance.random() < 0.25 else "reply"
        yield Plan(act=act, after_minutes=wait())
    elif chance.random() < 0.7:
        how = chance.choice(("reached", "declined", "unable_to_reach"))
        yield Plan(act="fill", after_minutes=wait(), values={"first_contact": how})
    if chance.random() < 0.25:
        yield from _rest(chance, wait())
    filled = chance.random()
    if filled < 0.65:
        yield Plan(act="fill", after_minutes=wait(), values=WHOLE)
    elif filled < 0.8:
        some = dict.fromkeys(chance.sample(STEPS, 2), "yes")
        yield Plan(act="fill", after_minutes=wait(), values=some)
    if chance.random() < 0.9:
        yield Plan(act="close", after_minutes=chance.choice((0, wait())))
        if chance.random() < 0.3:
            yield Plan(act="fill", after_minutes=wait(), values=WHOLE)


def _begins(chance: random.Random, wait: Callable[[], int]) -> Iterator[Plan]:
    """What agents do about a ticket before they have spoken with the person."""
    if chance.random() < 0.3:
        yield Plan(act=chance.choice(("note", "assign")), after_minutes=wait())
    if chance.random() < 0.15:
        yield Plan(act="fill", after_minutes=wait(), values={"first_contact": "attempted"})
    if chance.random() < 0.15:
        yield from _tries(chance, wait)
    if chance.random() < 0.08:
        yield Plan(act="priority", after_minutes=wait())
    if chance.random() < 0.12:
        yield _meddles(chance, wait())
    if chance.random() < 0.3:
        yield from _rest(chance, wait())


def _tries(chance: random.Random, wait: Callable[[], int]) -> Iterator[Plan]:
    """Leave messages, often enough or not, and say at the end that nobody was reached."""
    for _ in range(chance.choice((1, 2, 3, 4))):
        way = chance.choice(("phone", "phone", "mail", "text"))
        yield Plan(act="tried", after_minutes=wait(), values={"way": way})
    if chance.random() < 0.6:
        yield Plan(act="fill", after_minutes=wait(), values={"first_contact": "unable_to_reach"})


def _meddles(chance: random.Random, wait: int) -> Plan:
    """Take away or change what is ours: a tag, the number of the case, the category."""
    act, values = chance.choice(
        (
            ("untag", {"tag": "amends"}),
            ("untag", {"tag": "amends_sla_running"}),
            ("untag", {"tag": "amends_cat"}),
            ("fill", {"case": ""}),
            ("fill", {"category": "place.digital"}),
        )
    )
    return Plan(act=act, after_minutes=wait, values=dict(values))


def _rest(chance: random.Random, wait: int) -> Iterator[Plan]:
    why = chance.choice(("waiting_for_patient", "later_date", "third_party", "legal_hold"))
    yield Plan(act="fill", after_minutes=wait, values={"hold": why})
    if chance.random() < 0.15:
        return  # forgotten
    length = chance.choice((3, 60, 600, 3_000, 9_000, 25_000))
    yield Plan(act="fill", after_minutes=1 + int(chance.random() * length), values={"hold": ""})


# how the product is told of this world

PRACTICE = Practice(
    tenant="practice",
    name="Harbor Family Clinic",
    zone=ZoneInfo(PLACES[""].zone),
    region="US",
    phone="+12125550100",
)


def recovery() -> RecoverySettings:
    """Give the promises of the practice."""
    return RecoverySettings(hours=_hours(PLACES[""], holidays=(), region="US-NY"))


def sites() -> dict[str, SiteSettings]:
    """Give its sites."""
    return {
        name: SiteSettings(
            places=(f"{name.title()} Clinic",),
            zone=ZoneInfo(place.zone),
            hours=_hours(place, holidays=place.closed),
            manager=f"Manager of {name}",
        )
        for name, place in PLACES.items()
        if name
    }


def _hours(place: Place, *, holidays: object, region: str = "") -> HoursSettings:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    opened = {
        day: tuple(f"{a}-{b}" for a, b in place.week.get(number, ()))
        for number, day in enumerate(days)
    }
    return HoursSettings(**opened, holidays=holidays, public_holidays=region)


def paging() -> PagingSettings:
    """Give the ways to people outside: who is on call, and the managers, who get few a day."""
    return PagingSettings(
        mail=[
            MailRoute(
                name="oncall",
                host="127.0.0.1",
                security="none",
                sender="amends@practice.example",
                to=("oncall@practice.example",),
            ),
            MailRoute(
                name="night",
                host="127.0.0.1",
                security="none",
                sender="amends@practice.example",
                to=("night@practice.example",),
                hours="closed",
            ),
        ],
        webhook=[
            WebhookRoute(
                name="managers",
                url="https://chat.practice.example/hooks/recovery",
                min_severity=2,
                reasons=["contact_beyond", "resolution_beyond"],
                per_day=1_000,
            )
        ],
    )
