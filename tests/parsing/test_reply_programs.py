"""How mail programs of the world announce what they quote, and what they add; own words stay.

One announcement a line of `printed/`, as programs print it (`\\n` is a line end): Outlook, Gmail,
Apple Mail, Yahoo, Thunderbird, Zoho, Lotus Notes, GroupWise, BlackBerry, telephones, GMX, web.de,
Proton, Orange and Zimbra, Libero, Seznam, mail.ru and Yandex, QQ, 163 and 126, Naver.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from connector.parsing.replies import own_words

PRINTED = Path(__file__).parent / "printed"
QUOTED = "Dear Ms Doe,\nQQ thank you for your visit QQ\nKind regards"

ANNOUNCEMENTS = (PRINTED / "announcements.txt").read_text(encoding="utf-8").splitlines()
"""What only programs print: the quote behind it is known even without marks."""

ABOVE_MARKS = (PRINTED / "above_marks.txt").read_text(encoding="utf-8").splitlines()
"""What people may write, too: known above a quote that has marks."""

ADDED = (PRINTED / "added.txt").read_text(encoding="utf-8").splitlines()
"""Lines that devices, mail programs and virus scanners add."""


def printed(line):
    return line.replace("\\n", "\n").replace("\\t", "\t")


def marked(text):
    return "\n".join(f"> {line}" for line in text.splitlines())


@pytest.mark.parametrize("line", [*ANNOUNCEMENTS, *ABOVE_MARKS])
def test_what_stands_above_a_marked_quote_is_not_the_writers(line):
    for quote in (marked(QUOTED), f"\n{marked(QUOTED)}"):
        assert own_words(f"I waited.\n\n{printed(line)}\n{quote}\n") == "I waited."


@pytest.mark.parametrize("line", ANNOUNCEMENTS)
def test_what_only_programs_print_announces_a_quote_without_marks(line):
    assert own_words(f"I waited.\n\n{printed(line)}\n\n{QUOTED}\n") == "I waited."


@pytest.mark.parametrize("width", [60, 72, 76])
@pytest.mark.parametrize(
    "line",
    [
        one
        for one in ANNOUNCEMENTS
        if "@" in one and "\\n" not in one and len(one) > 60 and one[0] != ">"
    ],
)
def test_an_announcement_that_was_wrapped_is_one(line, width):
    lines = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
    text = "I waited.\n\n" + "\n".join(lines) + f"\n{marked(QUOTED)}\n"
    assert own_words(text) == "I waited."


@pytest.mark.parametrize("line", ADDED)
def test_what_a_program_adds_is_no_word_of_the_writer(line):
    assert own_words(f"I waited.\n\n{printed(line)}\n") == "I waited."


@pytest.mark.parametrize(
    "line",
    [
        "Sent by mail to you last week and still no answer",
        "Sent from my Samsung phone to your office, and nobody called.",
        "I can't use Outlook for iOS to see my results",
        "Sent from pillar to post, all day",
        "Gesendet an die falsche Adresse wurde mein Befund",
        "Enviado de un médico a otro sin respuesta",
        "Download of my results failed in the app",
        "2026-03-12 war ich bei Ihnen",
        "I came on 12.03.2026 at 10:00",
        "12.03.2026 10:00 Uhr, Termin bei Frau Dr. Lee:",
        "Sat in the waiting room from 10:00, sent away at 12:00",
        "To 20 people I told it",
        ">>> is what the form prints",
    ],
)
def test_what_a_person_writes_like_a_program_is_kept(line):
    for text in (
        f"{line}\nIt hurt.",
        f"It hurt.\n\n{line}",
        f"It hurt.\n{line}\n{ANNOUNCEMENTS[0]}\n> QQ\n",
        f"It hurt.\n{line}\n\n{ABOVE_MARKS[0]}\n> QQ\n",
    ):
        assert line in own_words(text) or line.startswith(">")
        assert "It hurt." in own_words(text)
