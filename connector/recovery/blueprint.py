"""What a practice's helpdesk should have: fields, views and service levels; pure.

amends fills the first group of fields; the second is what people fill, so that the four
steps, the cause and what the patient was told can be counted. Nothing here changes a
helpdesk: its plugin compares (`Provisions.plan`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from connector.domain.blueprint import (
    Blueprint,
    FieldType,
    Target,
    WantedAnswer,
    WantedField,
    WantedSla,
    WantedView,
)
from connector.domain.signal import Channel
from connector.domain.taxonomy import TAXONOMY
from connector.recovery import tags
from connector.recovery.overlays import evidence_names
from connector.recovery.policy import promised
from connector.recovery.settings import RecoverySettings, SlaRow

PREFIX: Final = "Recovery: "
"""Every title begins with it, so that ours stand together in any list."""

KEY_CHARS: Final = 64
TIME_CHARS: Final = 20
"""`2026-03-01T12:00:00Z`."""
MINUTES_A_DAY: Final = 24 * 60

SEVERITIES: Final[Mapping[str, str]] = MappingProxyType(
    {"1": "1 low", "2": "2 moderate", "3": "3 high", "4": "4 critical"}
)

FIRST_CONTACT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reached": "Spoken with the person",
        "attempted": "Tried, message left",
        "unable_to_reach": "Unable to reach, three tries on two days",
        "declined": "Does not want contact",
    }
)
"""Only `reached` and `declined` are a contact: a voicemail is an attempt."""

ROOT_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "workflow": "Workflow",
        "equipment": "Equipment",
        "staffing": "Staffing, capacity",
        "performance": "Performance",
        "disposition": "Disposition",
        "information": "Wrong information",
        "third_party": "Third party (carrier, lab, phone provider)",
        "policy": "Policy",
        "none_found": "None found",
    }
)

SATISFIED: Final[Mapping[str, str]] = MappingProxyType(
    {"yes": "Yes", "no": "No", "unknown": "Not asked", "not_reached": "Not reached"}
)

HOLDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waiting_for_patient": "Waiting for the patient",
        "later_date": "The patient asked for a later date",
        "third_party": "Waiting for a third party",
        "legal_hold": "Legal hold",
    }
)
"""The only reasons for which a clock may rest."""

STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apologize": "Somebody said sorry to the person.",
        "review": "What happened was reviewed, place by place.",
        "fix": "It was put right for this person.",
        "document": "What was done and found is written down here.",
    }
)


def blueprint(settings: RecoverySettings, answers: Sequence[WantedAnswer] = ()) -> Blueprint:
    """Give everything that the helpdesk should have for a practice of these settings."""
    return Blueprint(
        fields=(*_ours(), *_theirs(settings.value_chain), *_demanded(settings.overlays)),
        views=_VIEWS,
        slas=tuple(_slas(settings)),
        answers=tuple(answers),
    )


def _ours() -> Iterator[WantedField]:
    """What amends writes; `key` only where the product has no place of its own for it."""
    yield _field("key", "key", "By which amends finds the ticket again.", KEY_CHARS)
    yield _field("case", "case", "Number of the case, as in every report of amends.", 20)
    yield WantedField(
        name="category",
        title=f"{PREFIX}category",
        type=FieldType.CHOICE,
        choices={key: row.meaning for key, row in TAXONOMY.items()},
        description="What went wrong; the leading one of several.",
    )
    yield WantedField(
        name="severity",
        title=f"{PREFIX}severity",
        type=FieldType.CHOICE,
        choices=dict(SEVERITIES),
        description="How grave it is, from what the person says or lost.",
    )
    yield _field("source", "heard in", "Name of the mailbox, phone log or survey.", 40)
    yield WantedField(
        name="channel",
        title=f"{PREFIX}channel",
        type=FieldType.CHOICE,
        choices={channel.value: channel.value for channel in Channel},
        description="How the person was heard.",
    )
    yield _field("site", "site", "Place of the practice that it is about, where said.", 40)
    for name, title, description in (
        ("event_time", "happened at", "When it happened, as far as is known (UTC)."),
        ("detected_at", "heard at", "When amends heard of it; the clocks run from here (UTC)."),
        ("contact_due", "contact due", "By when a human has to have been in touch (UTC)."),
        ("resolution_due", "resolution due", "By when all four steps have to be done (UTC)."),
    ):
        yield _field(name, title, description, TIME_CHARS)


def _theirs(value_chain: Sequence[str]) -> Iterator[WantedField]:
    """What people write; amends reads it and never overwrites it."""
    yield _choice("first_contact", "first human contact", FIRST_CONTACT, "How it came to be.")
    yield _choice("hold", "on hold because", HOLDS, "Clocks rest meanwhile, 14 days at most.")
    for name, description in STEPS.items():
        yield _tick(f"step_{name}", name, description)
    yield _choice("root_cause", "root cause", ROOT_CAUSES, "Why it happened; from severity 2.")
    yield _agents_text("root_cause_text", "root cause in words", "No names of patients or staff.")
    places = {_slug(place): place for place in (*value_chain, "outside")}
    yield _choice("place", "where in the value chain", places, "Where it went wrong.")
    yield _agents_text(
        "change_made", "what we changed", "What was changed so that it does not happen again."
    )
    yield _tick("told_change", "patient told what changed", "Most often forgotten, most wanted.")
    yield _choice("satisfied", "patient satisfied", SATISFIED, "Asked at the end, never guessed.")


def _demanded(overlays: frozenset[str]) -> Iterator[WantedField]:
    """What the rules in force ask for beside."""
    if "letter_sent" in evidence_names(overlays):
        yield _tick("letter_sent", "written answer sent", "With all that the rule asks for.")


_VIEWS: Final = (
    WantedView(
        name="due_now",
        title=f"{PREFIX}due now",
        tags=(tags.SLA_RUNNING, tags.SLA_LATE),
        without_tags=(tags.NO_CONTACT,),
    ),
    WantedView(
        name="failed",
        title=f"{PREFIX}failed",
        tags=(tags.SLA_LATE, tags.REPEAT, tags.category_tag("recovery.failed")),
    ),
    WantedView(
        name="second_look",
        title=f"{PREFIX}needs a second look",
        tags=(tags.SECOND_LOOK,),
        without_tags=(tags.RIGHT, tags.WRONG),
    ),
)


def _slas(settings: RecoverySettings) -> Iterator[WantedSla]:
    """Give a policy for each severity, the gravest first: its tag says what was promised.

    Every priority gets the same targets, because agents may change the priority of a ticket
    and the promise stays.
    """
    for severity in (4, 3, 2, 1):
        row = promised(severity, settings)
        calendar = row.contact_ceiling_minutes <= row.contact_minutes
        resolution = row.resolution_business_days * (
            MINUTES_A_DAY if calendar else settings.hours.business_day_minutes
        )
        yield WantedSla(
            name=f"severity_{severity}",
            title=f"{PREFIX}{SEVERITIES[str(severity)]}",
            tag=tags.severity_tag(severity),
            targets=tuple(_target(priority, row, resolution) for priority in (4, 3, 2, 1)),
            business_hours=not calendar,
        )


def _target(priority: int, row: SlaRow, resolution_minutes: int) -> Target:
    contact = min(row.contact_minutes, row.contact_ceiling_minutes)
    return Target(
        severity=priority,
        contact_minutes=contact,
        resolution_minutes=max(resolution_minutes, contact),
    )


def _field(name: str, title: str, description: str, max_chars: int) -> WantedField:
    return WantedField(
        name=name,
        title=PREFIX + title,
        type=FieldType.TEXT,
        description=description,
        max_chars=max_chars,
    )


def _agents_text(name: str, title: str, description: str) -> WantedField:
    return WantedField(
        name=name,
        title=PREFIX + title,
        type=FieldType.TEXT,
        description=description,
        filled_by="agents",
    )


def _choice(name: str, title: str, choices: Mapping[str, str], description: str) -> WantedField:
    return WantedField(
        name=name,
        title=PREFIX + title,
        type=FieldType.CHOICE,
        choices=dict(choices),
        description=description,
        filled_by="agents",
    )


def _tick(name: str, title: str, description: str) -> WantedField:
    return WantedField(
        name=name,
        title=PREFIX + title,
        type=FieldType.CHECKBOX,
        description=description,
        filled_by="agents",
    )


def _slug(words: str) -> str:
    """Make a value of a configured place (`front desk` is `front_desk`)."""
    return re.sub(r"[^\w]+", "_", words.lower()).strip("_") or "place"
