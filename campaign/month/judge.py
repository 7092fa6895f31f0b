"""The verdict: what amends kept and what stands in the helpdesk, against the second computation."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaign.month.book import Book
from campaign.month.drive import Month
from campaign.month.files import File, Round
from campaign.month.hands import taken
from campaign.month.world import PLACES, paging

SLA = ("running", "contact_met", "contact_late")


@dataclass(kw_only=True)
class Table:
    """How many of each kind were compared, and what disagreed."""

    compared: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    """How many of the compared things there should be; an empty one is compared, not counted."""
    seen: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, int] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Everything agrees."""
        return not any(self.wrong.values())

    def same(self, what: str, where: str, ours: object, theirs: object) -> None:
        """Compare what amends has with what the second computation says."""
        self.compared[what] += 1
        self.expected[what] += _amount(theirs)
        self.seen[what] += _amount(ours)
        if ours != theirs:
            self.wrong[what].append(f"{where}: amends {ours}, expected {theirs}")

    def lines(self) -> list[str]:
        """Print it for people."""
        names = ("compared", "expected", "seen", "disagree")
        head = f"{'what':<28}" + "".join(f"{name:>10}" for name in names)
        rows = [
            f"{what:<28}{n:>10}{self.expected[what]:>10}{self.seen[what]:>10}"
            f"{len(self.wrong[what]):>10}"
            for what, n in sorted(self.compared.items(), key=lambda one: _place(one[0]))
        ]
        told = [f"{what:<28}{n:>10}" for what, n in self.told.items()]
        return [head, *rows, "", *told]


def _amount(value: object) -> int:
    """Count what a value tells of: a number that many, nothing none, anything else one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return 0 if value in (None, "none", "", [], (), (None, None), (None, "")) else 1


def _place(what: str) -> tuple[int, str]:
    """Let rungs stand together in their order, and else what was compared first."""
    share = what.removeprefix("rung ").removesuffix(" %")
    return (int(share), what) if share.isdecimal() else (0, "")


def judge(month: Month) -> Table:
    """Compare everything."""
    table, book = Table(), month.book
    rows = {row.id: row for row in _all(month, "SELECT * FROM cases WHERE kind <> 'notice'")}
    table.same("cases", "all", len(rows), len(book.files))
    table.same("tickets for a case", "all", len(book.by_id), len(book.files))
    entries = _entries(month)
    for file in book.files:
        if file.id in rows:
            _case(table, file, rows[file.id])
            _rounds(table, month, file)
            _climbs(table, file, entries[file.id, "clock.escalated"])
            _ticket(table, month, file)
    _pages(table, month)
    _notes(table, month)
    table.same("agents' acts seen in time", "all", month.asleep, [])
    _tell(table, month)
    return table


def _all(month: Month, statement: str) -> list[Any]:
    with month.store.read() as connection:
        return list(connection.execute(sa.text(statement)))


def _entries(month: Month) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in _all(month, "SELECT * FROM ledger ORDER BY chain_id, seq"):
        found[row.case_id, row.action].append({**json.loads(row.body), "_at": row.at})
    return found


def _case(table: Table, file: File, row: Any) -> None:
    where = f"{file.id} ({file.founder.email}, ticket {file.ticket})"
    table.same(
        "state and reason",
        where,
        (row.state == "open", row.close_reason or ""),
        (file.open, file.reason),
    )
    table.same("severity", where, f"{row.severity}", f"{file.severity}")
    table.same("site", where, row.site or "", file.founder.site)
    table.same("contact due", where, _moment(row.contact_due), file.contact_due)
    table.same("resolution due", where, _moment(row.resolution_due), file.resolution_due)


def _rounds(table: Table, month: Month, file: File) -> None:
    query = f"SELECT * FROM round WHERE case_id = '{file.id}' ORDER BY number"  # noqa: S608 - ours
    found = _all(month, query)
    table.same("rounds", file.id, len(found), len(file.rounds))
    for row, one in zip(found, file.rounds, strict=False):
        where = f"{file.id}.{one.number} (ticket {file.ticket}, severity {file.severity})"
        table.same("round began", where, _moment(row.started_at), one.start)
        ended = (_moment(row.ended_at), row.why or "")
        table.same("round ended", where, ended, (one.ended, one.why))
        table.same("first contact", where, _moment(row.contact_at), one.contact)
        lacks = None if row.lacking is None else tuple(filter(None, row.lacking.split(",")))
        table.same("steps that lack", where, lacks, one.lacking)
        held = int(one.held.total_seconds())
        table.same("held", where, _seconds(row.held_s), _seconds(held))
        table.same("first contact shown", where, row.shown, one.shown)


def _climbs(table: Table, file: File, entries: list[dict[str, Any]]) -> None:
    ours = [
        (one["round"], one["clock"], one["percent"], _moment(one["due"]), _moment(one["_at"]))
        for one in entries
    ]
    theirs = [
        (one.number, rung.clock, rung.percent, rung.due, rung.at)
        for one in file.rounds
        for rung in one.climbed
    ]
    for number in range(max(len(ours), len(theirs))):
        left = ours[number] if number < len(ours) else None
        right = theirs[number] if number < len(theirs) else None
        what = f"rung {(right or left or (0, 0, 0))[2]} %"
        table.same(what, f"{file.id} ticket {file.ticket}", _plain(left), _plain(right))


def _plain(rung: tuple[Any, ...] | None) -> str:
    return "none" if rung is None else " ".join(str(one) for one in rung)


def _ticket(table: Table, month: Month, file: File) -> None:
    truth = month.book.truth[file.ticket]
    sharing = [one for one in month.book.files if one.ticket == file.ticket]
    if truth.gone or truth.into or len(sharing) > 1 or file.guest:
        table.told["tickets deleted or shared"] = table.told.get("tickets deleted or shared", 0) + 1
        return
    stands = month.hands.stands(file.ticket)
    where = f"{file.id} ticket {file.ticket}"

    def of(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
        asked = set(names) - truth.untagged
        return sorted(stands.tags & asked), sorted(file.tags & asked)

    sla = tuple(f"amends_sla_{one}" for one in SLA)
    table.same("SLA tag", where, *of(sla))
    table.same("incomplete tag", where, *of(("amends_recovery_incomplete",)))
    table.same("repeat tags", where, *of(("amends_repeat", "amends_recovery_failed")))
    table.same(
        "late and second-look tags", where, *of(("amends_late_detected", "amends_second_look"))
    )
    wanted = truth.priority if truth.theirs else file.priority
    table.same("priority", where, f"{stands.severity}", f"{wanted}")
    for tag in sorted(truth.untagged):
        table.same("agents' edits stand", where, taken(tag, stands.tags), [])
    for name in ("case", "category"):
        if name in truth.fields and name in stands.fields:
            table.same("agents' edits stand", where, stands.fields[name], truth.fields[name])
    if file.contact_due is not None:
        shown = (stands.fields.get("contact_due"), stands.fields.get("resolution_due"))
        due = (_short(file.contact_due), _short(file.resolution_due))
        table.same("due times on the ticket", where, shown, due)


def _pages(table: Table, month: Month) -> None:
    """Each reason once for each route that takes it, and every one sent."""
    expected: Counter[str] = Counter()
    short = {"critical": "c", "silence": "s", "contact_beyond": "b", "resolution_beyond": "r"}
    for file, number, why, at, severity in month.book.pages:
        for route in paging().routes:
            opened = PLACES[file.founder.site].is_open(at)
            wanted = {"always": True, "open": opened, "closed": not opened}[route.hours]
            if severity >= route.min_severity and why in route.reasons and wanted:
                expected[f"{file.id}.{number}.{short[why]}.{route.name}"] += 1
    sent = Counter(month.sent)
    waiting = {row.key for row in _all(month, "SELECT key FROM page WHERE state = 'ready'")}
    for key in sorted({*expected, *sent}):
        if key not in waiting:
            table.same("pages, each once", key, sent[key], expected[key])


def _notes(table: Table, month: Month) -> None:
    counts = Counter(month.border.notes)
    for key in counts:
        table.same("notes, each once", key, counts[key], 1)
    for file in month.book.files:
        truth = month.book.truth.get(file.ticket)
        if truth is None or truth.gone:
            continue
        for one in file.rounds:
            _rung_notes(table, month.book, file, one)


def _rung_notes(table: Table, book: Book, file: File, one: Round) -> None:
    for rung in one.climbed:
        key = f"{file.id}.{one.number}.{rung.clock}.{rung.percent}"
        table.same("rungs told by a note", key, key in book.delivered, not rung.overtaken)


def _tell(table: Table, month: Month) -> None:
    book = month.book
    table.told |= {
        "complaints": month.heard,
        "turns": month.turns,
        "acts of agents": sum(month.acts.values()),
        "seconds": int(month.seconds),
        "pages sent": len(month.sent),
        "notes": len(month.border.notes),
        "rounds": sum(len(file.rounds) for file in book.files),
        "rungs climbed": sum(len(one.climbed) for file in book.files for one in file.rounds),
    }


def _seconds(number: int) -> str:
    return f"{number} seconds" if number else ""


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _short(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
