"""The judge reads the helpdesk's own database, not ours, and compares it with the truth."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from campaign.patients import Truth

WORD = re.compile(r"zq\d+x\d+x\d+qz")
MARK = re.compile(r"\[amends note ([^\]]+)\]")


@dataclass(slots=True)
class Verdict:
    """Faults by kind; all zero when every promise was kept."""

    tickets: int = 0
    expected: int = 0
    lost: int = 0
    """Words of patients that are nowhere."""
    double_tickets: int = 0
    double_notes: int = 0
    disordered: int = 0
    """Tickets whose notes are not in the order in which they were said."""
    leaked: int = 0
    """Thanks that became tickets."""
    exposed: int = 0
    """Words that the patient's side of the helpdesk could show."""
    unaddressed: int = 0
    """Tickets of people with an address that do not carry it."""
    mails: int = 0
    """Mails that left the helpdesk."""
    extra: list[str] = field(default_factory=list)
    """Sentences about what else is wrong (our own books)."""

    @property
    def kept(self) -> bool:
        """True when nothing is wrong."""
        faults = (self.lost, self.double_tickets, self.double_notes, self.disordered)
        quiet = (self.leaked, self.exposed, self.unaddressed, self.mails)
        return not any((*faults, *quiet, *self.extra))

    def line(self) -> str:
        """Print as one line."""
        return (
            f"{self.tickets} tickets for {self.expected}, lost {self.lost}, "
            f"double tickets {self.double_tickets}, double notes {self.double_notes}, "
            f"out of order {self.disordered}, leaked {self.leaked}, exposed {self.exposed}, "
            f"unaddressed {self.unaddressed}, mails {self.mails}"
            + "".join(f"; {sentence}" for sentence in self.extra)
        )


def judge(site: Path, truth: Truth) -> Verdict:
    """Compare the helpdesk in `site` with the truth."""
    with sqlite3.connect(f"file:{site / 'db.sqlite3'}?mode=ro", uri=True) as database:
        keys = database.execute(
            "SELECT v.value FROM helpdesk_ticketcustomfieldvalue v JOIN helpdesk_customfield f "
            "ON f.id = v.field_id WHERE f.name = 'amends_key' AND v.value <> ''"
        ).fetchall()
        tickets = database.execute("SELECT count(*) FROM helpdesk_ticket").fetchone()[0]
        notes = database.execute(
            "SELECT ticket_id, comment FROM helpdesk_followup ORDER BY id"
        ).fetchall()
        shown = database.execute(
            "SELECT description FROM helpdesk_ticket UNION ALL "
            "SELECT comment FROM helpdesk_followup WHERE public"
        ).fetchall()
        addresses = dict(database.execute("SELECT id, submitter_email FROM helpdesk_ticket"))
    verdict = Verdict(tickets=tickets, expected=len(truth.threads) + truth.calls)
    verdict.double_tickets = sum(count - 1 for count in Counter(keys).values())
    verdict.double_tickets += max(0, tickets - verdict.expected - verdict.double_tickets)
    marks = Counter(mark for _, comment in notes for mark in MARK.findall(comment or ""))
    verdict.double_notes = sum(count - 1 for count in marks.values())
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, (ticket, comment) in enumerate(notes):
        for word in dict.fromkeys(WORD.findall(comment or "")):
            found[word].append((ticket, place))
    for words in truth.threads:
        _thread(words, found, verdict)
    if tickets < verdict.expected:
        verdict.lost += max(0, verdict.expected - tickets - verdict.lost)
    verdict.exposed = sum(bool(WORD.search(text or "")) for (text,) in shown)
    spoken = {ticket for hits in found.values() for ticket, _ in hits}
    verdict.unaddressed = sum(not addresses.get(ticket) for ticket in spoken)
    verdict.leaked = sum(word in found for word in truth.silent)
    verdict.mails = len(list((site / "mail").glob("*")))
    return verdict


def _thread(words: list[str], found: dict[str, list[tuple[int, int]]], verdict: Verdict) -> None:
    places = []
    for word in words:
        hits = found.get(word, [])
        if not hits:
            verdict.lost += 1
            continue
        verdict.double_notes += len(hits) - 1
        places.append(hits[0])
    tickets = {ticket for ticket, _ in places}
    verdict.double_tickets += max(0, len(tickets) - 1)
    if places != sorted(places, key=lambda hit: hit[1]):
        verdict.disordered += 1
