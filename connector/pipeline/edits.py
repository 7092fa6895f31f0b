"""Agents' edits win: what they changed of ours is remembered, and our own updates spare it.

A property is theirs while the value that stands there is not the one that we wrote last:
a priority, a due time, a field, a tag of ours that they took away or put there themselves.
Putting our value back makes it ours again. The assignee is theirs whenever there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from connector.domain.ticket import Change, OpenTicket, Snapshot, UpdateTicket
from connector.helpdesks.base import Capabilities
from connector.recovery.tags import ALL, RIGHT, WRONG
from connector.store import edits, following
from connector.store.edits import Mark
from connector.store.keys import keyed
from connector.store.store import Store, Tx

ANSWERS: Final = frozenset({RIGHT, WRONG})
"""Tags with which agents answer us: theirs to set, ours to take away once they are heard."""
MAX_TICKET_FIELDS: Final = 200
"""Of a ticket with more fields the rest is not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A property that was not seen before as it stands now."""

    name: str
    """`severity`, `assignee`, `due_at`, `tag:...` or `field:...`."""
    value: str | None
    """As it stands, in our words; None when it is not there."""
    mark: Mark
    """What is to be remembered."""
    before: Mark | None


def written(changes: Iterable[OpenTicket | UpdateTicket]) -> dict[str, str | None]:
    """Give what we wrote last into each property; pure. None: we took it away."""
    found: dict[str, str | None] = {}
    for change in changes:
        if isinstance(change, OpenTicket):
            found |= dict.fromkeys((f"tag:{tag}" for tag in change.tags), "")
        else:
            found |= dict.fromkeys((f"tag:{tag}" for tag in change.add_tags), "")
            found |= dict.fromkeys(f"tag:{tag}" for tag in change.remove_tags)
        found |= {f"field:{name}": value for name, value in change.fields.items()}
        if change.severity:
            found["severity"] = str(change.severity)
        if change.due_at is not None:
            found["due_at"] = _minute(change.due_at)
        if isinstance(change, UpdateTicket) and change.assignee:
            found["assignee"] = change.assignee
    return found


def shown(seen: Snapshot, able: Capabilities) -> dict[str, str]:
    """Give what stands on a ticket, as far as this product shows it; pure."""
    found: dict[str, str] = {}
    if seen.severity:
        found["severity"] = str(seen.severity)
    if seen.assignee:
        found["assignee"] = seen.assignee
    if seen.due_at is not None and able.sla == "due_date":
        found["due_at"] = _minute(seen.due_at)
    if able.tags != "none":
        found |= {f"tag:{tag}": "" for tag in sorted(seen.tags & (ALL - ANSWERS))}
    fields = sorted(seen.fields.items())[:MAX_TICKET_FIELDS]
    return found | {f"field:{name}"[:80]: value for name, value in fields}


def compare(
    ours: Mapping[str, str | None],
    there: Mapping[str, str],
    known: Mapping[str, Mark],
    secret: bytes,
    *,
    tags: bool,
) -> Iterator[Difference]:
    """Find what differs from what was seen last; pure.

    Fields that we never wrote are none of our business. What we wrote and never saw does not
    count as taken away, because the product may not have it; a tag does, where it has tags.
    """
    names = [name for name in ours if not name.startswith("tag:") or name[4:] in ALL - ANSWERS]
    tagged = [name for name in there if name.startswith("tag:")]
    for name in dict.fromkeys([*names, *tagged, "assignee"]):
        before, value = known.get(name), there.get(name)
        wrote, is_tag = ours.get(name), name.startswith("tag:")
        if is_tag and not tags:
            continue
        if value is None and not is_tag and (before is None or before.seen is None):
            continue
        seen = _hash(secret, name, value)
        theirs = value != wrote
        if name == "assignee" and wrote is not None and value is not None:
            # products show people by number or name: the first one after nobody is ours
            theirs = _other_person(before, seen)
        mark = Mark(seen=seen, theirs=theirs)
        if mark != before and not (before is None and not mark.theirs and value is None):
            yield Difference(name=name, value=value, mark=mark, before=before)


def _other_person(before: Mark | None, seen: bytes | None) -> bool:
    if before is None or before.seen is None:
        return False
    return before.theirs if before.seen == seen else True


def is_ignored(name: str, ignored: frozenset[str]) -> bool:
    """Say whether the helpdesk never took a property from us, so that nobody changed it; pure."""
    kind, _, rest = name.partition(":")
    return (
        name in ignored
        or (kind == "field" and rest in ignored)
        or (kind == "tag" and "tags" in ignored)
    )


def respectful(tx: Tx, change: Change) -> Change | None:
    """Leave out of an update what agents have made theirs; None when nothing is left of it.

    On a ticket into which agents merged ours, only tags are added: the rest is another's.
    """
    if not isinstance(change, UpdateTicket):
        return change
    theirs = edits.theirs(tx.connection, change.case_id)
    guest = following.is_guest(tx.connection, change.case_id)
    kept = spare(change, theirs, guest=guest)
    left_out = sorted(_named(change) - _named(kept))
    if left_out:
        tx.record("change.trimmed", case_id=change.case_id, key=change.key, left_out=[*left_out])
    return kept if _named(kept) else None


def respected(tx: Tx, changes: Iterable[Change]) -> Iterator[Change]:
    """Give changes that are about to be owed, as far as they leave alone what is theirs."""
    for change in changes:
        kept = respectful(tx, change)
        if kept is not None:
            yield kept


def still_ours(
    store: Store, change: UpdateTicket, prepare: Callable[[Change], bytes]
) -> UpdateTicket | None:
    """Give an update as it may be sent now; None when nothing is left of it.

    It may have waited for days, while agents worked on the ticket: what they made theirs since
    it was frozen is left out, and on record. What is left is frozen anew, from the same change.
    """
    with store.read() as connection:
        theirs = edits.theirs(connection, change.case_id)
        guest = following.is_guest(connection, change.case_id)
    if spare(change, theirs, guest=guest) == change:
        return change
    kept = store.write(lambda tx: respectful(tx, change))
    return replace(kept, body=prepare(kept)) if isinstance(kept, UpdateTicket) else None


def spare(change: UpdateTicket, theirs: frozenset[str], *, guest: bool = False) -> UpdateTicket:
    """Leave `theirs` out of an update; pure."""

    def ours(name: str) -> bool:
        return name not in theirs

    removed = [tag for tag in change.remove_tags if tag in ANSWERS or not guest]
    fields = {} if guest else change.fields
    return replace(
        change,
        severity=change.severity if ours("severity") and not guest else None,
        due_at=change.due_at if ours("due_at") and not guest else None,
        assignee=change.assignee if ours("assignee") and not guest else "",
        add_tags=tuple(tag for tag in change.add_tags if ours(f"tag:{tag}")),
        remove_tags=tuple(tag for tag in removed if ours(f"tag:{tag}")),
        fields={name: value for name, value in fields.items() if ours(f"field:{name}")},
    )


def _named(change: UpdateTicket) -> frozenset[str]:
    parts: Sequence[str] = (
        *(["severity"] if change.severity is not None else []),
        *(["due_at"] if change.due_at is not None else []),
        *(["status"] if change.status is not None else []),
        *(["assignee"] if change.assignee else []),
        *(f"tag:{tag}" for tag in (*change.add_tags, *change.remove_tags)),
        *(f"field:{name}" for name in change.fields),
    )
    return frozenset(parts)


def _hash(secret: bytes, name: str, value: str | None) -> bytes | None:
    return None if value is None else keyed(secret, "edit", name, value)


def _minute(at: datetime) -> str:
    """Products keep due times to the minute at best."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
