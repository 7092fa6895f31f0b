"""Guesses what the columns of an unknown export are, from their names; for inspection.

Rather nothing than wrong: a role is guessed only from names that mean it in the exports known
(formats of Qualtrics, SurveyMonkey, Google and Microsoft Forms, Typeform, REDCap, LimeSurvey),
and a scale only where the question gives it away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from connector.parsing.survey_columns import MANY, Column, Role
from connector.parsing.survey_mapping import Mapped
from connector.parsing.survey_scores import SCALES, ScoreKind

MAX_NAME_CHARS = 400
"""Nothing is guessed from a longer name."""

# Role by role, best first: patterns for the whole folded name or question of a column.
_SYNONYMS: tuple[tuple[Role, str], ...] = (
    (Role.ID, r"response ?id|responseid|_recordid|respondent ?id|submission id|#|response_id"),
    (Role.SUBMITTED_AT, r"submit date \(utc\)|submitdate|date submitted|submission date"),
    (Role.SUBMITTED_AT, r"recorded ?date|completion time|timestamp|end ?date|submitted(_at| at)?"),
    (Role.EMAIL, r"e-?mail|e-?mail address|recipient ?email|your e-?mail( address)?"),
    (Role.PHONE, r"(your )?(tele)?phone( number)?|mobile( number)?|phone_number|telephone"),
    (Role.NAME, r"(first|last|full|your|patient|recipient ?first|recipient ?last)[ _]?name|name"),
    (Role.NAME, r"name_(first|last)"),
    (
        Role.WANTS_CONTACT,
        (
            r"(may|can|should) we (contact|call) you.*|.*like (us |someone )?to (contact|call) .*"
            r"|ok_contact|contact_ok|contact me"
        ),
    ),
    (Role.SCORE, r".*how likely .*recommend.*|nps|nps[ _]score|net promoter score"),
    (Role.SCORE, r"(overall )?(rating|score|stars|csat)|.*how satisfied (were|are) you.*"),
    (Role.SCORE, r".*overall.*experience of (our|the|your) .*"),
    (
        Role.COMMENT,
        (
            r"(your )?((further|additional|other) )?(comments?|feedback|suggestions?)( text)?"
            r"|.*tell us (more|why|about).*|why\??|what went wrong\??|.*reason for your .*"
            r"|.*what (could|can|should) we .*|.*how (could|can) we .*improve.*|do_better"
            r"|.*any ((other|further|additional) )?(comments|feedback).*|free_text"
        ),
    ),
    (Role.LOCATION, r"location|site|clinic|practice|surgery|branch"),
    (Role.DEPARTMENT, r"department|unit|ward|specialty"),
    (Role.PROVIDER, r"provider|doctor|physician|clinician|your doctor"),
    (Role.COMPLETE, r"finished"),
    (Role.COMPLETE, r"response type|.*survey_complete"),
)
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _SYNONYMS)
_TRAP = re.compile(r".*\bgroup\b.*|.*_group")
"""Derived columns (`Q1_NPS_GROUP`) look like the question they come from."""
_KINDS: tuple[tuple[ScoreKind, re.Pattern[str]], ...] = (
    (ScoreKind.NPS, re.compile(r".*how likely .*recommend.*|.*\bnps\b.*|net promoter score")),
    (ScoreKind.CSAT5, re.compile(r".*how satisfied (were|are) you.*|csat|.*\(1-5\).*")),
    (ScoreKind.STARS5, re.compile(r".*\bstars?\b.*|rating")),
    (ScoreKind.FFT, re.compile(r".*overall.*experience of (our|the|your) .*")),
)


def guess(columns: Sequence[Column]) -> Mapping[str, Mapped]:
    """Give each role to the first column that fits it best, comments and names to all.

    Name of a column to its meaning; columns that nothing is known about are missing. A score
    whose scale its question does not give away is missing too.
    """
    found: dict[str, Mapped] = {}
    for role, pattern in _PATTERNS:
        for column in columns:
            one_only = role not in MANY or role is Role.ID
            if column.name in found or (
                one_only and any(mapped.role is role for mapped in found.values())
            ):
                continue
            if any(
                pattern.fullmatch(alias) and not _TRAP.fullmatch(alias) for alias in _of(column)
            ):
                found[column.name] = _mapped(column, role)
    return {
        name: mapped
        for name, mapped in found.items()
        if mapped.role is not Role.SCORE or mapped.kind is not None
    }


def _mapped(column: Column, role: Role) -> Mapped:
    if role is not Role.SCORE:
        return Mapped(role=role)
    kind = _kind(column)
    return Mapped(role=role, kind=kind, direction=SCALES[kind].direction if kind else None)


def _of(column: Column) -> list[str]:
    return [alias for alias in column.aliases if len(alias) <= MAX_NAME_CHARS]


def _kind(column: Column) -> ScoreKind | None:
    for kind, pattern in _KINDS:
        if any(pattern.fullmatch(alias) for alias in _of(column)):
            return kind
    return None
