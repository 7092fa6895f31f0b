"""The plan that every employee should know, from the settings in force: one page, two forms; pure.

The same words as the tickets use: what to say, what may be offered without asking, by when, who.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from connector.domain.practice import Practice
from connector.domain.taxonomy import TAXONOMY
from connector.recovery.contexts import owner_of, say
from connector.recovery.drafts.book import Book
from connector.recovery.drafts.values import opening
from connector.recovery.playbook import play_for
from connector.recovery.settings import RecoverySettings

SEVERITIES: Final = (4, 3, 2, 1)

_HOUR: Final = 60
_DAY: Final = 24 * 60

FOUR_STEPS: Final = (
    ("Apologize", "Say sorry in your own voice. Whether anybody is at fault does not matter now."),
    ("Review", "Ask what happened, let them tell it once, and say it back."),
    ("Fix", "Do what you may without asking, at once. Stay with it until somebody has it."),
    ("Document", "Write it into the ticket: what was done, why it happened, what is changed."),
)

NEVER: Final = (
    "No details of care in a text message, on an answering machine, or in public.",
    "No cause and no fault on a matter of care: a clinician speaks about it.",
    "No promise of outcome, money or discipline beyond what stands here.",
    "No `sorry if`, no blame of the patient or of a colleague.",
    "Never ask for a review, nor to change or remove one.",
    "Greet and offer help first; ask who is speaking, and for a date of birth, afterwards.",
    "Who does not want to be contacted is not contacted.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of failure."""

    key: str
    title: str
    meaning: str
    say: str
    offers: tuple[str, ...]
    owner: str
    severity: int
    """The least one of such a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffPlan:
    """What stands on the page."""

    practice: str
    site: str
    phone: str
    hours: str
    manager: str
    value_chain: tuple[str, ...]
    clocks: tuple[tuple[str, str, str, str], ...]
    """For each severity: its name, first contact, news while it is open, all four steps."""
    entries: tuple[Entry, ...]
    version: str
    """Of the configuration in force; the ledger has the same."""


def staff_plan(
    practice: Practice, settings: RecoverySettings, book: Book, *, version: str = ""
) -> StaffPlan:
    """Gather the page; the gravest kinds of failure come first."""
    entries = (
        Entry(
            key=key,
            title=play_for(key).title,
            meaning=row.meaning,
            say=say(key, book, practice, settings),
            offers=tuple(settings.empowerment.get(key, play_for(key).fix)),
            owner=owner_of(key, settings),
            severity=row.floor,
        )
        for key, row in TAXONOMY.items()
    )
    return StaffPlan(
        practice=practice.name,
        site=settings.drafts.site,
        phone=practice.phone,
        hours=opening(settings.hours, "en"),
        manager=settings.escalation.manager,
        value_chain=tuple(settings.value_chain),
        clocks=tuple(_clock(settings, severity) for severity in SEVERITIES),
        entries=tuple(entries),
        version=version,
    )


def _clock(settings: RecoverySettings, severity: int) -> tuple[str, str, str, str]:
    row = settings.sla.row(severity)
    names = {4: "4 critical", 3: "3 high", 2: "2 moderate", 1: "1 low"}
    contact = f"{_time(row.contact_minutes)} within opening hours"
    if row.contact_ceiling_minutes <= row.contact_minutes:
        contact = f"{_time(row.contact_ceiling_minutes)}, day and night"
    else:
        contact += f", {_time(row.contact_ceiling_minutes)} at most"
    days = row.update_business_days
    news = "-" if not days else "every business day" if days == 1 else f"every {days} business days"
    steps = f"{_count(row.resolution_business_days, 'business day')}"
    return names[severity], contact, news, f"{steps}, {row.resolution_ceiling_days} days at most"


def _time(minutes: int) -> str:
    if minutes % _HOUR == 0:
        return _count(minutes // _HOUR, "hour")
    return _count(minutes, "minute")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def markdown(plan: StaffPlan) -> str:
    """Print the page as Markdown."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: StaffPlan) -> Iterator[str]:
    where = f"{plan.practice}, {plan.site}" if plan.site else plan.practice
    yield from (f"# When something went wrong for a patient: {_md(where)}", "")
    yield "Whoever hears of it begins with it. That somebody feels let down is reason enough."
    yield from ("", "## Four steps", "")
    yield from (f"{n}. **{name}.** {what}" for n, (name, what) in enumerate(FOUR_STEPS, 1))
    yield from ("", f"Walk the way they went: {_md(', '.join(plan.value_chain))}.")
    yield from ("", "## Never", "")
    yield from (f"- {line}" for line in NEVER)
    yield from ("", "## By when", "")
    yield from _table(
        ("severity", "first contact by a human", "tell how it stands", "all four steps"),
        plan.clocks,
    )
    yield from ("", f"Open: {plan.hours}. A voicemail is an attempt, not a contact.")
    yield f"At 80 % of the time {_md(plan.manager)} is asked to see to it."
    if plan.phone:
        yield f"The number that patients may call: {_md(plan.phone)}."
    yield from ("", "## What to say, and what you may offer without asking")
    for entry in plan.entries:
        yield from ("", f"### {_md(entry.title)}", "")
        yield f"{_md(entry.meaning)}. From severity {entry.severity}. Owner: {_md(entry.owner)}."
        yield from ("", f"> {_md(entry.say)}", "")
        yield from (f"- {_md(offer)}" for offer in entry.offers)
    if plan.version:
        yield from ("", f"Version {plan.version} of the configuration.")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _md(text: str) -> str:
    """Keep text that an admin wrote from acting as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text)


_STYLE: Final = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
h3 { margin-bottom: 0; } .who { color: #555; margin: 0; }
blockquote { border-left: 4px solid #2a6f97; margin: .5rem 0; padding: .2rem 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #bbb; padding: .3rem;
  text-align: left; } section { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } }
"""


def html(plan: StaffPlan) -> str:
    """Print the page as HTML that needs nothing from elsewhere and can be printed on paper."""
    where = escape(f"{plan.practice}, {plan.site}" if plan.site else plan.practice)
    title = f"When something went wrong for a patient: {where}"
    body = "\n".join(_markup(plan))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _markup(plan: StaffPlan) -> Iterator[str]:
    yield "<p>Whoever hears of it begins with it."
    yield "That somebody feels let down is reason enough.</p>"
    yield "<h2>Four steps</h2>\n<ol>"
    yield from (f"<li><strong>{name}.</strong> {what}</li>" for name, what in FOUR_STEPS)
    yield f"</ol>\n<p>Walk the way they went: {escape(', '.join(plan.value_chain))}.</p>"
    yield "<h2>Never</h2>\n<ul>"
    yield from (f"<li>{line.replace('`', '')}</li>" for line in NEVER)
    yield "</ul>\n<h2>By when</h2>\n<table>\n<thead><tr><th>severity</th>"
    yield "<th>first contact by a human</th><th>tell how it stands</th><th>all four steps</th>"
    yield "</tr></thead>\n<tbody>"
    for row in plan.clocks:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield f"</tbody>\n</table>\n<p>Open: {escape(plan.hours)}. A voicemail is an attempt, not a"
    yield f"contact. At 80 % of the time {escape(plan.manager)} is asked to see to it."
    if plan.phone:
        yield f"The number that patients may call: {escape(plan.phone)}."
    yield "</p>\n<h2>What to say, and what you may offer without asking</h2>"
    for entry in plan.entries:
        yield f"<section>\n<h3>{escape(entry.title)}</h3>"
        yield f'<p class="who">{escape(entry.meaning)}. From severity {entry.severity}.'
        yield f"Owner: {escape(entry.owner)}.</p>"
        yield f"<blockquote>{escape(entry.say)}</blockquote>\n<ul>"
        yield from (f"<li>{escape(offer)}</li>" for offer in entry.offers)
        yield "</ul>\n</section>"
    if plan.version:
        yield f'<p class="who">Version {escape(plan.version)} of the configuration.</p>'
