"""`amends config` prints what is in force."""

import json
import tomllib

import pytest

TEXT = """\
[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
[[sources]]
kind = "box"
name = "feedback"
host = "mail.clinic.example"
password = "hunter2-horse"
[helpdesk]
kind = "desk"
url = "https://desk.clinic.example"
token = "tok-9f8e7d6c"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_configuration_in_force_is_printed_as_toml_without_secrets(amends, file):
    code, out, err = amends("config", "-c", file)
    assert code == 0
    printed = tomllib.loads(out)
    assert printed["sources"][0]["password"] == "**********"
    assert printed["sources"][0]["port"] == 993
    assert printed["state_dir"] == "/var/lib/amends"
    assert "hunter2" not in out + err
    assert 'zone = "America/New_York"  # line 3' in out


def test_a_plain_secret_is_warned_of(amends, file):
    assert "amends: warning: sources[0].password: this secret" in amends("config", "-c", file)[2]


def test_json_is_for_programs(amends, file):
    _, out, _ = amends("config", "-c", file, "--json")
    assert json.loads(out)["helpdesk"]["token"] == "**********"


def test_what_was_printed_is_a_configuration_again(amends, file, tmp_path):
    _, out, _ = amends("config", "-c", file)
    again = tmp_path / "again.toml"
    again.write_text(out, encoding="utf-8")
    again.chmod(0o600)
    code, second, _ = amends("config", "-c", again)
    assert code == 0
    assert tomllib.loads(second) == tomllib.loads(out)


def test_the_environment_names_the_file(amends, file, monkeypatch):
    monkeypatch.setenv("AMENDS_CONFIG", str(file))
    monkeypatch.setenv("AMENDS_HELPDESK__URL", "https://other.example")
    code, out, _ = amends("config")
    assert code == 0
    assert 'url = "https://other.example"  # AMENDS_HELPDESK__URL' in out


def test_every_fault_is_a_line_and_the_code_is_78(amends, file):
    file.write_text(TEXT.replace("zone =", "zon =").replace("url =", "ulr ="), encoding="utf-8")
    code, out, err = amends("config", "-c", file)
    assert (code, out) == (78, "")
    assert len(err.splitlines()) == 4
    assert all(line.startswith(f"amends: {file}: ") for line in err.splitlines())


def test_the_schema_needs_no_file(amends):
    code, out, _ = amends("config", "--schema")
    assert code == 0
    assert json.loads(out)["properties"]["practice"]
