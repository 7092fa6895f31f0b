"""`amends explain` says in plain words why a signal became what it became."""

import io
import json

import pytest
from servers.house import WORDS

COMPLAINT = """\
From: Philippa Quillfeather <pq.quill@mail.example>
Subject: My bill
Message-ID: <twice@mail.example>

I was charged twice and I will call my lawyer.
"""


@pytest.fixture
def heard(amends, house):
    """A complaint that has a ticket; gives its id."""
    house.mail.joinpath("twice.eml").write_text(COMPLAINT, "utf-8")
    assert amends("once", "-c", house.config)[0] == 0
    [(identity,)] = house.ask("SELECT lower(hex(id)) FROM signal WHERE outcome = 'opened'")
    return identity


def test_a_ticket_is_explained_with_the_words_that_matched(amends, house, heard):
    code, out, err = amends("explain", heard[:12], "-c", house.config)
    assert (code, err) == (0, "")
    assert out.startswith("It is treated as a failure: it has a ticket")
    assert "Severity 4 of 4 (critical)." in out
    assert "charged twice" in out
    assert "lawyer" in out
    assert "[safety.legal, severity 4 at least]" in out
    assert "Rules in force: rules-" in out


def test_the_same_signal_gives_the_same_lines(amends, house, heard):
    ask = ("explain", heard, "-c", house.config)
    assert amends(*ask) == amends(*ask)


def test_the_persons_words_can_be_left_out(amends, house, heard):
    for more in ((), ("--json",)):
        _, out, _ = amends("explain", heard, "--without-words", *more, "-c", house.config)
        assert "charged twice" not in out
        assert "safety.legal" in out


def test_what_would_be_decided_is_told_without_storing_anything(amends, house, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("Nobody answers the phone"))
    code, out, _ = amends("explain", "-", "--json", "-c", house.config)
    assert code == 0
    assert json.loads(out)["categories"] == ["access.unreached"]


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("name", ["", "12345678", "zz", "%"])
def test_what_names_no_signal_is_refused_in_a_line(amends, house, name):
    code, out, err = amends("explain", name, "-c", house.config)
    assert (code, out) == (64, "")
    assert "not the id of one signal" in err
    assert [word for word in WORDS if word in err] == []
