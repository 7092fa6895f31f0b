"""The interface of a helpdesk and the base of its configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from connector.domain.blueprint import Blueprint, PlannedStep
from connector.domain.practice import Practice
from connector.domain.ticket import (
    AddNote,
    Change,
    OpenTicket,
    Snapshot,
    TicketEvent,
    TicketRef,
    UpdateTicket,
)

MAX_CLOCK_DIFFERENCE_S: Final = 300
"""A larger difference between the helpdesk's clock and ours is worth a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the product can do, as data on which the pipeline decides; the contract tests it."""

    find: Literal["strong", "eventual", "scan", "none"]
    """strong: reads its own writes; eventual: after `find_lag_s`; scan: strong, but costly."""
    find_lag_s: int = 0
    find_again_s: int = 0
    """An empty answer to `find` counts only when it comes again after so long; 0: at once."""
    native_idempotency_s: int = 0
    """How long the product itself recognises a repeated create; 0: it does not."""
    optimistic_lock: bool = False
    tags: Literal["set", "add_remove", "field", "none"] = "none"
    sla: Literal["policy", "field", "due_date", "none"] = "none"
    mail_on_create: bool = True
    """True when a careless create would mail the patient (the plugin must prevent it)."""
    history: Literal["events", "notes_only", "none"] = "none"
    ticket_mark: str = r"(?:[^#]{0,60})#\s?(?:[A-Za-z]{1,8}-)?(\d{1,19})"
    """What the product writes into square brackets in the subjects of its mails, as a regular
    expression for the whole of it; its first group is the ticket's id. Empty: nothing."""
    max_subject: int = 150
    max_text_bytes: int = 64_000
    max_attachment_bytes: int = 0
    """Per file; 0: attachments cannot be passed on."""
    deadline_s: int = 30
    """No request takes longer; doubt is settled only after twice this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that `amends check` found, in plain words."""

    what: str
    """What is wrong."""
    cure: str
    """What to do about it."""
    fatal: bool = True
    """False for a warning: the daemon can work, but something is worse than it could be."""


def clock_problems(theirs: datetime | None, now: datetime) -> list[Problem]:
    """Say for `check` that the helpdesk's clock differs from ours; pure; None: not told."""
    difference = int(abs((theirs - now).total_seconds())) if theirs else 0
    if difference <= MAX_CLOCK_DIFFERENCE_S:
        return []
    return [
        Problem(
            what=f"The helpdesk's clock and this machine's differ by {difference} seconds.",
            cure="Synchronise both (NTP); due times and the search for tickets rely on them.",
            fatal=False,
        )
    ]


def told(change: UpdateTicket, due: str) -> Iterator[str]:
    """Tell agents line by line what an update changes; pure. `due` is its due time in words."""
    if change.severity is not None:
        yield f"- severity {change.severity}"
    if change.status is not None:
        yield f"- status {change.status.value}"
    if change.due_at is not None:
        yield f"- due {due}"
    if change.assignee:
        yield f"- assigned to {change.assignee}"
    for sign, tags in (("+", change.add_tags), ("-", change.remove_tags)):
        yield from (f"- tag {sign} {tag}" for tag in sorted(tags))
    yield from (f"- {name}: {value}" for name, value in sorted(change.fields.items()))


class Helpdesk(Protocol):
    """A product in which the support team works; its methods may be called by several threads.

    No method retries a write. Errors are those of `connector.domain.errors`; in particular a
    lost answer or 5xx on a write is OutcomeUnknown, on a read Unavailable.
    """

    name: str
    capabilities: Capabilities

    def check(self) -> list[Problem]:
        """Examine credentials, rights, fields, forms and clock; changes nothing."""
        ...

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """All tickets that carry the key of an OpenTicket, also closed ones, oldest first.

        An empty list is an answer: no such ticket. Whatever else stands in the way raises,
        because a refusal to answer must leave the change in doubt.
        """
        ...

    def prepare(self, change: Change) -> bytes:
        """Make the exact body; pure, called once and frozen in the outbox."""
        ...

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Create the ticket from its frozen body; ends with a read-back.

        What the server ignored is raised as PartiallyApplied. Never mails the patient.
        """
        ...

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Apply what is ours; repeating it is harmless; foreign tags and fields stay."""
        ...

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Add a private note; the same key twice is one note (looks before it writes)."""
        ...

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Read the ticket; Gone when it is deleted or merged."""
        ...

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """Everything that the product tells about the ticket, oldest first; whole or Incomplete."""
        ...

    def close(self) -> None:
        """Give up connections; callable from any thread."""
        ...


@runtime_checkable
class Finishes(Protocol):
    """The optional ability of a product whose `open` takes several requests."""

    def finish(self, ref: TicketRef, ticket: OpenTicket) -> None:
        """Complete a ticket that `find` found after a lost answer; repeating it is harmless.

        A ticket that agents have made use of is left alone. Errors as those of `open`; until
        it returns (or raises PartiallyApplied) the change stays in doubt.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One page of a product's feed of changes."""

    refs: tuple[TicketRef, ...]
    """Tickets that changed, also such as are not ours; a ticket may come twice."""
    cursor: str
    """Where to go on; opaque, at most 1,000 characters; kept when the page was followed."""
    more: bool
    """True when there is a further page now."""


@runtime_checkable
class FollowsChanges(Protocol):
    """The optional ability of a product that tells which tickets changed.

    Without it, known open tickets are looked at in turn.
    """

    def changed_since(self, cursor: str, since: datetime) -> Changed:
        """Give a page of what changed after `cursor`, or since a time when it is empty.

        May repeat, never skips; what the product holds back for now (an index that lags) comes
        with a later cursor. Raises Unavailable and AuthenticationFailed as all reads do, and
        Rejected for a cursor that the product no longer takes: begin anew with an empty one.
        """
        ...


Op: TypeAlias = Literal["open", "note", "update", "find"]
"""What the pipeline asks of a helpdesk; `find` also stands for a doubted `open`."""


@runtime_checkable
class Paced(Protocol):
    """The optional ability of a product that limits requests (see `connector.http.budget`)."""

    def pause_s(self, op: Op, *, urgent: bool = False) -> float:
        """Say for how many seconds no such operation should begin; 0: now. No I/O.

        The pipeline asks before it claims a change, so that nothing waits half sent. Urgent
        is what belongs to a case of severity 4.
        """
        ...

    def turn(self, op: Op, *, urgent: bool = False) -> AbstractContextManager[None]:
        """Mark the requests of the calling thread inside as those of one operation; no I/O."""
        ...


@runtime_checkable
class Provisions(Protocol):
    """The optional ability of a product that can be set up over its API."""

    def plan(self, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
        """Compare what is wanted with what is there; changes nothing.

        Also what is as wanted is a step (KEEP), and what cannot be done is one (MANUAL).
        With `remove`, steps that take away what was made for us, and nothing else; what
        agents wrote into fields would go with it, and the step says so.
        """
        ...

    def carry_out(self, step: PlannedStep, wanted: Blueprint) -> None:
        """Do a CREATE, CHANGE or REMOVE; repeating it is harmless.

        Raises Rejected or AuthenticationFailed with what the admin has to do.
        """
        ...


@runtime_checkable
class Assigns(Protocol):
    """The optional ability of a product in which a ticket can be given to a person.

    `UpdateTicket.assignee` gives a ticket that nobody has to somebody. What cannot be done,
    because there is no such account or it may not have the ticket, is PartiallyApplied with
    `assignee` missing; a ticket that somebody has is left as it is.
    """

    def strangers(self, accounts: Sequence[str]) -> list[str]:
        """Name those among the accounts to whom no ticket can be given, for `amends check`."""
        ...


class HelpdeskSettings(BaseModel):
    """What every helpdesk's configuration has; the subclass is the plugin's entry point."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    kind: str = Field(description="Which plugin; its file in connector/helpdesks.")
    name: str = Field(
        default="helpdesk",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="Your name for it in status and log.",
    )
    deadline_seconds: int = Field(
        default=30, ge=1, le=300, description="No request takes longer than this in all."
    )
    share_percent: int = Field(
        default=60,
        ge=5,
        le=100,
        description="How much of the limit that the helpdesk sets for your account may be used "
        "here; the rest is left to people and to other integrations.",
    )
    settle_seconds: int = Field(
        default=90,
        ge=0,
        le=3_600,
        description="After a lost answer, how long a late effect may take to appear before the "
        "ticket is looked for. Keep it at twice deadline_seconds or more.",
    )

    def open(self, practice: Practice) -> Helpdesk:
        """Make the helpdesk; no I/O yet. Raises ConfigError for what only the plugin can judge."""
        raise NotImplementedError
