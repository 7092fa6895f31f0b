"""`amends trial`: what a changed configuration would decide, and nothing is touched."""

import json

import pytest


@pytest.fixture
def changed(house, tmp_path):
    def changed(text):
        path = tmp_path / "changed.toml"
        path.write_text(house.config.read_text(encoding="utf-8") + text, encoding="utf-8")
        return path

    return changed


def test_the_same_configuration_decides_the_same(amends, house, changed):
    house.complain(1, 2)
    amends("once", "-c", house.config)
    code, out, err = amends("trial", "--config", changed(""), "-c", house.config)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "0 of 2 signals would be decided otherwise"


def test_changed_words_show_what_they_would_change_and_change_nothing(amends, house, changed):
    house.complain(1, 2)
    amends("once", "-c", house.config)
    before = house.ask("SELECT count(*) FROM ledger")
    words = '\n[triage.safety_words]\nurgent = ["waited", "called", "nobody", "rude"]\n'
    code, out, _ = amends("trial", "--config", changed(words), "--json", "-c", house.config)
    found = json.loads(out)
    assert code == 0
    assert found["signals"] == 2
    assert {one["after"]["severity"] for one in found["differences"]} == {4}
    assert house.ask("SELECT count(*) FROM ledger") == before


def test_verdicts_of_the_team_are_compared_and_missing_ones_told(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    code, out, err = amends("triage", "evaluate", "-c", house.config)
    assert (code, err) == (0, "")
    assert "nobody has said yet" in out
    house.ask(
        "UPDATE cases SET state = 'closed', closed_at = opened_at, close_reason = 'judged_wrong'"
    )
    found = json.loads(amends("triage", "evaluate", "--json", "-c", house.config)[1])
    assert found["judged_otherwise"] == 1
    assert (found["proposals"], found["drift"]) == ([], [])
