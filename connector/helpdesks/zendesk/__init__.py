"""Zendesk Support and Suite, through the public REST API.

How it differs from what amends needs, and what this plugin does about it:

- a create is recognised when repeated, for two hours and only with the same bytes
  (`opening.py`); later the ticket is looked for by `external_id`;
- nothing but a header says that a part of a request was dropped: every answer is compared
  with what was sent (`reading.ignored`);
- comments expand placeholders, and are cut at 64 kB without a word (`words.py`);
- comments are not idempotent: a mark in the audit's metadata says which one it is (`notes.py`);
- an update replaces tags, and knows versions by the second only (`updates.py`);
- a closed ticket takes nothing: its one follow-up is opened (`notes.gone_on`);
- no field says into which ticket one was merged (`merges.py`);
- API tokens end on 2027-04-30: OAuth client credentials, renewed in time (`tokens.py`).
"""

from connector.domain.practice import Practice
from connector.helpdesks.zendesk.desk import Zendesk
from connector.helpdesks.zendesk.settings import AccountSettings

__all__ = ["Zendesk", "ZendeskSettings"]


class ZendeskSettings(AccountSettings):
    """A Zendesk account (Support or Suite)."""

    def open(self, practice: Practice) -> Zendesk:
        """Make the helpdesk; no connection yet. Raises ConfigError for an unusable ca_file."""
        return Zendesk(self, practice)
