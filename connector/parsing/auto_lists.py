"""Mail for many: lists, newsletters, senders that are always parked."""

from __future__ import annotations

from typing import Final

from connector.parsing.auto_rules import Rule, Surroundings, listed, word
from connector.parsing.mail import Mail
from connector.parsing.people import email_key

_HEADERS: Final = ("list-id", "list-unsubscribe", "list-post", "mailing-list")


def is_list(mail: Mail, around: Surroundings) -> bool:
    """Tell mail for many from mail through a group that is the practice's own mailbox."""
    marks = [mail.headers.get(name).lower() for name in _HEADERS if name in mail.headers]
    if not marks and word(mail, "precedence") != "list":
        return False
    original = mail.headers.get("x-original-from")
    if mail.reply_to.email and email_key(mail.reply_to.email) in email_key(original):
        return False  # a group rewrote From: the person stands in Reply-To
    ours = {*around.own_addresses, *(own.replace("@", ".") for own in around.own_addresses)}
    return not any(own in mark for own in ours for mark in marks)


def _always(mail: Mail, around: Surroundings) -> bool:
    return listed(mail, around.always_automatic)


RULES: Final[tuple[Rule, ...]] = (
    Rule(id="list.header", kind="list", matches=is_list, source="RFC 2919, RFC 2369, Discourse"),
    Rule(id="sender.always", kind="list", matches=_always, source="settings"),
)
"""First match wins."""
