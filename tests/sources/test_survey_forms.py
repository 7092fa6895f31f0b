"""The same responses in other forms: codes and words, other dates, begun and never handed in."""

from __future__ import annotations

import json
import os
import time
import tomllib
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from servers.exports import SHAPES, Said

from connector.domain.practice import Practice
from connector.domain.response import Row, same_answers
from connector.parsing.survey_proposal import toml_of
from connector.parsing.survey_words import code_of
from connector.sources.survey_file import SurveyFile, SurveyFileSettings
from connector.testing.source import drain
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("UTC"), region="US")
NPS = {"role": "score", "kind": "nps"}


def source(path, mapping, *, clock=time.time, **more):
    settings = SurveyFileSettings(name="s", path=path, map=mapping, settle_seconds=0, **more)
    return SurveyFile(settings, PRACTICE, clock=clock)


def rows(path, mapping, cursor=None, **more):
    """Give the rows of a file that was read, and where to go on."""
    found = []
    for batch in source(path, mapping, **more).read(cursor):
        found.extend(getattr(batch.items, "entries", ()))
        cursor = batch.cursor
    return found, cursor


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


QUALTRICS = """StartDate,EndDate,Status,Finished,RecordedDate,ResponseId,Q1,Q2,Q3,Q4,Q5
a,b,c,d,e,f,How satisfied?,Call you?,Which clinic?,Why?,Department
"{{""ImportId"":""startDate""}}",endDate,status,finished,recordedDate,_recordId,QID1,QID2,QID3,QID4,QID5
2026-02-14 09:00:00,2026-02-14 09:05:00,{0},2026-02-14 09:05:00,R_1,{1},"Waited, long",{2}
"""
QUALTRICS_MAP = {
    "QID1": {"role": "score", "kind": "csat5", "direction": "low_is_good"},
    "QID2": {"role": "wants_contact", "yes": ["1"], "no": ["2"]},
    "QID3": "location",
    "QID4": "comment",
    "QID5": "department",
}


def test_an_export_of_texts_and_one_of_numbers_hold_the_same_response(tmp_path):
    texts = ("IP Address,True", "Very dissatisfied,Yes,North", "Cardiology")
    numbers = ("0,1", "5,1,3", "Cardiology")
    (text,), _ = rows(written(tmp_path, "t.csv", QUALTRICS.format(*texts)), QUALTRICS_MAP)
    (number,), _ = rows(written(tmp_path, "n.csv", QUALTRICS.format(*numbers)), QUALTRICS_MAP)
    assert text.key == number.key
    assert same_answers(text.content, number.content)


@pytest.mark.parametrize(
    "edited",
    [
        ("0,1", "4,1,3", "Cardiology"),
        ("0,1", "5,2,3", "Cardiology"),
        ("0,1", "5,1,2", "Cardiology"),
        ("0,1", "5,1,3", "Surgery"),
        ("0,0", "5,1,3", "Cardiology"),
    ],
    ids=["score", "consent", "clinic", "department", "finished"],
)
def test_any_answer_that_was_edited_is_seen_in_the_same_form(tmp_path, edited):
    first = ("0,1", "5,1,3", "Cardiology")
    (before,), _ = rows(written(tmp_path, "a.csv", QUALTRICS.format(*first)), QUALTRICS_MAP)
    (after,), _ = rows(written(tmp_path, "b.csv", QUALTRICS.format(*edited)), QUALTRICS_MAP)
    assert before.key == after.key
    assert not same_answers(before.content, after.content)


@pytest.mark.parametrize(
    ("label", "kind", "code"),
    [
        ("Visit 1", "event", "visit_1_arm_1"),
        ("Visit 1 (Arm 2: Adults)", "event", "visit_1_arm_2"),
        ("Three Month Follow-Up Call", "event", "three_month_follow_arm_1"),
        ("visit_1_arm_1", "event", "visit_1_arm_1"),
        ("Visit Survey", "name", "visit_survey"),
        ("Visit 1", "", "Visit 1"),
        ("", "event", ""),
    ],
)
def test_labels_of_redcap_count_as_its_codes(label, kind, code):
    assert code_of(label, kind) == code


REDCAP_RAW = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,nps,why,"
    "visit_complete\n7,visit_1_arm_1,visit_survey,2,3,Late,2\n"
)
REDCAP_LABELS = (
    'Record ID,Event Name,Repeat Instrument,Repeat Instance,"How likely?","Why, please?",'
    "Complete?\n7,Visit 1,Visit Survey,2,3,Late,Complete\n"
)


def test_redcap_s_raw_data_and_its_labels_hold_the_same_response(tmp_path):
    mapping = {
        "nps": {**NPS, "also": ["How likely?"]},
        "why": {"role": "comment", "also": ["Why, please?"]},
    }
    (raw,), _ = rows(written(tmp_path, "raw.csv", REDCAP_RAW), mapping)
    (label,), _ = rows(written(tmp_path, "labels.csv", REDCAP_LABELS), mapping)
    assert (raw.key, raw.content) == (label.key, label.content)


def test_an_id_that_a_program_of_tables_wrote_as_a_float_is_the_same(tmp_path):
    mapping = {"ID": "id", "Why?": "comment"}
    (one,), _ = rows(written(tmp_path, "a.csv", "ID,Why?\n114000000001,Late\n"), mapping)
    (two,), _ = rows(written(tmp_path, "b.csv", "ID,Why?\n114000000001.0,Late\n"), mapping)
    assert one.key == two.key


def test_a_column_that_json_leaves_out_is_blank_where_the_map_says_optional(tmp_path):
    mapping = {"id": "id", "nps": NPS, "why": {"role": "comment", "optional": True}}
    path = written(tmp_path, "a.json", json.dumps([{"id": "1", "nps": 3}]))
    (first,) = source(path, mapping).read(None)
    path.write_text(json.dumps([{"id": "1", "nps": 3, "why": "Late"}]))
    (second,) = source(path, mapping).read(first.cursor)
    (before,), (after,) = first.items.entries, second.items.entries
    assert before.key == after.key
    assert not same_answers(before.content, after.content), "what is added is an edit"
    assert first.items.export.form == second.items.export.form, "and its columns are read alike"


def test_a_row_that_is_too_long_stays_wrong_beside_an_optional_column(tmp_path):
    mapping = {"id": "id", "why": "comment", "where": {"role": "location", "optional": True}}
    (item,) = drain(source(written(tmp_path, "a.csv", "id,why\n1,Late,Rude\n"), mapping))[0]
    assert "3 fields where the header has 2" in item.problem


def times(path, **more):
    mapping = {"Timestamp": "submitted_at", "Why?": "comment"}
    (batch,) = source(path, mapping, **more).read(more.pop("cursor", None))
    return [item.event_time.strftime("%m-%d") for item in batch.items], batch.cursor


def test_one_day_above_twelve_decides_for_the_whole_column(tmp_path):
    path = written(
        tmp_path, "a.csv", "Timestamp,Why?\n03/04/2026 09:00,a\n05/06/2026 09:00,b\n13/02/2026,c\n"
    )
    assert times(path)[0] == ["04-03", "06-05", "02-13"], "though the practice is American"
    assert times(path, date_order="mdy")[0] == ["04-03", "06-05", "02-13"], "whatever is said"
    (note,) = source(path, {"Why?": "comment", "Timestamp": "submitted_at"},
                     date_order="mdy").cannot_show()  # fmt: skip
    assert "mend date_order" in note


def test_a_day_far_down_decides_too(tmp_path):
    body = "".join(f"03/04/2026 09:{n % 60:02},w{n}\n" for n in range(300))
    path = written(tmp_path, "a.csv", f"Timestamp,Why?\n{body}28/02/2026 10:00,z\n")
    assert set(times(path)[0]) == {"04-03", "02-28"}


def test_where_nothing_proves_it_the_configuration_decides_and_the_doubt_is_told(tmp_path):
    path = written(tmp_path, "a.csv", "Timestamp,Why?\n03/04/2026 09:00,a\n")
    mapping = {"Timestamp": "submitted_at", "Why?": "comment"}
    assert times(path)[0] == ["03-04"]
    assert times(path, date_order="dmy")[0] == ["04-03"]
    (note,) = source(path, mapping).cannot_show()
    assert "03/04/2026 is read as March 4 (mdy); set date_order" in note
    assert source(path, mapping, date_order="mdy").cannot_show() == []
    assert source(path, mapping).probe() == []


def test_what_an_earlier_file_proved_holds_for_the_next_one(tmp_path):
    written(tmp_path, "a.csv", "Timestamp,Why?\n13/02/2026 09:00,a\n")
    _, cursor = times(tmp_path)
    written(tmp_path, "b.csv", "Timestamp,Why?\n03/04/2026 09:00,b\n")
    mapping = {"Timestamp": "submitted_at", "Why?": "comment"}
    (batch,) = source(tmp_path, mapping).read(cursor)
    assert [item.event_time.strftime("%m-%d") for item in batch.items] == ["04-03"]


def test_responses_without_an_id_stay_the_same_when_their_dates_are_understood(tmp_path):
    mapping = {"Timestamp": "submitted_at", "Why?": "comment"}
    old = "Timestamp,Why?\n03/04/2026 09:00,a\n"
    (before,), _ = rows(written(tmp_path, "a.csv", old), mapping)
    grown = old + "14/04/2026 09:00,b\n"
    (after, _), _ = rows(written(tmp_path, "b.csv", grown), mapping)
    assert before.key == after.key


PARTIAL = {
    "Response ID": "id",
    "Submitted": "submitted_at",
    "Done": "complete",
    "NPS": NPS,
    "Why?": "comment",
}
BEGUN = "Response ID,Submitted,Done,NPS,Why?\nr1,2026-02-14 09:00:00,No,1,{}\n"
AT = 1_771_059_600  # 2026-02-14 09:00 UTC


def begun(tmp_path, words, at, cursor=None, **more):
    path = tmp_path / "export.csv"
    path.write_text(BEGUN.format(words))
    os.utime(path, (AT, AT))
    found = list(source(path, PARTIAL, clock=lambda: at, **more).read(cursor))
    items = [item for batch in found for item in batch.items]
    outcomes = [row.passed for batch in found for row in getattr(batch.items, "entries", ())]
    lanes = [assess(item, TriageSettings()).lane.value for item in items]
    return outcomes, lanes, (found[-1].cursor if found else cursor)


def test_a_response_that_was_begun_is_waited_for_and_then_judged_as_it_stands(tmp_path):
    day = 24 * 3_600
    outcomes, _, cursor = begun(tmp_path, "", AT + 60, partial_grace_h=24)
    assert outcomes == [Row.PARTIAL]
    assert begun(tmp_path, "", AT + day - 60, cursor, partial_grace_h=24)[0] == []
    outcomes, lanes, cursor = begun(tmp_path, "", AT + day + 60, cursor, partial_grace_h=24)
    assert (outcomes, lanes) == ([None], ["ticket"])
    assert begun(tmp_path, "", AT + 9 * day, cursor, partial_grace_h=24)[0] == []


def test_without_a_grace_it_is_counted_for_ever(tmp_path):
    outcomes, _, cursor = begun(tmp_path, "", AT + 60)
    assert outcomes == [Row.PARTIAL]
    assert begun(tmp_path, "", AT + 10_000_000, cursor)[0] == []


def test_words_of_danger_do_not_wait_and_other_words_do(tmp_path):
    _, lanes, _ = begun(tmp_path, "I want to kill myself", AT + 60, partial_grace_h=24)
    assert lanes == ["ticket"]
    _, lanes, _ = begun(tmp_path, "Rude and late", AT + 60, partial_grace_h=24)
    assert lanes == ["count"]


def test_who_did_not_agree_to_take_part_is_not_judged_whatever_was_written(tmp_path):
    mapping = {
        "ID": "id",
        "I agree to take part": {"role": "status", "no_consent": ["no"], "complete": ["yes"]},
        "Why?": "comment",
    }
    path = written(
        tmp_path, "a.csv", "ID,I agree to take part,Why?\n1,No,Rude\n2,Yes,Rude\n3,,Rude\n"
    )
    found, _ = rows(path, mapping)
    assert [row.passed for row in found] == [Row.NO_CONSENT, None, None]


def test_who_agreed_does_not_hide_what_the_tool_says_of_previews_and_partial_ones(tmp_path):
    mapping = {**QUALTRICS_MAP, "QID5": {"role": "status", "no_consent": ["no"]}}
    outcomes = []
    for status, agreed in (("1,1", "Yes"), ("0,0", "Yes"), ("0,1", "No"), ("0,1", "Yes")):
        text = QUALTRICS.format(status, "", agreed).replace('"Waited, long"', "")
        ((row,), _) = rows(written(tmp_path, f"{len(outcomes)}.csv", text.replace(",,", ",,,,", 1)),
                           mapping)  # fmt: skip
        outcomes.append(row.passed)
    assert outcomes == [Row.PREVIEW, Row.PARTIAL, Row.NO_CONSENT, None]


@pytest.mark.parametrize("vendor", ["nhs_fft", "delighted", "cahps", "asknicely"])
def test_a_tool_that_is_known_to_its_answers_needs_no_map(tmp_path, vendor):
    assert SurveyFileSettings(name="s", path=tmp_path, vendor=vendor).map == {}


@pytest.mark.parametrize("vendor", ["auto", "qualtrics", "generic"])
def test_any_other_needs_a_map_of_its_answers(tmp_path, vendor):
    with pytest.raises(ValidationError, match="name the column"):
        SurveyFileSettings(name="s", path=tmp_path, vendor=vendor)


SAID = [
    Said(number=n, score=2 if n % 2 else 9, words="Late again" if n % 2 else "") for n in range(9)
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_what_is_proposed_for_any_tool_can_be_loaded_and_hears_every_score(tmp_path, shape):
    path = tmp_path / shape.file
    path.write_bytes(shape.printed(SAID))
    (proposal,) = SurveyFileSettings.for_inspection(path).open(PRACTICE).propose()
    toml = tomllib.loads(toml_of(proposal, name="survey", path=str(path)))
    options = SurveyFileSettings(**toml["sources"][0], settle_seconds=0)
    items, _ = drain(options.open(PRACTICE))
    assert len(items) == len(SAID)
    assert all("score" in item.facts and item.event_time for item in items)
    assert [bool(item.reply_text) for item in items] == [bool(one.words) for one in SAID]
