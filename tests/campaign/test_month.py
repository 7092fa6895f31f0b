"""Days of the simulated month; `python -m campaign.month` lives through the whole of it."""

from __future__ import annotations

import pytest

from campaign.month.drive import Driver
from campaign.month.faults import FAULTS
from campaign.month.hands import MemoryHands
from campaign.month.judge import judge
from campaign.month.products import FreshdeskHands, ZendeskHands


def lived(hands, *, seed, count, days, longest_turn=60):
    with Driver(hands, seed=seed, count=count, days=days, longest_turn=longest_turn).run() as month:
        return judge(month)


@pytest.mark.timeout(300)
def test_every_clock_tag_rung_and_page_is_as_computed_a_second_time() -> None:
    table = lived(MemoryHands, seed=7, count=25, days=2, longest_turn=90)

    assert table.kept, "\n".join(line for lines in table.wrong.values() for line in lines)
    assert table.told["complaints"] >= 24
    assert table.told["rungs climbed"] > 10
    assert {"rung 50 %", "rung 80 %", "rung 100 %", "rung 200 %"} <= set(table.compared)
    assert table.expected == table.seen


@pytest.mark.timeout(300)
@pytest.mark.parametrize("hands", [ZendeskHands, FreshdeskHands])
def test_it_is_so_in_products_with_ways_of_their_own(hands) -> None:
    table = lived(hands, seed=2, count=6, days=1, longest_turn=120)

    assert table.kept, "\n".join(line for lines in table.wrong.values() for line in lines)
    assert table.seen["SLA tag"] >= 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["twice", "tag"])
def test_a_planted_fault_is_named_by_the_row_where_it_belongs(name: str) -> None:
    with FAULTS[name].plant():
        table = lived(MemoryHands, seed=7, count=10, days=1, longest_turn=90)

    told = {what for what, lines in table.wrong.items() if lines}
    assert told & FAULTS[name].shows


def test_the_comparison_bites() -> None:
    with Driver(MemoryHands, seed=7, count=8, days=1, longest_turn=90).run() as month:
        month.border.notes.append(month.border.notes[0])
        month.sent.append(month.sent[0] if month.sent else "nobody.1.c.oncall")
        month.book.files[0].severity += 1
        table = judge(month)

    assert table.wrong["notes, each once"]
    assert table.wrong["pages, each once"]
    assert table.wrong["severity"]
