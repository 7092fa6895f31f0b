"""A map proposed from a file: roles, scales, doubts, masked examples, and TOML that loads."""

from __future__ import annotations

import tomllib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.survey_mapping import Mapped
from connector.parsing.survey_meaning import Understood, Wishes, understand
from connector.parsing.survey_proposal import described, masked, propose, quoted, toml_of
from connector.parsing.survey_recipes import shipped
from connector.parsing.survey_times import DateOrder


def proposal(header, *rows):
    wishes = Wishes(
        recipes=tuple(shipped().values()),
        zone=ZoneInfo("UTC"),
        usual_order=DateOrder.MONTH_FIRST,
        guess=True,
        need_answers=False,
    )
    understood = understand([header, *rows], wishes)
    assert isinstance(understood, Understood)
    return propose("export.csv", understood, rows)


def proposed(header, *rows):
    """Give the map as the admin would have it, without what the recipe knows."""
    source = tomllib.loads(toml_of(proposal(header, *rows), name="survey", path="/srv/x.csv"))
    return source["sources"][0].get("map", {})


def one_question(question, *answers):
    return proposed((question, "x"), *((answer, "") for answer in answers)).get(question)


@pytest.mark.parametrize(
    ("question", "answers", "meaning"),
    [
        ("How likely are you to recommend us?", "0 5 10", "score nps high_is_good"),
        ("Wie sehr w\u00fcrden Sie uns weiterempfehlen?", "3 9", "score nps high_is_good"),
        ("\u00bfQu\u00e9 tan probable es que nos recomiende?", "3 9", "score nps high_is_good"),
        ("How satisfied were you with your visit?", "1 5 4", "score csat5 high_is_good"),
        ("Rate us (1 = very good, 5 = very poor)", "1 2", "score csat5 low_is_good"),
        ("Wie zufrieden waren Sie mit Ihrem Besuch?", "Zufrieden|Sehr unzufrieden",
         "score csat5 high_is_good"),
        ("How easy was it to get an appointment?", "1 7 6", "score ces7 high_is_good"),
        ("How easy was it to get an appointment?", "1 5 4", "score ces5 high_is_good"),
        ("How many stars?", "1 5", "score stars5 high_is_good"),
        ("In the last 6 months, how often did this provider listen?", "Never|Always",
         "score cahps4 high_is_good"),
        ("Q17", "Very satisfied|Dissatisfied", "score csat5 high_is_good"),
        ("How satisfied were you?", "11 99", None),
        ("What could we do better?", "Answer the phone|Nothing", "comment improve"),
        ("Was k\u00f6nnen wir besser machen?", "Ans Telefon gehen|Nichts", "comment improve"),
        ("Please tell us why", "Late|Rude", "comment why"),
        ("Pourquoi cette note ?", "Trop long|Bien", "comment why"),
        ("Comments", "Late|Rude", "comment"),
        ("Comments", "1 2 3", None),
        ("May we contact you?", "Yes|No", "wants_contact"),
        ("D\u00fcrfen wir Sie zur\u00fcckrufen?", "Ja|Nein", "wants_contact"),
        ("Would you like someone to call you?", "1 2", "wants_contact"),
        ("E-Mail-Adresse", "a@example.org", "email"),
        ("Where can we write to?", "a@example.org|b@example.org", "email"),
        ("Email", "yes no", None),
        ("Best way to reach you - Phone", "303-555-0199", "phone"),
        ("Was the phone answered?", "Yes No", None),
        ("Which location did you visit?", "North|South", "location"),
        ("Date of visit", "2025-03-01", "visit_date"),
        ("ID", "17|18", "id"),
        ("ID", "17|17", None),
        ("Callback Requested", "Y|N", "wants_contact"),
        ("Can our practice manager call you about this?", "Yes, please|No thanks", "wants_contact"),
        ("\u00bfLe gustar\u00eda que lo llam\u00e1ramos?", "S\u00ed|No", "wants_contact"),
        ("Souhaitez-vous \u00eatre recontact\u00e9(e) ?", "Oui|Non", "wants_contact"),
        ("Did someone contact you before your visit?", "Yes|No", None),
        ("How can we make it easier to call us?", "Answer|Pick up", "comment improve"),
        ("How would you like to be contacted?", "By phone|By mail", "prefers"),
        ("What made you give that score?", "Late|Rude", "comment why"),
        ("Was hat Sie gest\u00f6rt?", "L\u00e4rm|Warten", "comment improve"),
        ("Was hat Ihnen gefallen?", "Alles|Das Team", "comment good"),
        ("Q5 Comments", "Late|Rude", "comment"),
        ("Why did you visit us? (Select all that apply) [Check-up]", "Check-up|Check-up", None),
        ("Comment [Parking]", "Parking|Parking", None),
        ("\u00bfEn qu\u00e9 cl\u00ednica fue atendido?", "Norte|Centro", "location"),
        ("Location Latitude", "39.7|40.1", None),
        ("Behandler", "Dr. Weber|Dr. Kern", "provider"),
        ("Eingang", "14.02.2026|15.02.2026", "submitted_at"),
        ("Response Status", "Completed|Partially Completed", "status"),
        ("Status", "Gold|Silver", None),
        ("Completion Status", "1|0", "complete"),
        ("Would you like a reply from us?", "Yes|No", "wants_contact"),
        ("RcvDate", "2026-02-14|2026-02-15", "submitted_at"),
        ("_notes", "a|b", None),
        ("I agree to take part in this survey", "Yes|No", "status"),
        ("Are you happy for your comments to be published anonymously?", "Yes|No", None),
        ("Rate your visit from 1 to 10", "3 9", "score custom high_is_good"),
        ("Zufriedenheit (Schulnote 1-6)", "1 5", "score custom low_is_good"),
        ("How satisfied were you?", "3 9 10", "score custom high_is_good"),
        ("PATIENT_PHONE", "3035550100|3035550101", "phone"),
        ("Age", "40 50", None),
        ("Q1_NPS_GROUP", "Detractor|Promoter", None),
    ],
)  # fmt: skip
def test_what_a_question_means_is_told_by_its_words_and_its_answers(question, answers, meaning):
    given_answers = answers.split("|") if "|" in answers else answers.split()
    found = one_question(question, *given_answers)
    mapped = None if found is None else Mapped.model_validate(found)
    if mapped is None:
        assert meaning is None
        return
    parts = [mapped.role, mapped.kind, mapped.direction]
    parts += [mapped.polarity] if mapped.polarity != "open" else []
    assert " ".join(part for part in parts if part) == meaning


def test_numbers_for_yes_and_no_are_proposed_and_doubted():
    found = proposal(("May we call you?", "x"), ("1", ""), ("2", ""))
    assert (found.columns[0].mapped.yes, found.columns[0].mapped.no) == (("1",), ("2",))
    assert "yes" in found.columns[0].doubt
    assert 'yes = ["1"], no = ["2"] }  # CHECK' in toml_of(found, name="s", path="p")


@pytest.mark.parametrize(
    ("answers", "doubt"),
    [("1 5", "best answer"), ("Satisfied", ""), ("2,5 3", "not on this scale")],
)
def test_a_direction_that_only_custom_tells_is_doubted(answers, doubt):
    header = ("How satisfied were you?", "x")
    found = proposal(header, *((answer, "") for answer in answers.split()))
    assert doubt in found.columns[0].doubt
    assert bool(found.columns[0].doubt) is bool(doubt)


def test_how_dates_are_written_is_proved_by_a_day_above_twelve():
    header = ("Timestamp", "Comments")
    assert proposal(header, ("04/03/2025 09:12", "a"), ("13/03/2025", "b")).order == "dmy"
    assert proposal(header, ("04/03/2025 09:12", "a"), ("03/13/2025", "b")).order == "mdy"
    assert proposal(header, ("04/03/2025 09:12", "a")).order is None
    assert proposal(header, ("13/03/2025", "a"), ("03/13/2025", "b")).order is None


def test_a_person_s_words_are_masked_and_choices_are_not():
    rows = [("Jane Doe", "jane@example.org", "North", "+1 303 555")] * 3
    found = proposal(("Name", "Email", "Site", "Secret"), *rows)
    shown = {one.column.name: one.examples for one in found.columns}
    assert shown["Site"] == ("North",)
    assert "Jane" not in str(described(proposal(("Name", "x"), ("Jane Doe", ""), ("Bo", ""))))


@given(st.text(max_size=200))
def test_masks_keep_first_letters_at_most(text):
    assert not any(letter.isdigit() for letter in masked(text))


@given(st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_any_header_gives_toml_that_loads(name, question):
    found = proposal((name, "Comments", "How satisfied were you?"), (question, "late", "5"))
    tables = tomllib.loads(toml_of(found, name="survey", path=f"/srv/{name}"))
    assert tables["sources"][0]["path"] == f"/srv/{name}"
    assert tomllib.loads(f"x = {quoted(question)}")["x"] == question
