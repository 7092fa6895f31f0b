"""A conversation with somebody whose call had failed: told on the case that is open for it."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.domain.call_facts import glance
from connector.domain.case import Case, CaseState
from connector.domain.signal import Signal
from connector.pipeline.callroom import CallRules, deadline_of
from connector.pipeline.joining import UNANSWERED
from connector.pipeline.owing import Prepare, owe
from connector.recovery import reached
from connector.store import calls, cases
from connector.store.keys import keyed
from connector.store.signals import Stored
from connector.store.store import Tx


def tell(tx: Tx, stored: Stored, rules: CallRules, prepare: Prepare) -> None:
    """Owe a note to each open case about unanswered calls of that number.

    Where the conversation came within the time for calling back, the ticket is resolved as well.
    """
    signal = stored.item
    one = glance(signal) if isinstance(signal, Signal) else None
    if one is None or not isinstance(signal, Signal) or not one.reached:
        return
    phone = signal.contact.phone
    number = calls.number_key(tx.secret, signal.tenant, phone)
    if number is None:
        return
    since = _last_failure(tx, signal.tenant, number, one.ended)
    for case in _cases(tx, signal.tenant, phone):
        here = rules.at(case.site)
        in_time = since is not None and one.ended <= int(deadline_of(*since, here).timestamp())
        at = datetime.fromtimestamp(one.ended, UTC)
        tx.record("case.reached", case_id=case.id, signal=stored.seed, in_time=in_time)
        changes = reached.changes(
            case,
            seed=stored.seed,
            at=at,
            called_back=one.outbound,
            in_time=in_time,
            practice=here.practice,
        )
        owe(tx, stored, changes, prepare, held=case.state is CaseState.HELD)


def _cases(tx: Tx, tenant: str, phone: str) -> list[Case]:
    found = cases.find_open(tx.connection, tenant, [keyed(tx.secret, "phone", phone)])
    return [
        known.case
        for _, known in found
        if known.channel == "phone"
        and known.case.categories[:1] == (UNANSWERED,)
        and not known.case.second_look
    ]


def _last_failure(tx: Tx, tenant: str, number: bytes, until: int) -> tuple[int, bool] | None:
    """Give when the last failed call before a conversation ended, and whether it left a message."""
    kept = calls.of_number(tx.connection, tenant, number, 0)
    failed = [one for one in kept if one.failed and one.ended <= until]
    last = max(failed, key=lambda one: one.ended, default=None)
    return None if last is None else (last.ended, last.message)
