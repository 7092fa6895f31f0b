"""Foreign mails, none of which tells of a patient; some bring malware."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.domain.practice import Practice
from connector.parsing.mail_signal import MailOptions, MailReader

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "mail"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not on this machine")


@pytest.fixture(scope="module")
def heard():
    """(file, signal) of all messages, by the usual options."""
    practice = Practice(tenant="practice", name="Practice", zone=ZoneInfo("UTC"))
    reader = MailReader.for_source("box", practice, MailOptions())
    found = []
    for listing in sorted(CORPUS.glob("*/expect.jsonl")):
        for line in listing.read_text().splitlines():
            case = json.loads(line)
            if case["kind"] == "rfc822":
                raw = (listing.parent / case["file"]).read_bytes()
                found.append((case["file"], reader.item(raw, "box:1")))
    return found


def test_no_foreign_mail_is_taken_for_a_notification(heard):
    assert [name for name, item in heard if "recipe" in item.facts] == []


def test_malware_that_others_received_is_held_back(heard):
    held = {name: item.facts["held_back"] for name, item in heard if "held_back" in item.facts}
    assert {"mail_test_1", "mail_test_4", "mail_test_15"} <= set(held)
    assert "with a program in it" in held["mail_test_4"][0]
    print(f"{len(held)} of {len(heard)} mails have a file held back")  # noqa: T201 - a figure
