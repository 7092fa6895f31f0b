"""Exports of surveys from file to helpdesk: read again, edited, withdrawn, old, in other forms."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from servers.hearing import all_cases, on_record, outcomes, owed, work_off

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.pipeline.casework import Casework
from connector.pipeline.intake import Intake, Pulled
from connector.report import status
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.store import cases, content, outbox, response_rows
from connector.store.store import Store
from connector.testing.builders import some_rules

MAP = {
    "Response ID": "id",
    "Submitted": "submitted_at",
    "NPS": "score",
    "Why?": "comment",
    "Email": "email",
    "May we contact you?": "wants_contact",
}
HEADER = "Response ID,Submitted,NPS,Why?,Email,May we contact you?\n"
JANE = 'r1,2026-02-27 09:12:05,2,"Waited an hour, nobody cared",jane@example.org,Yes\n'
KIND = "r2,2026-02-27 10:00:00,10,All fine,joe@example.org,\n"
PLAIN = {name: role for name, role in MAP.items() if role != "id"}
NO_IDS = "Submitted,NPS,Why?,Email,May we contact you?\n"


class Clinic:
    """A folder of exports, and the daemon's rooms that read them."""

    def __init__(self, store: Store, folder: Path, **settings: Any) -> None:
        self.store, self.folder = store, folder
        folder.mkdir(exist_ok=True)
        self.now = 1_772_000_000
        self.casework = Casework(store, some_rules())
        self.settings = {"map": MAP, "score_kind": "nps", "settle_seconds": 0, **settings}

    def put(self, text: str, name: str = "export.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.now += 60
        os.utime(path, (self.now, self.now))
        return path

    def pull(self) -> Pulled:
        settings = SurveyFileSettings(name="nps", path=self.folder, **self.settings)
        practice = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("UTC"))
        source = SurveyFile(settings, practice)
        return Intake(
            self.store,
            source,
            tenant="practice",
            kind="survey_file",
            pause=lambda: "",
            heartbeat=lambda: None,
        ).pull()

    def hear(self, text: str, name: str = "export.csv") -> Pulled:
        """Put an export there, read it and decide about what is new."""
        self.put(text, name)
        pulled = self.pull()
        work_off(self.casework)
        return pulled

    def counts(self) -> dict[str, int]:
        with self.store.read() as connection:
            return response_rows.counts(connection).get("practice/nps", {})

    def notes(self, case_id: str) -> list[str]:
        with self.store.read() as connection:
            rows = outbox.of_case(connection, case_id)
            wanted = [row.content_id for row in rows if row.op == "note"]
            found = content.get_all(connection, wanted)
        return [json.loads(found[number])["text"] for number in wanted]


@pytest.fixture
def clinic(store: Store, tmp_path: Path) -> Clinic:
    return Clinic(store, tmp_path / "exports")


def test_a_daily_export_brings_only_what_is_new(clinic: Clinic, store: Store) -> None:
    assert clinic.hear(HEADER + JANE + KIND).new == 2
    assert clinic.hear(HEADER + JANE + KIND + KIND.replace("r2", "r3")).new == 1
    assert len(all_cases(store)) == 1
    assert clinic.counts() == {"read": 3, "new": 3}, "what only grew is read from there on"


def test_a_column_that_is_gone_takes_the_source_down_until_a_file_fits_again(
    clinic: Clinic, store: Store
) -> None:
    clinic.hear(HEADER + JANE)
    with pytest.raises(Unavailable, match="Why"):
        clinic.hear((HEADER + JANE + KIND).replace("Why?", "Reason"))
    told = status.gather(
        store, tenant="practice", helpdesk="desk", silence_hours={"nps": 72}, compared={}
    )
    assert any("nps: " in one and 'no column "Why?"' in one for one in told.reasons)
    clinic.hear(HEADER + JANE + KIND)
    told = status.gather(
        store, tenant="practice", helpdesk="desk", silence_hours={"nps": 72}, compared={}
    )
    assert [one.error for one in told.sources] == [""]
    assert clinic.counts() == {"read": 4, "new": 2, "seen": 1, "parse_error": 1}


def test_a_newest_first_export_brings_only_what_is_new(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + JANE + KIND)
    clinic.hear(HEADER + KIND.replace("r2", "r3") + JANE + KIND)
    assert clinic.counts() == {"read": 5, "new": 3, "seen": 2}
    assert outcomes(store) == {"opened": 1, "counted": 2}


def test_numbers_and_texts_of_one_survey_by_turns_make_neither_edits_nor_tickets(
    store: Store, tmp_path: Path
) -> None:
    mapping = {
        "ID": "id",
        "Satisfied?": {"role": "score", "kind": "csat5", "direction": "low_is_good"},
        "Call you?": {"role": "wants_contact", "yes": ["1"], "no": ["2"]},
        "Clinic": "location",
        "Why?": "comment",
    }
    clinic = Clinic(store, tmp_path / "exports", map=mapping, score_kind=None)
    header = "ID,Satisfied?,Call you?,Clinic,Why?\n"
    numbers, texts = "1,5,2,3,Late\n", "1,Very dissatisfied,No,North,Late\n"
    for day, rows in enumerate((numbers, texts, numbers, texts)):
        clinic.hear(header + rows, f"export-{day}.csv")
    (case,) = all_cases(store)
    assert owed(store, case.id) == [("open", "ready")]
    assert clinic.counts() == {"read": 4, "new": 1, "seen": 3}
    clinic.hear(header + texts.replace("Late", "Rude"), "export-9.csv")
    assert clinic.counts()["edited"] == 1


def test_an_edited_answer_is_a_note_on_its_ticket(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + JANE + KIND)
    clinic.hear(HEADER + JANE.replace("an hour", "two hours") + KIND)
    (case,) = all_cases(store)
    assert owed(store, case.id) == [("open", "ready"), ("note", "ready")]
    (note,) = clinic.notes(case.id)
    assert note.startswith("The person changed this answer.")
    assert "two hours" in note
    assert clinic.counts() == {"read": 4, "new": 2, "edited": 1, "seen": 1}
    assert on_record(store, "signal.joined")[0]["why"] == "edited"


def test_good_that_turns_bad_opens_a_ticket(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + KIND)
    assert all_cases(store) == []
    clinic.hear(HEADER + KIND.replace(",10,All fine", ",1,You lost my results"))
    assert len(all_cases(store)) == 1


def test_bad_that_turns_good_adds_a_note(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + JANE)
    clinic.hear(HEADER + 'r1,2026-02-27 09:12:05,10,"Thank you, solved",jane@example.org,No\n')
    (case,) = all_cases(store)
    assert case.state == "open"
    (note,) = clinic.notes(case.id)
    assert "WHY THIS ALONE WOULD BE NO TICKET" in note
    assert outcomes(store) == {"opened": 1, "joined": 1}


def test_an_answer_that_is_changed_back_is_told_each_time(clinic: Clinic, store: Store) -> None:
    changed = JANE.replace(",2,", ",4,")
    for row in (JANE, changed, JANE, changed):
        clinic.hear(HEADER + row)
    (case,) = all_cases(store)
    assert len(clinic.notes(case.id)) == 3


def test_an_edit_after_the_ticket_was_closed_lately_opens_it_again(
    clinic: Clinic, store: Store
) -> None:
    clinic.hear(HEADER + JANE)
    (case,) = all_cases(store)
    store.write(lambda tx: cases.close(tx, case.id, "ticket_closed"))
    clinic.hear(HEADER + JANE.replace("an hour", "two hours"))
    assert len(all_cases(store)) == 1
    assert [op for op, _ in owed(store, case.id)] == ["open", "update", "note"]


def test_an_edit_after_a_ticket_was_judged_wrong_is_judged_anew(
    clinic: Clinic, store: Store
) -> None:
    clinic.hear(HEADER + JANE)
    (case,) = all_cases(store)
    store.write(lambda tx: cases.close(tx, case.id, "judged_wrong"))
    clinic.hear(HEADER + JANE.replace("an hour", "two hours"))
    assert len(all_cases(store)) == 2


def test_a_withdrawn_answer_is_noted_once_and_its_case_stays_open(
    clinic: Clinic, store: Store
) -> None:
    clinic.hear(HEADER + JANE + KIND)
    clinic.hear(HEADER + KIND)
    clinic.hear(HEADER + KIND + KIND.replace("r2", "r3"))
    (case,) = all_cases(store)
    (note,) = clinic.notes(case.id)
    assert case.state == "open"
    assert "no longer in the export" in note
    clinic.hear(HEADER + JANE + KIND)
    assert len(clinic.notes(case.id)) == 1, "and one that came back is no news"


def test_a_file_with_other_answers_withdraws_nothing(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + JANE)
    clinic.hear(HEADER + KIND)
    (case,) = all_cases(store)
    assert clinic.notes(case.id) == [], "it has nothing in common with the one before"


@pytest.mark.parametrize("name", ["other.csv", "export.csv"])
def test_another_name_or_form_of_the_same_export_brings_nothing(clinic: Clinic, name: str) -> None:
    clinic.hear(HEADER + JANE + KIND)
    semicolons = (HEADER + KIND).replace(",", ";") + JANE.replace('"', "").replace(
        ", nobody", "! nobody"
    ).replace(",", ";").replace("! nobody", ", nobody")
    assert clinic.hear(semicolons, name).new == 0
    assert clinic.counts() == {"read": 4, "new": 2, "seen": 2}


def test_an_older_export_that_is_put_there_again_changes_nothing(clinic: Clinic) -> None:
    clinic.hear(HEADER + JANE, "monday.csv")
    clinic.hear(HEADER + JANE.replace("an hour", "two hours"), "tuesday.csv")
    clinic.now -= 3_600
    clinic.hear(HEADER + JANE, "copy.csv")
    assert clinic.counts() == {"read": 3, "new": 1, "edited": 1, "stale": 1}


def test_an_archive_is_known_and_opens_no_tickets(store: Store, tmp_path: Path) -> None:
    clinic = Clinic(store, tmp_path / "exports", start_from="2026-02-01")
    old = JANE.replace("r1", "r0").replace("2026-02-27", "2025-02-27")
    undated = JANE.replace("r1", "r9").replace("2026-02-27 09:12:05", "")
    assert clinic.hear(HEADER + old + JANE + undated).new == 2
    assert clinic.counts() == {"read": 3, "backfill": 1, "new": 2}
    assert clinic.hear(HEADER + old + JANE + undated + KIND).new == 1
    clinic.hear(HEADER + old.replace(",2,", ",0,") + JANE + undated + KIND)
    assert clinic.counts() == {"read": 8, "backfill": 2, "new": 3, "seen": 3}


def test_partial_then_complete_is_one_response(store: Store, tmp_path: Path) -> None:
    wanted = {**MAP, "Finished": "complete"}
    header = HEADER.rstrip() + ",Finished\n"
    clinic = Clinic(store, tmp_path / "exports", map=wanted)
    partial = "r1,2026-02-27 09:12:05,1,,,,0\n"
    assert clinic.hear(header + partial).new == 0
    whole = 'r1,2026-02-27 09:15:05,1,"Nobody called me back",jane@example.org,Yes,1\n'
    assert clinic.hear(header + whole).new == 1
    assert len(all_cases(store)) == 1
    assert clinic.counts() == {"read": 2, "partial": 1, "new": 1}


def test_words_of_danger_in_a_partial_response_are_heard(store: Store, tmp_path: Path) -> None:
    header = HEADER.rstrip() + ",Finished\n"
    clinic = Clinic(store, tmp_path / "exports", map={**MAP, "Finished": "complete"})
    clinic.hear(header + "r1,2026-02-27 09:12:05,,I want to kill myself,,,0\n")
    (case,) = all_cases(store)
    assert case.severity == 4
    clinic.hear(header + "r1,2026-02-27 09:12:05,1,I want to kill myself,,,1\n")
    assert len(all_cases(store)) == 1


def test_an_unfinished_complaint_without_danger_waits_for_its_end(
    store: Store, tmp_path: Path
) -> None:
    header = HEADER.rstrip() + ",Finished\n"
    clinic = Clinic(store, tmp_path / "exports", map={**MAP, "Finished": "complete"})
    clinic.hear(header + "r1,2026-02-27 09:12:05,1,The wait was awful,,,0\n")
    assert all_cases(store) == []
    clinic.hear(header + "r1,2026-02-27 09:12:05,1,The wait was awful,,,1\n")
    assert len(all_cases(store)) == 1


def test_a_row_that_is_cut_is_counted_with_its_position(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + JANE + "r7,cut\n" + KIND)
    assert clinic.counts() == {"read": 3, "new": 2, "parse_error": 1}
    clinic.hear(HEADER + JANE + "r7,cut\n" + KIND + KIND.replace("r2", "r3"))
    assert clinic.counts() == {"read": 7, "new": 3, "parse_error": 1, "seen": 3}
    assert outcomes(store)["unreadable"] == 1


def test_two_responses_with_one_id_are_shown_and_never_flip(clinic: Clinic, store: Store) -> None:
    twins = JANE + JANE.replace("an hour", "two hours")
    clinic.hear(HEADER + twins)
    assert clinic.counts() == {"read": 2, "new": 1, "parse_error": 1}
    for number in range(3):
        clinic.hear(HEADER + twins + KIND.replace("r2", f"r{number + 5}"))
    assert outcomes(store) == {"opened": 1, "unreadable": 1, "counted": 3}


def test_another_map_makes_no_edits(store: Store, tmp_path: Path) -> None:
    narrow = {name: role for name, role in MAP.items() if role != "comment"}
    clinic = Clinic(store, tmp_path / "exports", map=narrow)
    clinic.hear(HEADER + JANE + KIND)
    clinic.settings["map"] = MAP
    assert clinic.hear(HEADER + JANE + KIND + KIND.replace("r2", "r3")).new == 1
    clinic.hear(HEADER + JANE.replace("an hour", "two hours") + KIND)
    assert clinic.counts()["edited"] == 1, "and later edits are seen again"


class TestWithoutIds:
    @pytest.fixture
    def clinic(self, store: Store, tmp_path: Path) -> Clinic:
        return Clinic(store, tmp_path / "exports", map=PLAIN)

    jane = JANE.removeprefix("r1,")
    kind = KIND.removeprefix("r2,")

    def test_equal_words_in_one_second_are_two_people(self, clinic: Clinic) -> None:
        blank = "2026-02-27 10:00:00,10,N/A,,\n"
        clinic.hear(NO_IDS + blank + blank)
        clinic.hear(NO_IDS + blank + self.kind + blank + blank)
        assert clinic.counts() == {"read": 6, "new": 4, "seen": 2}

    def test_an_edited_row_is_linked_by_its_time(self, clinic: Clinic, store: Store) -> None:
        clinic.hear(NO_IDS + self.jane + self.kind)
        clinic.hear(NO_IDS + self.jane.replace("an hour", "two hours") + self.kind)
        (case,) = all_cases(store)
        (note,) = clinic.notes(case.id)
        assert "Please compare" in note
        assert clinic.counts() == {"read": 4, "new": 2, "edited": 1, "seen": 1}

    def test_an_edited_row_is_linked_by_its_address(self, clinic: Clinic, store: Store) -> None:
        clinic.hear(NO_IDS + self.jane + self.kind)
        clinic.hear(NO_IDS + self.jane.replace("02-27 09", "02-28 11") + self.kind)
        assert len(all_cases(store)) == 1
        assert clinic.counts()["edited"] == 1

    def test_a_second_visit_is_no_edit(self, clinic: Clinic) -> None:
        clinic.hear(NO_IDS + self.jane + self.kind)
        again = self.jane.replace("02-27 09", "02-28 11")
        clinic.hear(NO_IDS + self.jane + self.kind + again)
        assert clinic.counts() == {"read": 3, "new": 3}

    def test_somebody_else_in_the_same_second_is_no_edit(
        self, clinic: Clinic, store: Store
    ) -> None:
        clinic.hear(NO_IDS + self.jane + self.kind)
        other = self.jane.replace("jane@", "rob@").replace("an hour", "all day")
        clinic.hear(NO_IDS + self.jane + self.kind + other)
        assert len(all_cases(store)) == 2


def test_the_books_add_up(clinic: Clinic, store: Store) -> None:
    clinic.hear(HEADER + JANE + "cut\n" + KIND)
    clinic.hear(HEADER + JANE.replace(",2,", ",3,") + KIND + "cut again\n")
    counts = clinic.counts()
    assert counts.pop("read") == sum(counts.values())
    told = [entry["ends"] for entry in on_record(store, "rows.read")]
    assert {name: sum(one.get(name, 0) for one in told) for name in counts} == counts
