"""Metrics: one registry, the names that every room may use, and the page they are read from.

Names follow the Prometheus conventions (base units, `_total`, times as Unix
seconds); labels are bounded: configured names and codes, never an address, a
number or an id. Figures that must survive a restart are set from the database,
so they are gauges here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from pydantic import BaseModel, ConfigDict, Field

DELIVERY_BUCKETS_S = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400)
"""From one second, a good day, to one day, a helpdesk that was down for long."""


class MetricsSettings(BaseModel):
    """Where figures can be fetched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = Field(
        default="",
        pattern=r"^$|^(127\.0\.0\.1|\[::1\]|localhost|[0-9.]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$",
        description="Address and port of the metrics page, such as 127.0.0.1:9477; empty: none. "
        "Two daemons on one machine need two ports.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """All metrics of one daemon; made by `create`."""

    registry: CollectorRegistry
    source_up: Gauge
    """1 while the source answers, else 0; label source."""
    source_last_success: Gauge
    """When the source was last read to its end, Unix seconds; label source."""
    source_items: Counter
    """Items read; labels source, outcome (new, duplicate, unreadable)."""
    cases_opened: Counter
    """Cases opened; label severity."""
    outbox_items: Gauge
    """Changes by state; label state."""
    outbox_oldest_age: Gauge
    """Age of the oldest change in seconds; label state."""
    outbox_attempts: Counter
    """Attempts to deliver; labels target, outcome."""
    delivery_latency: Histogram
    """Seconds from detection to the confirmed ticket."""
    ledger_imbalance: Gauge
    """Signals that are not accounted for; must be 0."""
    heartbeat_age: Gauge
    """Seconds since a worker last showed that it lives; label worker."""
    build: Gauge = field(repr=False)
    """Always 1; labels version, python."""

    def render(self) -> bytes:
        """Print all figures in the Prometheus text format."""
        return generate_latest(self.registry)


def create(*, version: str, python: str) -> Metrics:
    """Make a fresh registry with every metric at its start value."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"amends_{name}", text, labels, registry=registry)

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"amends_{name}", text, labels, registry=registry)

    build = gauge("build_info", "Version of amends and Python", "version", "python")
    build.labels(version, python).set(1)
    return Metrics(
        registry=registry,
        source_up=gauge("source_up", "1 while the source answers", "source"),
        source_last_success=gauge(
            "source_last_success_timestamp_seconds", "Last complete read", "source"
        ),
        source_items=counter("source_items", "Items read", "source", "outcome"),
        cases_opened=counter("cases_opened", "Cases opened", "severity"),
        outbox_items=gauge("outbox_items", "Changes owed to the helpdesk", "state"),
        outbox_oldest_age=gauge("outbox_oldest_age_seconds", "Age of the oldest change", "state"),
        outbox_attempts=counter("outbox_attempts", "Attempts to deliver", "target", "outcome"),
        delivery_latency=Histogram(
            "amends_delivery_latency_seconds",
            "From detection to the confirmed ticket",
            buckets=DELIVERY_BUCKETS_S,
            registry=registry,
        ),
        ledger_imbalance=gauge("ledger_imbalance", "Signals not accounted for; must be 0"),
        heartbeat_age=gauge(
            "worker_heartbeat_age_seconds", "Age of its last sign of life", "worker"
        ),
        build=build,
    )
