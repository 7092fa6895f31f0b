"""Staff who report by mail what a patient told them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.domain.assessment import Lane
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.parsing.mail_signal import MailOptions, MailReader
from connector.recovery import wording
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(
    tenant="practice",
    name="Maple Street Clinic",
    zone=ZoneInfo("America/New_York"),
    own_addresses=frozenset({"feedback@practice.example"}),
)
HEAD = "From: Ana Ruiz <ana@practice.example>\nTo: feedback@practice.example\nSubject: Complaint\n"
PROOF = "Authentication-Results: mx.practice.example; dmarc=pass header.from=practice.example\n"
REPORT = (
    "Patient: Jane Doe\nPhone: (212) 555-0142\nE-mail: jane@example.com\n"
    "What happened: She waited two hours and was sent home.\nShe was in tears.\n\n"
    "Ana Ruiz\nPhone: (212) 555-0100\n"
)


def read(text):
    options = MailOptions.model_validate(
        {
            "trusted_authserv": ["mx.practice.example"],
            "staff": {
                "senders": ["*@practice.example"],
                "except_senders": ["fax@practice.example"],
            },
        }
    )
    signal = MailReader.for_source("box", PRACTICE, options).item(text.encode(), "box:1")
    assert isinstance(signal, Signal)
    return signal


def lane(signal):
    return assess(signal, TriageSettings()).lane


def test_a_report_is_about_the_patient_and_names_who_reported_it():
    signal = read(f"{PROOF}{HEAD}\n{REPORT}")
    contact = signal.contact
    assert (contact.name, contact.email) == ("Jane Doe", "jane@example.com")
    assert contact.phone == "+12125550142"
    assert signal.reply_text == "She waited two hours and was sent home.\nShe was in tears."
    assert signal.facts["reporter"] == "ana@practice.example"
    assert lane(signal) is Lane.TICKET
    lines = wording.seen(
        signal,
        detected_at=datetime(2026, 3, 3, tzinfo=UTC),
        zone=PRACTICE.zone,
        late=False,
        show_subject=True,
    )
    assert "Reported by staff: Ana Ruiz" in lines


@pytest.mark.parametrize(
    "report",
    [
        "PATIENT NAME - x\nPatient name: Jane Doe\nTel: 212-555-0142\nIssue: Two hours of waiting.",
        "Pt: Jane Doe\nCallback number: 212.555.0142\nComplaint:\nTwo hours of waiting.",
        (
            "Paciente: Jane Doe\nTel\u00e9fono: 212 555 0142\n"
            "\u00bfQu\u00e9 pas\u00f3?: Two hours of waiting."
        ),
        "Nombre del paciente: Jane Doe\nCelular: +1 212 555 0142\nQueja: Two hours of waiting.",
        "*Patient:* Jane Doe\n*Phone:* (212) 555-0142\n*What happened?* \nTwo hours of waiting.",
    ],
)
def test_the_lines_are_known_in_several_spellings(report):
    signal = read(f"{PROOF}{HEAD}Content-Type: text/plain; charset=utf-8\n\n{report}\n")
    assert (signal.contact.name, signal.contact.phone) == ("Jane Doe", "+12125550142")
    assert signal.reply_text.strip() == "Two hours of waiting."


def test_a_report_in_free_words_has_no_contact_rather_than_the_staff():
    signal = read(
        f"{PROOF}{HEAD}\nA lady called and was upset because nobody called her back.\n\n"
        "Thanks,\nAna\nPhone: (212) 555-0100\n"
    )
    assert signal.contact.anonymous
    assert "upset" in signal.reply_text
    assert lane(signal) is Lane.TICKET


def test_staffs_own_address_and_number_never_become_the_contact():
    signal = read(f"{PROOF}{HEAD}\nPatient: Jane Doe\nE-mail: ana@practice.example\nIssue: Wait.\n")
    assert (signal.contact.name, signal.contact.email) == ("Jane Doe", "")


def test_a_report_that_nothing_proves_is_a_second_look():
    signal = read(f"{HEAD}\n{REPORT}")
    assert signal.facts["doubt"] == "staff"
    assert signal.contact.name == "Jane Doe"
    assert lane(signal) is Lane.REVIEW


def test_a_forged_report_is_a_second_look():
    proof = PROOF.replace("dmarc=pass", "dmarc=fail")
    assert read(f"{proof}{HEAD}\n{REPORT}").facts["doubt"] == "forged"


def test_out_of_office_notes_of_staff_are_parked():
    signal = read(f"{PROOF}{HEAD}Auto-Submitted: auto-replied\n\nI am away.\n")
    assert "reporter" not in signal.facts
    assert lane(signal) is Lane.PARK


def test_machines_under_the_same_domain_are_no_staff():
    signal = read(f"{PROOF}{HEAD.replace('ana@', 'fax@')}\n{REPORT}")
    assert "reporter" not in signal.facts


def test_patients_are_heard_as_ever():
    signal = read(f"{HEAD.replace('ana@practice', 'jane@mail')}\nI waited two hours.\n")
    assert signal.contact.email == "jane@mail.example"
    assert "sender_proof" not in signal.facts


def test_mail_within_a_machine_names_no_address_as_its_reporter():
    options = MailOptions.model_validate({"staff": {"senders": ["root", "*@practice.example"]}})
    raw = b"From: root <root>\nSubject: Complaint\n\nPatient: Jane Doe\nProblem: She waited.\n"
    signal = MailReader.for_source("box", PRACTICE, options).item(raw, "box:1")
    assert "reporter" not in signal.facts
    assert all("@" in str(read(HEAD + f"\n{REPORT}").facts[name]) for name in ("reporter",))
