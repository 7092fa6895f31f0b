"""What was heard, stored with the cursor: once, whole, and accounted for."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.signal import Attachment, Batch, Item, Signal, signal_id
from connector.store import accounts, codec, ledger, signals
from connector.store.engine import DATABASE
from connector.store.signals import Taken
from connector.store.store import Store, Tx
from connector.testing.builders import Clock, a_store
from connector.testing.memory_source import a_signal, an_unreadable


def take(store: Store, *items: Item, cursor: str = "1") -> Taken:
    batch = Batch(items=items, cursor=cursor)
    return store.write(lambda tx: signals.take(tx, "practice", "memory", "memory", batch))


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - a table's name


def cursor_of(store: Store) -> str | None:
    with store.read() as connection:
        return signals.cursor(connection, "practice", "memory")


def everything(store: Store) -> list[signals.Stored]:
    with store.read() as connection:
        return signals.load(connection, [one.n for one in signals.waiting(connection, 1000)])


def test_what_was_stored_comes_back_as_it_was_heard(store: Store) -> None:
    signal = a_signal(
        1,
        facts={"message_id": "<1@x>", "references": ("<0@x>",), "score": 3, "wants_contact": True},
        attachments=(
            Attachment(name="a.pdf", media_type="application/pdf", content=b"%PDF"),
            Attachment(name="big.mov", media_type="video/mp4", content=b"", withheld="oversize"),
            Attachment(name="same.pdf", media_type="application/pdf", content=b"%PDF"),
        ),
        text="Zürich \ud83d half an emoji \x00 and a zero",
    )
    unreadable = an_unreadable(2)
    take(store, signal, unreadable)
    assert [stored.item for stored in everything(store)] == [signal, unreadable]


def test_the_same_batch_twice_is_one(store: Store) -> None:
    items = (a_signal(1), a_signal(2), an_unreadable(3))
    assert take(store, *items) == Taken(new=3, known=0, unreadable=1)
    assert take(store, *items) == Taken(new=0, known=3, unreadable=1)
    assert (count(store, "signal"), count(store, "seen")) == (3, 3)
    assert len(everything(store)) == 3


def test_the_same_item_twice_within_a_batch_is_one(store: Store) -> None:
    assert take(store, a_signal(1), a_signal(1, locator="elsewhere")) == Taken(new=1, known=1)
    assert count(store, "signal") == 1


def test_a_renumbered_mailbox_brings_nothing_new_and_each_place_is_kept(store: Store) -> None:
    take(store, a_signal(1, locator="INBOX:1:7"))
    for place in ("INBOX:2:1", "INBOX:2:1", "Archive:9:3"):
        assert take(store, a_signal(1, locator=place)) == Taken(new=0, known=1)
    assert count(store, "signal") == 1
    with store.read() as connection:
        rows = connection.execute(
            sa.text("SELECT body FROM content JOIN sighting ON content.id = content_id ORDER BY id")
        ).all()
    assert [bytes(row[0]).decode() for row in rows] == ["INBOX:2:1", "Archive:9:3"]


def test_reading_again_from_the_same_place_is_no_further_sighting(store: Store) -> None:
    for _ in range(3):
        take(store, a_signal(1, locator="INBOX:1:7"))
    assert count(store, "sighting") == 0


def test_the_cursor_moves_with_the_items_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(store, a_signal(1), cursor="one")
    assert cursor_of(store) == "one"
    with monkeypatch.context() as patch:
        printing = codec.item_bytes

        def fail(item: Item) -> bytes:
            if isinstance(item, Signal) and item.natural_key == "signal-3":
                raise RuntimeError("in the middle")
            return printing(item)

        patch.setattr(codec, "item_bytes", fail)
        with pytest.raises(RuntimeError, match="in the middle"):
            take(store, a_signal(2), a_signal(3), cursor="two")
    assert cursor_of(store) == "one"
    assert count(store, "signal") == 1
    assert take(store, a_signal(2), a_signal(3), cursor="two") == Taken(new=2, known=0)
    assert cursor_of(store) == "two"


def test_an_empty_batch_moves_the_cursor_and_says_nothing_was_heard(
    store: Store, clock: Clock
) -> None:
    take(store, a_signal(1))
    heard = clock.now
    clock.advance(3_600)
    take(store, cursor="further")
    assert cursor_of(store) == "further"
    with store.read() as connection:
        (row,) = signals.sources(connection)
    assert (row.last_item_at, row.last_read_at) == (heard, clock.now)


def test_trouble_with_a_source_is_remembered_since_it_began_and_forgotten_when_it_ends(
    store: Store, clock: Clock
) -> None:
    began = clock.now
    for problem in ("refused", "timed out"):
        store.write(
            lambda tx, problem=problem: signals.source_read(tx, "p", "m", "imap", error=problem)
        )
        clock.advance(60)
    with store.read() as connection:
        (row,) = signals.sources(connection)
    assert (row.last_error, row.error_since) == ("timed out", began)
    store.write(lambda tx: signals.source_read(tx, "p", "m", "imap", error=None))
    with store.read() as connection:
        (row,) = signals.sources(connection)
    assert (row.last_error, row.error_since, row.last_read_at) == (None, None, clock.now)


def test_tenants_and_sources_do_not_know_each_others_signals(store: Store) -> None:
    take(store, a_signal(1), a_signal(1, tenant="other"), a_signal(1, source="other"))
    assert count(store, "signal") == 3


def test_two_installations_name_the_same_signal_differently(tmp_path: Path, clock: Clock) -> None:
    stores = [a_store(tmp_path / str(seed), clock, seed=seed) for seed in (1, 2)]
    names = {signal_id(store.secret, a_signal(1)) for store in stores}
    assert len(names) == 2
    for store in stores:
        store.close()


def test_two_states_with_one_secret_name_the_same_signal_alike(
    tmp_path: Path, clock: Clock
) -> None:
    stores = [a_store(tmp_path / name, clock, seed=1) for name in ("one", "two")]
    for store in stores:
        take(store, a_signal(1), an_unreadable(2))
    first, second = ([stored.seed for stored in everything(store)] for store in stores)
    assert first == second
    for store in stores:
        store.close()


def test_every_stored_item_is_on_record_by_commitment_and_without_words(store: Store) -> None:
    take(store, a_signal(1, text="I am in despair"), an_unreadable(2))
    with store.read() as connection:
        entries = list(ledger.entries(connection, ledger.DAEMON_CHAIN))
    assert [entry.action for entry in entries] == ["signal.stored"] * 2
    told = " ".join(str(entry.body) for entry in entries)
    assert "despair" not in told
    assert "patient1" not in told


def test_an_item_ends_once(store: Store) -> None:
    take(store, a_signal(1))
    (stored,) = everything(store)
    ends = [
        store.write(
            lambda tx, outcome=outcome: signals.finish(tx, [(stored, signals.End(outcome=outcome))])
        )
        for outcome in ("counted", "parked")
    ]
    assert ends == [1, 0]
    with store.read() as connection:
        found = accounts.by_outcome(connection)
    assert (found["counted"], found["parked"], found["waiting"]) == (1, 0, 0)


def test_an_item_that_cannot_be_decoded_any_more_comes_as_unreadable(
    store: Store, state: Path
) -> None:
    take(store, a_signal(1), a_signal(2))
    with sqlite3.connect(state / DATABASE) as connection:
        connection.execute("UPDATE content SET body = ? WHERE id = 1", (b'{"tenant": ',))
    connection.close()
    broken, whole = everything(store)
    assert (broken.item.raw, whole.item) == (b"raw 1", a_signal(2))
    assert not isinstance(broken.item, Signal)


def test_looking_for_work_loads_none_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What kills the process when it is loaded must not do so before the attempt is counted."""
    take(store, a_signal(1, raw=b"x" * 5_000))

    def deadly(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(codec, "signal_from", deadly)
    with store.read() as connection:
        (waiting,) = signals.waiting(connection, 10)
    assert waiting.size > 5_000
    assert waiting.attempts == 0


@given(
    text=st.text(),
    key=st.text(min_size=1),
    raw=st.binary(max_size=200),
    facts=st.dictionaries(
        st.text(max_size=20),
        st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text()).map(tuple)),
    ),
)
def test_any_signal_survives_printing(
    text: str, key: str, raw: bytes, facts: dict[str, Any]
) -> None:
    signal = replace(a_signal(1), text=text, natural_key=key, raw=raw, facts=facts)
    assert codec.signal_from(codec.item_bytes(signal), raw, []) == signal


def test_nothing_of_a_failed_transaction_is_seen(store: Store) -> None:
    def work(tx: Tx) -> None:
        signals.take(tx, "practice", "memory", "memory", Batch(items=(a_signal(1),), cursor="1"))
        raise RuntimeError("after all")

    with pytest.raises(RuntimeError):
        store.write(work)
    assert [count(store, table) for table in ("seen", "signal", "content", "ledger")] == [0] * 4
