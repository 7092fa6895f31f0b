"""Errors, sorted by what has to happen next.

::

    AmendsError                        exit 70  a fault of ours
    |-- ConfigError                    exit 78  the admin edits the file
    |-- StateError                     exit 74  the admin mends disk or database
    |   |-- StateFull                  exit 74  later, by itself, when there is room again
    |   `-- StateLocked                exit 75  another daemon holds the state
    |-- LedgerError                    exit 74  the auditor is told
    `-- EdgeError(edge, problem)       exit 75  something at the border of the practice's systems
        |-- Unavailable                exit 75  later, by itself (nothing was written)
        |   |-- NotSent                exit 75  no byte left this machine
        |   `-- RateLimited            exit 75  later, when `retry_after_s` has passed
    |       `-- OverShare          exit 75  the same, but it was us who held it back
        |-- OutcomeUnknown             exit 75  it may have worked: `find` before trying again
        |-- AuthenticationFailed       exit 77  stop this edge, tell the admin
        |-- Rejected                   exit 75  never by itself: set aside, tell a human
        |-- Conflict                   exit 75  re-read, then decide again
        |-- Gone(kind, merged_into)    exit 75  the ticket is not where it was
        |-- PartiallyApplied(ref, missing)      the server ignored something
        `-- Incomplete(reason)         exit 75  a history that cannot be whole

The docstring of a class says what happened; the message of an instance says
where and how to mend it. No message ever holds a patient's words, names,
numbers or a secret: callers pass codes, ids, counts and paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from connector.domain.ticket import TicketRef


class AmendsError(Exception):
    """Something went wrong inside amends itself."""

    exit_code: ClassVar[int] = 70


class ConfigError(AmendsError):
    """The configuration cannot be used; every fault is named with its path."""

    exit_code: ClassVar[int] = 78

    def __init__(self, faults: Sequence[str], *, where: str = "") -> None:
        """Keep each fault as one human line; `where` is the file that was read."""
        self.faults = tuple(faults)
        self.where = where
        head = f"{where}: " if where else ""
        super().__init__("\n".join(f"{head}{fault}" for fault in self.faults))


class StateError(AmendsError):
    """The state directory or its database cannot be used as it is."""

    exit_code: ClassVar[int] = 74


class StateFull(StateError):
    """The disk is full: nothing was written, and nothing is lost; goes on when there is room."""


class StateLocked(StateError):
    """Another daemon works on this state directory."""

    exit_code: ClassVar[int] = 75


class LedgerError(AmendsError):
    """The ledger does not verify; the auditor has to be told."""

    exit_code: ClassVar[int] = 74


class EdgeError(AmendsError):
    """A system beside ours (mailbox, file, helpdesk) did not do what was asked.

    `edge` is the configured name of the source or helpdesk, `problem` a short
    English sentence without a patient's words.
    """

    exit_code: ClassVar[int] = 75
    status: int = 0
    """The HTTP status by which it was refused; 0 where there was none."""

    def __init__(self, edge: str, problem: str) -> None:
        """Remember which edge and what happened there."""
        self.edge = edge
        self.problem = problem
        super().__init__(f"{edge}: {problem}")


class Unavailable(EdgeError):
    """The edge cannot be used right now and nothing was written; later, by itself."""


class NotSent(Unavailable):
    """The connection failed before a byte of the request left; safe to repeat."""


class RateLimited(Unavailable):
    """The edge asks for a pause; nothing was written."""

    def __init__(
        self, edge: str, problem: str, *, retry_after_s: int | None, bucket: str = ""
    ) -> None:
        """Take the pause in seconds (None: not said) and the name of the limit."""
        super().__init__(edge, problem)
        self.retry_after_s = retry_after_s
        self.bucket = bucket


class OverShare(RateLimited):
    """Our own share of the edge's limit is used up for now; no byte was sent."""


class OutcomeUnknown(EdgeError):
    """A write may have been applied; only an answer to `find` lifts the doubt."""


class AuthenticationFailed(EdgeError):
    """Credentials or rights are refused; the work is kept until the admin mended it."""

    exit_code: ClassVar[int] = 77


class Rejected(EdgeError):
    """The edge refuses this request for good; a human has to look at it."""

    def __init__(self, edge: str, problem: str, *, fields: Sequence[str] = ()) -> None:
        """Name the fields that the server complained about, never their values."""
        super().__init__(edge, problem)
        self.fields = tuple(fields)


class Conflict(EdgeError):
    """Somebody changed the ticket meanwhile; re-read before deciding again."""


class Gone(EdgeError):
    """The ticket is deleted, merged, closed for good, spam or archived."""

    def __init__(self, edge: str, problem: str, *, kind: str, merged_into: str = "") -> None:
        """`kind` is deleted | merged | closed | spam | archived."""
        super().__init__(edge, problem)
        self.kind = kind
        self.merged_into = merged_into


class PartiallyApplied(EdgeError):
    """The ticket exists, but the server ignored some of what was sent."""

    def __init__(self, edge: str, problem: str, *, ref: TicketRef, missing: Sequence[str]) -> None:
        """`missing` names the fields that did not read back."""
        super().__init__(edge, problem)
        self.ref = ref
        self.missing = tuple(missing)


class Incomplete(EdgeError):
    """A history cannot be read to its end; what was read must not pass as whole."""
