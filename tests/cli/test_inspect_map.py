"""`amends inspect --map` and `--rows` on exports of survey tools, from the command line."""

from __future__ import annotations

import json
import tomllib

import pytest

from connector.cli import main
from connector.sources.survey_file import SurveyFileSettings

EXPORT = (
    "Respondent ID,Start Date,End Date,How likely are you to recommend us?,Please tell us why\n"
    ",,,Response,Open-Ended Response\n"
    "11,03/02/2025 09:00:00 AM,03/02/2025 09:03:00 AM,2,Nobody called Jane Roe back\n"
    "12,03/13/2025 09:00:00 AM,03/13/2025 09:03:00 AM,10,\n"
    "12,03/13/2025 09:00:00 AM,03/13/2025 09:03:00 AM,10,\n"
    "13,03/14/2025 09:00:00 AM,,,\n"
    "14,too short\n"
)


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "nps.csv"
    path.write_text(EXPORT)
    return path


@pytest.fixture
def amends(capfd):
    """Run the command line with the real plugins."""

    def amends(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return amends


@pytest.fixture(autouse=True)
def standins(monkeypatch):
    """Leave the real plugins in place."""
    monkeypatch.setenv("COLUMNS", "200")


def test_a_map_is_proposed_shown_and_printed_as_toml_that_works(amends, export):
    code, out, err = amends("inspect", "--map", f"survey_file:{export}")
    assert (code, err) == (0, "")
    assert "SurveyMonkey" in out
    assert "score nps" in out
    assert "Jane" not in out
    toml = tomllib.loads(out[out.index("[[sources]]") :])
    (source,) = toml["sources"]
    assert source["path"] == str(export)
    configured = SurveyFileSettings.model_validate(source)
    assert {mapped.role for mapped in configured.map.values()} == {"score", "comment"}


def test_a_proposal_is_one_object_for_programs(amends, export):
    code, out, _ = amends("inspect", "--map", "--json", f"survey_file:{export}")
    assert code == 0
    told = json.loads(out)
    assert (told["recipe"], told["header_rows"], told["date_order"]) == ("surveymonkey", 2, "mdy")
    roles = {column["name"]: column["role"] for column in told["columns"]}
    assert roles["Respondent ID"] == "id"
    assert tomllib.loads(told["toml"])["sources"]


def test_rows_are_counted_by_what_would_become_of_them(amends, export):
    code, out, _ = amends("inspect", "--rows", "--json", f"survey_file:{export}")
    assert code == 0
    told = json.loads(out)
    assert told["outcomes"] == {
        "fine": 1, "parse_error": 1, "partial": 1, "seen": 1, "ticket": 1,
    }  # fmt: skip
    assert told["rows"] == sum(told["outcomes"].values()) == 5
    _, plain, _ = amends("inspect", "--rows", f"survey_file:{export}")
    assert f"{export}: 5 rows" in plain
    assert "Nobody" not in plain


def test_nothing_is_printed_beside_what_was_asked_for(amends, tmp_path):
    path = tmp_path / "typeform.csv"
    path.write_text(
        "#,How likely are you to recommend us?,Colour,Submit Date (UTC),Network ID\n"
        "ab,3,blue,2025-03-04 09:12:00,x\n"
    )
    for flags in (["--rows", "--json"], ["--json"]):
        code, out, err = amends("inspect", *flags, f"survey_file:{path}")
        assert (code, err) == (0, "")
        assert [json.loads(line) for line in out.splitlines()]


def test_a_file_that_is_none_is_said_and_the_next_one_shown(amends, export, tmp_path):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 and no end")
    code, out, err = amends("inspect", "--map", f"survey_file:{broken}", f"survey_file:{export}")
    assert code == 0
    assert "not whole" in err
    assert "SurveyMonkey" in out


def test_a_map_that_no_longer_fits_is_said_and_a_new_one_proposed(amends, export, tmp_path):
    config = tmp_path / "amends.toml"
    config.write_text(
        '[practice]\nname = "Clinic"\nzone = "America/New_York"\n[[sources]]\n'
        f'kind = "survey_file"\nname = "nps"\npath = "{export}"\n'
        'map = { "Gone" = "comment" }\n[helpdesk]\nkind = "zendesk"\n'
        'url = "https://x.zendesk.com"\nclient_id = "a"\nclient_secret_file = "/none"\n'
    )
    code, out, err = amends("inspect", "--map", "-c", config, f"survey_file:{export}")
    assert code == 0, err
    assert 'no column "Gone"' in err
    assert "score nps" in out


def test_what_cannot_be_asked_together_is_refused(amends, export):
    code, _, err = amends("inspect", "--map", "--rows", f"survey_file:{export}")
    assert code == 64
    assert "exclude one another" in err


def test_files_without_columns_have_no_map(amends, tmp_path):
    mail = tmp_path / "mail.eml"
    mail.write_text("Subject: x\n\nx\n")
    code, _, err = amends("inspect", "--map", f"mail_file:{mail}")
    assert code == 64
    assert "no columns" in err
