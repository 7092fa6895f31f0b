"""Many rows into one table; SQLAlchemy's work for each value would cost more than SQLite's.

The statement is made once for each table and set of columns and goes to the driver as it is;
values are printed by the types of their columns as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import StatementError

PREPARED = 64
"""So many statements are kept; there are fewer tables than that."""

_Print = Callable[[Any], Any]


def insert(connection: Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.insert(table), rows)
        return
    names = tuple(rows[0])
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ValueError(f"rows for {table.name} name different columns")
    sql, printers = _prepared(table, names, connection.dialect)
    columns: list[Iterable[Any]] = [map(itemgetter(name), rows) for name in names]
    for place, printer in printers:
        columns[place] = map(printer, columns[place])
    try:
        lines = list(zip(*columns, strict=True))
    except (TypeError, ValueError) as fault:  # a value of the wrong kind, as SQLAlchemy tells it
        raise StatementError(str(fault), sql, None, fault) from None
    connection.exec_driver_sql(sql, lines)


@lru_cache(maxsize=PREPARED)
def _prepared(
    table: sa.Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[tuple[int, _Print], ...]]:
    """Give the statement, and for each place whose values must be printed what prints them."""
    marks = ", ".join("?" * len(names))
    quote = dialect.identifier_preparer.quote
    columns = ", ".join(quote(name) for name in names)
    sql = f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608 - our schema
    printers = []
    for place, name in enumerate(names):
        kind = table.c[name].type
        if isinstance(kind, sa.LargeBinary):
            continue  # the driver takes bytes as they are
        printer = kind.dialect_impl(dialect).bind_processor(dialect)
        if printer is not None:
            printers.append((place, printer))
    return sql, tuple(printers)
