"""Who takes a case that runs late, and who must not, because it is about them; pure.

A complaint about the manager goes to somebody else: patients ask for impartial handling more
often than for anything but that it does not happen again (BMC HSR 6:106). A machine cannot be
sure whom a text is about, so a name is enough: that a harmless case goes elsewhere costs little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.case import Case
from connector.domain.signal import Signal
from connector.recovery.marks import primary
from connector.recovery.settings import RecoverySettings

MAX_TEXT_CHARS: Final = 20_000
"""Of a longer text so much is read for names."""

SOMEBODY_ELSE: Final = "somebody else than {manager}"
"""Who is asked where the settings name nobody for that."""

# "The manager was rude" is about the manager; "let me speak to the manager" is a wish.
_TITLE = (
    r"(?:(?:practice|office|site|clinic|department|front desk) )?(?:manager|supervisor)"
    r"|(?:(?:la|el) )?(?:gerente|encargad[oa]|supervisora?|directora?)(?: de (?:la )?\w+)?"
)
_WISH = (
    r"(?:speak|talk|speaking|talking|complain|complained|write|wrote|report|reported|hear"
    r"|escalate\w*|go|hablar|quejarme|escribir|dirigirme)(?: \w+)? (?:to|with|from|con|al?)"
    r"|(?:ask|asked|asking|call|see|get|contact|want|need|where is|who is|be|pedir?|pedi|ver|llamar"
    r"|quiero|necesito)(?: for| a| al| con)?"
)
_ABOUT_TITLE: Final = re.compile(
    rf"(?<!\w)(?P<wish>(?:{_WISH}) )?(?:(?:the|your|their|a|an|su|un|una) )?(?:{_TITLE})(?!\w)"
)
_NOT_WORDS: Final = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Whom a late case goes to."""

    name: str
    """As on the ticket."""
    login: str
    """In the helpdesk; empty: nobody is to be assigned."""
    kept_from: str = ""
    """Whom the case seems to be about; empty: nobody of ours."""


def taker(case: Case, settings: RecoverySettings) -> Taker:
    """Give who is asked to see to a case; `settings` are those of its site."""
    escalation = settings.escalation
    own = escalation.by_category.get(primary(case))
    name = own.manager if own else escalation.manager
    if not case.conflict:
        return Taker(name=name, login=own.login if own else escalation.login)
    instead = escalation.instead
    if instead is None or instead.manager == name:
        return Taker(name=SOMEBODY_ELSE.format(manager=name), login="", kept_from=name)
    return Taker(name=instead.manager, login=instead.login, kept_from=name)


def about_manager(signal: Signal, categories: Sequence[str], settings: RecoverySettings) -> bool:
    """Say whether a signal seems to be about whoever would be asked to see to it."""
    escalation = settings.escalation
    own = escalation.by_category.get(categories[0]) if categories else None
    known_as = own.known_as if own else escalation.known_as
    words = _folded(f"{signal.subject} {signal.reply_text or signal.text}"[:MAX_TEXT_CHARS])
    padded = f" {words} "
    if any((name := _folded(one)) and f" {name} " in padded for one in known_as):
        return True
    reporter = signal.facts.get("reporter_name")
    if own is not None or isinstance(reporter, str):  # staff mention their manager in passing
        return False
    return any(found["wish"] is None for found in _ABOUT_TITLE.finditer(words))


def logins(settings: RecoverySettings) -> frozenset[str]:
    """Name every account to which a case may be assigned."""
    escalation = settings.escalation
    own = [*escalation.by_category.values(), escalation.instead]
    found = {escalation.login, *(one.login for one in own if one is not None)}
    return frozenset(found - {""})


def _folded(text: str) -> str:
    """Give lower-case words without accents, one space between them."""
    letters = text.casefold()
    if not letters.isascii():
        plain = unicodedata.normalize("NFKD", letters)
        letters = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(_NOT_WORDS.split(letters)).strip()
