"""The interface of a source and the base of its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from connector.domain.practice import Practice
from connector.domain.signal import Batch, Cursor
from connector.parsing.calls.found import Found
from connector.parsing.survey_proposal import Proposal


class Source(Protocol):
    """A place where patients are heard; used by one thread, except `close`."""

    name: str

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield everything after the cursor, oldest first, then end; no effect on the source.

        Each batch's cursor goes on right after its items; reading again from an older
        cursor yields the same natural keys. What cannot be understood is yielded as
        `Unreadable`, in its place. `None` begins at the beginning (or at the configured start).
        Raises Unavailable, AuthenticationFailed or ConfigError; items yielded before stay valid.
        """
        ...

    def settle(self, locators: Sequence[str]) -> None:
        """Tell that these items are committed (flag or move the mail, if configured).

        May come twice after a crash and may fail without harm; most sources do nothing.
        """
        ...

    def close(self) -> None:
        """Give up connections and files; callable from any thread, also to end a stuck read."""
        ...


@runtime_checkable
class Waits(Protocol):
    """The optional ability to wait for news (IMAP IDLE, file change) instead of being polled."""

    def wait(self, seconds: float) -> bool:
        """Return True as soon as there may be something new, False after `seconds`.

        Raises Unavailable when the connection turned out to be dead: read again then.
        """
        ...


@runtime_checkable
class Probes(Protocol):
    """The optional ability to examine the place beforehand, for `amends check`."""

    def probe(self) -> list[str]:
        """Name what is wrong, each in one plain sentence with its cure; empty: all is well.

        Changes nothing, raises nothing but faults of ours, and needs no reading before.
        """
        ...


@runtime_checkable
class Forecasts(Protocol):
    """The optional ability to say what the next reading will bring, for `amends check`."""

    def forecast(self, after: Cursor | None) -> str:
        """Say in one plain sentence what will be read after the cursor, and what is left out.

        None: before the very first reading. Changes nothing; raises EdgeError.
        """
        ...


@runtime_checkable
class Admits(Protocol):
    """The optional ability to say what a place can never show, for `amends check`."""

    def cannot_show(self) -> Sequence[str]:
        """Name each shortcoming in one plain sentence with its cure; may look at the place."""
        ...


@runtime_checkable
class LogsIn(Protocol):
    """The optional ability to let a person log in once, for `amends login`."""

    @property
    def alone(self) -> str:
        """Why nobody has to log in, in a few words (`has a password`); empty: a person does."""
        ...

    def login(self, tell: Callable[[str], None]) -> None:
        """Let a person log in and keep the outcome; `tell` shows what the person has to do.

        Raises ConfigError where nobody has to log in, EdgeError when it did not work.
        """
        ...


@runtime_checkable
class ReadsEarlier(Protocol):
    """The optional ability to read again what lies before the cursor, for `amends once --since`."""

    def read_earlier(self, after: Cursor | None, since: date) -> Iterator[Batch]:
        """Yield what arrived on that day or later, oldest first; cursors stay where `after` is.

        Items that are known already come again, under the same keys. Before the very first
        reading (None) the cursors say that it has begun.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the last comparison of a whole place with what is known of it found."""

    at: datetime | None
    """When it began, UTC; of several folders the one that waits longest. None: not yet all."""
    folders: int
    """How many folders were compared."""
    on_server: int
    """Messages that were there."""
    known: int
    """Of these, how many had not been passed over."""
    missing: int
    """How many had been passed over."""
    recovered: int
    """How many of those were read then; the others were gone."""


@runtime_checkable
class HearsCalls(Protocol):
    """The optional ability to tell whole calls, for `amends inspect --calls`."""

    def calls(self) -> Iterator[Found]:
        """Yield every call of the logs once, in the order of their ends, open ones last.

        Raises Unavailable. Reads from the beginning and keeps nothing.
        """
        ...


@runtime_checkable
class Proposes(Protocol):
    """The optional ability to propose what columns mean, for `amends inspect --map`."""

    def propose(self) -> Iterator[Proposal | str]:
        """Look at the configured file and propose a map for each of its tables.

        A text instead says why a table cannot be read. Raises Unavailable and OSError.
        """
        ...


class SourceSettings(BaseModel):
    """What every source's configuration has; the subclass is the plugin's entry point."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    kind: str = Field(description="Which plugin reads this source; its file in connector/sources.")
    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="Your name for it; part of every key, so do not change it later.",
    )
    poll_seconds: int = Field(
        default=60, ge=1, le=86_400, description="How often to look when the source cannot wait."
    )
    silence_hours: int = Field(
        default=72, ge=1, le=8_760, description="Warn when nothing was heard for so long."
    )

    def at_home(self, state_dir: Path) -> Self:
        """Learn where files of one's own may be kept; most sources keep none."""
        del state_dir
        return self

    def reads_with(self, other: SourceSettings) -> bool:
        """Say whether both would read the same files, so that everything is heard twice."""
        del other
        return False

    def open(self, practice: Practice) -> Source:
        """Make the source; no I/O yet. Raises ConfigError for what only the plugin can judge."""
        raise NotImplementedError

    def compared(self, cursor: Cursor) -> Comparison | None:
        """Say what the last comparison found; None where a source compares nothing."""
        del cursor
        return None

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Configure a source that reads one path once, for `amends inspect KIND:PATH`.

        Kinds that do not read files raise ConfigError with a sentence that says so.
        """
        raise NotImplementedError
