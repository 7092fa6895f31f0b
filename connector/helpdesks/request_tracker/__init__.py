"""Request Tracker 5 (GPL, self-hosted), through its REST2 API.

What it cannot do, and what this plugin does instead:

- a unique custom field is no lock: of several creates of one key each makes a ticket, and all
  but one silently lack the key. So each create is read back, and a ticket without its key is
  merged into the one that holds it (`opening.py`);
- creating with a requestor mails the patient, and so does resolving: the requestor is put in
  afterwards, and taken out while the ticket is resolved (`updates.py`);
- the first message is shown to the requestor in the self-service: it is a neutral sentence, and
  the words for agents stand in a comment (`bodies.py`);
- 200 with refusals in the list: everything is read back;
- no lock on comments: each carries its key as its subject, which is looked for first (`notes.py`);
- writing to the number of a merged ticket changes the one into which it was merged: numbers are
  compared before every write, and `If-Match` closes the rest of the gap;
- transactions that the account may not see vanish after paging: only two empty pages in a row
  are an end (`api.py`).
"""

from connector.domain.practice import Practice
from connector.helpdesks.request_tracker.desk import RequestTracker
from connector.helpdesks.request_tracker.settings import InstanceSettings

__all__ = ["RequestTracker", "RequestTrackerSettings"]


class RequestTrackerSettings(InstanceSettings):
    """A Request Tracker, version 5."""

    def open(self, practice: Practice) -> RequestTracker:
        """Make the helpdesk; no connection yet. Raises ConfigError for an unusable ca_file."""
        return RequestTracker(self, practice)
