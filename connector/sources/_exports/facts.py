"""What the rules may know of a response."""

from __future__ import annotations

import re

from connector.domain.signal import Fact
from connector.parsing.survey_mapping import Status
from connector.parsing.surveys import Layout, Rated, Response

# UTF-8 that was read as Windows-1252 and written again: caf\u00c3\u00a9, don\u00e2\u20ac\u2122t.
_GARBLED = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf]"
    "|\u00e2\u20ac[\u0098\u0099\u009c\u009d\u2122\u0153\u02dc\u00a6]"
    "|\ufffd"
)


MAX_SCORES = 50
"""So many scores of one response are told, as many as are judged."""


def facts_of(response: Response, layout: Layout, *, guessed: bool) -> dict[str, Fact]:
    """Name what is known; what was not asked or not answered is left out.

    The first score has plain names (`score`, `score_kind` ...), the second `score_2` and so on.
    `guessed`: the encoding of the file is a guess.
    """
    status = None if response.status is Status.UNKNOWN else response.status.value
    facts: dict[str, Fact | None] = {
        "content_hash": response.content.hex(),
        "survey_tool": layout.recipe,
        "survey_status": status,
        "wants_contact": response.wants_contact,
        "consent_no": True if response.wants_contact is False else None,
        "contact_answer_unclear": response.wants_contact_unclear or None,
        "submitted_at_unclear": response.submitted_at_unclear or None,
        "encoding_guessed": guessed or None,
        "comment_asks": tuple(one.polarity.value for one in response.comments) or None,
        "comment_chars": tuple(str(len(one.words)) for one in response.comments) or None,
        "text_garbled": True if _GARBLED.search(response.words) else None,
        **response.labels,
    }
    for place, rated in enumerate(response.scores[:MAX_SCORES], start=1):
        suffix = f"_{place}" if place > 1 else ""
        facts |= {f"{name}{suffix}": fact for name, fact in _score_facts(rated).items()}
    return {name: fact for name, fact in facts.items() if fact is not None}


def _score_facts(rated: Rated) -> dict[str, Fact | None]:
    score, scale = rated.score, rated.scale
    known = score.value is not None
    return {
        "question": rated.column.question,
        "score": score.given or score.value,
        "score_kind": scale.kind.value,
        "score_problem": score.problem or None,
        "score_min": scale.worst if known else None,
        "score_max": scale.best if known else None,
        "score_low_at_most": rated.low_at_most if known else None,
    }
