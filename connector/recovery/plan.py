"""What is owed to the helpdesk for what was heard: decided here, done elsewhere.

Every change carries a key made from the signal's seed, so that deciding again
after a crash owes the same changes and none twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Assessment
from connector.domain.case import Case
from connector.domain.plain import one_line
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Contact, Signal
from connector.domain.ticket import AddNote, Change, OpenTicket, UpdateTicket
from connector.recovery import marks, outreach, tags, wording
from connector.recovery.contexts import heard_context, local, plan_context
from connector.recovery.drafts.book import Book, builtin
from connector.recovery.drafts.offer import shown
from connector.recovery.outreach import Earlier
from connector.recovery.playbook import play_for
from connector.recovery.policy import late_detected
from connector.recovery.render import Value, render, version
from connector.recovery.routing import taker
from connector.recovery.settings import RecoverySettings

MAX_LINES: Final = 100
"""A daily summary lists so many items; the rest is a number."""

MAX_LINE_CHARS: Final = 300
"""Each of them is cut to this length."""

# Why two cases were linked, by the pipeline's code.
_LINKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shared_contact": "both came through a number or address that several people share",
        "same_contact_other_name": "same number or address, another name",
        "same_contact_no_name": "same number or address, but no name to be sure",
        "other_matter": "the same person, in a matter that is kept apart",
        "ticket": "the mail names this case's ticket, but its sender is not known here",
        "earlier_case": "the same person had an earlier case",
        "by_a_person": "somebody of the practice says so",
        "repeat": "the same person was let down in the same way within 90 days",
        "recovery_failed": "this had been put right for the same person, and happened again",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A signal that was judged and belongs to a case."""

    signal: Signal
    assessment: Assessment
    detected_at: datetime
    """When the daemon heard it, UTC."""
    seed: str
    """The signal's id as 32 hex digits; every change key begins with it."""


def opening(
    case: Case,
    heard: Heard,
    practice: Practice,
    settings: RecoverySettings,
    further: Sequence[str] = (),
    book: Book | None = None,
    earlier: Sequence[Earlier] = (),
) -> tuple[Change, ...]:
    """Give the changes that open a case's ticket: the ticket, then a note with attachments.

    `further` are tags about what else is known of the person, `earlier` when somebody spoke with
    them lately about other cases.
    """
    late = late_detected(heard.detected_at, heard.signal.event_time, settings)
    ticket = OpenTicket(
        key=f"{heard.seed}.open",
        case_id=case.id,
        subject=_subject(case, heard.signal),
        text=_ticket_text(case, heard, practice, settings, book or builtin(), earlier),
        requester=heard.signal.contact,
        severity=1 if case.second_look else case.severity,
        tags=(
            *marks.case_tags(case),
            *marks.heard_tags(heard.signal, heard.assessment, late=late),
            *further,
        ),
        fields={
            **marks.case_fields(case, settings, book),
            **marks.heard_fields(heard.signal, heard.assessment, heard.detected_at),
        },
        due_at=case.clocks.contact_due if case.clocks else None,
    )
    return (ticket, *_files(case, heard))


def joining(
    case: Case,
    heard: Heard,
    *,
    raised_from: int | None,
    practice: Practice,
    settings: RecoverySettings,
    changed: str = "",
    book: Book | None = None,
    begins: bool = False,
) -> tuple[Change, ...]:
    """Give the changes for a further signal of an open case, which is the case after the raise.

    A note says what was heard again. With `raised_from` (the severity before; the same as now
    when only categories came in addition) the ticket's own tags and fields follow, and the note
    repeats the plan, because another kind of failure may lead now. `changed` says that it is about
    an answer of the case that its writer `edited`, or that is gone (`withdrawn`); `begins`, that
    a second look became a case by it.
    """
    if changed == "withdrawn":
        gone = render("withdrawn", {"case": case.id})
        return (AddNote(key=f"{heard.seed}.note", case_id=case.id, text=gone),)
    raised = ""
    context = heard_context(
        case, heard.signal, heard.assessment, heard.detected_at, practice, settings
    )
    if raised_from is not None:
        context |= plan_context(case, practice, settings, book)
        raised = _raise_words(case, raised_from, practice)
    words = _drafts(case, heard.signal, practice, settings, book)
    context |= {
        "raised": raised,
        "edited": changed == "edited",
        "corrected": changed == "edited" and heard.signal.channel is Channel.PHONE,
        "unsure": changed == "edited" and heard.signal.facts.get("edit_unsure") is True,
        "plan": raised_from is not None and case.clocks is not None,
        "drafts": words if raised_from is not None else [],
    }
    note = AddNote(
        key=f"{heard.seed}.note", case_id=case.id, text=render("joined", context), attachments=()
    )
    if raised_from is None:
        return (note, *_files(case, heard))
    key = f"{heard.seed}.update"
    update = marks.follow(case, key, settings, raised_from=raised_from, book=book, begins=begins)
    risks = tuple(
        tag
        for tag in marks.heard_tags(heard.signal, heard.assessment, late=False)
        if tag not in update.add_tags
    )
    return (note, *_files(case, heard), replace(update, add_tags=(*update.add_tags, *risks)))


def kept_apart(case: Case, seed: str, settings: RecoverySettings) -> tuple[Change, ...]:
    """Give the changes for an open case that turns out to be about its manager."""
    text = render("apart", {**_apart(case, settings), "case": case.id})
    note = AddNote(key=f"{seed}.apart", case_id=case.id, text=text)
    key = f"{seed}.apart.update"
    return (note, UpdateTicket(key=key, case_id=case.id, add_tags=(tags.CONFLICT,)))


def promoting(
    case: Case,
    *,
    seed: str,
    practice: Practice,
    settings: RecoverySettings,
    book: Book | None = None,
    founder: Signal | None = None,
) -> tuple[Change, ...]:
    """Give the changes for a second look that a person answered with yes; the case has clocks.

    `founder` is the signal that founded it, while its words are kept.
    """
    context: dict[str, Value] = plan_context(case, practice, settings, book)
    context["drafts"] = _drafts(case, founder, practice, settings, book) if founder else []
    due = local(case.clocks.contact_due, practice) if case.clocks else "as soon as possible"
    context |= {"todo": f"First contact by {due}.", "severity": case.severity}
    note = AddNote(key=f"{seed}.note", case_id=case.id, text=render("promoted", context))
    update = marks.follow(case, f"{seed}.update", settings, raised_from=0, book=book, begins=True)
    return (note, update)


def storm_summary(
    *,
    source: str,
    held: int,
    since: datetime,
    seed: str,
    case: Case,
    practice: Practice,
    settings: RecoverySettings,
) -> OpenTicket:
    """Give the one ticket that tells of many cases held back since `since`."""
    del settings  # nothing of a storm depends on what is promised to patients
    context: dict[str, Value] = {
        "source": one_line(source, 80),
        "held": held,
        "since": local(since, practice),
        "case": case.id,
    }
    return OpenTicket(
        key=f"{seed}.open",
        case_id=case.id,
        subject=f"Many cases at once from {one_line(source, 80)}: held back, please look",
        text=render("storm", context),
        requester=Contact(),
        severity=case.severity,
        tags=(tags.OURS, tags.STORM),
        fields={
            "case": case.id,
            "source": one_line(source, 80),
            "held": str(held),
            "template": version(("storm",)),
        },
    )


def daily_summary(
    *,
    day: date,
    counts: Mapping[str, int],
    lines: Sequence[str],
    seed: str,
    case: Case,
    practice: Practice,
    settings: RecoverySettings,
) -> OpenTicket:
    """Give the rolling ticket of one day about parked, unreadable and held items."""
    del practice, settings  # a day is a day, and nothing is promised for it
    shown = [one_line(line, MAX_LINE_CHARS) for line in lines[:MAX_LINES]]
    context: dict[str, Value] = {
        "day": wording.local_day(day),
        "counts": [
            f"{one_line(name, 80).capitalize()}: {number}" for name, number in counts.items()
        ],
        "lines": shown,
        "more": max(len(lines) - MAX_LINES, 0),
        "case": case.id,
    }
    return OpenTicket(
        key=f"{seed}.open",
        case_id=case.id,
        subject=f"Parked, unreadable and held items of {wording.local_day(day)}",
        text=render("daily", context),
        requester=Contact(),
        severity=1,
        tags=(tags.OURS, tags.DAILY),
        fields={"case": case.id, "day": day.isoformat(), "template": version(("daily",))},
    )


def link_note(case: Case, other_case_id: str, why: str, seed: str) -> AddNote:
    """Give the note that points from one case to another without joining them.

    `why` is a code of the pipeline or a short sentence of a person.
    """
    context: dict[str, Value] = {
        "other": other_case_id,
        "why": _LINKS.get(why, one_line(why.replace("_", " "), 200)),
        "case": case.id,
    }
    return AddNote(key=f"{seed}.link", case_id=case.id, text=render("link", context))


def _subject(case: Case, signal: Signal) -> str:
    title = play_for(marks.primary(case)).title
    if case.second_look:
        return f"Second look: {title}? ({signal.channel.value}) {case.id}"
    return f"{title} (severity {case.severity}, {signal.channel.value}) {case.id}"


def _ticket_text(
    case: Case,
    heard: Heard,
    practice: Practice,
    settings: RecoverySettings,
    book: Book,
    earlier: Sequence[Earlier],
) -> str:
    context = heard_context(
        case, heard.signal, heard.assessment, heard.detected_at, practice, settings
    )
    if case.second_look or case.clocks is None:
        reach = wording.reach(heard.signal.contact) if settings.include_contact else ""
        context |= {"reach": reach and f"{reach} if you need to ask.", **_apart(case, settings)}
        return render("second_look", context)
    context |= plan_context(case, practice, settings, book) | _apart(case, settings)
    context["earlier"] = list(outreach.lines(earlier, practice))
    spoken = _once(heard.signal) if earlier else heard.signal
    context["drafts"] = _drafts(case, spoken, practice, settings, book)
    context["todo"] = wording.todo(
        heard.signal.contact,
        by=local(case.clocks.contact_due, practice),
        include_contact=settings.include_contact,
        wants_contact=heard.signal.facts.get("wants_contact") is not False,
    )
    context["severity"] = case.severity
    return render("ticket", context)


def _once(signal: Signal) -> Signal:
    """Take the consent to text messages back, for whoever was spoken with lately."""
    return replace(signal, facts={**signal.facts, "sms_consent": False})


def _drafts(
    case: Case,
    signal: Signal,
    practice: Practice,
    settings: RecoverySettings,
    book: Book | None,
) -> list[Value]:
    found = shown(case, signal, marks.primary(case), book or builtin(), practice, settings)
    return [dict(one) for one in found]


def _apart(case: Case, settings: RecoverySettings) -> dict[str, Value]:
    """Say from whom a case is kept, and who is asked instead."""
    whom = taker(case, settings)
    return {"kept_from": whom.kept_from, "instead": whom.name, "conflict_tag": tags.CONFLICT}


def _raise_words(case: Case, before: int, practice: Practice) -> str:
    if case.severity == before:
        return "the kind of failure has changed."
    due = f"; first contact by {local(case.clocks.contact_due, practice)}" if case.clocks else ""
    return f"severity is now {case.severity} (it was {before}){due}."


def _files(case: Case, heard: Heard) -> tuple[AddNote, ...]:
    files = heard.signal.attachments
    if not files:
        return ()
    context: dict[str, Value] = {
        "files": [wording.file_line(one) for one in files],
        "case": case.id,
    }
    note = AddNote(
        key=f"{heard.seed}.files",
        case_id=case.id,
        text=render("files", context),
        attachments=tuple(one for one in files if not one.withheld),
    )
    return (note,)
