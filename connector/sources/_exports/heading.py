"""The beginning of a table: its header, what its columns mean, and how its dates are written.

Days and months are told apart by the column as a whole, never row by row: one day above twelve
anywhere in what is looked at decides for all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from connector.parsing.survey_layout import lay_out
from connector.parsing.survey_meaning import Refusal, Wishes
from connector.parsing.survey_times import DateOrder, Orders, orders_of
from connector.parsing.surveys import Layout
from connector.parsing.tables import Entry, Row

HEAD_ROWS = 100
"""Rows that are looked at before the first one is read: the header, and how dates are written."""
DATED_ROWS = 10_000
"""So many are looked at where the first ones leave open which is the day and which the month."""
DATED_CHARS = 16_000_000
"""Or so many characters."""

SHOWN_AS: Final[Mapping[DateOrder, str]] = {
    DateOrder.MONTH_FIRST: "March 4",
    DateOrder.DAY_FIRST: "April 3",
}
"""What 03/04/2026 means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What is known of a table before its first row is read."""

    lines: Sequence[Entry]
    """What was taken from the table, the header first."""
    layout: Layout | Refusal
    orders: Orders = field(default_factory=Orders)
    """What the times of these lines tell of days and months."""


def read_heading(entries: Iterator[Entry], wishes: Wishes) -> Heading | None:
    """Take the first lines of a table; None when it has none."""
    head = list(islice(entries, HEAD_ROWS))
    if not head:
        return None
    rows = [line.cells for line in head if isinstance(line, Row)]
    layout = lay_out(rows, wishes)
    if isinstance(layout, Refusal):
        return Heading(lines=head, layout=layout)
    if not all(isinstance(line, Row) for line in head[: layout.header_rows]):
        problem = "The header is no CSV. Nothing of the file was read."
        return Heading(lines=head, layout=Refusal(problem=problem))
    orders = _orders(layout, head[layout.header_rows :])
    chars = 0
    while orders.open and orders.proven is None and len(head) < DATED_ROWS:
        more = list(islice(entries, HEAD_ROWS))
        head += more
        chars += sum(len(line.text) for line in more)
        orders = replace(orders, proven=_orders(layout, more).proven)
        if not more or chars > DATED_CHARS:
            break
    if orders.proven is not None:
        proven = lay_out(rows, replace(wishes, proven_order=orders.proven))
        layout = layout if isinstance(proven, Refusal) else proven
    return Heading(lines=head, layout=layout, orders=orders)


def _orders(layout: Layout, lines: Sequence[Entry]) -> Orders:
    columns = (*layout.submitted, *([layout.updated] if layout.updated else []))
    return orders_of(
        line.cells[column.index]
        for line in lines
        if isinstance(line, Row)
        for column in columns
        if column.index < len(line.cells)
    )


def date_doubts(place: str, heading: Heading, said: DateOrder | None) -> Iterator[str]:
    """Say which dates may be read in two ways, or are written otherwise than `said`."""
    layout, proven = heading.layout, heading.orders.proven
    if isinstance(layout, Refusal) or not layout.submitted:
        return
    if proven is not None and said not in {None, proven}:
        yield (
            f"date_order says {said}, and days above twelve in {place} prove {proven}: its dates "
            "are read so; mend date_order"
        )
    elif heading.orders.open and proven is None and said is None:
        order = layout.submitted[0].order
        yield (
            f"dates in {place} may be read in two ways, and no day above twelve proves one: "
            f"03/04/2026 is read as {SHOWN_AS[order]} ({order}); set date_order to be sure"
        )
