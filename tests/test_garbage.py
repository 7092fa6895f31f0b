"""Garbage in circles is still found, only less often looked for."""

from __future__ import annotations

import gc
import weakref

from connector import garbage


class Circle:
    def __init__(self):
        self.me = self


def test_what_is_made_later_is_still_let_go(monkeypatch):
    monkeypatch.setattr(gc, "freeze", lambda: None)  # the tests beside this one live on
    before = gc.get_threshold()
    try:
        garbage.settle()
        assert gc.isenabled()
        assert gc.get_threshold()[0] == garbage.YOUNG
        circle = weakref.ref(Circle())
        gc.collect()
        assert circle() is None
    finally:
        gc.set_threshold(*before)
