"""amends sends no mail: what would have to be marked as its own, should it ever send some."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.parsing.automatic import LOOP_HEADER

PACKAGE = Path(__file__).parents[2] / "connector"
SENDING = ("smtplib", "sendmail", "aiosmtplib")


def test_whoever_sends_mail_marks_it_as_our_own():
    senders = [
        path
        for path in PACKAGE.rglob("*.py")
        if any(
            line.startswith(("import ", "from ")) and any(name in line for name in SENDING)
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    ]
    for path in senders:
        text = path.read_text(encoding="utf-8")
        assert "LOOP_HEADER" in text, f"{path.name} sends mail without {LOOP_HEADER}"


@pytest.mark.parametrize("page", ["docs/sources/imap.md"])
def test_the_pages_say_that_no_mail_is_sent(page):
    text = (PACKAGE.parent / page).read_text(encoding="utf-8")
    assert "amends itself sends no mail" in text
