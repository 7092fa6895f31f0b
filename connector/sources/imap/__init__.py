"""A mailbox on an IMAP server, read without leaving a trace in it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from connector.domain.errors import ConfigError
from connector.domain.practice import Practice
from connector.parsing.mail_signal import MailReader
from connector.sources.base import Source
from connector.sources.imap.settings import MailboxSettings
from connector.sources.imap.source import ImapSource

__all__ = ["ImapSettings"]


class ImapSettings(MailboxSettings):
    """One folder of one mailbox."""

    def open(self, practice: Practice) -> Source:
        """Make the source; the first reading connects."""
        return ImapSource(self, MailReader.for_source(self.name, practice, self.mail))

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Refuse: a mailbox is no file."""
        del path, name
        raise ConfigError(
            ["imap reads a mailbox, not a file; to inspect saved mail use mail_file:PATH"]
        )
