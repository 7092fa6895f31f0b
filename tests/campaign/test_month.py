"""Three days of the simulated month; `python -m campaign.month` lives through the whole of it."""

from __future__ import annotations

import pytest

from campaign.month.drive import Driver
from campaign.month.hands import MemoryHands
from campaign.month.judge import judge


@pytest.mark.timeout(300)
def test_every_clock_tag_rung_and_page_is_as_computed_a_second_time() -> None:
    with Driver(MemoryHands, seed=7, count=50, days=2, longest_turn=30).run() as month:
        table = judge(month)

    assert table.kept, "\n".join(line for lines in table.wrong.values() for line in lines)
    assert table.told["complaints"] >= 49
    assert table.told["rungs climbed"] > 20
    assert {"rung 50 %", "rung 80 %", "rung 100 %", "rung 200 %"} <= set(table.compared)


def test_the_comparison_bites() -> None:
    with Driver(MemoryHands, seed=7, count=12, days=1, longest_turn=25).run() as month:
        month.border.notes.append(month.border.notes[0])
        month.sent.append(month.sent[0] if month.sent else "nobody.1.c.oncall")
        month.book.files[0].severity += 1
        table = judge(month)

    assert table.wrong["notes, each once"]
    assert table.wrong["pages, each once"]
    assert table.wrong["severity"]
