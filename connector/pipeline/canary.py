"""The self-test as something that is on record, by command or once a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ConfigDict, Field

from connector.helpdesks.base import Helpdesk
from connector.pipeline.selftest import ESSENTIAL, Finding, Outcome, SelfTest
from connector.store import jobs
from connector.store.store import Store

log = structlog.get_logger()

JOB = "canary"
"""Name under which the last daily run is remembered."""


class CanarySettings(BaseModel):
    """A daily ticket of our own by which the helpdesk is tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=False,
        description="Once a day, do what `amends check --write` does: make one marked ticket, "
        "try everything with it, close it; a failure is an error in the log.",
    )
    hour: int = Field(default=4, ge=0, le=23, description="Local hour from which it may run.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found."""

    key: str
    """By which the ticket can be found in the helpdesk."""
    ticket: str
    """The product's id of the ticket; empty when there is none."""
    url: str
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What went otherwise than promised."""
        return tuple(one for one in self.findings if one.outcome is Outcome.FAILED)

    @property
    def level(self) -> int:
        """0 all is well, 1 something could be better, 2 something essential fails."""
        if any(one.point in ESSENTIAL for one in self.failed):
            return 2
        return 1 if self.failed else 0


def try_out(store: Store, helpdesk: Helpdesk, *, pause: Callable[[float], object]) -> Report:
    """Run the self-test; that it begins is on record before anything is sent, and how it went."""
    test = SelfTest(helpdesk=helpdesk, token=store.entropy(6).hex(), clock=store.clock, pause=pause)
    name = helpdesk.name
    store.write(lambda tx: tx.record("selftest.began", helpdesk=name, key=test.key))
    findings = tuple(test.run())
    ref = test.ref
    report = Report(
        key=test.key,
        ticket=ref.id if ref else "",
        url=ref.url if ref else "",
        findings=findings,
    )
    ended = {
        "helpdesk": name,
        "key": test.key,
        "ticket": report.ticket,
        "failed": ",".join(_name(one) for one in report.failed),
    }
    store.write(lambda tx: tx.record("selftest.ended", case_id="", **ended))
    return report


def fly(store: Store, helpdesk: Helpdesk, *, pause: Callable[[float], object]) -> Report | None:
    """Run it as the daily job does: a failure is an error in the log.

    None when calls are paused: the helpdesk is in trouble, which is told already.
    """
    with store.read() as connection:
        if jobs.circuit(connection, helpdesk.name).breaker != "closed":
            return None
    report = try_out(store, helpdesk, pause=pause)
    if report.failed:
        points = ",".join(_name(one) for one in report.failed)
        count = len(report.failed)
        log.error(
            "canary_failed", target=helpdesk.name, ticket=report.ticket, count=count, reason=points
        )
    else:
        log.info("canary_passed", target=helpdesk.name, ticket=report.ticket)
    return report


def _name(finding: Finding) -> str:
    """Name a finding in record and log: its point's number, or its first words."""
    return str(finding.point) if finding.point else "_".join(finding.what.split()[:2]).strip(",")
