"""Survey exports: headers, scores, times, consent and contact, as the tools print them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.survey_columns import Missing, Role, assign, columns_of, header_rows_of
from connector.parsing.survey_guess import guess
from connector.parsing.survey_scores import SCALES, Direction, Scale, ScoreKind, score_of
from connector.parsing.survey_times import DateOrder, time_of
from connector.parsing.surveys import Reading, answer_of, yes_or_no

NEW_YORK = ZoneInfo("America/New_York")
MDY, DMY = DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST

QUALTRICS = (
    ("EndDate", "ResponseId", "Q1_NPS_GROUP", "Q1", "Q2", "Q3"),
    ("End Date", "Response ID", "Recommend - Group", "How likely are you to recommend us?",
     "Why?", "May we contact you?"),
    ('{"ImportId":"endDate","timeZone":"America/Denver"}', '{"ImportId":"_recordId"}',
     '{"ImportId":"QID1_NPS_GROUP"}', '{"ImportId":"QID1"}', '{"ImportId":"QID2_TEXT"}',
     '{"ImportId":"QID3"}'),
)  # fmt: skip
SURVEYMONKEY = (
    ("Respondent ID", "How was it?", "Which applied?", "", "", "Tell us more"),
    ("", "Response", "Long wait", "Billing", "Other (please specify)", "Open-Ended Response"),
)


def reading(header, mapping, **changes):
    columns = assign(mapping, columns_of(header))
    assert not isinstance(columns, Missing), columns.problem
    given = {
        "columns": columns,
        "scale": SCALES[ScoreKind.NPS],
        "zone": NEW_YORK,
        "date_order": MDY,
        "region": "US",
    }
    return Reading(**{**given, **changes})


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        (QUALTRICS, 3),
        (SURVEYMONKEY, 2),
        ((("V1", "V2", "Q1"), ("ResponseID", "ResponseSet", "Why?"), ("R_1", "x", "y")), 2),
        ((("Timestamp", "Comment"), ("2025-03-04", "late")), 1),
        ((("Respondent ID", "Comment"), ("1", "Response")), 1),
        ((("only",),), 1),
        ((), 1),
    ],
)
def test_how_many_rows_the_header_takes(rows, count):
    assert header_rows_of(rows) == count


def test_a_question_over_a_block_of_columns_names_each_of_them():
    names = [column.name for column in columns_of(SURVEYMONKEY)]
    assert names == [
        "Respondent ID",
        "How was it?",
        "Which applied? [Long wait]",
        "Which applied? [Billing]",
        "Which applied? [Other (please specify)]",
        "Tell us more",
    ]


@pytest.mark.parametrize("name", ["Q2", "q2", "Why?", " why? ", "QID2_TEXT"])
def test_a_column_is_found_by_name_question_or_import_id(name):
    columns = assign({name: Role.COMMENT}, columns_of(QUALTRICS))
    assert columns[Role.COMMENT][0].index == 4


def test_a_column_that_is_gone_is_named():
    missing = assign({"Q2": Role.COMMENT, "Q9": Role.SCORE}, columns_of(QUALTRICS))
    assert isinstance(missing, Missing)
    assert '"Q9"' in missing.problem
    assert "Q2" not in missing.problem


def test_a_column_that_may_be_ignored_need_not_be_there():
    assert not isinstance(
        assign({"Q2": Role.COMMENT, "Q9": Role.IGNORE}, columns_of(QUALTRICS)), Missing
    )


def test_a_name_that_two_columns_share_must_be_told_apart():
    header = (("Why?", "Why?", "id"),)
    assert assign({"Why?": Role.COMMENT, "Why?#2": Role.COMMENT}, columns_of(header)).keys()
    unclear = assign({"why?": Role.COMMENT}, columns_of((("Q1", "Q2"), ("Why?", "Why?"), ("", ""))))
    assert isinstance(unclear, Missing)
    assert "more than one" in unclear.problem


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("nps", "0", 0),
        ("nps", "10", 10),
        ("nps", "10 - Extremely likely", 10),
        ("nps", "Not at all likely", 0),
        ("nps", "7.0", 7),
        ("nps", "7,0", 7),
        ("nps", " 3 ", 3),
        ("nps", "", None),
        ("nps", "N/A", None),
        ("nps", "-99", None),
        ("csat5", "Very dissatisfied", 1),
        ("csat5", "2", 2),
        ("stars5", "FOUR", 4),
        ("stars5", "\u2605\u2605", 2),
        ("stars5", "3 stars", 3),
        ("ces7", "7", 7),
        ("fft", "Very poor", 1),
        ("fft", "Don't know", None),
        ("top_box", "Sometimes", 2),
        ("top_box", "Yes, definitely", 4),
    ],
)
def test_scores_as_tools_print_them(kind, text, value):
    score = score_of(text, SCALES[ScoreKind(kind)])
    assert (score.value, score.problem) == (value, "")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nps", "11"),
        ("nps", "7.5"),
        ("nps", "maybe"),
        ("nps", "1000000"),
        ("csat5", "0"),
        ("csat5", "2,5"),
        ("fft", "1"),
        ("nps", "10.10.2025"),
    ],
)
def test_an_answer_that_is_no_score_is_kept_with_a_reason(kind, text):
    score = score_of(text, SCALES[ScoreKind(kind)])
    assert score.value is None
    assert score.problem
    assert score.given == text


def test_numbers_that_run_the_other_way_keep_their_value_and_labels_their_meaning():
    scale = SCALES[ScoreKind.FFT].turned()
    assert (scale.worst, scale.best) == (5, 1)
    assert score_of("1", scale).value == 1
    assert score_of("Very good", scale).value == 1
    assert score_of("Very poor", scale).value == 5


def test_a_number_on_the_scale_is_an_answer_unless_configured_as_missing():
    wide = Scale(kind=ScoreKind.CUSTOM, lowest=0, highest=100, direction=Direction.HIGH_IS_GOOD)
    assert score_of("99", wide).value == 99
    without = Scale(
        kind=ScoreKind.CUSTOM,
        lowest=0,
        highest=9,
        direction=Direction.HIGH_IS_GOOD,
        missing=frozenset({"8"}),
    )
    assert score_of("8", without) == score_of("", without)


@pytest.mark.parametrize(
    ("text", "order", "utc"),
    [
        ("2025-03-04 09:12:05", MDY, "2025-03-04T14:12:05"),
        ("2025-03-04T09:12:05.123Z", MDY, "2025-03-04T09:12:05"),
        ("2025-03-04T09:12:05+01:00", MDY, "2025-03-04T08:12:05"),
        ("2025/03/04 9:12:05 AM GMT-5", MDY, "2025-03-04T14:12:05"),
        ("2022/06/22 11:07:29 AM AST", MDY, "2022-06-22T15:07:29"),
        ("03/02/2025 09:03:00 PM", MDY, "2025-03-03T02:03:00"),
        ("03/02/2025 12:03:00 AM", MDY, "2025-03-02T05:03:00"),
        ("04/03/2025 09:12:05", DMY, "2025-03-04T14:12:05"),
        ("5/10/18 4:01", MDY, "2018-05-10T08:01:00"),
        ("04.03.2025 09:12", MDY, "2025-03-04T14:12:00"),
        ("2025-03-04", MDY, "2025-03-04T17:00:00"),
        ("1741079525", MDY, "2025-03-04T09:12:05"),
        ("1741079525000", MDY, "2025-03-04T09:12:05"),
        ("2025-11-02 01:30:00", MDY, "2025-11-02T05:30:00"),
    ],
)
def test_times_as_tools_print_them(text, order, utc):
    assert time_of(text, NEW_YORK, order) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "13/03/2025 09:12", "2025-02-30", "25:00", "[not completed]", "2025-03-04 09:12 XYZ",
     "2025-03-04 13:12 PM", "soon", "9" * 100, "2025-03-04 99:99", "0/0/0000"],
)  # fmt: skip
def test_a_text_that_is_no_time_is_none(text):
    assert time_of(text, NEW_YORK, MDY) is None


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        ("Yes", True), ("yes, please call me", True), ("1", True), ("TRUE", True),
        ("S\u00ed", True),
        ("No", False), ("no thanks", False), ("0", False),
        ("", None), ("2", None), ("maybe", None), ("not now", None),
    ],
)  # fmt: skip
def test_only_a_clear_yes_is_consent_and_a_blank_is_neither(text, consent):
    given_reading = reading(QUALTRICS, {"Q2": Role.COMMENT})
    assert yes_or_no(text, given_reading) is consent


def test_a_whole_answer():
    header = (("id", "When (UTC)", "NPS", "Why?", "More?", "First name", "Last name", "Email",
               "Phone", "Call me?", "Site", "Done"),)  # fmt: skip
    mapping = {
        "id": Role.ID, "When (UTC)": Role.SUBMITTED_AT, "NPS": Role.SCORE, "Why?": Role.COMMENT,
        "More?": Role.COMMENT, "Last name": Role.NAME, "First name": Role.NAME,
        "Email": Role.EMAIL, "Phone": Role.PHONE, "Call me?": Role.WANTS_CONTACT,
        "Site": Role.LOCATION, "Done": Role.COMPLETE,
    }  # fmt: skip
    row = ("r1", "2025-03-04 09:12:05", "2", "Waited an hour.", "=cmd|' /C calc'!A0", "Jane", "Doe",
           "Jane@Example.ORG", "'+1 303 555 0142", "Yes", "North", "completed")  # fmt: skip
    answer = answer_of(row, reading(header, mapping))
    assert answer.vendor_id == "r1"
    assert answer.submitted_at == datetime(2025, 3, 4, 9, 12, 5, tzinfo=UTC)
    assert answer.score.value == 2
    assert answer.text == "Why?\nWaited an hour.\n\nMore?\n=cmd|' /C calc'!A0"
    assert answer.words == "Waited an hour.\n\n=cmd|' /C calc'!A0"
    assert (answer.contact.name, answer.contact.email) == ("Jane Doe", "Jane@example.org")
    assert answer.contact.phone == "+13035550142"
    assert (answer.wants_contact, answer.complete) == (True, True)
    assert answer.labels == {"location": "North"}


def test_the_header_may_give_the_zone_of_its_times():
    answer = answer_of(
        ("2025-03-04 09:12:05", "R_1", "", "", "", ""),
        reading(QUALTRICS, {"EndDate": Role.SUBMITTED_AT, "Q2": Role.COMMENT}),
    )
    assert answer.submitted_at == datetime(2025, 3, 4, 16, 12, 5, tzinfo=UTC)


def test_an_id_of_several_columns_is_one():
    header = (("record_id", "event", "comment"),)
    mapping = {"record_id": Role.ID, "event": Role.ID, "comment": Role.COMMENT}
    assert answer_of(("1", "visit_2", "late"), reading(header, mapping)).vendor_id == "1|visit_2"
    assert answer_of(("", "", "late"), reading(header, mapping)).vendor_id == ""


def test_the_content_hash_is_of_what_is_mapped_only():
    one = reading((("id", "comment", "ip"),), {"id": Role.ID, "comment": Role.COMMENT})
    other = reading((("new", "Comment", "ID"),), {"ID": Role.ID, "Comment": Role.COMMENT})
    first = answer_of(("1", "late", "10.0.0.1"), one).content_hash
    assert answer_of(("x", "late", "1"), other).content_hash == first
    assert answer_of(("1", "late!", "10.0.0.1"), one).content_hash != first


def test_an_anonymous_respondent_has_no_name():
    header = (("Email", "Name", "comment"),)
    mapping = {"Email": Role.EMAIL, "Name": Role.NAME, "comment": Role.COMMENT}
    answer = answer_of(("anonymous", "anonymous", "late"), reading(header, mapping))
    assert answer.contact.anonymous
    assert answer.contact.name == ""


@pytest.mark.parametrize(
    ("header", "roles", "kind"),
    [
        (QUALTRICS, {"EndDate": "submitted_at", "ResponseId": "id", "Q1": "score", "Q2": "comment",
                     "Q3": "wants_contact"}, "nps"),
        ((("Timestamp", "Email Address", "How satisfied were you? (1-5)", "What went wrong?"),),
         {"Timestamp": "submitted_at", "Email Address": "email",
          "How satisfied were you? (1-5)": "score", "What went wrong?": "comment"}, "csat5"),
        ((("record_id", "weight", "bmi"),), {}, None),
    ],
)  # fmt: skip
def test_columns_are_guessed_from_names_that_are_known(header, roles, kind):
    guessed = guess(columns_of(header))
    assert guessed.roles == roles
    assert guessed.kind == kind
    assert guessed.useful is bool(roles)


@given(st.lists(st.text(max_size=50), min_size=12, max_size=12))
def test_no_row_raises(cells):
    header = (tuple(f"c{n}" for n in range(12)),)
    roles = [role for role in Role if role is not Role.IGNORE]
    mapping = {f"c{n}": role for n, role in enumerate(roles)}
    answer = answer_of(tuple(cells), reading(header, mapping))
    assert len(answer.content_hash) == 64


@given(st.text(max_size=80), st.sampled_from(list(SCALES)))
def test_no_score_raises_or_leaves_its_scale(text, kind):
    scale = SCALES[kind]
    value = score_of(text, scale).value
    assert value is None or scale.lowest <= value <= scale.highest
