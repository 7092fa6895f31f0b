"""A mailbox on an IMAP server, read without leaving a trace in it."""

from connector.sources.imap.settings import ImapSettings

__all__ = ["ImapSettings"]
