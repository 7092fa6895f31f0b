"""How many requests each helpdesk takes for what is owed to it: people share its rate limit.

Counted where requests leave, once names and forms are known. Zendesk and Freshdesk are
simulated, django-helpdesk and Request Tracker are the real servers.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure
from bench.sizes import Sizes

ONE_POST: Final = "1 write, 0 reads"
"""What a new Zendesk ticket may take in the normal case."""


def run(_sizes: Sizes) -> list[Figure]:
    """Count for every helpdesk that can be had here."""
    figures = []
    for name, make in _worlds().items():
        world, why = make()
        if world is None:
            figures.append(_figure(name, f"cannot: {why}", target=""))
            continue
        try:
            counted = _count(world)
        finally:
            world.close()
        told = ", ".join(f"{change}: {found}" for change, found in counted.items())
        met = counted["ticket"] == ONE_POST if name == "zendesk" else None
        target = f"ticket: {ONE_POST}" if name == "zendesk" else ""
        figures.append(_figure(name, told, target=target, met=met))
    return figures


def _figure(name: str, ours: str, *, target: str, met: bool | None = None) -> Figure:
    what = f"requests of {name}"
    return Figure(name=what, ours=ours, beside="", ratio="", target=target, met=met)


def _worlds() -> dict[str, Callable[[], tuple[Any, str]]]:
    def zendesk() -> tuple[Any, str]:
        from servers.zendesk_world import ZendeskWorld

        return ZendeskWorld(), ""

    def freshdesk() -> tuple[Any, str]:
        from servers.freshdesk_world import FreshdeskWorld

        return FreshdeskWorld(), ""

    def django_helpdesk() -> tuple[Any, str]:
        from servers.helpdesk import SiteWorld, running_site

        return SiteWorld(running_site()), ""

    def request_tracker() -> tuple[Any, str]:
        from servers.request_tracker import RtWorld, installed, running

        if not installed():
            return None, "it is not installed here"
        return RtWorld(running(Path(tempfile.mkdtemp(prefix="amends-bench-")))), ""

    makers = (zendesk, freshdesk, django_helpdesk, request_tracker)
    return {make.__name__: make for make in makers}


def _count(world: Any) -> dict[str, str]:
    from connector.testing.changes import a_note, a_ticket, an_update
    from connector.testing.helpdesk.world import long_ago, prepared

    helpdesk = world.open()
    helpdesk.open(prepared(helpdesk, a_ticket(9_000)))  # reads names, form and token
    ticket = prepared(helpdesk, a_ticket(9_001))
    note, update = (
        replace(change, body=helpdesk.prepare(change)) for change in (a_note(1), an_update(1))
    )
    counted = {}
    with _requests() as seen:
        ref = helpdesk.open(ticket)
    counted["ticket"] = _said(seen)
    for name, act in (
        ("note", lambda: helpdesk.note(ref, note)),
        ("update", lambda: helpdesk.update(ref, update)),
        ("look", lambda: helpdesk.snapshot(ref)),
        ("search after a lost answer", lambda: helpdesk.find(ticket.key, long_ago())),
    ):
        with _requests() as seen:
            act()
        counted[name] = _said(seen)
    return counted


@contextmanager
def _requests() -> Iterator[Counter[bool]]:
    """Count requests that leave meanwhile, by whether they write."""
    from connector.http import Http

    seen: Counter[bool] = Counter()
    kept = Http.request

    def counting(self: Http, method: str, path: str, **more: Any) -> Any:
        seen[bool(more["write"])] += 1
        return kept(self, method, path, **more)

    Http.request = counting  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Http.request = kept  # type: ignore[method-assign]


def _said(seen: Counter[bool]) -> str:
    writes, reads = seen[True], seen[False]
    return f"{writes} write{'' if writes == 1 else 's'}, {reads} read{'' if reads == 1 else 's'}"
