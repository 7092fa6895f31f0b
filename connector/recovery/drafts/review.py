"""Is a text fit for a patient? Every text of a book, in each of its forms; pure.

A text with `{% if %}` has several forms: all of them are read. Words are looked for with neutral
values, because the practice's own name may be anything; lengths are measured with the real ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Final

from connector.domain.practice import Practice
from connector.domain.taxonomy import TAXONOMY
from connector.recovery.drafts import gsm
from connector.recovery.drafts.book import LANGUAGES, Book, Fault
from connector.recovery.drafts.sheet import OPTIONAL, PIECES, Sheet
from connector.recovery.drafts.values import for_sms, values
from connector.recovery.lint import findings
from connector.recovery.playbook import PLAYBOOK
from connector.recovery.settings import RecoverySettings

LONGEST_CASE: Final = "C-00000-00000"
LONGEST_DUE: Final = datetime(2026, 12, 30, 23, 59, tzinfo=UTC)
"""Two digits for the day and for the hour, in any zone."""

_NEUTRAL: Final = {
    "practice": "Harbor House",
    "sender": "Harbor House",
    "site": "North",
    "contact": "Ana Diaz",
    "phone": "555 0100",
    "hours": "9-17",
    "due": "Mon Jun 9, 5:00 PM",
    "reference": "C-ABCDE",
    "say": "...",
    "write": "...",
}
_SPECIALTY: Final = re.compile(
    r"cardio|oncolog|psych|psiqui|psicol|dermato|urolog|gyn|gine|obstet|fertil|hiv|vih|std\b"
    r"|addict|adicc|behavioral|mental|dialysis|di.lisis|cancer|c.ncer|pain|methadone|detox"
    r"|gastro|neuro|nephro|nefro|hepat|oncol|planned parent|abort|rehab|eating|memory",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The practice as a whole, or one of its sites, as it is in force there."""

    practice: Practice
    recovery: RecoverySettings
    name: str = ""
    """Of the site; empty: the whole."""


def review(book: Book, scopes: Sequence[Scope]) -> list[Fault]:
    """Give what is wrong with the practice's own texts, and what does not fit its names."""
    faults = [fault for sheet in book.own for fault in of_sheet(sheet, scopes)]
    for language in LANGUAGES:
        for sheet in _messages(book, language):
            faults.extend(_too_long(sheet, book, language, scopes))
    faults.extend(_telling_names(scopes))
    return faults


def of_sheet(sheet: Sheet, scopes: Sequence[Scope]) -> Iterator[Fault]:
    """Look at one text in all its forms."""
    piece, _, category = sheet.key.partition("/")[2].partition(".")
    public = piece == "public"
    # a channel's general text goes with every category, those of care too
    clinical = public or not category or (category in PLAYBOOK and PLAYBOOK[category].clinical)
    told: set[tuple[str, int]] = set()
    for form in _forms(sheet):
        text, places = sheet.lines({**_NEUTRAL, **form})
        said = findings(text, clinical=clinical, public=public, closing=piece == "closing")
        for one in said:
            line = places[min(one.start, len(places) - 1)]
            if (one.kind, line) not in told:
                told.add((one.kind, line))
                yield _fault(sheet, line, f"holds {one.what}: {one.phrase!r}", one.cure)
    yield from _unguarded(sheet, scopes)


def _forms(sheet: Sheet) -> Iterator[Mapping[str, str]]:
    """Give every combination of what may be missing."""
    names = sorted(sheet.tested() & OPTIONAL)  # the others always have a value
    for there in product((True, False), repeat=len(names)):
        yield {name: "" for name, is_there in zip(names, there, strict=True) if not is_there}


def _unguarded(sheet: Sheet, scopes: Sequence[Scope]) -> Iterator[Fault]:
    """Tell placeholders that may be empty and are not asked for."""
    for name in sorted((sheet.names() & OPTIONAL) - sheet.tested() - {"due"}):
        for scope in scopes:
            if not values(scope.practice, scope.recovery, "en", due=None, case="")[name]:
                where = f" for the site {scope.name}" if scope.name else ""
                line = next(
                    (n for n, text in enumerate(sheet.source.split("\n"), 1) if name in text), 1
                )
                what = f"has an unfilled placeholder: {name!r} is not set{where}"
                cure = f"write {{% if {name} %}} ... {{% endif %}} around it, or set it"
                yield _fault(sheet, line, what, cure)
                break


def _messages(book: Book, language: str) -> Iterator[Sheet]:
    seen: set[str] = set()
    for category in TAXONOMY:
        sheet = book.sheet(language, "sms", category)
        if sheet.key not in seen:
            seen.add(sheet.key)
            yield sheet


def _too_long(sheet: Sheet, book: Book, language: str, scopes: Sequence[Scope]) -> Iterator[Fault]:
    """Measure a text message with the longest names and numbers that are set."""
    category = sheet.key.partition(".")[2]
    categories = [category] if category else list(TAXONOMY)
    worst = max(
        (
            (units - limit, units, limit, text)
            for scope in scopes
            for text in _sms_texts(sheet, book, language, scope, categories)
            for units, limit in [gsm.length(text)]
        ),
        default=(0, 0, 0, ""),
    )
    if worst[0] <= 0:
        return
    _, units, limit, text = worst
    why = f" because of {gsm.strangers(text)!r}" if limit == gsm.UCS2_LIMIT else ""
    what = f"is {units} characters long with the longest values, and {limit} fit{why}"
    cure = "shorten it" if sheet.file else "set a shorter recovery.drafts.sms_sender or contact"
    yield _fault(sheet, 1, what, cure, "problem" if sheet.file else "warning")


def _sms_texts(
    sheet: Sheet, book: Book, language: str, scope: Scope, categories: Sequence[str]
) -> Iterator[str]:
    given = for_sms(
        values(scope.practice, scope.recovery, language, due=LONGEST_DUE, case=LONGEST_CASE)
    )
    if not sheet.names() & PIECES:
        categories = categories[:1]
    for category in categories:
        said = {piece: book.sheet(language, piece, category).fill(given) for piece in PIECES}
        for missing in ({}, {"due": ""}):
            yield sheet.fill({**given, **said, **missing})


def _telling_names(scopes: Sequence[Scope]) -> Iterator[Fault]:
    """Warn of a sender that tells the specialty to whomever sees the telephone."""
    for scope in scopes:
        sender = scope.recovery.drafts.sms_sender or scope.practice.name
        if _SPECIALTY.search(sender):
            yield Fault(
                file="recovery.drafts.sms_sender",
                line=1,
                what="text messages would come from a name that tells the specialty",
                cure="set a neutral one",
                level="warning",
            )
            return


def _fault(sheet: Sheet, line: int, what: str, cure: str, level: str = "problem") -> Fault:
    name = sheet.file or f"(built in) {sheet.key}"
    return Fault(file=name, line=line, what=what, cure=cure, level=level)
