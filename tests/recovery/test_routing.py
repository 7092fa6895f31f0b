"""Whom a late case goes to, and from whom a complaint is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from recovery.builders import PRACTICE, case, signal

from connector.recovery.escalation import EscalationSettings, ManagerSettings
from connector.recovery.routing import about_manager, logins, taker
from connector.recovery.settings import RecoverySettings
from connector.recovery.sites import SiteSettings, at

PRIVACY = ManagerSettings(manager="Noor Aziz", login="noor@practice.example")
SETTINGS = RecoverySettings(
    escalation=EscalationSettings(
        manager="Marta Lee",
        login="marta@practice.example",
        known_as=("Marta", "Ms. Lee"),
        by_category={"privacy.confidentiality": PRIVACY},
        instead=ManagerSettings(manager="Dr Chen", login="chen@practice.example"),
    )
)


def about(text: str, *categories: str, **changes: Any) -> bool:
    return about_manager(signal(text, **changes), categories or ("people.courtesy",), SETTINGS)


@pytest.mark.parametrize(
    "text",
    [
        "Marta shouted at my mother.",
        "MS LEE told me to find another doctor",
        "Your office manager was rude and hung up on me.",
        "the practice manager laughed",
        "I was insulted by the manager at the front desk.",
        "La gerente me gritó delante de todos.",
        "El encargado se burló de mí.",
        "I asked for the manager. The manager then yelled at me.",
    ],
)
def test_a_complaint_about_the_manager_is_recognised(text: str) -> None:
    assert about(text)


@pytest.mark.parametrize(
    "text",
    [
        "I waited two hours.",
        "I want to speak to the manager.",
        "Please let me talk with your office manager about this bill.",
        "I asked for a supervisor and nobody came.",
        "Get the manager to call me",
        "Quiero hablar con la gerente.",
        "Leeds is far away and the marmalade was good",
        "They managed to lose my file; management should know.",
    ],
)
def test_a_wish_to_speak_with_the_manager_is_none(text: str) -> None:
    assert not about(text)


def test_a_name_in_the_subject_counts_and_one_in_a_quotation_does_not() -> None:
    assert about("She was rude.", subject="Complaint about Marta")
    assert not about("Thanks\n> Marta wrote", reply_text="I waited two hours", subject="Re: visit")


def test_what_staff_report_names_their_manager_in_passing() -> None:
    facts = {"reporter_name": "Kim"}

    assert not about("The manager asked me to write this down.", facts=facts)
    assert about("He says Marta shouted.", facts=facts)


def test_who_is_responsible_for_a_kind_of_failure_goes_before_the_manager() -> None:
    assert taker(case("privacy.confidentiality"), SETTINGS).name == "Noor Aziz"
    assert taker(case("visit.wait"), SETTINGS).login == "marta@practice.example"


def test_a_case_about_the_manager_goes_to_somebody_else() -> None:
    whom = taker(replace(case("people.courtesy"), conflict=True), SETTINGS)

    assert (whom.name, whom.login, whom.kept_from) == (
        "Dr Chen",
        "chen@practice.example",
        "Marta Lee",
    )


def test_without_anybody_else_nobody_is_assigned() -> None:
    alone = SETTINGS.escalation.model_copy(update={"instead": None})
    settings = SETTINGS.model_copy(update={"escalation": alone})
    whom = taker(replace(case("people.courtesy"), conflict=True), settings)

    assert (whom.name, whom.login) == ("somebody else than Marta Lee", "")


def test_the_manager_of_a_site_has_an_account_of_their_own() -> None:
    north = SiteSettings(manager="Ana Diaz", login="ana@practice.example", known_as=("Ana",))
    south = SiteSettings(manager="Joe Ray")

    assert taker(case(), at("north", PRACTICE, SETTINGS, {"north": north})[1]).login[:4] == "ana@"
    assert taker(case(), at("south", PRACTICE, SETTINGS, {"south": south})[1]).login == ""


def test_every_account_is_known_for_the_check() -> None:
    names = {name.partition("@")[0] for name in logins(SETTINGS)}

    assert names == {"marta", "noor", "chen"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"by_category": {"no.such": {"manager": "Kim"}}},
        {"login": "two words"},
        {"assign_at": 70},
        {"known_as": ["x"]},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EscalationSettings.model_validate(wrong)


def test_an_account_of_nobody_is_refused_at_a_site() -> None:
    with pytest.raises(ValidationError, match="name them in `manager`"):
        SiteSettings(login="ana@practice.example")
