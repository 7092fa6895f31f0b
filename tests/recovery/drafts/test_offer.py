"""Who gets which drafts, in which language, and what they may never hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recovery.builders import JANE, PRACTICE, USUAL, assessment, case, heard, signal

from connector.domain.case import Group
from connector.domain.signal import Contact
from connector.recovery import plan, sites
from connector.recovery.draft_settings import DraftSettings
from connector.recovery.drafts.offer import language_of, ways
from connector.recovery.drafts.values import opening, values, when
from connector.recovery.lint import findings
from connector.recovery.settings import HoursSettings
from connector.recovery.sites import SiteSettings

THERE = replace(PRACTICE, phone="+1 303 555 0142")
PHONE_ONLY = Contact(phone="+15555550123")
MAIL_ONLY = Contact(email="jane@example.org")


def text(said=None, of=None, settings=USUAL, judged=None):
    ticket, *_ = plan.opening(of or case(), heard(said, judged), THERE, settings)
    return ticket.text


@pytest.mark.parametrize(
    ("contact", "facts", "group", "expected"),
    [
        (JANE, {}, Group.SERVICE, ("phone", "email")),
        (JANE, {"wants_contact": False}, Group.SERVICE, ()),
        (Contact(name="Jane"), {}, Group.SERVICE, ()),
        (PHONE_ONLY, {}, Group.SERVICE, ("phone",)),
        (PHONE_ONLY, {"sms_consent": True}, Group.SERVICE, ("phone", "sms")),
        (PHONE_ONLY, {"sms_consent": "S\u00ed"}, Group.SERVICE, ("phone", "sms")),
        (PHONE_ONLY, {"sms_consent": "no"}, Group.SERVICE, ("phone",)),
        (PHONE_ONLY, {"prefers": "sms"}, Group.SERVICE, ("phone",)),
        (JANE, {"sms_consent": True, "prefers": "Text"}, Group.SERVICE, ("phone", "sms")),
        (JANE, {"prefers": "letter"}, Group.SERVICE, ("phone", "letter")),
        (JANE, {"prefers": "phone"}, Group.SERVICE, ("phone",)),
        (MAIL_ONLY, {"prefers": "phone"}, Group.SERVICE, ("email",)),
        (JANE, {"sms_consent": True}, Group.SAFETY, ("phone",)),
        (MAIL_ONLY, {}, Group.SAFETY, ("email",)),
    ],
)
def test_a_draft_is_there_for_what_the_person_prefers_and_permits(contact, facts, group, expected):
    assert ways(signal(contact=contact, facts=facts), group) == expected


@pytest.mark.parametrize(
    ("said", "facts", "expected"),
    [
        ("I called five times and nobody answered the phone.", {}, "en"),
        ("Llam\u00e9 cinco veces y nadie me contest\u00f3; fue muy largo para mi madre.", {}, "es"),
        ("J'ai attendu une heure et le m\u00e9decin est parti avec les papiers.", {}, "es"),
        ("Esperei uma hora e o m\u00e9dico n\u00e3o veio para me ver, foi muito mau.", {}, "es"),
        ("ok", {}, "es"),
        ("I waited and they did not call me, it was not good", {"language": "Spanish"}, "es"),
        ("hola", {"language": "en-US"}, "en"),
        ("I was there and they did not come to me", {"language": "Tagalog"}, "es"),
    ],
)
def test_the_language_is_the_persons_where_it_is_known(said, facts, expected):
    assert language_of(signal(said, facts=facts), "es") == expected


def test_a_ticket_shows_what_may_be_said_and_nothing_of_the_patient():
    told = text(signal("My metformin was wrong, I am Jane Doe, born 1 May 1970."))
    words = told.split("WORDS YOU MAY USE")[1].split("IF WE ARE WRONG")[0]
    assert "On the phone, in English:" in words
    assert "By e-mail, in English:" in words
    assert "When all is done" in words
    assert "+1 303 555 0142" in words
    for private in ("Jane", "metformin", "1970", "+15555550123"):
        assert private not in words


@pytest.mark.parametrize("facts", [{"wants_contact": False}])
def test_who_wants_no_contact_gets_no_words(facts):
    assert "WORDS YOU MAY USE" not in text(signal(facts=facts))


def test_a_second_look_and_a_practice_that_wants_none_get_no_words():
    assert "WORDS YOU MAY USE" not in text(of=case(second_look=True))
    quiet = USUAL.model_copy(update={"drafts": DraftSettings(show=False)})
    assert "WORDS YOU MAY USE" not in text(settings=quiet)


def test_a_spanish_practice_apologizes_in_spanish():
    spanish = USUAL.model_copy(update={"drafts": DraftSettings(language="es")})
    assert "Lamento que no haya podido comunicarse" in text(settings=spanish)


def test_the_field_of_the_version_changes_with_the_words(tmp_path):
    from connector.recovery.drafts.book import read  # noqa: PLC0415 - beside its only use

    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "say.access.unreached.txt").write_text("I am sorry for that.")
    book, _ = read(tmp_path)
    ours, *_ = plan.opening(case(), heard(), THERE, USUAL)
    theirs, *_ = plan.opening(case(), heard(), THERE, USUAL, book=book)
    assert '"I am sorry for that."' in theirs.text
    assert ours.fields["template"] != theirs.fields["template"]


def test_a_site_says_its_own_name_and_number():
    site = SiteSettings(title="North Clinic", phone="+1 303 555 0199")
    practice, settings = sites.at("north", THERE, USUAL, {"north": site})
    given = values(practice, settings, "en", due=None, case="C-1")
    assert (given["site"], given["phone"]) == ("North Clinic", "+1 303 555 0199")


def test_times_are_said_as_people_there_say_them():
    due = case().clocks.contact_due
    assert when(due, PRACTICE.zone, "US", "en") == "Mon Jun 9, 4:00 PM"
    assert when(due, PRACTICE.zone, "GB", "en") == "Mon 9 Jun, 16:00"
    assert when(due, PRACTICE.zone, "US", "es") == "lun 9 jun, 16:00"


def test_opening_hours_are_said_in_short():
    hours = HoursSettings(friday=("09:00-12:00",), saturday=("10:00-11:00", "12:00-13:00"))
    assert (
        opening(hours, "en") == "Mon-Thu 09:00-17:00, Fri 09:00-12:00, Sat 10:00-11:00 12:00-13:00"
    )


def test_all_words_of_a_ticket_pass_the_lint():
    told = text(judged=assessment("clinical.quality"), of=case("clinical.quality"))
    words = told.split("sends nothing)")[1].split("IF WE ARE WRONG")[0]
    assert list(findings(words, clinical=True, closing=True)) == []
