"""Ready words that agents pick in the helpdesk: macros and canned responses; pure.

The same texts as the drafts on tickets, without what is known of a case alone: no due time, and
in place of its number the helpdesk's own number of the ticket. A person sends them, or does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.domain.blueprint import REFERENCE, WantedAnswer
from connector.domain.practice import Practice
from connector.domain.taxonomy import TAXONOMY
from connector.recovery.drafts.book import Book
from connector.recovery.drafts.values import values
from connector.recovery.playbook import play_for
from connector.recovery.settings import RecoverySettings

CHANNELS: Final = ("email", "closing")
"""What is written from a ticket; phone scripts and text messages are not."""

_SUBJECT: Final = "Subject:"
"""A ticket has its subject already."""


def answers(book: Book, practice: Practice, settings: RecoverySettings) -> tuple[WantedAnswer, ...]:
    """Give what agents of this practice may pick, by kind of failure and language."""
    drafts = settings.drafts
    if not drafts.answers:
        return ()
    languages = drafts.answer_languages or (drafts.language,)
    return tuple(
        one
        for language in dict.fromkeys(languages)
        for channel in CHANNELS
        for one in _of_channel(book, practice, settings, language, channel)
    )


def _of_channel(
    book: Book, practice: Practice, settings: RecoverySettings, language: str, channel: str
) -> Iterator[WantedAnswer]:
    given = values(practice, settings, language, due=None, case=REFERENCE)
    told: set[str] = set()
    for category in TAXONOMY:
        text = _body(book.text(language, channel, category, given))
        if text in told:
            continue  # the same words for every kind are one answer
        told.add(text)
        general = channel == "closing" and f"{language}/closing.{category}" not in book.sheets
        about = "when all is done" if general else play_for(category).title
        closing = "" if general or channel == "email" else ", when all is done"
        name = f"{language}_{channel}" + ("" if general else f"_{category.replace('.', '_')}")
        title = f"Recovery: {about}{closing} ({language})"
        yield WantedAnswer(name=f"answer_{name}", title=title, text=text)


def _body(text: str) -> str:
    first, _, rest = text.partition("\n")
    return rest.strip() if first.startswith(_SUBJECT) else text.strip()
