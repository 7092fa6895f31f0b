"""Marks by which helpdesks recognise answers in a subject: `[#123]`, `[queue-123]`, case ids.

Which of them names a ticket is a matter of the product; here they are only found.
"""

from __future__ import annotations

import re
from typing import Final

MAX_TOKENS: Final = 5
"""Marks behind these are not looked at."""
MAX_SUBJECT_CHARS: Final = 998

_BRACKETS: Final = re.compile(r"\[\s{0,3}([^\[\]]{1,80}?)\s{0,3}\]")
_CASE: Final = re.compile(r"\bC-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b")
_ANSWERED: Final = re.compile(
    r"(?:re|aw|antw|sv|vs|odp|ynt|rif|res|fwd?|wg|tr|rv|vb|doorst|i|enc)"
    r"\s{0,2}(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s{0,2}[:\uff1a]\s*",
    re.IGNORECASE,
)
_MIN_SUBJECT_CHARS: Final = 12


def tokens(subject: str) -> tuple[str, ...]:
    """Give what stands in square brackets and case ids, without repetition, in order."""
    subject = subject[:MAX_SUBJECT_CHARS]
    found = [match[1] for match in _BRACKETS.finditer(subject)]
    return tuple(dict.fromkeys([*_CASE.findall(subject), *found]))[:MAX_TOKENS]


def is_case_id(token: str) -> bool:
    """Say whether a token is one of our case ids."""
    return _CASE.fullmatch(token) is not None


def answered_subject(subject: str) -> str:
    """Give the subject that a mail answers, folded for comparison; '' when it is no answer.

    `Re: AW: My bill of March` gives `my bill of march`. Short ones (`Feedback`) are too
    common to tell one matter from another, and give nothing.
    """
    rest = subject[:MAX_SUBJECT_CHARS].strip()
    folded = plain_subject(rest)
    return folded if _ANSWERED.match(rest) else ""


def plain_subject(subject: str) -> str:
    """Give a subject without marks of answering and forwarding, folded for comparison.

    Empty when it is too short to tell one matter from another.
    """
    rest = subject[:MAX_SUBJECT_CHARS].strip()
    while match := _ANSWERED.match(rest):
        rest = rest[match.end() :]
    folded = " ".join(rest.split()).casefold()
    return folded if len(folded) >= _MIN_SUBJECT_CHARS else ""
