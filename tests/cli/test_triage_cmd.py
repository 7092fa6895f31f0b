"""`amends triage evaluate`: any file of comments, each row judged once and in its order."""

import json

import pytest

from connector.cli import main

HEAD = "text,question\n"


@pytest.fixture
def judged(tmp_path, capsys):
    def judged(raw, *options):
        path = tmp_path / "comments.csv"
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        code = main(["triage", "evaluate", "--file", str(path), *options])
        return code, capsys.readouterr()

    return judged


def rows(found):
    code, told = found
    assert code == 0, told.err
    return [json.loads(line) for line in told.out.splitlines()]


def test_each_row_has_score_lane_categories_and_severity_in_its_order(judged):
    found = rows(judged(HEAD + "Rude staff,\nLovely nurse,\nWaited two hours,\n", "--json"))
    assert [one["row"] for one in found] == [1, 2, 3]
    assert found[0]["lane"] == "ticket"
    assert found[1]["score"] < 0.2
    assert 0.5 < found[0]["score"] <= 1
    assert "visit.wait" in found[2]["categories"]
    assert 1 <= found[2]["severity"] <= 4


def test_the_question_counts(judged):
    asked = "Communication,What was good?\nCommunication,How could we improve?\n"
    found = rows(judged(HEAD + asked, "--json"))
    assert found[0]["score"] < found[1]["score"]


@pytest.mark.parametrize(
    "raw",
    [
        "\ufefftext\nRude staff\n".encode(),
        b"text;question\nRude staff;\n",
        b"text\tquestion\r\nRude staff\t\r\n",
        b"TEXT \r\nRude staff",
        b"id,Comment\n7,Rude staff\n",
        "text\nRude staff\n".encode("utf-16"),
        b"text,more\nRude staff\n",
        b'text\n"Rude ""staff""\nsecond line"\n',
        b'text\n"Rude staff and never closed\n',
        b"text\nRude staff \x92\xff\n",
        b"text\nRude \x00 staff\n",
        b"text\rRude staff\r",
        b"text\n\nRude staff\n\n",
    ],
)
def test_odd_files_are_read(judged, raw):
    found = rows(judged(raw, "--json"))
    assert [one["lane"] for one in found] == ["ticket"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '""',
        "x",
        "\U0001f621",
        "\u0647\u0644\u0627",
        "a " * 600_000,
    ],
)
def test_every_row_gets_an_answer(judged, text):
    found = rows(judged(f"text,question\n{text},\n", "--json"))
    assert len(found) == 1
    assert 0 <= found[0]["score"] <= 1


def test_labels_give_figures(judged):
    code, told = judged("text,needs_recovery\nRude staff,1\nLovely nurse,0\nPudding,\n")
    assert code == 0
    assert "2 comments, 1 failures" in told.out
    assert "100.0%" in told.out


def test_a_file_without_comments_is_named(judged):
    code, told = judged("a,b\n1,2\n")
    assert code == 64
    assert "no column of comments" in told.err


def test_an_empty_file_is_named(judged):
    assert judged("")[0] == 64
