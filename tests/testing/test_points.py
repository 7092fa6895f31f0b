"""The table of points says how each went, by helpdesk, also after a parallel run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from connector.domain.conformance import POINTS
from connector.testing.helpdesk import HelpdeskContract
from connector.testing.points import ATTRIBUTE, point, table, tally

SUITE = """
import pytest
from connector.testing.points import point

class Contract:
    kept = True

    @point(1)
    @pytest.mark.parametrize("way", [1, 2])
    def test_found(self, way):
        assert self.kept or way == 1

    @point(5, 18)
    def test_at_once(self):
        pytest.skip("the product makes a ticket for each")

    @point(7)
    def test_tags(self):
        pass

    def test_of_no_point(self):
        pass

class TestFrontOffice(Contract):
    pass

class TestBackOffice(Contract):
    kept = False

    def test_tags(self):
        pytest.skip("no tags here")
"""


def test_every_point_has_a_test_in_the_contract():
    tried = set()
    for cls in HelpdeskContract.__mro__:
        for test in vars(cls).values():
            tried |= set(getattr(test, ATTRIBUTE, ()))
    assert tried == set(POINTS)


def test_a_point_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="21"):
        point(21)


def test_a_parallel_run_ends_with_the_table(tmp_path):
    (tmp_path / "test_desks.py").write_text(SUITE, "utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "connector.testing.points"),
            *("-p", "no:cacheprovider", "--strict-markers", "-n", "1", tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    lines = run.stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if "points of each helpdesk" in line) + 1
    assert lines[start].split() == ["back_office", "front_office"]
    rows = {line[:3].strip(): line for line in lines[start + 1 : start + 1 + len(POINTS)]}
    assert rows["1"].split()[-4:] == ["FAILED", "1/2", "passed", "2"]
    assert rows["5"].split()[-2:] == rows["18"].split()[-2:] == ["cannot", "cannot"]
    assert rows["7"].split()[-3:] == ["cannot", "passed", "1"]
    assert rows["2"].split()[-2:] == ["-", "-"]
    assert "  7 back_office cannot: no tags here" in lines
    assert "  5 front_office cannot: the product makes a ticket for each" in lines


def test_one_failure_outweighs_and_a_skip_among_others_does_not_count():
    found = tally(
        [
            ("passed", ["desk", 2], ""),
            ("skipped", ["desk", 2], "not here"),
            ("passed", ["desk", 3], ""),
            ("error", ["desk", 3], ""),
        ]
    )
    assert (str(found[2]["desk"]), str(found[3]["desk"])) == ("passed 1", "FAILED 1/2")
    assert not [line for line in table(found, ["desk"]) if "not here" in line]
