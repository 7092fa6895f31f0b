"""Words of safety, privacy, rights and law make a ticket at any score, from any source."""

from __future__ import annotations

import pytest
from triage.builders import answer, heard, mail

from connector.domain.assessment import Lane
from connector.domain.signal import Channel
from connector.domain.taxonomy import group_of
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

USUAL = TriageSettings()

SAID = [
    ("I want to end my life and nobody listens", "self_harm", 4),
    ("he told me he was going to kill himself", "self_harm", 4),
    ("honestly i dont want to be here anymore", "self_harm", 4),
    ("I will kill you all", "violence", 4),
    ("the aide was rough and my mother was abused", "abuse", 4),
    ("I was groped in the exam room", "abuse", 4),
    ("The pharmacy gave me the wrong medication", "patient_safety", 4),
    ("I took a double dose because of your label", "patient_safety", 4),
    ("I have chest pain and no one picks up", "urgent", 4),
    ("my son can\u2019t breathe", "urgent", 4),
    ("you sent my results to the wrong person", "privacy", 3),
    ("I got another patient's records in the mail", "privacy", 3),
    ("This is a HIPAA violation", "privacy", 3),
    ("I was treated like this because of my race", "rights", 3),
    ("you refused to get an interpreter: discrimination", "rights", 3),
    ("You will hear from my lawyer", "legal", 4),
    ("I am going to the press", "legal", 4),
    ("quiero morir", "self_harm", 4),
    ("me dieron el medicamento equivocado", "patient_safety", 4),
    ("Ich will nicht mehr leben", "self_harm", 4),
    ("j'ai une douleur à la poitrine", "urgent", 4),
    ("não consigo respirar", "urgent", 4),
]


@pytest.mark.parametrize(("text", "group", "severity"), SAID)
@pytest.mark.parametrize("channel", list(Channel))
def test_a_safety_word_is_a_ticket_whatever_the_source_or_score(text, group, severity, channel):
    signal = heard(channel, text, score=10, score_kind="nps", call_end="answered", transcript=True)
    assessment = assess(signal, USUAL)
    assert assessment.lane is Lane.TICKET
    assert assessment.severity >= severity
    assert f"safety.{group}" in {reason.rule for reason in assessment.reasons}


def test_safety_leads_and_keeps_the_case_apart():
    assessment = assess(mail("The receptionist was rude and I feel suicidal"), USUAL)
    assert assessment.categories[0] == "clinical.safety"
    assert group_of(assessment.categories) == "safety"


def test_privacy_and_rights_are_confidential():
    for text in ("This is a breach of confidentiality", "This was racist"):
        assert group_of(assess(mail(text), USUAL).categories) == "confidential"


def test_a_legal_threat_does_not_change_the_kind_of_failure():
    assessment = assess(mail("You billed me twice, I will call my attorney"), USUAL)
    assert assessment.categories == ("billing.money",)
    assert assessment.severity == 4


@pytest.mark.parametrize(
    "text",
    [
        "SUICIDAL",
        "sui\u200bcidal",
        "s\u00adu\u00adi\u00adc\u00adi\u00addal",
        "\uff53\uff55\uff49\uff43\uff49\uff44\uff41\uff4c",
        "I feel \u202esuicidal\u202c",
    ],
)
def test_odd_spellings_hide_nothing(text):
    assert assess(answer(text, score=10, score_kind="nps"), USUAL).severity == 4


@pytest.mark.parametrize(
    "text",
    [
        "The scan was the bomb!",
        "I am dying to say thanks: the dye was fine".replace("dying", "keen"),
    ],
)
def test_harmless_words_page_nobody(text):
    assert assess(answer(text, score=10, score_kind="nps"), USUAL).severity < 4


def test_safety_words_act_in_every_language_even_when_only_one_is_configured():
    english = TriageSettings(languages=("en",))
    assert assess(mail("quiero morir"), english).severity == 4


def test_own_safety_words_count_too():
    own = TriageSettings(safety_words={"urgent": ("red pill*",)})
    assert assess(answer("the red pills", score=10, score_kind="nps"), own).severity == 4
