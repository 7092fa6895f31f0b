"""Recipes of survey tools: each recognises the tool's headers, in every language, and its rows."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from servers.workbooks import packed

from connector.domain.errors import ConfigError
from connector.parsing.survey_files import Broken, NotRead, parts_of
from connector.parsing.survey_layout import lay_out
from connector.parsing.survey_mapping import Mapped
from connector.parsing.survey_meaning import Refusal, Wishes
from connector.parsing.survey_recipes import from_folder, shipped
from connector.parsing.survey_times import DateOrder
from connector.parsing.surveys import ResponseReader
from connector.parsing.tables import Row, examine, fit

ZONE = ZoneInfo("America/Denver")


def read(data, columns=None, **changes):
    """Read a file's first table: its layout, and all of its responses."""
    data = data.encode() if isinstance(data, str) else data
    file = io.BytesIO(data)
    part = next(iter(parts_of(file, examine(file))))
    assert not isinstance(part, Broken), part.problem
    head = list(islice(part.entries, 3))
    wishes = Wishes(
        recipes=tuple(shipped().values()),
        zone=ZONE,
        usual_order=DateOrder.MONTH_FIRST,
        region="US",
        need_answers=False,
        columns={name: Mapped.model_validate(one) for name, one in (columns or {}).items()},
        **changes,
    )
    layout = lay_out([entry.cells for entry in head], wishes)
    assert not isinstance(layout, Refusal), layout.problem
    reader = ResponseReader(layout)
    entries = [*head[layout.header_rows :], *part.entries]
    rows = [fit(entry, len(layout.columns), layout.needed) for entry in entries]
    assert all(isinstance(row, Row) for row in rows)
    return layout, [reader.response_of(row.number, row.cells) for row in rows]


QUALTRICS_ONE_ROW = (
    "StartDate,EndDate,Status,IPAddress,Progress,Finished,RecordedDate,ResponseId,Q1\n"
    "2025-03-04 09:10:00,2025-03-04 09:12:00,0,,100,1,2025-03-04 09:12:05,R_1,2\n"
)
QUALTRICS_GERMAN = (
    "StartDate,EndDate,Status,Progress,Finished,RecordedDate,ResponseId,Q1\n"
    "Anfangsdatum,Enddatum,Antworttyp,Fortschritt,Beendet,Erfassungsdatum,Antwort-ID,Warum?\n"
    '"{""ImportId"":""startDate"",""timeZone"":""Europe/Berlin""}",'
    '"{""ImportId"":""endDate"",""timeZone"":""Europe/Berlin""}","{""ImportId"":""status""}",'
    '"{""ImportId"":""progress""}","{""ImportId"":""finished""}",'
    '"{""ImportId"":""recordedDate"",""timeZone"":""Europe/Berlin""}",'
    '"{""ImportId"":""_recordId""}","{""ImportId"":""QID1_TEXT""}"\n'
    "2025-03-04 09:10:00,2025-03-04 09:12:00,IP-Adresse,100,Wahr,2025-03-04 09:12:05,R_1,Zu lange\n"
    "2025-03-04 09:10:00,2025-03-04 09:12:00,Umfragenvorschau,100,Wahr,2025-03-04 09:12:05,R_2,x\n"
    "2025-03-04 09:10:00,2025-03-04 09:12:00,IP-Adresse,40,Falsch,2025-03-04 09:12:05,R_3,x\n"
)
SURVEYMONKEY_GERMAN = (
    "Befragten-ID,Collector-ID,Startdatum,Enddatum,Wie zufrieden waren Sie?,Warum?\n"
    ",,,,Response,Open-Ended Response\n"
    "114,46,03/02/2025 09:00:00 AM,03/02/2025 09:03:00 AM,Sehr unzufrieden,Zu spät\n"
    "113,46,03/01/2025 09:00:00 AM,,,\n"
)
GOOGLE_FRENCH = (
    '"Horodateur","Adresse e-mail","Votre avis ?"\n'
    '"2025/03/04 9:12:05 AM UTC\u22127","","Trop long"\n'
)
TYPEFORM_OLD = (
    "#,How was it?,Start Date (UTC),Submit Date (UTC),Network ID\n"
    "ab12,Late,2019-03-04 09:10:00,2019-03-04 09:12:00,938f\n"
)
REDCAP_LABELS = (
    '"Record ID","Event Name","Repeat Instrument","Repeat Instance","Survey Timestamp","Comment",'
    '"Complete?"\n1,"Visit 1",,,"2025-03-04 09:12:05","Late",Complete\n'
    '1,"Visit 1","Visit form",2,"[not completed]","x",Incomplete\n'
)
REDCAP_TWO_FORMS = (
    "study_id,age,demographics_complete,nps,why,experience_complete\n7,40,0,2,Rude,2\n8,40,2,,,0\n"
)
LIME_TEXT = (
    '"Response ID";"Date submitted";"Last page";"Start language";"Seed";"Why?"\n'
    '"4";"2025-03-04 09:12:05";"2";"en";"99";"Rude"\n"5";"";"1";"en";"98";""\n'
    '"6";"1980-01-01 00:00:00";"2";"en";"97";"Dirty"\n'
)
LIME_CODES_TEXT = (
    '"id. Response ID","submitdate. Date submitted","lastpage. Last page","NPS. How likely?"\n'
    '"4","2025-03-04 09:12:05","2","3"\n'
)
LIME_GERMAN = (
    '"Antwort-ID";"Datum Abgeschickt";"Letzte Seite";"Startsprache";"Warum?"\n'
    '"4";"2025-03-04 09:12:05";"2";"de";"Unfreundlich"\n'
)
MSFORMS_GERMAN = (
    "ID,Startzeit,Fertigstellungszeit,E-Mail,Name,Was können wir besser machen?\n"
    "1,2025-03-04 09:10:00,2025-03-04 09:12:05,anonymous,,Ans Telefon gehen\n"
)
MSFORMS_FRENCH = (
    "ID;Heure de début;Heure de fin;Adresse de messagerie;Nom;Pourquoi ?\n"
    "1;2025-03-04 09:10:00;2025-03-04 09:12:05;anonymous;;Trop long\n"
)
MSFORMS_SPANISH = (
    "ID,Hora de inicio,Hora de finalización,Correo electrónico,Nombre,¿Por qué?\n"
    "1,2025-03-04 09:10:00,2025-03-04 09:12:05,anonymous,,Tarde\n"
)
ASKNICELY = (
    "response_id,person_id,contact_id,name,email,answer,comment,dontcontact,sent,opened,responded,"
    "question_type\n"
    "9,1,1,Ann Lee,ann@example.org,2,Nobody called,0,1741079000,1741079100,1741079525,nps\n"
    "10,2,2,Bo,bo@example.org,,,1,1741079000,,,nps\n"
    "11,3,3,Cy,cy@example.org,5,Great,,1741079000,,1741079525,fivestar\n"
)
FFT = (
    "Date,Thinking about your GP practice... Overall how was your experience of our service?,"
    "Please can you tell us why you gave your answer?,"
    "Please tell us about anything that we could have done better,Practice\n"
    "04/03/2025,Very poor,Nobody answers,Answer the phone,North\n05/03/2025,Don't know,,,\n"
)
CAHPS = (
    "Survey ID,Provider Name,Visit Date,Received Date,"
    '"In the last 6 months, how often did this provider explain things clearly?",'
    '"In the last 6 months, how often did clerks and receptionists treat you with respect?",'
    '"Using any number from 0 to 10, where 10 is the best, what number would you use to rate '
    'this provider?",Comments\n'
    "S1,Dr. Lee,02/03/2025,03/04/2025,Never,Always,3,Rushed me\n"
)
JOTFORM = (
    'Submission Date,Why?,Submission IP,Submission ID\n"2025-03-04 09:12:05",Late,1.2.3.4,77\n'
)
FORMBRICKS = (
    "No.,Response ID,Timestamp,Finished,Survey ID,User ID,1. Why?\n"
    "1,clx1,2025-03-04T16:12:05.000Z,Yes,s1,,Late\n2,clx2,2025-03-04T16:12:05.000Z,No,s1,,x\n"
)
DELIGHTED = json.dumps(
    [
        {
            "id": "1", "person": {"id": "10", "email": "jo@example.org", "name": "Jo"},
            "survey_type": "nps", "score": 0, "comment": "Never again", "permalink": "https://x",
            "created_at": 1741079525, "updated_at": None, "person_properties": {"location": "N"},
            "notes": [], "tags": [],
        },
        {
            "id": "2", "person": {"id": "11"}, "survey_type": "csat", "score": 2, "comment": None,
            "permalink": "https://y", "created_at": 1741079525, "updated_at": 1741079600,
            "person_properties": None, "notes": [], "tags": ["a", "b"],
        },
    ]
)  # fmt: skip
TYPEFORM_API = json.dumps(
    {
        "total_items": 1,
        "page_count": 1,
        "items": [
            {
                "token": "ab12", "landed_at": "2025-03-04T16:10:00Z",
                "submitted_at": "2025-03-04T16:12:05Z", "hidden": {"clinic": "North"},
                "answers": [
                    {"field": {"id": "f1", "ref": "nps", "type": "nps"}, "type": "number",
                     "number": 2},
                    {"field": {"id": "f2", "ref": "why", "type": "long_text"}, "type": "text",
                     "text": "Late"},
                    {"field": {"id": "f3", "ref": "which", "type": "multiple_choice"},
                     "type": "choices", "choices": {"ids": ["a"], "labels": ["Wait", "Bill"]}},
                ],
            }
        ],
    }
)  # fmt: skip


QUALTRICS_JSON = json.dumps(
    {
        "responses": [
            {
                "responseId": "R_1",
                "values": {"startDate": "2025-03-04T16:10:00Z", "status": 1, "finished": 1,
                           "recordedDate": "2025-03-04T16:12:05.123Z", "_recordId": "R_1",
                           "QID1": 2, "QID2_TEXT": "Late"},
                "labels": {"status": "Survey Preview"}, "displayedFields": ["QID1"],
            }
        ]
    }
)  # fmt: skip
QUALTRICS_API = (
    "RecordedDate,Finished,ResponseId,Q1\nRecorded Date,Finished,Response ID,Why?\n"
    '"{""ImportId"":""recordedDate"",""timeZone"":""Z""}","{""ImportId"":""finished""}",'
    '"{""ImportId"":""_recordId""}","{""ImportId"":""QID1_TEXT""}"\n'
    "2025-03-04 16:12:05,1,R_1,Late\n"
)


@pytest.mark.parametrize(
    ("data", "tool", "keys", "statuses"),
    [
        (QUALTRICS_JSON, "qualtrics", [("R_1",)], ["preview"]),
        (QUALTRICS_API, "qualtrics", [("R_1",)], ["complete"]),
        (QUALTRICS_ONE_ROW, "qualtrics", [("R_1",)], ["complete"]),
        (QUALTRICS_GERMAN, "qualtrics", [("R_1",), ("R_2",), ("R_3",)],
         ["complete", "preview", "partial"]),
        (SURVEYMONKEY_GERMAN, "surveymonkey", [("114",), ("113",)], ["complete", "partial"]),
        (GOOGLE_FRENCH, "google_forms", [()], ["unknown"]),
        (TYPEFORM_OLD, "typeform", [("ab12",)], ["complete"]),
        (TYPEFORM_API, "typeform", [("ab12",)], ["complete"]),
        (REDCAP_LABELS, "redcap",
         [("1", "visit_1_arm_1", "", ""), ("1", "visit_1_arm_1", "visit_form", "2")],
         ["unknown", "unknown"]),
        (REDCAP_TWO_FORMS, "redcap", [("7", "", "", ""), ("8", "", "", "")],
         ["unknown", "unknown"]),
        (LIME_TEXT, "limesurvey", [("4",), ("5",), ("6",)], ["complete", "partial", "complete"]),
        (LIME_CODES_TEXT, "limesurvey", [("4",)], ["complete"]),
        (LIME_GERMAN, "limesurvey", [("4",)], ["complete"]),
        (MSFORMS_GERMAN, "microsoft_forms", [("1",)], ["unknown"]),
        (MSFORMS_FRENCH, "microsoft_forms", [("1",)], ["unknown"]),
        (MSFORMS_SPANISH, "microsoft_forms", [("1",)], ["unknown"]),
        (DELIGHTED, "delighted", [("1",), ("2",)], ["unknown", "unknown"]),
        (ASKNICELY, "asknicely", [("9",), ("10",), ("11",)],
         ["complete", "unanswered", "complete"]),
        (FFT, "nhs_fft", [(), ()], ["unknown", "unknown"]),
        (CAHPS, "cahps", [("S1",)], ["unknown"]),
        (JOTFORM, "jotform", [("77",)], ["unknown"]),
        (FORMBRICKS, "formbricks", [("clx1",), ("clx2",)], ["complete", "partial"]),
        ("a,b\n1,2\n", "generic", [()], ["unknown"]),
    ],
)  # fmt: skip
def test_a_tool_is_recognised_by_its_header(data, tool, keys, statuses):
    layout, responses = read(data)
    assert layout.recipe == tool
    assert [one.key for one in responses] == keys
    assert [one.status for one in responses] == statuses


@pytest.mark.parametrize(
    "data",
    [QUALTRICS_JSON, QUALTRICS_API, QUALTRICS_ONE_ROW, QUALTRICS_GERMAN, SURVEYMONKEY_GERMAN,
     GOOGLE_FRENCH, TYPEFORM_OLD,
     TYPEFORM_API, LIME_TEXT, LIME_CODES_TEXT, MSFORMS_GERMAN, MSFORMS_FRENCH, MSFORMS_SPANISH,
     DELIGHTED, ASKNICELY, FFT, CAHPS, JOTFORM, FORMBRICKS],
)  # fmt: skip
def test_every_response_of_a_tool_that_writes_times_has_one(data):
    layout, responses = read(data)
    assert layout.submitted
    assert not any(one.submitted_at_unclear for one in responses)
    assert responses[0].submitted_at is not None


def test_the_zone_in_the_header_counts_for_times_without_one():
    _, (first, *_) = read(QUALTRICS_GERMAN)
    assert first.submitted_at.isoformat() == "2025-03-04T08:12:05+00:00"


def test_a_response_of_1980_has_no_time_and_no_doubt():
    _, responses = read(LIME_TEXT)
    assert responses[2].submitted_at is None
    assert not responses[2].submitted_at_unclear


def test_of_several_forms_of_a_record_the_one_behind_the_answers_counts():
    answers = {"nps": {"role": "score", "kind": "nps"}, "why": "comment"}
    _, responses = read(REDCAP_TWO_FORMS, answers)
    assert [one.status for one in responses] == ["complete", "partial"]


def test_the_kind_of_a_survey_says_which_scale_a_score_is_on():
    for data, kinds in ((DELIGHTED, ["nps", "csat5"]), (ASKNICELY, ["nps", "stars5"])):
        _, responses = read(data)
        rated = [one.scores[0] for one in responses if one.scores]
        assert [one.scale.kind for one in rated] == kinds
        assert not any(one.score.problem for one in rated)


def test_a_fixed_format_needs_no_map():
    _, (first, second) = read(DELIGHTED)
    assert (first.scores[0].score.value, first.words) == (0, "Never again")
    assert (first.contact.email, first.contact.name) == ("jo@example.org", "Jo")
    assert first.labels == {"location": "N"}
    assert second.words == ""


def test_who_is_not_to_be_contacted_is_known_and_who_says_nothing_is_not():
    _, responses = read(ASKNICELY)
    assert [one.wants_contact for one in responses] == [None, False, None]
    assert not any(one.wants_contact_unclear for one in responses)


def test_the_friends_and_family_test_is_read_in_words():
    _, (first, second) = read(FFT)
    assert (first.scores[0].scale.kind, first.scores[0].score.value) == ("fft", 1)
    assert [one.polarity for one in first.comments] == ["why", "improve"]
    assert first.submitted_at.date().isoformat() == "2025-03-04"
    assert second.scores == ()
    assert first.labels == {"location": "North"}


def test_a_cahps_file_has_a_score_for_each_question():
    _, (only,) = read(CAHPS)
    assert [(one.scale.kind, one.score.value) for one in only.scores] == [
        ("cahps4", 1), ("cahps4", 4), ("cahps10", 3),
    ]  # fmt: skip
    assert only.labels == {"provider": "Dr. Lee", "visit_date": "02/03/2025"}
    assert only.words == "Rushed me"


def test_answers_of_the_api_have_the_names_of_their_questions():
    layout, (only,) = read(
        TYPEFORM_API,
        {"answers.nps": {"role": "score", "kind": "nps"}, "answers.why": "comment",
         "hidden.clinic": "location", "answers.which": "tag"},
    )  # fmt: skip
    assert (only.scores[0].score.value, only.words) == (2, "Late")
    assert only.labels == {"location": "North", "tag": "Wait; Bill"}
    assert not layout.unmapped


def test_the_admin_s_word_wins_over_the_recipe_s():
    layout, (only,) = read(TYPEFORM_OLD, {"Network ID": "id", "#": "ignore", "How was it?": "tag"})
    assert only.key == ("938f",)
    assert not layout.unmapped


def test_a_named_tool_refuses_any_other_file():
    with pytest.raises(AssertionError, match="not that of an export of Typeform"):
        read(JOTFORM, vendor="typeform")
    with pytest.raises(AssertionError, match="no recipe"):
        read(JOTFORM, vendor="unheard-of")
    assert read(JOTFORM, vendor="generic")[0].key == ()


def test_a_column_that_nobody_spoke_of_is_known_as_unmapped():
    layout, _ = read(JOTFORM)
    assert [column.name for column in layout.unmapped] == ["Why?"]


def test_lines_of_json_are_rows_with_the_names_of_all_of_them():
    lines = '{"id": 1, "why": "late"}\n\n{"id": 2, "email": "jo@example.org", "big": 3.0}\n'
    layout, responses = read(lines, {"why": "comment", "email": "email", "id": "id"})
    assert [column.name for column in layout.columns] == ["id", "why", "email", "big"]
    assert [(one.key, one.words, one.contact.email) for one in responses] == [
        (("1",), "late", ""),
        (("2",), "", "jo@example.org"),
    ]


def test_one_object_is_one_response():
    _, (only,) = read('{"id": 5, "why": "late"}', {"why": "comment", "id": "id"})
    assert (only.key, only.words) == (("5",), "late")


def test_responses_under_their_numbers_are_unwrapped():
    data = '{"responses": [{"1": {"id": "1", "why": "a"}}, {"2": {"id": "2", "why": "b"}}]}'
    _, responses = read(data, {"why": "comment", "id": "id"})
    assert [one.key for one in responses] == [("1",), ("2",)]


@pytest.mark.parametrize("data", ["{}", "[]", '{"a": []}', "[", "{", '{"a": 1'])
def test_json_without_responses_is_refused_or_empty(data):
    with pytest.raises((NotRead, AssertionError)):
        read(data)


def test_json_that_is_cut_gives_what_is_before_the_cut():
    file = io.BytesIO(b'[{"id": 1, "why": "late"}, {"id": 2, "wh')
    part = next(iter(parts_of(file, examine(file))))
    header, first, rest = list(part.entries)
    assert header.cells == ("id", "why")
    assert first.cells == ("1", "late")
    assert "nothing behind it is read" in rest.problem


@pytest.mark.parametrize("titles", ["NPS report of March\n", "Report\n\nCreated 2025-04-01\n"])
def test_titles_above_the_header_are_passed_over(titles):
    layout, responses = read(titles + JOTFORM)
    assert (layout.recipe, [one.key for one in responses]) == ("jotform", [("77",)])


def test_a_table_of_one_column_has_no_title():
    layout, responses = read("Comment\nLate\nRude\n", {"Comment": "comment"})
    assert [one.words for one in responses] == ["Late", "Rude"]
    assert layout.header_rows == 1


def test_half_characters_and_zeros_become_a_sign_that_a_database_takes():
    _, (only,) = read('{"id": 1, "why": "a\\ud800b\\u0000c", "x\\udfff": 1}', {"why": "comment"})
    assert only.words == "a?b\ufffdc"


def test_json_nested_without_end_is_refused_in_words():
    for deep in ("[" * 100_000, '{"a":' * 100_000, '[{"a":' + "[" * 990 + "]" * 990 + "}]"):
        file = io.BytesIO(deep.encode())
        with suppress(NotRead):
            for part in parts_of(file, examine(file)):
                assert not isinstance(part, Broken)
                assert len(list(islice(part.entries, 10))) <= 3


def test_a_zip_is_read_file_by_file():
    data = packed(
        {"b.csv": JOTFORM, "a/typeform.tsv": TYPEFORM_OLD.replace(",", "\t"), "readme.md": "x",
         "__MACOSX/._b.csv": "x", "c.json": DELIGHTED, "d.xlsx": b"PK\x03\x04broken"}
    )  # fmt: skip
    file = io.BytesIO(data)
    found = {}
    for part in parts_of(file, examine(file)):
        count = "broken" if isinstance(part, Broken) else sum(1 for _ in part.entries)
        found[part.name] = count
    assert found == {"a/typeform.tsv": 2, "b.csv": 2, "c.json": 3, "d.xlsx": "broken"}


def test_a_recipe_of_one_s_own_is_read_and_a_faulty_one_is_named(tmp_path):
    (tmp_path / "acme.toml").write_text(
        'title = "Acme"\nlayouts = [{ name = "csv", when = [{ first = ["acme id"] }] }]\n'
        'columns = [{ names = ["acme id"], role = "id" }]\n'
    )
    (own,) = from_folder(tmp_path)
    assert (own.name, own.key_parts) == ("acme", 1)
    (tmp_path / "bad.toml").write_text('title = "x"\nlayouts = []\ncolour = 1\n')
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        from_folder(tmp_path)
    (tmp_path / "bad.toml").write_text(
        'title = "x"\nlayouts = [{ name = "a", when = [{ first = ["~("] }] }]\n'
    )
    with pytest.raises(ConfigError, match="no pattern"):
        from_folder(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        from_folder(tmp_path / "gone")


def test_every_shipped_recipe_says_what_its_columns_are():
    for recipe in shipped().values():
        assert recipe.title
        assert recipe.refusal or recipe.name == "generic" or recipe.columns, recipe.name
        assert all(name.strip() == name for rule in recipe.columns for name in rule.names)


def test_surveymonkey_is_known_in_languages_that_nobody_listed():
    data = (
        "Vastaajan ID,Ker\u00e4\u00e4j\u00e4n ID,Alku,Loppu,IP-osoite,Miten meni?\n"
        ",,,,,Avoin vastaus\n"
        "114000000001,43,2026-02-14 10:00:00,2026-02-14 10:05:00,1.1.1.1,Hyvin\n"
    )
    layout, responses = read(data)
    assert (layout.recipe, layout.header_rows) == ("surveymonkey", 2)
    assert [one.key for one in responses] == [("114000000001",)]
