"""`amends provision` shows what the helpdesk lacks, and makes it when told to, on record."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from servers.desk import Desk

from connector.cli import provision_cmd
from connector.domain.errors import Rejected
from connector.testing.memory_desk import Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk, MemoryHelpdeskSettings


@pytest.fixture
def provision(amends, house):
    """Run the command in a house whose state directory the admin has made."""
    house.state.mkdir(mode=0o700)
    return lambda *arguments: amends("provision", *arguments, "-c", house.config)


@pytest.fixture
def _set_up(provision):
    assert provision("--apply")[0] == 0


def test_the_plan_is_a_difference_and_changes_nothing(provision, house):
    code, out, err = provision()
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert "+ field category           Recovery: category" in lines
    assert "+ view due_now             Recovery: due now" in lines
    assert "+ sla severity_4           Recovery: 4 critical" in lines
    assert lines[-2] == f"{len(lines) - 2} to make"
    assert lines[-1].startswith("`amends provision --apply` does it")
    assert house.desk.setup == {}
    assert not (house.state / "amends.db").exists()


def test_applied_twice_the_second_time_there_is_nothing_to_do(provision, house):
    code, out, err = provision("--apply")
    assert (code, err) == (0, "")
    made = len(house.desk.setup)
    assert out.splitlines()[-2:] == ["What is left:", f"{made} as wanted"]
    calls = len(house.desk.calls)
    code, out, _ = provision("--apply")
    assert (code, out) == (0, f"What is left:\n{made} as wanted\n")
    assert house.desk.calls[calls:] == ["plan"]
    assert provision()[0] == 0


@pytest.mark.usefixtures("_set_up")
def test_every_step_is_on_record_with_who_did_it(house):
    [(actor, case, began)] = house.on_record("provision.began")
    assert (actor, case) == ("cli:alice", "")
    done = house.on_record("provision.applied")
    assert began["steps"] == {"create": len(done)}
    assert {actor for actor, _, _ in done} == {"cli:alice"}
    assert done[0][2] == {
        "helpdesk": "memory",
        "blueprint": began["blueprint"],
        "do": "create",
        "kind": "field",
        "name": "key",
    }


@pytest.mark.usefixtures("_set_up")
def test_a_daemon_starts_on_the_state_that_was_begun(amends, house):
    house.complain(1)
    assert amends("once", "-c", house.config)[0] == 0
    assert len(house.desk.tickets) == 1
    assert amends("audit", "verify", "-c", house.config)[0] == 0


def test_what_the_plan_of_the_account_does_not_allow_is_said_aloud(provision, house):
    house.desk.has_sla = False
    code, out, _ = provision("--apply")
    assert code == 1
    left = out.partition("What is left:\n")[2].splitlines()
    assert left[:3] == [
        "! sla severity_4           Recovery: 4 critical",
        "      1. Open the desk's page of service levels.",
        "      2. Add a policy for the tag amends_sev_4.",
    ]
    assert left[-1].endswith("as wanted, 4 by hand")


def test_json_has_every_step_and_what_was_done(provision, house):
    house.desk.has_sla = False
    told = json.loads(provision("--apply", "--json")[1])
    assert set(told) == {"helpdesk", "steps", "done", "counts"}
    assert told["counts"] == {"keep": len(told["done"]), "manual": 4}
    assert {step["action"] for step in told["done"]} == {"create"}
    assert {step["problem"] for step in told["done"]} == {""}
    manual = [step for step in told["steps"] if step["action"] == "manual"]
    assert all(step["manual"] for step in manual)


@pytest.mark.usefixtures("_set_up")
def test_a_title_that_an_agent_changed_is_kept(provision, house):
    house.desk.setup["amends:field:root_cause"]["title"] = "Why?"
    code, out, _ = provision()
    assert code == 0
    assert "  field root_cause         Why?" in out.splitlines()


def test_a_refused_step_does_not_keep_the_others_from_being_done(provision, house, monkeypatch):
    carry_out = MemoryHelpdesk.carry_out

    def refuse_views(self, step, wanted):
        if step.kind == "view":
            raise Rejected(self.name, "your role may not add views; ask an admin")
        carry_out(self, step, wanted)

    monkeypatch.setattr(MemoryHelpdesk, "carry_out", refuse_views)
    code, out, err = provision("--apply")
    assert code == 1
    assert err.count("refused: your role may not add views; ask an admin") == 3
    assert out.splitlines()[-1].startswith("46 as wanted, 3 to make")
    assert {body["error"] for _, _, body in house.on_record("provision.failed")} == {"Rejected"}


@pytest.mark.parametrize(("weather", "code"), [(Weather.MUTE, 75), (Weather.LOCKED_OUT, 77)])
def test_trouble_ends_it_and_running_it_again_goes_on(provision, house, weather, code):
    house.desk.forecast.extend([Weather.FAIR, weather])
    assert provision("--apply")[0] == code
    assert len(house.on_record("provision.failed")) == 1
    assert provision("--apply")[0] == 0
    assert provision()[0] == 0


@pytest.mark.usefixtures("_set_up")
def test_nothing_is_removed_without_an_answer(provision, house):
    before = dict(house.desk.setup)
    code, _, err = provision("--apply", "--remove")
    assert code == 64
    assert "- field root_cause         Recovery: root cause" in err
    assert "what agents wrote into it goes with it" in err
    assert "add --yes" in err
    assert house.desk.setup == before


@pytest.mark.usefixtures("_set_up")
@pytest.mark.parametrize(("answer", "left", "code"), [(True, 0, 0), (False, 49, 130)])
def test_a_person_is_asked_before_removing(provision, house, monkeypatch, answer, left, code):
    class Terminal:
        def isatty(self):
            return True

    asked = []

    def confirm(question, **_):
        asked.append(question)
        if not answer:
            raise provision_cmd.click.Abort
        return True

    monkeypatch.setattr(provision_cmd.sys, "stdin", Terminal())
    monkeypatch.setattr(provision_cmd.click, "confirm", confirm)
    house.desk.setup["field-1"] = {"title": "Insurance"}
    assert provision("--apply", "--remove")[0] == code
    assert asked == ["Remove 49 things from the helpdesk?"]
    assert len(house.desk.setup) == left + 1
    assert house.desk.setup["field-1"] == {"title": "Insurance"}


@pytest.mark.usefixtures("_set_up")
def test_removing_twice_with_yes_ends_with_nothing(provision, house):
    assert provision("--apply", "--remove", "--yes")[0] == 0
    assert house.desk.setup == {}
    assert provision("--apply", "--remove", "--yes")[:2] == (
        0,
        "What is left:\nnothing of ours is there\n",
    )
    removed = [
        body for _, _, body in house.on_record("provision.applied") if body["do"] == "remove"
    ]
    assert len(removed) == 49


def test_a_product_without_an_api_for_it_is_told_by_hand(provision, monkeypatch):
    plain = Desk(lambda: datetime.now(UTC))
    monkeypatch.setattr(MemoryHelpdeskSettings, "open", lambda *_: plain)
    code, out, _ = provision("--apply")
    assert code == 1
    assert 'Add a ticket field "Recovery: fix": checkbox, not required.' in out
    assert "Choices: yes (Yes); no (No); unknown (Not asked)" in out
    assert "tags amends_second_look, and none of amends_right, amends_wrong." in out
    assert "first reply within 240 minutes, done within 1440, business hours." in out
    assert provision("--remove")[:2] == (0, "nothing of ours is there\n")


def test_root_begins_no_state_where_nobody_made_room_for_it(amends, house, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    code, _, err = amends("provision", "--apply", "-c", house.config)
    assert code == 74
    assert "install -d -m 700 -o USER" in err
    assert house.desk.setup == {}


def test_a_helpdesk_that_is_down_is_75(provision, house):
    house.desk.reading = Weather.DOWN
    code, out, err = provision()
    assert (code, out) == (75, "")
    assert "cannot be reached" in err
