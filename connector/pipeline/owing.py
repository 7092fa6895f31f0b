"""What a signal makes us owe to the helpdesk: its changes, and notes about cases beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from connector.domain.case import Case, CaseState
from connector.domain.signal import Signal
from connector.domain.ticket import Change
from connector.pipeline.edits import respected
from connector.recovery import plan
from connector.store import cases, outbox
from connector.store.signals import Stored
from connector.store.store import Tx

Prepare: TypeAlias = Callable[[Change], bytes]
"""The helpdesk's pure maker of exact bytes."""


def owe(tx: Tx, stored: Stored, changes: Sequence[Change], prepare: Prepare, *, held: bool) -> None:
    """Freeze what is owed for a signal, as far as agents leave it to us."""
    files = _known_files(stored)
    freeze(tx, stored.item.tenant, changes, prepare, held=held, files=files)


def freeze(
    tx: Tx,
    tenant: str,
    changes: Iterable[Change],
    prepare: Prepare,
    *,
    held: bool = False,
    files: Mapping[str, int] | None = None,
) -> None:
    """Freeze what is owed to the helpdesk, as far as agents leave it to us."""
    for change in respected(tx, changes):
        frozen = prepare(change)
        outbox.add(tx, change, tenant=tenant, frozen=frozen, held=held, known_files=files)


def _known_files(stored: Stored) -> dict[str, int]:
    """Files that are stored already with the signal, by their digest."""
    if not isinstance(stored.item, Signal):
        return {}
    pairs = zip(stored.item.attachments, stored.file_ids, strict=False)
    return {attachment.sha256: file_id for attachment, file_id in pairs if file_id is not None}


def link(tx: Tx, case: Case, links: Sequence[tuple[str, str]], seed: str, prepare: Prepare) -> None:
    """Link cases that may belong together, and say so on both tickets, once each."""
    for number, (other_id, why) in enumerate(links):
        if not cases.link(tx, case.id, other_id, why):
            continue
        tx.record("case.linked", case_id=case.id, other=other_id, why=why)
        other_row = cases.get(tx.connection, other_id)
        if other_row is None:
            continue
        other = cases.case_of(other_row)
        for one, second, side in ((case, other, "a"), (other, case, "b")):
            note = plan.link_note(one, second.id, why, f"{seed}.{side}{number}")
            outbox.add(
                tx,
                note,
                tenant=one.tenant,
                frozen=prepare(note),
                held=one.state is CaseState.HELD,
            )
