"""The source in memory keeps the contract of every source."""

from __future__ import annotations

import threading

import pytest

from connector.domain.errors import Unavailable
from connector.testing.memory_source import MemorySource, a_signal, an_unreadable
from connector.testing.source import SourceContract, drain


class MemoryWorld:
    def __init__(self):
        self.source = MemorySource()

    def open(self):
        return self.source

    def put_good(self, number):
        self.source.put(a_signal(number))

    def put_broken(self, number):
        self.source.put(an_unreadable(number))

    def fingerprint(self):
        return tuple(self.source._items)


class TestMemorySource(SourceContract):
    @pytest.fixture
    def world(self):
        return MemoryWorld()


def test_waiting_ends_when_something_is_put():
    source = MemorySource()
    drain(source)
    waiter = threading.Thread(target=source.put, args=(a_signal(),))
    waiter.start()
    assert source.wait(30)
    waiter.join()


def test_a_planted_outage_is_raised_once():
    source = MemorySource([a_signal()])
    source.fault = Unavailable("memory", "planted")
    with pytest.raises(Unavailable):
        drain(source)
    assert len(drain(source)[0]) == 1
