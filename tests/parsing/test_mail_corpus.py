"""Foreign messages with the expectations of the projects that they come from; figures, floors."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from connector.parsing.automatic import Surroundings, classify
from connector.parsing.mail import canonical_key, parse_mail
from connector.parsing.replies import own_words, reply_text

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpora" / "mail"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not on this machine")


def cases(kind):
    for listing in sorted(CORPUS.glob("*/expect.jsonl")):
        for line in listing.read_text().splitlines():
            case = json.loads(line)
            if case["kind"] == kind:
                yield case, (listing.parent / case["file"]).read_bytes()


def squeezed(text):
    return "".join((text or "").split())


def folded(text):
    return " ".join((text or "").split())


def is_subject(found, expected):
    """U+FFFD stands for any words: the project that expects it could not decode them."""
    parts = (re.escape(part) for part in re.split("\ufffd+", folded(expected)))
    return re.fullmatch(".+".join(parts), folded(found)) is not None


def own(text):
    """The words of an expected reply outside of quotes."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(">"))
    return Counter(word for line in lines for word in line.split() if re.search(r"\w", word))


@pytest.fixture(scope="module")
def figures():
    """(question -> (asked, wrong)) over all messages."""
    asked, wrong = Counter(), Counter()

    def compare(question, *, right):
        asked[question] += 1
        wrong[question] += not right

    for case, raw in cases("rfc822"):
        mail = parse_mail(raw)
        canonical_key(raw)
        if "from_addr" in case and " " not in (case["from_addr"] or ""):  # a blank: no address
            compare("from", right=mail.sender.email.lower() == (case["from_addr"] or "").lower())
        if "from_name" in case:
            compare("name", right=mail.sender.name == folded(case["from_name"]))
        if "subject" in case:
            compare("subject", right=is_subject(mail.subject, case["subject"]))
        if case.get("plain_body"):
            compare("body", right=squeezed(case["plain_body"]) in squeezed(mail.text))
        if "attachment_count" in case:
            compare("files", right=len(mail.attachments) == case["attachment_count"])
        found = classify(mail, Surroundings(), raw)
        if case.get("is_bounce") or case.get("is_feedback_report") or case.get("is_auto_reply"):
            compare("automatic", right=found is not None)
        if case.get("is_bounce"):
            compare("bounce", right=found is not None and found.bounce is not None)
    return {question: (asked[question], wrong[question]) for question in asked}


@pytest.mark.parametrize(
    ("question", "floor_permille"),
    [
        ("from", 10),
        ("name", 20),
        ("subject", 20),
        ("body", 140),
        ("files", 160),
        ("automatic", 10),
        ("bounce", 15),
    ],
)
def test_few_answers_differ_from_those_of_other_projects(figures, question, floor_permille):
    asked, wrong = figures[question]
    print(f"{question}: {wrong} of {asked} differ")  # noqa: T201 - the figures are the point
    assert wrong * 1_000 <= asked * floor_permille


def test_own_words_are_those_that_other_projects_expect():
    asked = wrong = 0
    for case, raw in cases("text"):
        if "reply_text" not in case:
            continue
        asked += 1
        found = reply_text(raw.decode(errors="replace"))
        wrong += folded(found) != folded(case["reply_text"])
        assert not own(case["reply_text"]) - Counter(found.split()), case["source"]
    print(f"reply: {wrong} of {asked} differ")  # noqa: T201 - the figures are the point
    assert wrong * 100 <= asked * 25


def test_no_asked_for_words_are_lost_from_a_reply():
    for case, raw in cases("text"):
        own = folded(own_words(raw.decode(errors="replace")))
        for words in case.get("reply_contains", ()):
            assert folded(words) in own, case["source"]
