"""The judge compares what the helpdesk's own records say, not ours, with the truth."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from campaign.desks import Seen
from campaign.patients import Truth

WORD = re.compile(r"zq\d+x\d+x\d+qz")


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


def judge(seen: Seen, truth: Truth) -> Verdict:
    """Compare what the helpdesk has with the truth."""
    verdict = Verdict(tickets=len(seen.tickets), expected=len(truth.threads) + truth.calls)
    keys = Counter(ticket.key for ticket in seen.tickets if ticket.key)
    verdict.double_tickets = sum(count - 1 for count in keys.values())
    verdict.double_tickets += max(0, verdict.tickets - verdict.expected - verdict.double_tickets)
    marks = Counter(mark for text in seen.texts for mark in text.marks)
    verdict.double_notes = sum(count - 1 for count in marks.values())
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for place, text in enumerate(seen.texts):
        if not text.private:
            verdict.exposed += bool(WORD.search(text.text))
            continue
        for word in dict.fromkeys(WORD.findall(text.text)):
            found[word].append((text.ticket, place))
    for words in truth.threads:
        _thread(words, found, verdict)
    if verdict.tickets < verdict.expected:
        verdict.lost += max(0, verdict.expected - verdict.tickets - verdict.lost)
    spoken = {ticket for hits in found.values() for ticket, _ in hits}
    verdict.unaddressed = sum(ticket.id in spoken and not ticket.address for ticket in seen.tickets)
    verdict.leaked = sum(word in found for word in truth.silent)
    verdict.mails = seen.mails
    verdict.extra += seen.complaints
    return verdict


def _thread(words: list[str], found: dict[str, list[tuple[str, int]]], verdict: Verdict) -> None:
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
