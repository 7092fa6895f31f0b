"""Mails in which services tell of patients, as the services print them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.assessment import Lane
from connector.domain.errors import ConfigError
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Signal
from connector.parsing.mail_signal import MailOptions, MailReader
from connector.parsing.recipes import shipped
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(
    tenant="practice",
    name="Maple Street Clinic",
    zone=ZoneInfo("America/New_York"),
    own_addresses=frozenset({"feedback@practice.example"}),
)
TRUSTED = {"trusted_authserv": ["mx.practice.example"]}
PASSED = (
    "Authentication-Results: mx.practice.example;\n"
    " dkim=pass header.i=@google.com header.s=20230601;\n"
    " spf=pass (sender IP is 209.85.220.69) smtp.mailfrom=google.com;\n"
    " dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=google.com\n"
)
FAILED = (
    "Authentication-Results: mx.practice.example; dkim=none;\n"
    " spf=softfail smtp.mailfrom=evil.example; dmarc=fail (p=REJECT) header.from=google.com\n"
)
GOOGLE = """\
From: Google Business Profile <businessprofile-noreply@google.com>
To: feedback@practice.example
Subject: Jane left a review for Maple Street Clinic
Date: Tue, 03 Mar 2026 17:00:00 +0000
Message-ID: <a1@google.com>
References: <thread-of-all-reviews@google.com>
Auto-Submitted: auto-generated
Precedence: bulk
List-Unsubscribe: <https://business.google.com/unsubscribe>
Content-Type: text/plain; charset=utf-8

Jane, you got a new 1-star review

Read review
<https://business.google.com/n/123/reviews?rid=9>

Jane Doe

I waited two hours and nobody told me why.
The front desk was rude.

Reply to review
<https://business.google.com/n/123/reply>
"""
ASTERISK = """\
From: "Asterisk PBX" <asterisk@pbx.practice.example>
To: "Front Desk" <feedback@practice.example>
Subject: [PBX]: New message 3 in mailbox 100
Date: Tue, 3 Mar 2026 17:19:50 -0500
Message-ID: <Asterisk-3-100-0-4242@pbx.practice.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="----voicemail_31004242"

------voicemail_31004242
Content-Type: text/plain; charset=ISO-8859-1
Content-Transfer-Encoding: 8bit

Dear Front Desk:

\tJust wanted to let you know you were just left a 0:42 long message (number 3)
in mailbox 100 from "JANE DOE" <2125550142>, on Tuesday, March 03, 2026 at 05:19:45 PM so you might
want to check it when you get a chance.  Thanks!

\t\t\t\t--Asterisk

------voicemail_31004242
Content-Type: audio/x-wav; name="msg0002.wav"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="msg0002.wav"

UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=
------voicemail_31004242--
"""


def read(text, practice=PRACTICE, **options):
    reader = MailReader.for_source("box", practice, MailOptions.model_validate(options))
    signal = reader.item(text.encode(), "box:1")
    assert isinstance(signal, Signal)
    return signal


def judged(signal):
    return assess(signal, TriageSettings())


def rules(signal):
    return {reason.rule for reason in judged(signal).reasons}


def with_header(text, header):
    return header + text


def test_a_review_is_the_patients_with_rating_name_words_and_link():
    signal = read(with_header(GOOGLE, PASSED), **TRUSTED)
    assert signal.channel is Channel.REVIEW
    assert (signal.contact.name, signal.contact.email, signal.contact.phone) == ("Jane Doe", "", "")
    assert signal.reply_text == (
        "I waited two hours and nobody told me why.\nThe front desk was rude."
    )
    facts = signal.facts
    assert (facts["score"], facts["score_min"], facts["score_max"]) == (1, 1, 5)
    assert facts["score_kind"] == "stars5"
    assert facts["link"] == "https://business.google.com/n/123/reviews?rid=9"
    assert facts["location"] == "Maple Street Clinic"
    assert (facts["recipe"], facts["sender_proof"]) == ("google_business", "verified")
    assert "automatic" not in facts
    assessment = judged(signal)
    assert assessment.lane is Lane.TICKET
    assert "score.stars_strong" in rules(signal)
    assert "sender.unverified" not in rules(signal)


def test_reviews_of_two_patients_in_one_thread_of_the_service_are_not_one_thread():
    assert "references" not in read(GOOGLE).facts
    assert "tokens" not in read(GOOGLE.replace("Jane left", "[#12] Jane left")).facts


def test_five_stars_are_counted():
    signal = read(
        GOOGLE.replace("1-star", "5-star").replace(
            "I waited two hours and nobody told me why.\nThe front desk was rude.",
            "Wonderful staff, thank you!",
        )
    )
    assert judged(signal).lane is Lane.COUNT


def test_a_review_that_nobody_vouches_for_says_so_on_the_ticket():
    signal = read(GOOGLE)
    assert signal.facts["sender_proof"] == "unverified"
    assert judged(signal).lane is Lane.TICKET
    assert "sender.unverified" in rules(signal)


def test_results_of_a_server_that_is_not_trusted_count_for_nothing():
    forged = PASSED.replace("mx.practice.example", "mx.evil.example")
    assert read(forged + GOOGLE, **TRUSTED).facts["sender_proof"] == "unverified"


def test_a_forged_review_is_looked_at_by_a_person_and_starts_no_clock():
    signal = read(with_header(GOOGLE, FAILED), **TRUSTED)
    assert signal.facts["doubt"] == "forged"
    assert judged(signal).lane is Lane.REVIEW
    assert "sender.forged" in rules(signal)


def test_words_of_safety_in_a_forged_review_are_a_ticket_all_the_same():
    text = GOOGLE.replace("The front desk was rude.", "I want to kill myself.")
    assert judged(read(with_header(text, FAILED), **TRUSTED)).lane is Lane.TICKET


def test_a_review_without_a_readable_rating_is_a_second_look_that_names_the_field():
    signal = read(GOOGLE.replace("Jane, you got a new 1-star review", "You have feedback"))
    assert signal.facts["doubt"] == "fields: rating"
    assert signal.contact.email == ""
    assert "two hours" in signal.text
    assessment = judged(signal)
    assert assessment.lane is Lane.REVIEW
    found = {reason.rule: reason.evidence for reason in assessment.reasons}
    assert found["notification.unread_fields"] == "rating"


def test_a_new_kind_of_subject_from_a_known_service_is_a_second_look():
    signal = read(GOOGLE.replace("Jane left a review for", "Somebody spoke about"))
    assert signal.facts["doubt"] == "subject"
    assert judged(signal).lane is Lane.REVIEW


def test_advice_and_invoices_of_a_service_are_parked():
    text = GOOGLE.replace("Jane left a review for Maple Street Clinic", "Your performance report")
    for header in ("List-Unsubscribe", "Precedence", "Auto-Submitted"):
        text = text.replace(header, f"Gone-{header}")
    signal = read(text)
    assert signal.facts["automatic"] == "list"
    assert judged(signal).lane is Lane.PARK


def test_a_voicemail_of_asterisk_is_a_call_with_number_and_recording():
    signal = read(ASTERISK)
    assert signal.channel is Channel.PHONE
    assert (signal.contact.name, signal.contact.phone) == ("JANE DOE", "+12125550142")
    assert signal.contact.email == ""
    assert signal.event_time == datetime(2026, 3, 3, 22, 19, 45, tzinfo=UTC)
    assert signal.facts["call_end"] == "voicemail"
    assert (signal.facts["message_s"], signal.facts["mailbox"]) == (42, "100")
    assert [file.name for file in signal.attachments] == ["msg0002.wav"]
    assert "transcript" not in signal.facts
    assessment = judged(signal)
    assert (assessment.lane, assessment.categories) == (Lane.TICKET, ("access.unreached",))


def test_a_voicemail_of_freepbx_is_read_line_by_line():
    body = (
        "Front Desk,\n\nThere is a new voicemail in mailbox 100:\n\n"
        '\tFrom:\t"DOE,JANE" <2125550142>\n\tLength:\t0:42 seconds\n'
        "\tDate:\tTuesday, March 03, 2026 at 05:19:45 PM\n\n"
        "Dial *98 to access your voicemail by phone.\n"
    )
    signal = read(
        "From: vm@asterisk.practice.example\nSubject: New voicemail in mailbox 100\n"
        f"Date: Tue, 3 Mar 2026 17:20:00 -0500\n\n{body}"
    )
    assert signal.facts["recipe"] == "asterisk"
    assert (signal.contact.phone, signal.facts["message_s"]) == ("+12125550142", 42)
    assert signal.event_time == datetime(2026, 3, 3, 22, 19, 45, tzinfo=UTC)


def test_an_unknown_caller_leaves_a_ticket_without_a_contact():
    signal = read(ASTERISK.replace('"JANE DOE" <2125550142>', "an unknown caller"))
    assert signal.facts["recipe"] == "asterisk"
    assert signal.contact.anonymous
    assert signal.contact.name == ""
    assert judged(signal).lane is Lane.TICKET


def test_a_phone_system_named_in_the_configuration_can_be_verified():
    options = {"notifications": {"senders": {"asterisk": ["asterisk@pbx.practice.example"]}}}
    proof = "Authentication-Results: mx.practice.example; dkim=pass header.d=pbx.practice.example\n"
    assert read(proof + ASTERISK, **TRUSTED).facts["sender_proof"] == "unverified"
    assert read(proof + ASTERISK, **TRUSTED, **options).facts["sender_proof"] == "verified"


def test_a_transcript_is_judged_by_its_words():
    signal = read(
        "From: RingCentral <notify@ringcentral.com>\n"
        "Subject: New Voice Message from JANE DOE (212) 555-0142\n"
        "Date: Tue, 3 Mar 2026 22:20:00 +0000\nAuto-Submitted: auto-generated\n\n"
        "Voice Message\n\nDear Front Desk,\n\nYou have a new voice message:\n\n"
        "From: (212) 555-0142\nReceived: Tuesday, March 03, 2026 at 5:19 PM\nLength: 00:42\n"
        "To: (212) 555-0100 * 101 Front Desk\n\nVoicemail Preview:\n"
        '"Hi this is Jane, I was charged twice on my bill and nobody calls me back."\n\n'
        "Thank you for using RingCentral!\n"
    )
    assert signal.facts["recipe"] == "ringcentral"
    assert signal.facts["transcript"] is True
    assert signal.reply_text.startswith('"Hi this is Jane')
    assert "RingCentral" not in signal.reply_text
    assert signal.contact.phone == "+12125550142"
    assert signal.event_time == datetime(2026, 3, 3, 22, 19, tzinfo=UTC)
    assert "billing.money" in judged(signal).categories


@pytest.mark.parametrize(
    ("sender", "subject", "text", "recipe"),
    [
        (
            "RingCentral <notify@ringcentral.com>",
            "Missed Call from JANE DOE (212) 555-0142 on 03/03/2026 5:19 PM",
            (
                "You missed a call\n\nFrom: JANE DOE (212) 555-0142\n"
                "Received: Tuesday, March 03, 2026 at 5:19 PM\nTo: (212) 555-0100 * 101 Desk\n"
            ),
            "ringcentral_missed",
        ),
        (
            "FusionPBX <voicemail@pbx.practice.example>",
            "Missed Call from JANE DOE <2125550142>",
            "Missed Call from JANE DOE <2125550142> to 101\nReceived: 5:19 PM\n",
            "missed_call",
        ),
        (
            "Phone <noreply@voice.example>",
            "Llamada perdida de +1 212 555 0142",
            "Hora: 17:19\n",
            "missed_call",
        ),
        (
            "Phone <no-reply@voice.example>",
            "Verpasster Anruf von +1 (212) 555-0142",
            "Uhrzeit: 17:19 Uhr, Nummer +1 (212) 555-0142\n",
            "missed_call",
        ),
    ],
)
def test_a_missed_call_told_by_mail_is_a_call_to_return(sender, subject, text, recipe):
    signal = read(
        f"From: {sender}\nSubject: {subject}\nDate: Tue, 3 Mar 2026 22:20:00 +0000\n"
        f"Auto-Submitted: auto-generated\n\n{text if 'perdida' not in subject else text + subject}"
    )
    assert signal.facts["recipe"] == recipe
    assert (signal.channel, signal.facts["call_end"]) == (Channel.PHONE, "missed")
    assert signal.contact.phone == "+12125550142"
    assert signal.contact.email == ""
    assert "automatic" not in signal.facts
    judgement = judged(signal)
    assert judgement.lane is Lane.TICKET
    assert "access.unreached" in judgement.categories


def test_a_missed_call_without_a_number_is_looked_at_by_a_person():
    signal = read("From: notify@ringcentral.com\nSubject: Missed Call\n\nYou have a missed call.\n")
    assert signal.facts["doubt"] == "fields: phone"
    assert judged(signal).lane is Lane.REVIEW


def test_a_person_who_writes_of_a_missed_call_stays_the_contact():
    signal = read(
        "From: Jane Doe <jane@example.com>\nSubject: Missed call from 212 555 0100\n\n"
        "You called me, what was it about?\n"
    )
    assert signal.channel is Channel.MAIL
    assert signal.contact.email == "jane@example.com"


def test_a_fax_of_the_same_service_is_parked():
    signal = read(
        "From: notify@ringcentral.com\nSubject: New Fax Message from (212) 555-0142\n\nPages: 3\n"
    )
    assert judged(signal).lane is Lane.PARK


def test_cloud_voicemail_gives_the_number_in_its_header():
    signal = read(
        "From: JANE DOE <noreply@skype.voicemail.microsoft.com>\nSubject: Voice Mail (42 seconds)\n"
        "X-CallingTelephoneNumber: +12125550142\nX-VoiceMessageDuration: 42\n"
        "X-VoiceMessageSenderName: JANE DOE\nContent-Class: voice\n\n"
        "Hi, my test results never came. Please call me.\n\n"
        "You received a voice mail from JANE DOE at +12125550142.\n"
    )
    assert signal.facts["recipe"] == "teams"
    assert signal.reply_text == "Hi, my test results never came. Please call me."
    assert (signal.contact.name, signal.contact.phone) == ("JANE DOE", "+12125550142")
    assert signal.facts["message_s"] == 42


def test_a_web_form_is_from_the_patient_who_filled_it_in():
    signal = read(
        "From: Maple Street Clinic <wordpress@practice.example>\nReply-To: jane@example.com\n"
        'Subject: Maple Street Clinic "Long wait"\n\n'
        "From: Jane Doe <jane@example.com>\nSubject: Long wait\n\nMessage Body:\n"
        "I waited two hours.\n\nNobody said sorry.\n\n-- \n"
        "This e-mail was sent from a contact form on Maple Street Clinic (https://practice.example)"
    )
    assert signal.facts["recipe"] == "contact_form_7"
    assert (signal.contact.name, signal.contact.email) == ("Jane Doe", "jane@example.com")
    assert signal.reply_text == "Long wait\n\nI waited two hours.\n\nNobody said sorry."
    assert signal.channel is Channel.MAIL
    assert judged(signal).lane is Lane.TICKET


def test_a_form_in_html_gives_question_and_answer_one_below_the_other():
    rows = "".join(
        f"<tr><td><strong>{question}</strong></td></tr><tr><td>{answer}</td></tr>"
        for question, answer in (
            ("Name", "Jane Doe"),
            ("Email", '<a href="mailto:jane@example.com">jane@example.com</a>'),
            ("Phone", "(212) 555-0142"),
            ("Message", "My refill was not sent.<br>Second time."),
            ("May we contact you?", "Yes"),
        )
    )
    signal = read(
        "From: WordPress <wordpress@practice.example>\nSubject: New submission from Contact\n"
        f"Content-Type: text/html; charset=utf-8\n\n<table>{rows}</table>\n"
    )
    assert signal.facts["recipe"] == "web_form"
    assert (signal.contact.name, signal.contact.email) == ("Jane Doe", "jane@example.com")
    assert signal.contact.phone == "+12125550142"
    assert signal.reply_text == "My refill was not sent.\nSecond time."
    assert signal.facts["wants_contact"] is True


def test_a_survey_mail_carries_its_score_as_an_export_would():
    signal = read(
        "From: Qualtrics <noreply@qemailserver.com>\nSubject: New response: Visit survey\n\n"
        "How likely are you to recommend us to a friend or colleague?\n3\n\n"
        "What is the main reason for your score?\nWhy did nobody answer the phone?\n"
        "I tried all week.\n\nName: Jane Doe\nEmail: jane@example.com\n"
    )
    assert signal.channel is Channel.SURVEY
    assert (signal.facts["score"], signal.facts["score_kind"]) == (3, "nps")
    assert signal.reply_text == "Why did nobody answer the phone?\nI tried all week."
    assert signal.contact.email == "jane@example.com"
    assert "score.nps_strong" in rules(signal)


def test_a_survey_tool_that_only_says_that_there_is_an_answer_is_a_second_look():
    signal = read(
        "From: SurveyMonkey <member@surveymonkey.com>\n"
        "Subject: New response to Visit survey\n\nSomeone answered. View the response.\n"
    )
    assert signal.facts["doubt"] == "fields: rating"
    assert judged(signal).lane is Lane.REVIEW


def test_stars_are_counted():
    text = GOOGLE.replace("Jane, you got a new 1-star review", "★★☆☆☆")
    assert read(text).facts["score"] == 2


def test_a_recipe_of_ones_own_replaces_a_shipped_one_and_reads_other_labels(tmp_path):
    (tmp_path / "portal.toml").write_text(
        """
title = "Patient portal"
kind = "survey"
senders = ["noreply@portal.example.com"]
subjects = ['^Feedback \\d+']
score = "custom"
score_min = 1
score_max = 6
direction = "low_is_good"
[fields.rating]
labels = ["Schulnote"]
required = true
[fields.text]
labels = ["Anmerkung"]
to_end = true
"""
    )
    signal = read(
        "From: noreply@portal.example.com\nSubject: Feedback 12\n\n"
        "Schulnote: 6\nAnmerkung: Zwei Stunden gewartet.\n",
        notifications={"folder": str(tmp_path)},
    )
    assert (signal.facts["score_min"], signal.facts["score_max"]) == (6, 1)
    assert signal.reply_text == "Zwei Stunden gewartet."
    assert judged(signal).lane is Lane.TICKET


def test_a_recipe_that_was_switched_off_is_not_used():
    signal = read(GOOGLE, notifications={"off": ["google_business"]})
    assert "recipe" not in signal.facts


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("subjects = ['(a)\\1']", "is no pattern"),
        ("subjects = ['(?=x)y']", "leave out looking around"),
        ("subjects = []", "subjects: must not be empty"),
        ("colour = 'red'", "unknown key; known here are"),
        ("subjects = ['x'", "unclosed array (at line 5"),
    ],
)
def test_a_faulty_recipe_is_named_with_its_file_and_fault(tmp_path, line, fault):
    head = 'title = "x"\nkind = "review"\nsenders = ["a@example.com"]\n'
    subjects = "" if line.startswith("subjects") else "subjects = ['x']\n"
    rest = '[fields.text]\nlabels = ["Text"]\n'
    (tmp_path / "mine.toml").write_text(f"{head}{subjects}{line}\n{rest}")
    with pytest.raises(ConfigError, match=r"mine\.toml") as raised:
        read(GOOGLE, notifications={"folder": str(tmp_path)})
    assert fault in str(raised.value)


def test_names_of_recipes_that_do_not_exist_are_a_fault():
    with pytest.raises(ConfigError, match="no recipe is named yulp"):
        read(GOOGLE, notifications={"off": ["yulp"]})


def test_a_patient_who_only_writes_like_a_service_is_heard_as_a_patient():
    signal = read(
        "From: Jane <jane@example.com>\nSubject: New voicemail\n\n"
        "I left you a voicemail and nobody called me back.\n"
    )
    assert "recipe" not in signal.facts
    assert signal.contact.email == "jane@example.com"


def test_what_the_practice_sent_itself_is_no_voicemail():
    text = ASTERISK.replace("asterisk@pbx.practice.example", "feedback@practice.example")
    assert judged(read(text)).lane is Lane.PARK
    loop = "X-Amends-Loop: 1\n"
    assert judged(read(loop + GOOGLE)).lane is Lane.PARK


def test_every_shipped_recipe_has_its_file_name_and_no_contact_of_its_own():
    assert {"google_business", "yelp", "healthgrades", "qualtrics", "asterisk"} <= set(shipped())
    for recipe in shipped().values():
        assert recipe.title
        assert any(rule.required for rule in recipe.fields.values()), recipe.name


@given(st.text(max_size=400), st.sampled_from(sorted(shipped())))
def test_no_body_breaks_a_recipe_or_makes_the_service_the_contact(body, name):
    recipe = shipped()[name]
    sender = recipe.senders[0].replace("*@", "no-reply@").replace("@*", "@site.example")
    sender = "any@pbx.example" if sender == "*" else sender
    text = f"From: {sender}\nSubject: New review, response, voicemail from x\n\n{body}"
    reader = MailReader.for_source("box", PRACTICE, MailOptions())
    item = reader.item(text.encode("utf-8", "replace"), "box:1")
    assert isinstance(item, Signal)
    if "recipe" in item.facts:
        assert item.contact.email != sender
        judged(item)


def test_the_example_of_the_documentation_works(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
    section = page.partition("### Writing a recipe")[2]
    mail = section.partition("```text\n")[2].partition("```")[0]
    recipe = section.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "portal.toml").write_text(recipe, encoding="utf-8")
    signal = read(mail, notifications={"folder": str(tmp_path)})
    assert signal.facts["recipe"] == "portal"
    assert (signal.facts["score"], signal.contact.name) == (2, "Jane Doe")
    assert signal.contact.phone == "+12125550142"
    assert signal.reply_text == "I waited two hours.\nNobody told me why."


def test_the_documentation_names_every_shipped_recipe():
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
    assert [name for name in shipped() if f"`{name}`" not in page] == []
