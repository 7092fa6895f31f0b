"""The same responses as eight survey tools print them, for tests of exports that come again."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from servers.workbooks import sheet, workbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One response."""

    number: int
    score: int
    words: str

    @property
    def at(self) -> str:
        """When, in one zone; each response has its own minute."""
        day, hour = 1 + self.number // 600 % 28, self.number // 60 % 10 + 8
        return f"2026-02-{day:02} {hour:02}:{self.number % 60:02}:07"

    @property
    def email(self) -> str:
        return f"p{self.number}@mail.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one tool prints them."""

    name: str
    file: str
    printed: Callable[[Sequence[Said]], bytes]
    settings: dict[str, Any] = field(default_factory=dict)
    newest_first: bool = False


QUESTIONS = {"NPS": {"role": "score", "kind": "nps"}, "Why?": "comment"}


def _csv(*rows: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _plain(said: Sequence[Said]) -> bytes:
    rows = [(f"r{one.number}", one.at, one.score, one.words, one.email) for one in said]
    return _csv(("Response ID", "Submitted", "NPS", "Why?", "Email"), *rows)


def _qualtrics(said: Sequence[Said]) -> bytes:
    names = ("StartDate", "EndDate", "Status", "Progress", "Finished", "RecordedDate")
    names += ("ResponseId", "RecipientEmail", "Q1", "Q2")
    ids = [json.dumps({"ImportId": name}) for name in names]
    rows = [
        (one.at, one.at, 0, 100, 1, one.at, f"R_{one.number:015}", one.email, one.score, one.words)
        for one in said
    ]
    return _csv(names, [*names[:-2], "How likely?", "Why,\nplease?"], ids, *rows)


def _surveymonkey(said: Sequence[Said]) -> bytes:
    names = ("Respondent ID", "Collector ID", "Start Date", "End Date", "Email Address")
    rows = [
        (10_000_000_000 + one.number, 7, us(one), us(one), one.email, one.score, one.words)
        for one in said
    ]
    labels = ("", "", "", "", "", "Response", "Open-Ended Response")
    return _csv((*names, "How likely?", "Why?"), labels, *rows)


def us(one: Said) -> str:
    """Print a time as in the United States."""
    day, clock = one.at.split(" ")
    year, month, number = day.split("-")
    return f"{month}/{number}/{year} {clock}"


def _google_forms(said: Sequence[Said]) -> bytes:
    rows = [(us(one), one.email, one.score, one.words) for one in said]
    return _csv(("Timestamp", "Email Address", "NPS", "Why?"), *rows)


def _redcap(said: Sequence[Said]) -> bytes:
    names = ("record_id", "redcap_event_name", "redcap_repeat_instrument")
    names += ("redcap_repeat_instance", "visit_timestamp", "nps", "why", "email", "visit_complete")
    rows = [
        (
            *(one.number // 4, f"event_{one.number % 2}_arm_1", "visit", one.number % 4 // 2 + 1),
            *(one.at, one.score, one.words, one.email, 2),
        )
        for one in said
    ]
    return _csv(names, *rows)


def _workbook(said: Sequence[Said]) -> bytes:
    rows = [[f"r{one.number}", one.at, one.score, one.words, one.email] for one in said]
    return workbook(sheet([["Response ID", "Submitted", "NPS", "Why?", "Email"], *rows]))


def _json(said: Sequence[Said]) -> bytes:
    rows = [
        {"id": f"r{one.number}", "at": one.at, "nps": one.score, "person": {"email": one.email}}
        | ({"why": one.words} if one.words else {})
        for one in said
    ]
    return json.dumps({"responses": rows}).encode()


def _zip(said: Sequence[Said]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("survey/export.csv", _plain(said))
    return packed.getvalue()


_NPS = {"role": "score", "kind": "nps"}
_PLAIN = {"Response ID": "id", "Submitted": "submitted_at", "Email": "email", **QUESTIONS}

SHAPES = (
    Shape(name="csv", file="export.csv", printed=_plain, settings={"map": _PLAIN}),
    Shape(
        name="qualtrics",
        file="qualtrics.csv",
        printed=_qualtrics,
        settings={"map": {"Q1": _NPS, "Q2": "comment"}},
    ),
    Shape(
        name="surveymonkey",
        file="surveymonkey.csv",
        printed=_surveymonkey,
        settings={"map": {"How likely?": _NPS, "Why?": "comment"}},
        newest_first=True,
    ),
    Shape(
        name="google_forms",
        file="forms.csv",
        printed=_google_forms,
        settings={"map": QUESTIONS, "date_order": "mdy"},
    ),
    Shape(
        name="redcap",
        file="redcap.csv",
        printed=_redcap,
        settings={"map": {"nps": _NPS, "why": "comment", "email": "email"}},
    ),
    Shape(name="xlsx", file="export.xlsx", printed=_workbook, settings={"map": _PLAIN}),
    Shape(
        name="json",
        file="export.json",
        printed=_json,
        settings={
            "map": {
                "id": "id",
                "at": "submitted_at",
                "nps": _NPS,
                "why": "comment",
                "person.email": "email",
            }
        },
    ),
    Shape(name="zip", file="export.zip", printed=_zip, settings={"map": _PLAIN}),
)
