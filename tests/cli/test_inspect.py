"""`amends inspect` says what would be made of a file."""

import json

import pytest

CONFIG = """\
[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
[[sources]]
kind = "lines"
name = "other"
path = "/srv/other.txt"
[[sources]]
kind = "lines"
name = "loud"
path = "{path}"
shout = true
[helpdesk]
kind = "desk"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(
        b"The receptionist was rude and nobody called me back.\n"
        b"auto_reply|I am out of office\n"
        b"!\xff\n"
        b"Half \xff a \x1b[31mword\n"
    )
    return path


def found(out):
    return [json.loads(line) for line in out.splitlines()]


def test_each_item_is_an_object_on_a_line_in_the_files_order(amends, file):
    code, out, err = amends("inspect", f"lines:{file}", "--json")
    assert (code, err) == (0, "")
    signal, parked, unreadable, odd = found(out)
    assert signal["type"] == "signal"
    assert signal["source"] == "lines"
    assert signal["locator"] == f"{file}:1"
    assert signal["channel"] == "mail"
    assert signal["event_time"] is None
    assert signal["contact"] == {"name": "", "email": "jane.roe@mail.example", "phone": ""}
    assert signal["text"].startswith("The receptionist")
    assert signal["attachments"] == []
    assert signal["assessment"]["lane"] == "ticket"
    assert signal["assessment"]["reasons"][0].keys() == {
        "rule",
        "category",
        "severity",
        "evidence",
    }
    assert (parked["type"], parked["reason"]) == ("parked", "auto_reply")
    assert parked["assessment"]["lane"] == "park"
    assert unreadable == {
        "type": "unreadable",
        "source": "lines",
        "locator": f"{file}:3",
        "problem": "begins with !",
    }
    assert odd["text"] == "Half \ufffd a \x1b[31mword"


def test_people_get_blocks_without_what_could_deceive_a_terminal(amends, file):
    code, out, err = amends("inspect", f"lines:{file}")
    assert (code, err) == (0, "")
    assert "signal" in out
    assert "The receptionist was rude" in out
    assert "begins with !" in out
    assert "\x1b" not in out


def test_several_files_are_read_in_turn(amends, file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Thank you\n", encoding="utf-8")
    _, out, _ = amends("inspect", f"lines:{other}", f"lines:{file}", "--json")
    assert [item["locator"].split(":")[0] for item in found(out)] == [str(other)] + [str(file)] * 4


def test_a_configured_source_of_the_kind_lends_its_settings(amends, file, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(path=file), encoding="utf-8")
    code, out, err = amends("inspect", f"lines:{file}", "--json", "-c", config)
    assert (code, err) == (0, "")
    assert found(out)[0]["text"].startswith("THE RECEPTIONIST")
    assert found(out)[0]["locator"] == f"{file}:1"


def test_a_faulty_configuration_is_78(amends, file, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[practice]\n", encoding="utf-8")
    code, out, err = amends("inspect", f"lines:{file}", "-c", config)
    assert (code, out) == (78, "")
    assert "practice.zone: is missing" in err


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("lines", "write KIND:PATH"),
        (":x", "write KIND:PATH"),
        ("lines:", "write KIND:PATH"),
        ("linse:/x", "linse: unknown kind; did you mean lines?"),
        ("box:/x", "box reads a mailbox, not a file"),
        ("broken:/x", "cannot be imported"),
    ],
)
def test_a_target_that_makes_no_sense_is_64(amends, target, told):
    code, out, err = amends("inspect", target)
    assert (code, out) == (64, "")
    assert told in err


def test_a_missing_file_is_74_before_anything_is_printed(amends, file, tmp_path):
    missing = tmp_path / "none"
    code, out, err = amends("inspect", f"lines:{file}", f"lines:{missing}")
    assert (code, out, err) == (74, "", f"amends: {missing}: No such file or directory\n")


def test_what_cannot_be_read_on_the_way_is_told_and_the_rest_goes_on(amends, file, tmp_path):
    code, out, err = amends("inspect", f"lines:{tmp_path}", f"lines:{file}", "--json")
    assert code == 74
    assert err == f"amends: {tmp_path}: Is a directory\n"
    assert len(found(out)) == 4


def test_a_colon_in_a_path_belongs_to_the_path(amends, tmp_path):
    path = tmp_path / "2026-03-01T12:00.txt"
    path.write_text("Hello\n", encoding="utf-8")
    _, out, _ = amends("inspect", f"lines:{path}", "--json")
    assert found(out)[0]["locator"] == f"{path}:1"


def test_a_locator_begins_with_the_path_as_it_was_written(amends, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    _, out, _ = amends("inspect", "lines:./words.txt", "--json")
    assert found(out)[0]["locator"] == "./words.txt:1"


def test_a_path_of_any_bytes_can_be_told(amends, tmp_path):
    path = tmp_path / "caf\udce9.txt"
    path.write_text("Hello\n", encoding="utf-8")
    _, out, _ = amends("inspect", f"lines:{path}", "--json")
    assert found(out)[0]["locator"] == f"{tmp_path}/caf\ufffd.txt:1"
