"""django-helpdesk (BSD licence, self-hosted), through its REST API.

What it cannot do, and what this plugin does instead:

- no search by field: `find` reads the ticket list from its end (`scan.py`);
- no idempotent create, no versions: a lost answer is doubt, a repeated note is
  recognised by its last line (`notes.py`);
- no tags: one custom text field, of which only our words are touched;
- no record of changes by API: each is told by a private follow-up;
- Markdown, ticket references and templates in whatever is sent: made inert (`escape.py`);
- the description is public once a patient is the submitter: agents' words stay in the
  opening follow-up, which is made private (`bodies.ticket_body`);
- a follow-up on a resolved ticket overwrites its resolution, which patients read: put
  back (`notes.py`);
- creating with an address mails the patient: the address is put in afterwards.
"""

from connector.domain.practice import Practice
from connector.helpdesks.django_helpdesk.desk import DjangoHelpdesk
from connector.helpdesks.django_helpdesk.settings import SiteSettings

__all__ = ["DjangoHelpdesk", "DjangoHelpdeskSettings"]


class DjangoHelpdeskSettings(SiteSettings):
    """A django-helpdesk site, 2.6 or later."""

    def open(self, practice: Practice) -> DjangoHelpdesk:
        """Make the helpdesk; no connection yet. Raises ConfigError for an unusable ca_file."""
        return DjangoHelpdesk(self, practice)
