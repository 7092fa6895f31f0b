"""`amends cases` lists, shows and releases cases, and shows no patient's words."""

import json

import pytest
from servers.house import WORDS


@pytest.fixture
def held(amends, house):
    """Three complaints within an hour where one is allowed: two are held."""
    house.configure(storm=1)
    house.complain(1, 2, 3)
    amends("once", "-c", house.config)
    return [case for (case,) in house.ask("SELECT id FROM cases WHERE state = 'held'")]


def test_open_and_held_cases_are_listed_without_words(amends, house, held):
    code, out, err = amends("cases", "list", "-c", house.config)
    assert (code, err) == (0, "")
    head, *rows = out.splitlines()
    assert head.split()[:3] == ["case", "state", "sev"]
    assert [row.split()[0] for row in rows if " held " in row] == held
    assert any("open (summary)" in row for row in rows)
    assert [word for word in WORDS if word in out] == []


def test_json_has_every_figure(amends, house, held):
    _, out, _ = amends("cases", "list", "--held", "--json", "-c", house.config)
    found = json.loads(out)
    assert [case["case"] for case in found] == held
    assert {case["state"] for case in found} == {"held"}
    assert set(found[0]) == {
        *("case", "kind", "state", "severity", "group", "categories", "source", "opened_at"),
        *("event_time", "contact_due", "resolution_due", "closed_at", "close_reason"),
        *("ticket", "url", "lacking"),
    }
    assert found[0]["opened_at"].endswith("Z")


def test_closed_cases_are_listed_on_demand(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    house.ask("UPDATE cases SET state = 'closed', closed_at = opened_at, close_reason = 'solved'")
    assert json.loads(amends("cases", "list", "--json", "-c", house.config)[1]) == []
    _, out, _ = amends("cases", "list", "--all", "--json", "-c", house.config)
    assert [case["close_reason"] for case in json.loads(out)] == ["solved"]


def test_cases_that_owe_a_first_contact_are_listed_by_whether_it_is_late(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    for number, (late, due) in enumerate([(0, 1), (1, 0), (0, 0)]):
        if number == 1:
            house.ask("UPDATE cases SET contact_due = '2020-01-01T00:00:00.000000Z'")
        if number == 2:
            house.ask("UPDATE round SET contact_at = started_at")
        found = [
            len(json.loads(amends("cases", "list", option, "--json", "-c", house.config)[1]))
            for option in ("--late", "--due")
        ]
        assert found == [late, due]


def test_closed_cases_are_listed_by_what_they_lack(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    assert (
        json.loads(amends("cases", "list", "--incomplete", "--json", "-c", house.config)[1]) == []
    )
    house.ask("UPDATE cases SET state = 'closed', closed_at = opened_at, close_reason = 'solved'")
    house.ask("UPDATE round SET ended_at = started_at, lacking = 'step_fix,told_change'")

    code, out, _ = amends("cases", "list", "--incomplete", "-c", house.config)
    assert code == 0
    assert "put right for this person" in " ".join(out.split())
    (found,) = json.loads(amends("cases", "list", "--incomplete", "--json", "-c", house.config)[1])
    assert found["lacking"] == ["step_fix", "told_change"]


def test_two_choices_at_once_are_a_wrong_use(amends, house):
    assert amends("cases", "list", "--late", "--held", "-c", house.config)[0] == 64


@pytest.mark.usefixtures("held")
def test_a_limit_is_kept(amends, house):
    _, out, _ = amends("cases", "list", "--limit", "1", "--json", "-c", house.config)
    assert len(json.loads(out)) == 1
    assert amends("cases", "list", "--limit", "0", "-c", house.config)[0] == 64


def test_a_case_is_shown_with_what_was_heard_and_done(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    [(case,)] = house.ask("SELECT id FROM cases")
    code, out, _ = amends("cases", "show", case.lower(), "--json", "-c", house.config)
    found = json.loads(out)
    assert (code, found["case"], found["ticket"]) == (0, case, "1")
    assert [heard["source"] for heard in found["heard"]] == ["feedback"]
    assert [(change["op"], change["state"]) for change in found["changes"]] == [("open", "done")]
    _, out, _ = amends("cases", "show", case, "-c", house.config)
    assert "ticket: 1\n" in out
    assert "closed_at: -\n" in out
    assert "None" not in out
    assert [word for word in WORDS if word in out] == []


@pytest.mark.usefixtures("held")
def test_a_case_that_is_not_there_is_a_wrong_use(amends, house):
    code, out, err = amends("cases", "show", "C-1", "-c", house.config)
    assert (code, out) == (64, "")
    assert "there is no case C-1; see `amends cases list --all`" in err


def test_a_released_case_gets_its_ticket_and_is_on_record_with_user_and_reason(amends, house, held):
    first, second = held
    tickets = len(house.desk.tickets)
    code, out, _ = amends(
        "cases", "release", first.lower(), "--reason", "real, says Ann Lee", "-c", house.config
    )
    assert (code, out) == (0, "1 cases released\n")
    [(actor, case, body)] = house.on_record("case.released")
    assert (actor, case) == ("cli:alice", first)
    assert "Ann" not in str(body)
    [(number, kept)] = house.ask("SELECT id, body FROM content WHERE kind = 'reason'")
    assert body["reason_id"] == number
    assert kept is not None
    assert amends("once", "-c", house.config)[0] == 0
    assert len(house.desk.tickets) == tickets + 1
    assert house.ask("SELECT id FROM cases WHERE state = 'held'") == [(second,)]
    assert amends("audit", "verify", "-c", house.config)[0] == 0


def test_all_cases_of_a_source_are_released_together(amends, house, held):
    code, out, _ = amends(
        *("cases", "release", "--source", "feedback", "--reason", "checked"),
        *("--json", "-c", house.config),
    )
    assert code == 0
    assert json.loads(out) == {"released": held, "unchanged": []}
    assert len(house.on_record("case.released")) == 2


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("C-1", "--reason", "x"), "not held, or unknown: C-1"),
        (("--source", "nosuch", "--reason", "x"), "no case of a source nosuch is held"),
        (("--reason", "x"), "name cases, or give --source"),
        (("C-1",), "Missing option '--reason'"),
        (("C-1", "--reason", "  "), "--reason must not be empty"),
    ],
)
def test_what_cannot_be_released_is_told_and_leaves_no_record(amends, house, arguments, told):
    code, _, err = amends("cases", "release", *arguments, "-c", house.config)
    assert code == 64
    assert told in err
    assert house.on_record("case.released") == []
    assert house.ask("SELECT id FROM content WHERE kind = 'reason'") == []
