"""Those to whom late cases are to be given are looked up in the helpdesk by `amends check`."""

from __future__ import annotations

import pytest

from connector.report.examination import examine_people
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk


@pytest.fixture
def helpdesk() -> MemoryHelpdesk:
    desk = MemoryDesk()
    desk.accounts = frozenset({"kim"})
    return MemoryHelpdesk(desk)


def test_whom_the_helpdesk_does_not_know_is_a_problem(helpdesk: MemoryHelpdesk) -> None:
    (found,) = examine_people(helpdesk, {"kim", "nobody"})

    assert found.level == "problem"
    assert "'nobody'" in found.what


def test_known_ones_are_said_and_none_is_asked_for_without_logins(helpdesk: MemoryHelpdesk) -> None:
    assert [one.level for one in examine_people(helpdesk, {"kim"})] == ["ok"]
    assert list(examine_people(helpdesk, frozenset())) == []


def test_a_product_that_cannot_assign_is_a_warning() -> None:
    class Plain:
        name = "plain"

    (found,) = examine_people(Plain(), {"kim"})  # type: ignore[arg-type]  # a product without it

    assert found.level == "warning"


def test_a_helpdesk_in_trouble_is_told_as_such(
    helpdesk: MemoryHelpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    helpdesk.desk.reading = Weather.DOWN
    monkeypatch.setattr(
        helpdesk, "strangers", lambda accounts: helpdesk._read("strangers") or list(accounts)
    )
    (found,) = examine_people(helpdesk, {"kim"})

    assert found.level == "problem"
    assert "kim" not in found.what
