"""What was heard before is corrected: it belongs to what the first version opened.

A person changed an answer, or a phone system sent a later version of a call's record.

The case of the earlier answer gets a note, whatever the answers say now; a ticket that people
closed lately is opened again where they still tell of a failure. Where the earlier answer
opened nothing, or its ticket is past, the changed one is judged as any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection, Row

from connector.domain.assessment import Lane
from connector.domain.case import Case, CaseState
from connector.domain.signal import Channel, Signal
from connector.domain.ticket import Change, TicketStatus, UpdateTicket
from connector.pipeline import returned
from connector.recovery import plan
from connector.store import calls, cases, outbox, response_rows, signals
from connector.store.signals import End, Stored
from connector.store.store import Tx

KINDS = ("edited", "withdrawn")
"""What can become of an answer that was heard."""
_UNDONE = ("ready", "sending", "unknown", "held", "aside")


def of(signal: Signal) -> bytes | None:
    """Give the identity of the signal whose answers this one changes; None for any other."""
    fact = signal.facts.get("edit_of")
    if not isinstance(fact, str):
        return None
    try:
        return bytes.fromhex(fact)
    except ValueError:
        return None


def kind(signal: Signal) -> str:
    """Say what became of the answer: `edited` or `withdrawn`."""
    return "withdrawn" if signal.facts.get("withdrawn") is True else "edited"


def corrected(tx: Tx, case: Case, stored: Stored, heard: plan.Heard) -> tuple[Change, ...]:
    """Resolve a ticket whose only calls turn out to be no failure, by the system's own records."""
    signal = heard.signal
    if signal.channel is not Channel.PHONE or heard.assessment.lane is not Lane.COUNT:
        return ()
    if case.state is CaseState.CLOSED or case.second_look:
        return ()
    gone = of(signal)
    others = [one for one in signals.of_case(tx.connection, case.id) if one.id != gone]
    spoken = any(_is_more(one) for one in others)
    if spoken or calls.any_failed(tx.connection, [one.id for one in others]):
        return ()
    key = f"{stored.seed}.{case.id}.corrected"
    return (UpdateTicket(key=key, case_id=case.id, status=TicketStatus.RESOLVED),)


def _is_more(stored: Stored) -> bool:
    """Say whether an item of a case is anything but a call."""
    return not isinstance(stored.item, Signal) or stored.item.channel is not Channel.PHONE


def earlier(connection: Connection, batch: Sequence[Stored]) -> dict[bytes, str]:
    """Give the cases of the earlier answers that these signals change, by the earlier signal."""
    items = [one.item for one in batch if isinstance(one.item, Signal)]
    wanted = [identity for identity in map(of, items) if identity is not None]
    return response_rows.cases_of(connection, wanted)


def case_row(
    tx: Tx, stored: Stored, known: Mapping[bytes, str], ended: Mapping[bytes, tuple[Stored, End]]
) -> Row[Any] | None:
    """Give the case of the earlier answer; `ended` are signals of the same batch."""
    identity = of(stored.item) if isinstance(stored.item, Signal) else None
    if identity is None:
        return None
    case_id = ended[identity][1].case_id if identity in ended else known.get(identity)
    return cases.get(tx.connection, case_id) if case_id else None


def reopening(tx: Tx, row: Row[Any], heard: plan.Heard) -> tuple[bool, UpdateTicket | None]:
    """Say whether the change belongs to this case, and give what opens its ticket again."""
    if row.state != CaseState.CLOSED.value or heard.assessment.lane in {Lane.COUNT, Lane.PARK}:
        return True, None
    change = returned.reopening(tx, row)
    if change is not None:
        tx.record("ticket.reopened", case_id=row.id, why="answer_changed", complaints=1)
        return True, change
    last = outbox.reopening(tx.connection, row.id)
    return last is not None and last.state in _UNDONE, None
