"""Which drafts a ticket shows: the phone script, and the way that the person prefers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from connector.domain.case import Case, Group
from connector.domain.practice import Practice
from connector.domain.signal import Fact, Signal
from connector.recovery.drafts import gsm
from connector.recovery.drafts.book import LANGUAGES, Book
from connector.recovery.drafts.values import for_sms, values
from connector.recovery.settings import RecoverySettings

_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "phone": "On the phone",
        "email": "By e-mail",
        "sms": "By text message (they agreed to text messages)",
        "letter": "By letter",
        "closing": "When all is done, by phone or in writing; fill the blanks in your own words, "
        "without details of care",
    }
)
_NAMES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "es": "Spanish"})
_YES: Final = frozenset({"yes", "y", "true", "1", "si", "s\u00ed", "ok", "agree", "agreed"})
_WAYS: Final[Mapping[str, str]] = MappingProxyType(
    {"mail": "email", "e-mail": "email", "text": "sms", "call": "phone", "post": "letter"}
)
_SMALL: Final = """
en the and to was is of my i they it for with you not have had this that were but when at on called
es el los las y una por para muy pero fue del nadie mi con cuando nos me le que porque usted gracias
fr le les des et je est que me la nous pas pour une vous dans mon avec sur ai
pt que me o os as e um uma para com muito mas foi do da meu eu
de der die das und ich ist nicht ein eine mit war zu
it il gli di che e non un una per con sono mi del
"""
_WORDS: Final = {
    line.split()[0]: frozenset(line.split()[1:]) for line in _SMALL.strip().splitlines()
}
"""Small words of a language; languages without drafts keep their neighbours from being meant."""

_ENOUGH: Final = 3
"""So many small words tell a language."""

_READ_CHARS: Final = 2_000


def language_of(signal: Signal, default: str) -> str:
    """Give the person's language: as the source says, else as they wrote, else the practice's."""
    said = str(signal.facts.get("language", "")).strip().lower()
    if said:
        if said.startswith(("es", "spa", "castell")):
            return "es"
        return "en" if said.startswith(("en", "ingl")) else default
    words = re.findall(r"[^\W\d_]+", (signal.reply_text or signal.text)[:_READ_CHARS].lower())
    counts = {name: sum(word in small for word in words) for name, small in _WORDS.items()}
    first, second = sorted(counts, key=lambda name: -counts[name])[:2]
    sure = counts[first] >= _ENOUGH and counts[first] > 2 * counts[second]
    return first if sure and first in LANGUAGES else default


def ways(signal: Signal, group: Group) -> tuple[str, ...]:
    """Give the channels for which there may be a draft, the phone first; none means none.

    Nobody who asked not to be contacted or cannot be reached gets one. A text message takes
    consent (the fact `sms_consent`), a letter somebody who prefers it (the fact `prefers`).
    When somebody may be in danger there is the telephone, and an e-mail only without one.
    """
    contact, facts = signal.contact, signal.facts
    if facts.get("wants_contact") is False or contact.anonymous:
        return ()
    phone = ("phone",) if contact.phone else ()
    if group is Group.SAFETY and phone:
        return phone
    possible = [
        way
        for way, is_possible in (
            ("email", bool(contact.email)),
            ("sms", bool(contact.phone) and _yes(facts.get("sms_consent"))),
        )
        if is_possible
    ]
    preferred = str(facts.get("prefers", "")).strip().lower()
    preferred = _WAYS.get(preferred, preferred)
    if preferred == "phone" and phone:
        return phone
    if preferred == "letter" or preferred in possible:
        return (*phone, preferred)
    return (*phone, *possible[:1])


def _yes(fact: Fact | None) -> bool:
    return fact is True or (isinstance(fact, str) and fact.strip().lower() in _YES)


def shown(
    case: Case,
    signal: Signal,
    category: str,
    book: Book,
    practice: Practice,
    settings: RecoverySettings,
) -> list[dict[str, str | list[str]]]:
    """Give what the ticket shows: a title and lines for each draft; empty when there is none."""
    chosen = ways(signal, case.group) if settings.drafts.show and case.clocks else ()
    if not chosen:
        return []
    language = language_of(signal, settings.drafts.language)
    due = case.clocks.contact_due if case.clocks else None
    given = values(practice, settings, language, due=due, case=case.id)
    return [
        {"title": f"{_TITLES[way]}, in {_NAMES[language]}:", "lines": text.split("\n")}
        for way, text in _texts((*chosen, "closing"), language, category, book, given)
    ]


def _texts(
    chosen: tuple[str, ...], language: str, category: str, book: Book, given: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for way in chosen:
        filled = for_sms(given) if way == "sms" else given
        text = book.text(language, way, category, filled)
        if way == "sms":
            units, limit = gsm.length(text)
            if units > limit:  # told by `amends templates`; half a message helps nobody
                continue
        yield way, text
