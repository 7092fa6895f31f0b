"""Ready words for the helpdesk: from the same texts as the drafts."""

from __future__ import annotations

from pathlib import Path

from recovery.builders import PRACTICE

from connector.domain.blueprint import REFERENCE, fingerprint
from connector.domain.taxonomy import TAXONOMY
from connector.recovery.answers import answers
from connector.recovery.draft_settings import DraftSettings
from connector.recovery.drafts.book import builtin, read
from connector.recovery.lint import findings
from connector.recovery.settings import RecoverySettings


def given(**drafts: object) -> RecoverySettings:
    return RecoverySettings(drafts=DraftSettings.model_validate(drafts))


def test_each_kind_of_failure_has_an_answer_and_the_end_has_one_for_all() -> None:
    found = answers(builtin(), PRACTICE, given())

    assert {one.name for one in found} == {
        "answer_en_closing",
        *(f"answer_en_email_{key.replace('.', '_')}" for key in TAXONOMY),
    }
    assert len({one.title for one in found}) == len(found)


def test_an_answer_has_no_subject_no_time_and_the_helpdesks_number() -> None:
    for one in answers(builtin(), PRACTICE, given(answer_languages=("en", "es"))):
        assert "Subject:" not in one.text
        assert REFERENCE in one.text
        assert "{" not in one.text.replace(REFERENCE, "")


def test_nothing_in_them_may_not_be_said() -> None:
    for one in answers(builtin(), PRACTICE, given(answer_languages=("en", "es"))):
        text = one.text.replace(REFERENCE, "77")
        clinical = one.name.endswith(("clinical_quality", "clinical_safety"))
        assert list(findings(text, clinical=clinical, closing="closing" in one.name)) == []


def test_languages_are_chosen_and_all_can_be_switched_off() -> None:
    names = {one.name[:10] for one in answers(builtin(), PRACTICE, given(language="es"))}

    assert names == {"answer_es_"}
    assert answers(builtin(), PRACTICE, given(answers=False)) == ()


def test_a_text_of_the_practice_changes_its_mark(tmp_path: Path) -> None:
    folder = tmp_path / "en"
    folder.mkdir()
    folder.joinpath("email.visit.wait.txt").write_text("Hello,\n\n{{ write }}\n{{ reference }}")
    book, faults = read(tmp_path)
    assert faults == []

    ours = {one.name: one.mark for one in answers(builtin(), PRACTICE, given())}
    own = {one.name: one.mark for one in answers(book, PRACTICE, given())}
    changed = {name for name in own if own[name] != ours[name]}
    assert changed == {"answer_en_email_visit_wait"}


def test_white_space_and_the_form_of_accents_change_no_fingerprint() -> None:
    assert fingerprint("Qu\u00e9  pas\u00f3\r\n") == fingerprint("Que\u0301 paso\u0301")
