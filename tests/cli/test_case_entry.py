"""What people know and no source can hear: verbal complaints, and which cases belong together."""

import io
import json

import pytest

WORDS = "She waited two hours, nobody said a word, and she wants her copay of 40 dollars back."


@pytest.fixture
def says(monkeypatch, amends, house):
    def say(*arguments, words=WORDS):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(words.encode()), "utf-8"))
        return amends("cases", "new", *arguments, "-c", house.config)

    house.complain(1)
    amends("once", "-c", house.config)
    return say


def test_a_verbal_complaint_becomes_a_case_reported_by_the_user(amends, house, says):
    code, out, err = says("--name", "Jane Roe", "--phone", "(212) 555-0123", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["new"] is True
    amends("once", "-c", house.config)

    found = json.loads(amends("cases", "list", "--json", "-c", house.config)[1])
    (case,) = [one for one in found if one["source"] == "staff_entry"]
    ticket = house.desk.tickets[case["ticket"]].snapshot
    assert "alice" in ticket.text
    assert "nobody said a word" in ticket.text
    assert "Jane Roe" not in out


def test_the_same_words_twice_in_a_day_are_one(says):
    says("--name", "Jane Roe", "--json")
    assert json.loads(says("--name", "Jane Roe", "--json")[1])["new"] is False
    assert json.loads(says("--name", "John Doe", "--json")[1])["new"] is True


def test_nobody_to_call_is_said(says):
    assert "nobody can be called" in says()[1]


@pytest.mark.parametrize(
    ("arguments", "words", "told"),
    [
        ((), "   \n", "say what happened"),
        ((), "x" * 40_001, "more than 40000 characters"),
        (("--phone", "911"), WORDS, "no number that can be called"),
        (("--email", "nobody"), WORDS, "no mail address"),
    ],
)
def test_what_cannot_be_entered_is_a_wrong_use(says, arguments, words, told):
    code, _, err = says(*arguments, words=words)
    assert code == 64
    assert told in err


def test_cases_are_linked_and_unlinked_with_a_reason_on_record(amends, house):
    house.complain(1, 2)
    amends("once", "-c", house.config)
    one, other = (case for (case,) in house.ask("SELECT id FROM cases ORDER BY id"))
    first = amends("cases", "link", one, other, "--reason", "same family", "-c", house.config)
    again = amends("cases", "link", other, one, "--reason", "same family", "-c", house.config)
    assert (first[1].strip(), again[1].strip()) == ("linked", "nothing to change")
    assert house.ask("SELECT why FROM case_link") == [("by_a_person",)]
    assert house.ask("SELECT count(*) FROM outbox WHERE op = 'note'") == [(2,)]

    amends("cases", "unlink", one, other, "--reason", "they are not", "-c", house.config)
    assert house.ask("SELECT count(*) FROM case_link") == [(0,)]
    assert [actor for actor, *_ in house.on_record("case.unlinked")] == ["cli:alice"]


@pytest.mark.parametrize("pair", [("C-AAAAA-AAAAA", "C-BBBBB-BBBBB"), ("C-A", "C-A")])
def test_cases_that_are_not_there_cannot_be_linked(amends, house, pair):
    house.complain(1)
    amends("once", "-c", house.config)
    assert amends("cases", "link", *pair, "--reason", "why not", "-c", house.config)[0] == 64


def test_an_address_and_a_number_become_one_persons_and_are_parted_again(amends, house, says):
    says("--name", "Pat Quill", "--phone", "(212) 555-0123")
    amends("once", "-c", house.config)
    by_mail, by_phone = [case for (case,) in house.ask("SELECT id FROM cases ORDER BY rowid")]
    decide = ("--same-person", "--reason", "she said so at the desk", "-c", house.config)

    assert amends("cases", "link", by_mail, by_phone, *decide)[1] == "linked\n"
    assert len(house.on_record("person.acquainted")) == 1
    assert house.ask("SELECT how, undone FROM acquainted") == [("by_a_person", 0)]

    assert amends("cases", "unlink", by_mail, by_phone, *decide)[0] == 0
    assert house.ask("SELECT undone FROM acquainted") == [(1,)]
    assert amends("cases", "link", by_mail, by_phone, *decide)[0] == 0
    assert house.ask("SELECT undone FROM acquainted") == [(0,)]
    assert len(house.on_record("person.parted")) == 1


def test_who_has_two_addresses_is_not_brought_together_by_guess(amends, house, says):
    says("--name", "Pat Quill", "--email", "pat@example.org")
    amends("once", "-c", house.config)
    one, other = [case for (case,) in house.ask("SELECT id FROM cases ORDER BY rowid")]
    code, _, err = amends(
        "cases", "link", one, other, "--same-person", "--reason", "x y", "-c", house.config
    )

    assert code == 64
    assert "2 and 0" in err
