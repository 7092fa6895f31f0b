"""The contract of every source: inherit `SourceContract`, give it a world, and it is tested.

A world is the place where the source listens (a mailbox, a folder, a log), as a test can
arrange it::

    class TestMailFile(SourceContract):
        @pytest.fixture
        def world(self, tmp_path):
            return FolderWorld(tmp_path)
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from datetime import timedelta
from typing import Protocol

import pytest

from connector.domain.errors import AmendsError
from connector.domain.signal import Batch, Cursor, Item, Signal, Unreadable, signal_id
from connector.sources.base import Probes, Source, Waits

_SECRET = b"contract"
_PATIENCE_S = 30
"""Bound for joining a thread that should end at once; reached only by a failing source."""


class SourceWorld(Protocol):
    """What the contract asks of a test: arrange the place where the source listens."""

    def open(self) -> Source:
        """Make a fresh source on this world, as after a restart."""
        ...

    def put_good(self, number: int) -> None:
        """Add one item behind all others that becomes exactly one Signal; distinct by number."""
        ...

    def put_broken(self, number: int) -> None:
        """Add one item behind all others that becomes exactly one Unreadable."""
        ...

    def fingerprint(self) -> Hashable:
        """Everything about the place that reading must not change (bytes, flags, names)."""
        ...


def drain(source: Source, after: Cursor | None = None) -> tuple[list[Item], Cursor | None]:
    """Read to the end; give all items and the cursor that stands behind the last batch."""
    items: list[Item] = []
    for batch in source.read(after):
        items.extend(batch.items)
        after = batch.cursor
    return items, after


def identities(items: list[Item]) -> list[bytes]:
    """Give the identities under which the store would know these items."""
    return [signal_id(_SECRET, item) for item in items]


class SourceContract:
    """What holds for every source; each test is one promise of `Source`."""

    @pytest.fixture
    def world(self) -> SourceWorld:
        """Override: an empty world of the source under test."""
        raise NotImplementedError

    @pytest.fixture
    def source(self, world: SourceWorld) -> Iterator[Source]:
        """Open a source on the world; it is closed after the test."""
        source = world.open()
        yield source
        source.close()

    def test_an_empty_place_yields_no_items(self, source: Source) -> None:
        """Nothing there is no error."""
        assert drain(source)[0] == []

    def test_items_say_where_they_come_from(self, world: SourceWorld, source: Source) -> None:
        """Each item carries tenant, source, locator and raw bytes; times are aware UTC."""
        world.put_good(1)
        world.put_broken(2)
        for item in drain(source)[0]:
            assert item.tenant
            assert item.source == source.name
            assert item.locator
            if isinstance(item, Signal):
                assert item.natural_key
                assert item.raw
                if item.event_time is not None:
                    assert item.event_time.utcoffset() == timedelta(0)
            else:
                assert item.problem

    def test_items_come_in_the_order_of_the_source(
        self, world: SourceWorld, source: Source
    ) -> None:
        """Oldest first: the keys of a longer reading begin with those of a shorter one."""
        world.put_good(1)
        world.put_good(2)
        before = identities(drain(source)[0])
        world.put_good(3)
        assert identities(drain(source)[0])[:2] == before

    def test_different_items_have_different_keys(self, world: SourceWorld, source: Source) -> None:
        """Two things that happened are two signals."""
        for number in range(5):
            world.put_good(number)
        items = drain(source)[0]
        assert len(items) == 5
        assert len(set(identities(items))) == 5

    def test_reading_twice_gives_the_same_keys(self, world: SourceWorld, source: Source) -> None:
        """Also from a fresh source, as after a crash."""
        for number in range(3):
            world.put_good(number)
        world.put_broken(3)
        first = identities(drain(source)[0])
        assert len(first) == 4
        assert identities(drain(source)[0]) == first
        again = world.open()
        try:
            assert identities(drain(again)[0]) == first
        finally:
            again.close()

    def test_every_cursor_resumes_exactly_behind_its_batch(
        self, world: SourceWorld, source: Source
    ) -> None:
        """Nothing twice, nothing left out, wherever the daemon died."""
        for number in range(7):
            world.put_good(number)
        batches: list[Batch] = list(source.read(None))
        assert batches
        for done in range(len(batches)):
            rest = [item for batch in batches[done + 1 :] for item in batch.items]
            again = world.open()
            try:
                assert identities(drain(again, batches[done].cursor)[0]) == identities(rest)
            finally:
                again.close()

    def test_a_new_item_is_the_only_one_behind_the_last_cursor(
        self, world: SourceWorld, source: Source
    ) -> None:
        """Polling finds news once."""
        world.put_good(1)
        _, cursor = drain(source)
        assert drain(source, cursor)[0] == []
        world.put_good(2)
        news, cursor = drain(source, cursor)
        assert len(news) == 1
        assert drain(source, cursor)[0] == []

    def test_a_cursor_of_somebody_else_never_hides_items(
        self, world: SourceWorld, source: Source
    ) -> None:
        """Damage is refused with one of our errors, or everything is read again."""
        world.put_good(1)
        everything = identities(drain(source)[0])
        for cursor in ("", "nonsense", '{"version": 99}', "[]", "9" * 40, "null"):
            try:
                items = drain(source, cursor)[0]
            except AmendsError:
                continue
            assert identities(items) == everything

    def test_reading_has_no_effect_on_the_source(self, world: SourceWorld, source: Source) -> None:
        """No flag set, no file touched, nothing moved."""
        world.put_good(1)
        world.put_broken(2)
        before = world.fingerprint()
        drain(source)
        assert world.fingerprint() == before

    def test_a_broken_item_is_shown_and_stops_none_behind_it(
        self, world: SourceWorld, source: Source
    ) -> None:
        """It flows on as Unreadable, in its place."""
        world.put_good(1)
        world.put_broken(2)
        world.put_good(3)
        kinds = [type(item) for item in drain(source)[0]]
        assert kinds == [Signal, Unreadable, Signal]

    def test_settling_twice_or_in_vain_is_harmless(
        self, world: SourceWorld, source: Source
    ) -> None:
        """A crash after settling settles again; what is gone cannot be settled."""
        world.put_good(1)
        items, cursor = drain(source)
        locators = [item.locator for item in items]
        source.settle(locators)
        source.settle(locators)
        source.settle(["nonsense"])
        source.settle([])
        assert drain(source, cursor)[0] == []

    def test_close_from_another_thread_ends_a_reading(
        self, world: SourceWorld, source: Source
    ) -> None:
        """The reading ends, or fails with one of our errors; closing twice is fine."""
        for number in range(3):
            world.put_good(number)
        reading = source.read(None)
        next(reading)
        closer = threading.Thread(target=source.close)
        closer.start()
        closer.join(_PATIENCE_S)
        assert not closer.is_alive()
        try:
            for _ in reading:
                pass
        except AmendsError:
            pass
        source.close()

    def test_waiting_no_time_is_an_answer(self, source: Source) -> None:
        """For a source that can wait."""
        if not isinstance(source, Waits):
            pytest.skip("this source is polled")
        drain(source)
        assert source.wait(0) in {True, False}

    def test_probing_a_sound_place_finds_nothing(self, world: SourceWorld, source: Source) -> None:
        """For a source that can examine itself."""
        if not isinstance(source, Probes):
            pytest.skip("this source cannot be probed")
        world.put_good(1)
        assert source.probe() == []
