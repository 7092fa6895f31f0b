"""The state of the daemon as Prometheus figures and as health, for `connector.metrics`.

Every figure is taken from the database at the moment it is asked for, so none is lost by a
restart. Names follow the Prometheus conventions; labels are configured names and codes.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from connector import __version__
from connector.metrics import Answer, Routes
from connector.report.status import Status

LEVELS = ("ok", "degraded", "down")


def routes(status: Callable[[], Status], alive: Callable[[], bool]) -> Routes:
    """Make the page: `/metrics`, `/livez` (do the workers show life?), `/healthz` (all of it).

    `/healthz` is 200 also while degraded: an outage of mailbox or helpdesk is no reason to
    start the daemon again.
    """

    def livez() -> Answer:
        return Answer(body=b"ok\n") if alive() else Answer(body=b"stuck\n", status=503)

    def healthz() -> Answer:
        found = status()
        body = json.dumps(found.plain()).encode() + b"\n"
        code = 503 if found.level == "down" else 200
        return Answer(body=body, status=code, media_type="application/json")

    def metrics() -> Answer:
        return Answer(body=exposition(status()), media_type=CONTENT_TYPE_LATEST)

    return {"/livez": livez, "/healthz": healthz, "/metrics": metrics}


def exposition(status: Status, *, now: datetime | None = None) -> bytes:
    """Print all figures in the Prometheus text format; `now` is for ages, UTC."""
    registry = CollectorRegistry()
    registry.register(_Figures(status, now or datetime.now(UTC)))
    return generate_latest(registry)


class _Figures(Collector):
    """Hands one status to the library that prints it."""

    def __init__(self, status: Status, now: datetime) -> None:
        self._status = status
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        yield from _general(self._status)
        yield from _sources(self._status)
        yield from _changes(self._status, self._now)
        yield from _cases(self._status)


def _general(status: Status) -> Iterator[Metric]:
    build = GaugeMetricFamily("amends_build_info", "Versions.", labels=("version", "python"))
    build.add_metric((__version__, platform.python_version()), 1)
    yield build
    level = GaugeMetricFamily("amends_status", "1 for the present level.", labels=("level",))
    for name in LEVELS:
        level.add_metric((name,), status.level == name)
    yield level
    yield GaugeMetricFamily(
        "amends_ledger_imbalance", "Items that are not accounted for; must be 0.", status.imbalance
    )
    signals = CounterMetricFamily(
        "amends_signals", "Items heard, by how they ended.", labels=("outcome",)
    )
    for outcome, count in sorted(status.accounting.items()):
        signals.add_metric((outcome,), count)
    yield signals


def _sources(status: Status) -> Iterator[Metric]:
    up = GaugeMetricFamily("amends_source_up", "1 while it can be read.", labels=("source",))
    silent = GaugeMetricFamily(
        "amends_source_silent", "1 when it brought nothing for too long.", labels=("source",)
    )
    read = GaugeMetricFamily(
        "amends_source_last_success_timestamp_seconds",
        "When it was last read to its end.",
        labels=("source",),
    )
    heard = GaugeMetricFamily(
        "amends_source_last_item_timestamp_seconds",
        "When it last brought something.",
        labels=("source",),
    )
    for source in status.sources:
        label = (source.name,)
        up.add_metric(label, not source.error)
        silent.add_metric(label, source.silent)
        if source.last_read_at is not None:
            read.add_metric(label, source.last_read_at.timestamp())
        if source.last_item_at is not None:
            heard.add_metric(label, source.last_item_at.timestamp())
    yield from (up, silent, read, heard)


def _changes(status: Status, now: datetime) -> Iterator[Metric]:
    items = GaugeMetricFamily(
        "amends_outbox_items", "Changes for the helpdesk, by state.", labels=("state",)
    )
    for state, count in sorted(status.outbox.items()):
        items.add_metric((state,), count)
    yield items
    oldest = status.oldest_change_at
    age_s = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield GaugeMetricFamily(
        "amends_outbox_oldest_age_seconds", "Age of the oldest change not yet done.", age_s
    )
    breaker = GaugeMetricFamily(
        "amends_breaker_state", "1 for the present state.", labels=("target", "state")
    )
    breaker.add_metric((status.helpdesk, status.breaker), 1)
    yield breaker


def _cases(status: Status) -> Iterator[Metric]:
    cases = GaugeMetricFamily("amends_cases", "Cases, by what they wait for.", labels=("state",))
    for state, count in (
        ("open", status.open_cases),
        ("held", status.held_cases),
        ("overdue", status.overdue_cases),
    ):
        cases.add_metric((state,), count)
    yield cases
    drafts = GaugeMetricFamily("amends_drafts_refused", "Faults that keep own texts from use.")
    drafts.add_metric((), status.refused_drafts)
    yield drafts
