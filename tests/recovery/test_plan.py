"""What is owed to the helpdesk: read it as the agent who gets the ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from recovery.builders import (
    DETECTED,
    JANE,
    PRACTICE,
    SEED,
    USUAL,
    assessment,
    case,
    heard,
    signal,
)

from connector.domain.assessment import Lane, Reason
from connector.domain.signal import Attachment, Channel, Contact
from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket
from connector.recovery import plan, tags
from connector.recovery.settings import RecoverySettings
from connector.recovery.wording import SUMMARY_CHARS

PAPER = Attachment(name="letter.pdf", media_type="application/pdf", content=b"%PDF")
HUGE = Attachment(name="scan.tif", media_type="image/tiff", content=b"", withheld="oversize")


def opened(of=None, what=None, settings=USUAL):
    ticket, *rest = plan.opening(of or case(), what or heard(), PRACTICE, settings)
    assert isinstance(ticket, OpenTicket)
    return ticket, rest


def test_the_first_line_says_whom_to_call_and_until_when():
    ticket, _ = opened()
    first = ticket.text.splitlines()[0]
    assert first == "Call Jane Doe at +15555550123 by Mon 9 Jun 2025, 16:00 EDT"


@pytest.mark.parametrize(
    ("contact", "facts", "settings", "first"),
    [
        (Contact(email="j@x.org"), {}, USUAL, "Write to the person at j@x.org by "),
        (Contact(phone="+15555550199"), {}, USUAL, "Call the caller at +15555550199 by "),
        (Contact(), {}, USUAL, "Look into this by "),
        (JANE, {"wants_contact": False}, USUAL, "Put this right by "),
        (JANE, {}, RecoverySettings(include_contact=False), "Contact the person (the requester"),
    ],
    ids=["mail only", "number only", "nobody", "no contact wanted", "contact kept out"],
)
def test_the_first_line_suits_the_way_to_the_person(contact, facts, settings, first):
    said = signal(contact=contact, facts=facts)
    ticket, _ = opened(what=heard(said), settings=settings)
    assert ticket.text.startswith(first)
    assert "Mon 9 Jun 2025, 16:00 EDT" in ticket.text.splitlines()[0]


def test_a_ticket_tells_everything_from_what_was_seen_to_how_to_object():
    ticket, rest = opened()
    order = [
        "WHAT WE SAW",
        "Mail (source feedback)",
        "In their own words:",
        "> I called five times.",
        "> Nobody answered!",
        "WHY THIS IS A TICKET",
        "The person may leave the practice: another doctor (severity 3)",
        "The person could not reach us: nobody answered",
        "APOLOGIZE",
        "REVIEW",
        "phone, front desk, check-in, clinical, billing, digital",
        "FIX (you may offer this without asking)",
        "DOCUMENT",
        "What we changed so that it does not happen again",
        "BY WHEN",
        "every 3 business days",
        "All four steps done: Fri 13 Jun 2025, 16:00 EDT.",
        "Owner: front desk lead.",
        "IF WE ARE WRONG",
        "amends_wrong",
        "Case C-ABCDE-12345",
        "nothing was sent to the person",
    ]
    places = [ticket.text.index(piece) for piece in order]
    assert places == sorted(places)
    assert rest == []


def test_a_ticket_carries_our_tags_and_fields_and_the_due_time():
    ticket, _ = opened(case("access.phone_maze", "people.courtesy", severity=3))
    assert ticket.key == f"{SEED}.open"
    assert ticket.severity == 3
    assert ticket.tags == (
        "amends",
        "amends_sev_3",
        "amends_cat_access_phone_maze",
        "amends_cat_people_courtesy",
        "amends_sla_running",
        "amends_risk_leaving",
    )
    assert ticket.fields["category"] == "access.phone_maze"
    assert ticket.fields["contact_due"] == "2025-06-07T20:00:00Z"
    assert ticket.fields["event_time"] == "2025-06-06T19:50:00Z"
    assert ticket.due_at.isoformat() == "2025-06-07T20:00:00+00:00"
    assert ticket.requester == JANE


def test_the_subject_says_nothing_about_the_person():
    ticket, _ = opened()
    assert ticket.subject == "Could not reach us (severity 2, mail) C-ABCDE-12345"


def test_a_second_look_asks_for_an_answer_and_runs_no_clock():
    look = heard(judged=assessment(lane=Lane.REVIEW))
    ticket, _ = opened(case(severity=3, second_look=True), look)
    assert ticket.severity == 1
    assert ticket.due_at is None
    assert tags.SECOND_LOOK in ticket.tags
    assert not {tags.SLA_RUNNING, *tags.SEVERITIES} & set(ticket.tags)
    assert not {"contact_due", "resolution_due"} & set(ticket.fields)
    assert ticket.text.startswith("Is this a failure?")
    assert "add the tag amends_right" in ticket.text
    assert "add the tag amends_wrong" in ticket.text
    assert "WHY WE ARE NOT SURE" in ticket.text
    assert "APOLOGIZE" not in ticket.text
    assert ticket.subject.startswith("Second look: ")


def test_attachments_come_as_a_note_and_what_is_withheld_is_named():
    ticket, (note,) = opened(what=heard(signal(attachments=(PAPER, HUGE))))
    assert isinstance(note, AddNote)
    assert note.key == f"{SEED}.files"
    assert note.attachments == (PAPER,)
    assert "letter.pdf (4 bytes)" in note.text
    assert "scan.tif: not passed on (oversize)" in note.text
    assert "Attachments: 2" in ticket.text


def test_lateness_is_said_and_tagged():
    said = signal(event_time=DETECTED - timedelta(hours=5))
    ticket, _ = opened(what=heard(said))
    assert tags.LATE_DETECTED in ticket.tags
    assert "Happened: Fri 6 Jun 2025, 11:00 EDT" in ticket.text
    assert "late; clocks run from here" in ticket.text


def test_the_wish_not_to_be_contacted_is_tagged():
    ticket, _ = opened(what=heard(signal(facts={"wants_contact": False})))
    assert tags.NO_CONTACT in ticket.tags


def test_under_the_minimal_policy_no_word_of_the_person_is_in_the_ticket():
    minimal = RecoverySettings(body="minimal", include_contact=False)
    ticket, _ = opened(what=heard(signal(attachments=(PAPER,))), settings=minimal)
    for secret in ("five times", "Nobody answered", "nobody answered", "Complaint", "Jane"):
        assert secret not in ticket.text
        assert secret not in ticket.subject
        assert secret not in str(ticket.fields)
    assert "The person could not reach us" in ticket.text
    assert "not shown here" in ticket.text


def test_figures_are_shown_under_the_minimal_policy():
    waited = Reason(
        rule="phone.unreached",
        category="access.unreached",
        severity=1,
        evidence="abandoned, waited 73 s",
    )
    ticket, _ = opened(
        what=heard(judged=assessment(reasons=(waited,))), settings=RecoverySettings(body="minimal")
    )
    assert "waited 73 s" in ticket.text


def test_confidential_cases_can_have_a_stricter_policy():
    strict = RecoverySettings(confidential_body="minimal")
    private, _ = opened(case("privacy.confidentiality", severity=3), settings=strict)
    other, _ = opened(settings=strict)
    assert "five times" not in private.text
    assert "five times" in other.text
    assert "Do not repeat the information" in private.text


def test_a_summary_shows_the_beginning_and_full_shows_all():
    long = signal(text="zebra " * 1_000 + "end")
    summary, _ = opened(what=heard(long))
    full, _ = opened(what=heard(long), settings=RecoverySettings(body="full"))
    assert "(the beginning)" in summary.text
    assert len(summary.text) < SUMMARY_CHARS + 5_000
    assert full.text.count("zebra") == 1_000
    assert "end" in full.text


def test_empowerment_and_owner_are_the_practices_own():
    own = RecoverySettings(
        empowerment={"access.unreached": ("A voucher for parking.",)},
        owners={"access.unreached": "Kim at the desk"},
        value_chain=("phone", "ward"),
    )
    ticket, _ = opened(settings=own)
    assert "- A voucher for parking." in ticket.text
    assert "direct line" not in ticket.text
    assert "Owner: Kim at the desk." in ticket.text
    assert "phone, ward." in ticket.text


def test_the_template_version_follows_what_is_shown():
    usual, _ = opened()
    own, _ = opened(settings=RecoverySettings(empowerment={"access.unreached": ("x",)}))
    other, _ = opened(case("visit.wait"))
    versions = {ticket.fields["template"] for ticket in (usual, own, other)}
    assert len(versions) == 3
    assert all(len(one) == 12 for one in versions)


def test_a_further_signal_is_a_note():
    (note,) = plan.joining(case(), heard(), raised_from=None, practice=PRACTICE, settings=USUAL)
    assert isinstance(note, AddNote)
    assert note.key == f"{SEED}.note"
    assert note.text.startswith("Heard again from the same person.")
    assert "> Nobody answered!" in note.text
    assert "APOLOGIZE" not in note.text


def test_a_raise_is_said_in_the_note_and_carried_to_the_ticket():
    raised = case("clinical.safety", "access.unreached", severity=4)
    note, update = plan.joining(raised, heard(), raised_from=2, practice=PRACTICE, settings=USUAL)
    assert "severity is now 4 (it was 2)" in note.text
    assert "Is anyone in danger right now?" in note.text
    assert isinstance(update, UpdateTicket)
    assert update.key == f"{SEED}.update"
    assert update.severity == 4
    assert update.due_at == raised.clocks.contact_due
    assert {"amends_sev_4", "amends_cat_clinical_safety"} <= set(update.add_tags)
    assert {"amends_sev_2", "amends_second_look"} <= set(update.remove_tags)
    assert not set(update.add_tags) & set(update.remove_tags)
    assert update.fields["severity"] == "4"


def test_when_only_the_kind_changes_priority_stays_with_the_agents():
    note, update = plan.joining(
        case("visit.wait", "access.unreached"),
        heard(),
        raised_from=2,
        practice=PRACTICE,
        settings=USUAL,
    )
    assert update.severity is None
    assert "the kind of failure has changed" in note.text


def test_a_joined_second_look_keeps_its_tag():
    look = case(second_look=True)
    _, update = plan.joining(look, heard(), raised_from=1, practice=PRACTICE, settings=USUAL)
    assert tags.SECOND_LOOK in update.add_tags
    assert update.remove_tags == ()


def test_a_second_look_that_is_a_failure_gets_clocks_and_the_plan():
    note, update = plan.promoting(
        case(severity=3), seed="C-ABCDE-12345.right", practice=PRACTICE, settings=USUAL
    )
    assert note.text.startswith("First contact by Sat 7 Jun 2025, 16:00 EDT.")
    assert "APOLOGIZE" in note.text
    assert tags.SECOND_LOOK in update.remove_tags
    assert tags.SLA_RUNNING in update.add_tags
    assert update.severity == 3
    assert note.key != update.key


def test_a_storm_is_one_ticket_without_a_patient():
    ticket = plan.storm_summary(
        source="queue",
        held=40,
        since=DETECTED,
        seed=SEED,
        case=case(),
        practice=PRACTICE,
        settings=USUAL,
    )
    assert ticket.requester == Contact()
    assert ticket.tags == (tags.OURS, tags.STORM)
    assert "Since Fri 6 Jun 2025, 16:00 EDT, 40 cases" in ticket.text


def test_a_day_is_one_ticket_with_counts_and_a_limited_list():
    ticket = plan.daily_summary(
        day=date(2025, 6, 6),
        counts={"parked": 130, "unreadable": 1, "held": 0},
        lines=[f"item {n}\nforged line" for n in range(130)],
        seed=SEED,
        case=case(),
        practice=PRACTICE,
        settings=USUAL,
    )
    assert ticket.severity == 1
    assert ticket.tags == (tags.OURS, tags.DAILY)
    assert "- Parked: 130" in ticket.text
    assert "\n- item 99 forged line" in ticket.text
    assert "item 100" not in ticket.text
    assert "and 30 more" in ticket.text


@pytest.mark.parametrize(
    ("why", "shown"),
    [("shared_contact", "several people share"), ("brand_new_code", "brand new code")],
)
def test_a_link_says_why_and_decides_nothing(why, shown):
    note = plan.link_note(case(), "C-OTHER-00000", why, f"{SEED}.a0")
    assert note.key == f"{SEED}.a0.link"
    assert "C-OTHER-00000" in note.text
    assert shown in note.text
    assert "please decide" in note.text


def test_a_phone_signal_shows_what_the_phone_system_saw():
    call = signal(
        text="Waited 73 s in queue main and hung up without reaching anyone.",
        channel=Channel.PHONE,
        subject="",
        contact=Contact(phone="+15555550123"),
    )
    ticket, _ = opened(what=heard(call))
    assert "Phone call (source feedback)" in ticket.text
    assert "What the phone system saw:" in ticket.text
    assert "their own words" not in ticket.text


def test_a_case_of_an_unknown_category_is_still_told():
    odd = replace(case(), categories=("brand.new",))
    ticket, _ = opened(odd)
    assert ticket.subject.startswith("Somebody has reason to write")
