"""A rehearsal at the start: judge and plan one made-up signal, and throw the result away.

It loads word lists and templates before the first real item is begun, so that a process
that dies while it still warms up does not put the blame on an item; and a template that
cannot be rendered is found when an admin is looking.
"""

from __future__ import annotations

from datetime import UTC, datetime

from connector.domain.case import Case, CaseState, Group
from connector.domain.signal import Channel, Contact, Signal
from connector.pipeline.rules import Rules
from connector.recovery import plan, policy
from connector.triage.assess import assess

_AT = datetime(2025, 6, 9, 15, 0, tzinfo=UTC)
_SEED = "0" * 32


def rehearse(rules: Rules) -> int:
    """Go through the motions; gives how many changes would have been owed."""
    signal = Signal(
        tenant=rules.practice.tenant,
        source="rehearsal",
        natural_key="rehearsal",
        locator="",
        channel=Channel.MAIL,
        event_time=_AT,
        contact=Contact(name="Nobody", email="nobody@example.invalid"),
        subject="Rehearsal",
        text="I waited for an hour and nobody called me back.",
    )
    assessment = assess(signal, rules.triage)
    case = Case(
        id="C-00000-00000",
        tenant=signal.tenant,
        group=Group.SERVICE,
        state=CaseState.OPEN,
        severity=max(1, assessment.severity),
        categories=assessment.categories or ("other.unclassified",),
        second_look=False,
        opened_at=_AT,
        event_time=_AT,
        clocks=policy.clocks(2, _AT, _AT, rules.recovery, rules.practice.zone),
        ticket_id="",
        ticket_url="",
    )
    heard = plan.Heard(signal=signal, assessment=assessment, detected_at=_AT, seed=_SEED)
    changes = plan.opening(case, heard, rules.practice, rules.recovery, book=rules.shelf.book())
    return sum(bool(rules.prepare(change)) for change in changes)
