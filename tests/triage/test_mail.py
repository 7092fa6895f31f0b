"""A mail that a person wrote is a ticket, unless it is clearly thanks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from triage.builders import mail

from connector.domain.assessment import Lane
from connector.domain.signal import Attachment
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

USUAL = TriageSettings()
PAPER = Attachment(name="letter.pdf", media_type="application/pdf", content=b"%PDF")


def rules(assessment):
    return {reason.rule for reason in assessment.reasons}


@pytest.mark.parametrize(
    "text",
    [
        "My name is Jane and my card number has changed.",
        "I would like to know when my results will be there. Thank you, Jane",
        "Thanks. Please send my records to the address below.",
        "Thank you for seeing me, everyone was wonderful and kind. The parking was a nightmare.",
        "Thank you for nothing. I waited for two hours and was sent away.",
        "It was not good and nobody was helpful. Thank you.",
        "Quisiera hablar con alguien sobre mi factura. Gracias.",
        "Könnten Sie mich bitte zurückrufen? Vielen Dank",
        "Здравствуйте, я хотел бы записаться на приём.",
        "診察の予約を変更したいです。",
    ],
)
def test_a_mail_from_a_person_is_a_ticket_by_default(text):
    assert assess(mail(text), USUAL).lane is Lane.TICKET


@pytest.mark.parametrize(
    "text",
    [
        "Thank you!",
        "Many thanks, Jane Doe",
        "Thank you so much for your help yesterday.\n\nKind regards\nJane",
        "Thank you Dr Smith, you and your staff were wonderful and so kind to my mother.",
        "Wonderful care, friendly and professional people. We are very grateful!",
        "Muchas gracias por todo, fueron muy amables. Saludos, Ana",
        "Vielen Dank! Liebe Grüße, Karl",
        "Merci beaucoup, toute l\u2019équipe a été formidable et très gentille.",
        "Muito obrigada, foram todos muito simpáticos e atenciosos.",
    ],
)
def test_clear_thanks_are_counted(text):
    assessment = assess(mail(text), USUAL)
    assert assessment.lane is Lane.COUNT
    assert assessment.severity == 0
    assert assessment.categories == ()
    assert "mail.thanks" in rules(assessment)


@pytest.mark.parametrize(
    "signal",
    [
        mail("Thank you, you were all wonderful and kind, but I thought it could be more."),
        mail("Thank you, you were all wonderful and kind!", files=(PAPER,)),
        mail("Thank you, everyone was lovely and friendly. Was that the last visit?"),
    ],
    ids=["but", "attachment", "question"],
)
def test_thanks_with_a_doubt_is_a_second_look(signal):
    assessment = assess(signal, USUAL)
    assert assessment.lane is Lane.REVIEW
    assert "mail.unsure" in rules(assessment)
    assert assessment.categories


@pytest.mark.parametrize("text", ["", "   \n\n ", "\u200b\u200b", "?"])
def test_a_mail_without_words_is_a_second_look(text):
    assert assess(mail(text), USUAL).lane is Lane.REVIEW


@pytest.mark.parametrize("kind", ["bounce", "auto_reply", "list", "loop", "own"])
def test_mail_that_no_person_wrote_is_parked_even_with_safety_words(kind):
    assessment = assess(mail("I want to end my life", automatic=kind), USUAL)
    assert assessment.lane is Lane.PARK
    assert assessment.severity == 0
    assert assessment.reasons[0].rule == f"mail.automatic.{kind}"
    assert "safety.self_harm" in rules(assessment)


def test_a_new_kind_of_automatic_mail_is_parked_under_a_known_rule():
    assessment = assess(mail("hello", automatic="{{ surprise }}"), USUAL)
    assert assessment.lane is Lane.PARK
    assert assessment.reasons[0].rule == "mail.automatic.other"


def test_what_the_person_wrote_now_is_judged_and_not_what_they_quoted():
    signal = mail("On Monday you wrote:\n> I waited for hours and the staff was rude")
    shown = assess(signal, USUAL)
    assert "visit.wait" in shown.categories
    reply = assess(replace(signal, reply_text="Thank you!"), USUAL)
    assert reply.lane is Lane.COUNT


def test_the_subject_counts():
    assessment = assess(mail("See above.", subject="Your receptionist was rude"), USUAL)
    assert "people.courtesy" in assessment.categories


def test_every_finding_is_kept_and_the_gravest_category_leads():
    assessment = assess(
        mail(
            "I called five times and nobody answered, I was put on hold for 40 minutes, the "
            "receptionist was rude and you billed me twice. I want to speak to a manager."
        ),
        USUAL,
    )
    assert assessment.lane is Lane.TICKET
    assert assessment.severity == 3
    assert set(assessment.categories) >= {
        "access.unreached",
        "access.phone_maze",
        "people.courtesy",
        "billing.money",
    }
    assert assessment.categories[0] in {"access.phone_maze", "people.courtesy"}
    assert {"risk.manager", "words.people.courtesy", "mail.human"} <= rules(assessment)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I was on hold for an hour and then got cut off", "access.phone_maze"),
        ("You cancelled my appointment twice", "access.appointment"),
        ("The website says you are open, it gave me the wrong address", "info.wrong"),
        ("I waited over two hours to be seen", "visit.wait"),
        ("I had to fill in the same forms again", "visit.check_in"),
        ("You said someone would call back and I have not heard anything", "comm.no_follow_up"),
        ("The doctor did not listen and brushed me off", "comm.not_heard"),
        ("The nurse was rude and curt", "people.courtesy"),
        ("I was refused because of my disability", "people.rights"),
        ("You sent my results to the wrong person", "privacy.confidentiality"),
        ("The doctor misdiagnosed me", "clinical.quality"),
        ("I was given the wrong medication", "clinical.safety"),
        ("I was charged twice and got a surprise bill", "billing.money"),
        ("The toilets were dirty and there was nowhere to park", "place.facility"),
        ("The portal is not working and I cannot log in", "place.digital"),
        ("I already complained and nothing was done", "recovery.failed"),
        ("Nadie contesta el teléfono", "access.unreached"),
        ("La recepcionista fue muy grosera", "people.courtesy"),
        ("Niemand geht ans Telefon", "access.unreached"),
        ("La secrétaire a été très désagréable", "people.courtesy"),
        ("Ninguém atende o telefone", "access.unreached"),
        ("What about this", "other.unclassified"),
    ],
)
def test_the_words_tell_the_kind_of_failure(text, category):
    assert assess(mail(text), USUAL).categories[0] == category


@pytest.mark.parametrize(
    "text",
    [
        "The staff was not rude at all, I would like to book a visit",
        "I never had to wait. Could you send me the form?",
        "There were no problems with parking, please confirm my visit",
    ],
)
def test_a_negated_complaint_names_no_category(text):
    assessment = assess(mail(text), USUAL)
    assert not {"people.courtesy", "visit.wait", "place.facility"} & set(assessment.categories)


def test_not_only_is_no_negation():
    assessment = assess(mail("She was not only rude but also late"), USUAL)
    assert assessment.categories[0] == "people.courtesy"


def test_a_practice_can_add_words_and_mute_some():
    own = TriageSettings(words={"place.facility": ("blue entrance",)}, ignored_words=("rude",))
    assessment = assess(mail("The blue entrance, and a rude man"), own)
    assert "place.facility" in assessment.categories
    assert "people.courtesy" not in assessment.categories


def test_safety_words_cannot_be_muted():
    own = TriageSettings(ignored_words=("suicidal", "suicid*"))
    assert assess(mail("I feel suicidal"), own).severity == 4


def test_the_version_follows_the_words_in_force():
    one = assess(mail("hello"), USUAL).model
    two = assess(mail("hello"), TriageSettings(words={"visit.wait": ("slowpoke",)})).model
    assert one.startswith("rules-")
    assert one != two
