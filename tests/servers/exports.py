"""The same responses as every survey tool prints them, for tests of exports that come again."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
    return _csv(
        names, [*names[:-2], "How likely are you to recommend us?", "Why,\nplease?"], ids, *rows
    )


def _surveymonkey(said: Sequence[Said]) -> bytes:
    names = ("Respondent ID", "Collector ID", "Start Date", "End Date", "Email Address")
    rows = [
        (10_000_000_000 + one.number, 7, us(one), us(one), one.email, one.score, one.words)
        for one in said
    ]
    labels = ("", "", "", "", "", "Response", "Open-Ended Response")
    return _csv((*names, "How likely are you to recommend us?", "Why?"), labels, *rows)


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
        {
            "id": f"r{one.number}",
            "submitted_at": one.at,
            "nps": one.score,
            "person": {"email": one.email},
        }
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
_Q = {"map": {"Q1": _NPS, "Q2": "comment"}}
_BY_NAME = {"map": QUESTIONS}
_PLAIN = {"Response ID": "id", "Submitted": "submitted_at", "Email": "email", **QUESTIONS}


def _tabbed(said: Sequence[Said]) -> bytes:
    """Print as Excel's "Unicode text"."""
    return _plain(said).decode().replace(",", "\t").encode("utf-16")


def _lines(said: Sequence[Said]) -> bytes:
    rows = json.loads(_json(said))["responses"]
    return b"".join(json.dumps({"why": "", **row}).encode() + b"\n" for row in rows)


def _qualtrics_workbook(said: Sequence[Said]) -> bytes:
    names = ["StartDate", "EndDate", "Status", "Finished", "RecordedDate", "ResponseId", "Q1", "Q2"]
    asked = ["Start Date", "End Date", "Response Type", "Finished", "Recorded Date", "Response ID"]
    rows = [
        [one.at, one.at, "IP Address", "True", one.at, f"R_{one.number}", one.score, one.words]
        for one in said
    ]
    return workbook(sheet([names, [*asked, "How likely are you to recommend us?", "Why?"], *rows]))


def _qualtrics_legacy(said: Sequence[Said]) -> bytes:
    header = ("V1", "V8", "V9", "V10", "Q1", "Q2", "")
    asked = (
        "ResponseID",
        "StartDate",
        "EndDate",
        "Finished",
        "How likely are you to recommend us?",
        "Why?",
        "",
    )
    rows = [(f"R_{one.number}", one.at, one.at, 1, one.score, one.words, "") for one in said]
    return b"\xef\xbb\xbf" + _csv(header, asked, *rows)


def _google_download(said: Sequence[Said]) -> bytes:
    rows = [(f"{one.at.replace('-', '/')} GMT", one.score, one.words) for one in said]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("Timestamp", "NPS", "Why?"), *rows])
    return text.getvalue().encode()


def _microsoft_forms(said: Sequence[Said]) -> bytes:
    header = ["ID", "Start time", "Completion time", "Email", "Name", "NPS", "Why?"]
    rows = [
        [one.number + 10, one.at, one.at, "anonymous", "", one.score, one.words] for one in said
    ]
    return workbook(sheet([header, *rows]))


def _typeform(said: Sequence[Said]) -> bytes:
    header = ("#", "NPS", "Why?", "Other", "Other", "Response Type", "Start Date (UTC)")
    header += ("Submit Date (UTC)", "Network ID")
    rows = [
        (f"{one.number:032}", one.score, one.words, "", "", "completed", one.at, one.at, "n")
        for one in said
    ]
    return _csv(header, *rows)


def _limesurvey(said: Sequence[Said]) -> bytes:
    header = ("id", "submitdate", "lastpage", "startlanguage", "seed", "NPS", "WHY", "NPSTime")
    rows = [(one.number + 10, one.at, 2, "en", 1, one.score, one.words, "3.2") for one in said]
    return _csv(header, *rows).replace(b",", b";")


def _limesurvey_texts(said: Sequence[Said]) -> bytes:
    header = ("id. Response ID", "submitdate. Date submitted", "lastpage. Last page")
    header += (
        "startlanguage. Start language",
        "NPS. How likely are you to recommend us?",
        "WHY. Why?",
    )
    rows = [(one.number + 10, one.at, 2, "en", one.score, one.words) for one in said]
    return b"\xef\xbb\xbf" + _csv(header, *rows)


def _unix(one: Said) -> int:
    return int(datetime.fromisoformat(one.at).replace(tzinfo=UTC).timestamp())


def _delighted(said: Sequence[Said]) -> bytes:
    rows = [
        {"id": str(one.number), "person": {"email": one.email}, "survey_type": "nps"}
        | {"score": one.score, "comment": one.words or None, "permalink": "https://d.example"}
        | {"created_at": _unix(one), "updated_at": None, "tags": []}
        for one in said
    ]
    return json.dumps(rows).encode()


def _asknicely(said: Sequence[Said]) -> bytes:
    header = ("response_id", "contact_id", "email", "answer", "comment", "dontcontact", "sent")
    rows = [
        (one.number, 1, one.email, one.score, one.words, "0", _unix(one), _unix(one), "nps")
        for one in said
    ]
    return _csv((*header, "responded", "question_type"), *rows)


def _friends_and_family(said: Sequence[Said]) -> bytes:
    asked = "Overall, how was your experience of our service?"
    rows = [(one.at, _WORDS[one.score > 6], one.words, "City") for one in said]
    return _csv(("time", asked, "Please tell us why", "site"), *rows)


_WORDS = ("Very poor", "Very good")


def _cahps(said: Sequence[Said]) -> bytes:
    often = "In the last 6 months, how often did this provider {}?"
    header = ("Survey ID", "Received Date", often.format("listen"), often.format("explain things"))
    header += ("What number would you use to rate this provider?", "Comments", "Disposition")
    rows = [
        (one.number, us(one), "Always", "Always", one.score, one.words, "Complete") for one in said
    ]
    return _csv(header, *rows).replace(b",", b"|")


def _jotform(said: Sequence[Said]) -> bytes:
    rows = [(one.at, one.score, one.words, 5_500_000_000 + one.number) for one in said]
    return _csv(("Submission Date", "NPS", "Why?", "Submission ID"), *rows)


def _formbricks(said: Sequence[Said]) -> bytes:
    header = ("No.", "Response ID", "Timestamp", "Finished", "Survey ID", "NPS", "Why?")
    rows = [
        (place, f"clx{one.number}", one.at, "true", "s", one.score, one.words)
        for place, one in enumerate(said, start=1)
    ]
    return _csv(header, *rows)


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
        settings={"map": {"How likely are you to recommend us?": _NPS, "Why?": "comment"}},
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
                "submitted_at": "submitted_at",
                "nps": _NPS,
                "why": "comment",
                "person.email": "email",
            }
        },
    ),
    Shape(name="zip", file="export.zip", printed=_zip, settings={"map": _PLAIN}),
    Shape(name="tsv in UTF-16", file="export.tsv", printed=_tabbed, settings={"map": _PLAIN}),
    Shape(
        name="json lines",
        file="export.jsonl",
        printed=_lines,
        settings={
            "map": {"id": "id", "submitted_at": "submitted_at", "nps": _NPS, "why": "comment"}
        },
    ),
    Shape(
        name="newest first",
        file="export.csv",
        printed=_plain,
        settings={"map": _PLAIN},
        newest_first=True,
    ),
    Shape(
        name="without an id",
        file="export.csv",
        printed=_google_forms,
        settings={"map": QUESTIONS, "vendor": "google_forms"},
        newest_first=True,
    ),
    Shape(name="qualtrics xlsx", file="q.xlsx", printed=_qualtrics_workbook, settings=_Q),
    Shape(name="qualtrics legacy", file="q.csv", printed=_qualtrics_legacy, settings=_Q),
    Shape(name="google download", file="f.csv", printed=_google_download, settings=_BY_NAME),
    Shape(name="microsoft_forms", file="m.xlsx", printed=_microsoft_forms, settings=_BY_NAME),
    Shape(name="typeform", file="t.csv", printed=_typeform, settings=_BY_NAME, newest_first=True),
    Shape(
        name="limesurvey",
        file="l.csv",
        printed=_limesurvey,
        settings={"map": {"NPS": _NPS, "WHY": "comment"}},
    ),
    Shape(
        name="limesurvey texts",
        file="l.csv",
        printed=_limesurvey_texts,
        settings={"map": {"NPS": _NPS, "WHY": "comment"}},
    ),
    Shape(
        name="delighted",
        file="d.json",
        printed=_delighted,
        settings={"map": {"comment": "comment"}},
    ),
    Shape(
        name="asknicely", file="a.csv", printed=_asknicely, settings={"map": {"comment": "comment"}}
    ),
    Shape(
        name="nhs_fft",
        file="n.csv",
        printed=_friends_and_family,
        settings={"map": {"Please tell us why": "comment"}, "date_order": "dmy"},
    ),
    Shape(name="cahps", file="c.txt", printed=_cahps, settings={"map": {"Comments": "comment"}}),
    Shape(name="jotform", file="j.csv", printed=_jotform, settings=_BY_NAME, newest_first=True),
    Shape(
        name="formbricks", file="b.csv", printed=_formbricks, settings=_BY_NAME, newest_first=True
    ),
)
