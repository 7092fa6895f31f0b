"""The plan for employees: the tickets' own words, on a page that needs nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from recovery.builders import PRACTICE, USUAL
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from connector.domain.taxonomy import TAXONOMY
from connector.recovery.drafts.book import builtin
from connector.recovery.playbook import PLAYBOOK
from connector.recovery.settings import RecoverySettings, SlaSettings
from connector.recovery.staff_plan import html, markdown, staff_plan

GOLDEN = Path(__file__).with_name("staff_plan.md")
THERE = replace(PRACTICE, phone="+1 303 555 0142")


def plan(settings=USUAL, practice=THERE):
    return staff_plan(practice, settings, builtin(), version="0123456789abcdef")


def test_the_page_is_as_it_was_agreed():
    # After a wanted change: print markdown(plan()) into the file and read the difference.
    assert markdown(plan()) == GOLDEN.read_text(encoding="utf-8")


def test_both_forms_have_every_kind_of_failure_with_its_words_and_offers():
    page, text = HTMLParser(html(plan())).body.text(), markdown(plan())
    for key in TAXONOMY:
        play = PLAYBOOK[key]
        for words in (play.title, play.say, *play.fix):
            assert words in page
            assert words in text


def test_what_is_set_stands_there():
    row = SlaSettings().severity_2.model_copy(update={"contact_minutes": 45})
    settings = RecoverySettings(
        owners={"visit.wait": "Kim"},
        empowerment={"visit.wait": ("A voucher for parking.",)},
        sla=SlaSettings(severity_2=row),
    )
    text = markdown(plan(settings))
    assert "Owner: Kim." in text
    assert "- A voucher for parking." in text
    assert "45 minutes within opening hours" in text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a|b *c* [d](javascript:e)"])
def test_an_admins_words_stay_words(name):
    made = plan(RecoverySettings(owners={"visit.wait": name}), replace(THERE, name=name))
    tree = HTMLParser(html(made))
    assert tree.css("script") == tree.css("a") == tree.css("em") == []
    assert name in tree.body.text()
    assert name not in markdown(made)


def test_the_page_fetches_nothing():
    page = html(plan())
    assert "http" not in page.replace("http-equiv", "")
    tree = HTMLParser(page)
    assert tree.css("script, link, img, iframe, a") == []
    assert "default-src 'none'" in page
