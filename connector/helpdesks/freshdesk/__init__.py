"""Freshdesk (cloud service of Freshworks), through its public API v2.

What it cannot do, and what this plugin does instead:

- no idempotent create and no search that reads its own writes: our key stands in a custom
  field, and `find` walks the list of changed tickets, spam and deleted ones too (`walk.py`);
  the pipeline believes an empty answer only when it comes twice, minutes apart;
- creating with an address mails the patient where the account says so: the ticket is made
  for a service contact without an address, and the patient is put in afterwards (`desk.py`);
- each account has a form of its own, with its own fields, choices and demands: it is read
  (`form.py`), never assumed;
- no versions and no locks, tags only as a whole list: read, union, write, read (`changes.py`);
- no private mark on a note to recognise it by: a small last line (`words.py`);
- no record of changes by API: each is told by a private note;
- merged tickets are told by a note only, archived ones live elsewhere (`reading.py`);
- descriptions and notes are HTML, and Liquid is near: escaped and broken up (`words.py`).
"""

from connector.domain.practice import Practice
from connector.helpdesks.freshdesk.desk import Freshdesk
from connector.helpdesks.freshdesk.settings import AccountSettings

__all__ = ["Freshdesk", "FreshdeskSettings"]


class FreshdeskSettings(AccountSettings):
    """An account of Freshdesk."""

    def open(self, practice: Practice) -> Freshdesk:
        """Make the helpdesk; no connection yet. Raises ConfigError for an unusable ca_file."""
        return Freshdesk(self, practice)
