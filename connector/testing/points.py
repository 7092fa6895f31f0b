"""Which of the twenty points of a helpdesk a test tries, and a table of them after the run.

`point(7)` marks a test of the contract. As a pytest plugin (`pytest_plugins =
["connector.testing.points"]` in your top-level conftest.py) this prints, for each helpdesk
whose contract ran, how each point went: passed, failed, or `cannot` with the reason, which
is that of the skip.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import pytest

from connector.domain.conformance import POINTS

ATTRIBUTE: Final = "__amends_points__"
PROPERTY: Final = "amends_points"
"""Travels in the report, from one process of a parallel run to the other too."""

_Test = TypeVar("_Test", bound=Callable[..., Any])


def point(*numbers: int) -> Callable[[_Test], _Test]:
    """Say which points a test tries; one that is overridden in a subclass keeps them."""
    unknown = [number for number in numbers if number not in POINTS]
    if unknown:
        msg = f"no such point: {unknown}"
        raise ValueError(msg)

    def mark(test: _Test) -> _Test:
        setattr(test, ATTRIBUTE, numbers)
        return test

    return mark


@dataclass(slots=True)
class Cell:
    """How one point went for one helpdesk."""

    passed: int = 0
    failed: int = 0
    reasons: list[str] = field(default_factory=list)
    """Why tests were skipped."""

    def __str__(self) -> str:
        """Say it in a word or two."""
        if self.failed:
            return f"FAILED {self.failed}/{self.failed + self.passed}"
        if self.passed:
            return f"passed {self.passed}"
        return "cannot" if self.reasons else "-"


Table = Mapping[int, Mapping[str, Cell]]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put a test's points and its helpdesk into its reports."""
    cls: type | None = getattr(item, "cls", None)
    numbers = _points_of(cls, getattr(item, "originalname", ""))
    if cls is not None and numbers:
        item.user_properties.append((PROPERTY, [_product(cls), *numbers]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table, if any contract ran."""
    found = tally(_reports(terminalreporter.stats))
    products = sorted({name for row in found.values() for name in row})
    if not products:
        return
    terminalreporter.section("points of each helpdesk")
    for line in table(found, products):
        terminalreporter.write_line(line)


def tally(reports: Iterable[tuple[str, Sequence[Any], str]]) -> Table:
    """Count outcomes by point and helpdesk; a report is outcome, property and skip reason."""
    cells: dict[int, dict[str, Cell]] = defaultdict(lambda: defaultdict(Cell))
    for outcome, (product, *numbers), reason in reports:
        for number in numbers:
            cell = cells[int(number)][product]
            if outcome == "passed":
                cell.passed += 1
            elif outcome == "skipped":
                cell.reasons.append(reason)
            else:
                cell.failed += 1
    return cells


def table(found: Table, products: Sequence[str]) -> list[str]:
    """Print the table: a row for each point, then the reasons of what cannot be tried."""
    widths = [
        max(len(name), *(len(str(row.get(name, "-"))) for row in found.values()))
        for name in products
    ]
    wide = max(len(what) for what in POINTS.values())
    heads = "  ".join(name.ljust(width) for name, width in zip(products, widths, strict=True))
    lines = [f"{'':3} {'':{wide}}  {heads}".rstrip()]
    notes: list[str] = []
    for number, what in POINTS.items():
        row = found.get(number, {})
        cells = [row.get(name, Cell()) for name in products]
        told = "  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{number:3} {what:{wide}}  {told}".rstrip())
        notes += [
            f"{number:3} {name} cannot: {cell.reasons[0]}"
            for name, cell in zip(products, cells, strict=True)
            if str(cell) == "cannot"
        ]
    return [*lines, *notes]


def _reports(stats: Mapping[str, Sequence[Any]]) -> Iterable[tuple[str, Sequence[Any], str]]:
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in stats.get(outcome, ()):
            value = dict(getattr(report, "user_properties", ())).get(PROPERTY)
            if value is None:
                continue
            if outcome in {"skipped", "xfailed"}:
                yield "skipped", value, _reason(report)
            else:
                yield outcome, value, ""


def _reason(report: Any) -> str:
    told = getattr(report, "wasxfail", "")
    if not told and isinstance(report.longrepr, tuple | list):
        told = str(report.longrepr[-1])
    return re.sub(r"^(Skipped|reason): ", "", str(told)).splitlines()[0] if told else "skipped"


def _points_of(cls: type | None, name: str) -> tuple[int, ...]:
    """Give the points of a test, also when a subclass overrides it."""
    for base in cls.__mro__ if cls is not None else ():
        numbers: tuple[int, ...] = getattr(base.__dict__.get(name), ATTRIBUTE, ())
        if numbers:
            return numbers
    return ()


def _product(cls: type) -> str:
    """Name the helpdesk after the test class: `TestFrontOffice` tries `front_office`."""
    words = cls.__name__.removeprefix("Test")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).lower()
