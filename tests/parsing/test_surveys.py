"""Survey exports: headers, scores, times, consent and contact, as the tools print them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.survey_columns import HeaderStyle, Role, columns_of
from connector.parsing.survey_guess import guess
from connector.parsing.survey_layout import lay_out
from connector.parsing.survey_mapping import Mapped, Status
from connector.parsing.survey_meaning import Refusal, Wishes
from connector.parsing.survey_recipes import shipped
from connector.parsing.survey_scores import fold
from connector.parsing.survey_times import DateOrder
from connector.parsing.survey_words import yes_or_no
from connector.parsing.surveys import ResponseReader

NEW_YORK = ZoneInfo("America/New_York")

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


def layout_of(header, mapping, **changes):
    wishes = {
        "recipes": tuple(shipped().values()),
        "columns": {name: Mapped.model_validate(mapped) for name, mapped in mapping.items()},
        "zone": NEW_YORK,
        "usual_order": DateOrder.MONTH_FIRST,
        "region": "US",
        **changes,
    }
    return lay_out(header, Wishes(**wishes))


def reader(header, mapping, **changes):
    layout = layout_of(header, mapping, **changes)
    assert not isinstance(layout, Refusal), layout.problem
    return ResponseReader(layout)


def response(header, mapping, row, **changes):
    return reader(header, mapping, **changes).response_of(2, row)


def test_a_question_over_a_block_of_columns_names_each_of_them():
    names = [column.name for column in columns_of(SURVEYMONKEY, HeaderStyle.BLOCKS)]
    assert names == [
        "Respondent ID",
        "How was it?",
        "Which applied? [Long wait]",
        "Which applied? [Billing]",
        "Which applied? [Other (please specify)]",
        "Tell us more",
    ]


def test_a_code_before_its_question_names_the_column_too():
    columns = columns_of(
        (("id. Response ID", "NPS. How likely?", "Q[SQ001]. Why? [Phone]"),),
        HeaderStyle.CODE_AND_TEXT,
    )
    assert [column.question for column in columns] == ["Response ID", "How likely?", "Why? [Phone]"]
    assert "q[sq001]" in columns[2].aliases


@pytest.mark.parametrize("name", ["Q2", "q2", "Why?", " why? ", "QID2_TEXT"])
def test_a_column_is_found_by_name_question_or_import_id(name):
    assert layout_of(QUALTRICS, {name: "comment"}).comments[0].column.index == 4


def test_a_column_that_is_gone_is_named():
    refused = layout_of(QUALTRICS, {"Q2": "comment", "Q9": "score"})
    assert isinstance(refused, Refusal)
    assert '"Q9"' in refused.problem
    assert "Q2" not in refused.problem


def test_a_column_that_may_be_ignored_need_not_be_there():
    assert layout_of(QUALTRICS, {"Q2": "comment", "Q9": "ignore"}).comments


def test_a_name_that_two_columns_share_must_be_told_apart():
    header = (("Why?", "Why?", "id"),)
    assert len(layout_of(header, {"Why?": "comment", "Why?#2": "comment"}).comments) == 2
    two = (("EndDate", "ResponseId", "Finished", "Q1", "Q2"), ("", "", "", "Why?", "Why?"),
           ('{"ImportId":"endDate"}', "", "", "", ""))  # fmt: skip
    unclear = layout_of(two, {"why?": "comment"})
    assert isinstance(unclear, Refusal)
    assert "more than one" in unclear.problem


def test_a_tool_s_own_columns_need_no_map():
    one = response(
        QUALTRICS,
        {"Q1": {"role": "score", "kind": "nps"}, "Q2": "comment"},
        ("2025-03-04 09:12:05", "R_1", "Detractor", "2", "Late", "1"),
    )
    assert one.key == ("R_1",)
    assert one.submitted_at == datetime(2025, 3, 4, 16, 12, 5, tzinfo=UTC)
    assert one.status is Status.UNKNOWN


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
    assert yes_or_no(text) is consent


def test_a_whole_response():
    header = (("id", "When (UTC)", "NPS", "Why?", "More?", "First name", "Last name", "Email",
               "Phone", "Call me?", "Site", "Done"),)  # fmt: skip
    mapping = {
        "id": "id", "When (UTC)": "submitted_at", "NPS": {"role": "score", "kind": "nps"},
        "Why?": {"role": "comment", "polarity": "why"}, "More?": "comment", "Last name": "name",
        "First name": "name", "Email": "email", "Phone": "phone", "Call me?": "wants_contact",
        "Site": "location", "Done": "complete",
    }  # fmt: skip
    row = ("r1", "2025-03-04 09:12:05", "2", "Waited an hour.", "=cmd|' /C calc'!A0", "Jane", "Doe",
           "Jane@Example.ORG", "'+1 303 555 0142", "Yes", "North", "completed")  # fmt: skip
    one = response(header, mapping, row)
    assert one.key == ("r1",)
    assert one.submitted_at == datetime(2025, 3, 4, 9, 12, 5, tzinfo=UTC)
    assert [rated.score.value for rated in one.scores] == [2]
    assert one.text == "Why?\nWaited an hour.\n\nMore?\n=cmd|' /C calc'!A0"
    assert one.words == "Waited an hour.\n\n=cmd|' /C calc'!A0"
    assert [comment.polarity.value for comment in one.comments] == ["why", "open"]
    assert (one.contact.name, one.contact.email) == ("Jane Doe", "Jane@example.org")
    assert one.contact.phone == "+13035550142"
    assert (one.wants_contact, one.status) == (True, Status.COMPLETE)
    assert one.labels == {"location": "North"}


def test_an_id_of_several_columns_is_one():
    header = (("case", "visit", "comment"),)
    rows = reader(header, {"case": "id", "visit": "id", "comment": "comment"})
    assert rows.key_of(("1", " visit_2", "late")) == ("1", "visit_2")
    assert rows.key_of(("", "", "late")) == ()


def test_content_is_what_was_answered_whatever_it_is_called_and_wherever_it_stands():
    one = reader((("id", "comment", "ip"),), {"id": "id", "comment": "comment"})
    other = reader((("new", "Comment", "ID"),), {"ID": "id", "Comment": "comment"})
    first = one.content_of(("1", "late", "10.0.0.1"))
    assert other.content_of(("x", "late", "1")) == first
    assert one.content_of(("1", "late!", "10.0.0.1")) != first


def test_the_same_answer_in_numbers_and_in_words_has_the_same_content():
    header = (("NPS", "Call?", "comment"),)
    mapping = {
        "NPS": {"role": "score", "kind": "nps"},
        "Call?": "wants_contact",
        "comment": "comment",
    }
    rows = reader(header, mapping)
    first = rows.content_of(("0", "1", "a\nb"))
    assert rows.content_of(("Not at all likely", "Yes", "a\r\nb ")) == first


CELLS = st.sampled_from(
    [
        "",
        " ",
        "0",
        "10",
        "11",
        "Yes",
        "no, thanks",
        "1",
        "partial",
        "a b",
        " a\r\nb\r",
        "é\ud800",
        "|",
    ]
)


@given(st.lists(st.tuples(*[CELLS] * 10), max_size=6))
def test_rows_read_together_tell_what_each_tells_alone(rows):
    header = (
        ("case", "visit", "NPS", "Stars", "Call?", "comment", "Email", "State", "Tel", "Site"),
    )
    mapping = {
        "Tel": "phone",
        "Site": "location",
        "case": "id",
        "visit": "id",
        "NPS": {"role": "score", "kind": "nps"},
        "Stars": {"role": "score", "kind": "stars5"},
        "Call?": "wants_contact",
        "comment": "comment",
        "Email": "email",
        "State": {"role": "status", "complete": ["1", ""], "partial": ["partial"]},
    }
    together = reader(header, mapping)
    contents, keys = together.contents_of(rows), together.keys_of(rows)
    states = together.statuses_of(rows)
    for place, row in enumerate(rows):
        alone = reader(header, mapping)
        one = alone.response_of(2, row)
        assert keys[place] == "|".join(alone.key_of(row)).strip("|")
        assert states[place] == one.status
        scores = {rated.column.name: rated.score for rated in one.scores}
        counting = [scores.get(name) for name in ("NPS", "Stars")]
        told = [
            *("" if one is None else one.given if one.value is None else str(one.value)
              for one in counting),
            str(one.wants_contact) if one.wants_contact is not None else fold(row[4]),
        ]  # fmt: skip
        phone = row[8].strip().lstrip("'").removesuffix(".0")
        plain = "\0".join([one.status.value, *told, row[5].strip(), row[6].strip(), phone])
        expected = digest(plain.replace("\r\n", "\n").replace("\r", "\n"), 11)
        code = row[9].strip().isdecimal()
        expected += digest(row[9].strip(), 4) + (b"\1" if code else b"\0")
        assert contents[place] == one.content == expected


def digest(plain, size):
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def test_an_anonymous_respondent_has_no_name():
    header = (("Email", "Name", "comment"),)
    mapping = {"Email": "email", "Name": "name", "comment": "comment"}
    one = response(header, mapping, ("anonymous", "anonymous", "late"))
    assert one.contact.anonymous
    assert one.contact.name == ""


@pytest.mark.parametrize(
    ("header", "roles", "kind"),
    [
        ((("EndDate", "Q1_NPS_GROUP", "How likely are you to recommend us?", "Why?"),),
         {"EndDate": "submitted_at", "How likely are you to recommend us?": "score",
          "Why?": "comment"}, "nps"),
        ((("Timestamp", "Email Address", "How satisfied were you? (1-5)", "What went wrong?"),),
         {"Timestamp": "submitted_at", "Email Address": "email",
          "How satisfied were you? (1-5)": "score", "What went wrong?": "comment"}, "csat5"),
        ((("age", "weight", "bmi"),), {}, None),
    ],
)  # fmt: skip
def test_columns_are_guessed_from_names_that_are_known(header, roles, kind):
    guessed = {column.name: mapped for column, mapped in guess(columns_of(header))}
    assert {name: mapped.role for name, mapped in guessed.items()} == roles
    assert [mapped.kind for mapped in guessed.values() if mapped.kind] == ([kind] if kind else [])


@given(st.lists(st.text(max_size=50), min_size=len(Role), max_size=len(Role)))
def test_no_row_raises(cells):
    header = (tuple(f"c{n}" for n in range(len(Role))),)
    mapping = {
        f"c{n}": {"role": role, "kind": "nps" if role is Role.SCORE else None}
        for n, role in enumerate(Role)
    }
    rows = reader(header, mapping)
    one = rows.response_of(1, tuple(cells))
    assert one.content == rows.content_of(cells)
    assert len(one.content) == 16
