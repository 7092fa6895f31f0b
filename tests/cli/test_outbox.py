"""`amends outbox` lists what is owed, and lets a person try again or give up, on record."""

import json

import pytest
from servers.house import WORDS

from connector.testing.memory_desk import Weather


@pytest.fixture
def aside(amends, house):
    """A change that was set aside; gives its number."""
    house.complain(1)
    house.desk.standing = Weather.DOWN
    amends("once", "-c", house.config)
    house.desk.standing = Weather.FAIR
    house.ask("UPDATE outbox SET state = 'aside', last_error = 'rejects it (422)'")
    house.ask("UPDATE target SET breaker = 'closed'")
    [(number,)] = house.ask("SELECT id FROM outbox")
    return number


def test_what_did_not_reach_the_helpdesk_is_listed_without_words(amends, house, aside):
    code, out, err = amends("outbox", "list", "-c", house.config)
    assert (code, err) == (0, "")
    [_, row] = out.splitlines()
    assert row.split()[0] == str(aside)
    assert "aside" in row
    assert "rejects it (422)" in row
    assert [word for word in WORDS if word in out] == []


def test_json_has_every_figure(amends, house, aside):
    [found] = json.loads(amends("outbox", "list", "--json", "-c", house.config)[1])
    assert set(found) == {
        *("change", "case", "op", "state", "attempts", "due_at", "created_at", "error")
    }
    assert (found["change"], found["op"], found["state"]) == (aside, "open", "aside")
    assert found["due_at"].endswith("Z")


def test_states_are_chosen(amends, house, aside):
    ask = ("outbox", "list", "--json", "-c", house.config)
    assert json.loads(amends(*ask, "--state", "ready", "--state", "held")[1]) == []
    assert [one["change"] for one in json.loads(amends(*ask, "--state", "aside")[1])] == [aside]
    assert amends(*ask, "--state", "lost")[0] == 64


def test_a_change_is_tried_again_and_that_is_on_record(amends, house, aside):
    code, out, _ = amends(
        "outbox", "retry", aside, "--reason", "field added by Ann Lee", "-c", house.config
    )
    assert (code, out) == (0, "1 tried again\n")
    [(actor, case, body)] = house.on_record("change.retried")
    assert (actor, body["was"]) == ("cli:alice", "aside")
    assert case
    assert "Ann" not in str(body)
    assert amends("once", "-c", house.config)[0] == 0
    assert len(house.desk.tickets) == 1
    assert amends("audit", "verify", "-c", house.config)[0] == 0


def test_a_change_that_is_dropped_is_never_sent_and_that_is_on_record(amends, house, aside):
    code, out, _ = amends(
        "outbox", "drop", aside, aside, "--reason", "a test", "--json", "-c", house.config
    )
    assert code == 0
    assert json.loads(out) == {"changed": [aside], "unchanged": []}
    [(actor, _, body)] = house.on_record("change.dropped")
    assert (actor, body["was"]) == ("cli:alice", "aside")
    [(_, _, closed)] = house.on_record("case.closed")
    assert closed["why"] == "dropped"
    assert amends("once", "-c", house.config)[0] == 0
    assert house.desk.tickets == {}
    assert amends("audit", "verify", "-c", house.config)[0] == 0


def test_numbers_that_cannot_be_decided_are_told_beside_those_that_can(amends, house, aside):
    code, out, err = amends("outbox", "retry", aside, 999, "--json", "-c", house.config)
    assert code == 64
    assert json.loads(out) == {"changed": [aside], "unchanged": [999]}
    assert "not in a state for this, or unknown: 999" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("drop", "1"), "Missing option '--reason'"),
        (("drop", "1", "--reason", " "), "--reason must not be empty"),
        (("drop", "999", "--reason", "x"), "unknown: 999"),
        (("retry", "one"), "is not a valid int"),
        (("retry",), "Missing argument 'CHANGE...'"),
    ],
)
@pytest.mark.usefixtures("aside")
def test_a_wrong_use_is_told_and_leaves_no_record(amends, house, arguments, told):
    code, out, err = amends("outbox", *arguments, "-c", house.config)
    assert (code, out) == (64, "")
    assert told in err
    assert house.on_record("change.dropped") == house.on_record("change.retried") == []
    assert house.ask("SELECT id FROM content WHERE kind = 'reason'") == []
