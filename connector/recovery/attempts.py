"""Attempts to reach a person: what an agent's note tells of one, and when they are enough; pure.

A voicemail is an attempt, not a contact. Three on two days by two ways allow a case to end
although nobody was reached. Agents say `tried: phone` in a note, or say it in their own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

TRIES: Final = 3
DAYS: Final = 2
WAYS: Final = 2

MAX_TEXT_CHARS: Final = 2_000
"""An attempt is told at the beginning of a note."""

PHONE: Final = "phone"

_NAMES: Final = {
    "phone": "phone",
    "call": "phone",
    "voicemail": "phone",
    "telefono": "phone",
    "mail": "mail",
    "email": "mail",
    "e-mail": "mail",
    "correo": "mail",
    "text": "text",
    "sms": "text",
    "letter": "letter",
    "post": "letter",
    "carta": "letter",
    "portal": "portal",
    "visit": "visit",
}
"""What agents call a way, and what it counts as."""

_SAID: Final = re.compile(
    r"^\W{0,4}(?:tried|attempt(?:ed)?|intento)\s?(?:\d\s?)?[:=-]\s{0,3}(?:by |por )?"
    rf"(?P<way>{'|'.join(sorted(_NAMES, key=len, reverse=True))})\b",
    re.IGNORECASE | re.MULTILINE,
)
_REACHED: Final = re.compile(
    r"\b(?:spoke|spoken|talked|reached (?:her|him|them|the|patient|mr|mrs|ms)|we talked|called back"
    r"|picked up and|answered and|hable|hablamos|hemos hablado)\b",
    re.IGNORECASE,
)
_PATIENTS: Final = re.compile(
    r"\b(?:patient|pt|she|he|they|caller|mother|father|daughter|son|wife|husband|parent|paciente"
    r"|ella|el)(?: has| had| also| just| ha)? (?:left|called|dejo)\b",
    re.IGNORECASE,
)
_TO_DO: Final = re.compile(
    r"\b(?:please|will|should|need to|needs to|must|to-?do|tomorrow|if (?:there is )?no answer|por "
    r"favor|hay que|manana)\b",
    re.IGNORECASE,
)
_BY_PHONE: Final = re.compile(
    r"\b(?:left (?:a |her a |him a |them a |another |2nd |second |third )?(?:detailed |short )?"
    r"(?:voice ?mail|message|msg|vm)|lvm|lmom|(?:went|goes|straight) to voice ?mail"
    r"|voice ?mail left"
    r"|got (?:her|his|the|their) (?:voice ?mail|machine)|voice ?mail(?: (?:is|was))? full"
    r"|no answer|(?:did not|didn't|did'nt) (?:answer|pick up)|nobody (?:answered|picked up)"
    r"|(?:just )?rang out|line (?:is |was )?busy|(?:could not|couldn't|unable to)"
    r" (?:reach|get hold of)"
    r"|called,? not reached|deje (?:un )?(?:mensaje|recado)|buzon de voz|no contest[ao]"
    r"|no respond[eio]\w* al telefono|nadie contest[ao])\b",
    re.IGNORECASE,
)
_BY_TEXT: Final = re.compile(
    r"\b(?:(?:sent|left) (?:her |him |them )?(?:a |another )?(?:text|sms|text message)|texted"
    r"|(?:envie|mande) (?:un )?(?:sms|mensaje de texto))\b",
    re.IGNORECASE,
)
_BY_MAIL: Final = re.compile(
    r"\b(?:(?:sent|wrote) (?:her |him |them )?(?:an? |another )?e-?mail|e-?mailed"
    r"|(?:envie|mande|escribi) (?:un )?(?:correo|e-?mail))\b",
    re.IGNORECASE,
)
_BY_LETTER: Final = re.compile(
    r"\b(?:(?:sent|mailed|posted) (?:her |him |them )?(?:a |another )?letter"
    r"|(?:envie|mande) (?:una )?carta)\b",
    re.IGNORECASE,
)
_WAYS: Final = (
    ("phone", _BY_PHONE),
    ("text", _BY_TEXT),
    ("mail", _BY_MAIL),
    ("letter", _BY_LETTER),
)
_ACCENTS: Final = str.maketrans("\u00e1\u00e9\u00ed\u00f3\u00fa\u00f1\u2019", "aeioun'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt to reach a person."""

    at: datetime
    way: str
    """phone | mail | text | letter | portal | visit."""


def tried(text: str) -> tuple[str, ...]:
    """Name the ways by which a note says that somebody tried; empty: it tells of no attempt.

    A plan is no attempt, nor is what the patient did; whoever was spoken with was reached.
    """
    words = text[:MAX_TEXT_CHARS].lower().translate(_ACCENTS)
    said = tuple(dict.fromkeys(_NAMES[one["way"]] for one in _SAID.finditer(words)))
    if said:
        return said
    found: list[str] = []
    if _REACHED.search(words):
        return ()
    for sentence in re.split(r"(?<=[.!?;\n])\s", words):
        if _PATIENTS.search(sentence) or _TO_DO.search(sentence):
            continue
        found += [way for way, pattern in _WAYS if pattern.search(sentence)]
    return tuple(dict.fromkeys(found))


def enough(tries: Sequence[Try], zone: ZoneInfo) -> bool:
    """Say whether attempts allow a case to end although nobody was reached."""
    days = {one.at.astimezone(zone).date() for one in tries}
    ways = {one.way for one in tries}
    return len(tries) >= TRIES and len(days) >= DAYS and len(ways) >= WAYS


def seen(tries: Sequence[Try], zone: ZoneInfo) -> str:
    """Say what was seen of attempts, for agents."""
    if not tries:
        return "none was seen"
    days = len({one.at.astimezone(zone).date() for one in tries})
    ways = ", ".join(sorted({one.way for one in tries}))
    return f"seen: {_count(len(tries), 'attempt')} on {_count(days, 'day')} by {ways}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
