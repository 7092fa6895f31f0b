"""Whether comments changed: only shifts that are too large for chance are told."""

import pytest

from connector.report.verdicts import Drift, _striking


@pytest.mark.parametrize(
    ("before", "recent", "told"),
    [
        ((60, 600), (60, 200), [Drift(source="survey", before_percent=10, recent_percent=30)]),
        ((60, 600), (21, 200), []),
        ((6, 40), (30, 40), []),
        ((0, 600), (0, 200), []),
        ((5_000, 100_000), (3_000, 50_000), []),
    ],
)
def test_a_shift_is_told_when_it_is_large_and_no_chance(before, recent, told):
    assert list(_striking([("survey", [before, recent])])) == told
