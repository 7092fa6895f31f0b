"""Our own mail that comes back, and mail that machines send in a circle.

Circles without any mark are found by the pipeline: too many mails of one sender in an hour.
"""

from __future__ import annotations

from typing import Final

from connector.parsing.auto_rules import Rule, Surroundings, host_of, word
from connector.parsing.mail import Mail
from connector.parsing.people import email_key

LOOP_HEADER: Final = "x-amends-loop"
"""Stands on every mail that amends sends; its value is the installation."""

_MARKED: Final = frozenset({"yes", "true", "1", "on"})


def _own_header(mail: Mail, around: Surroundings) -> bool:
    values = [value.strip().lower() for value in mail.headers.all(LOOP_HEADER)]
    return any(not around.installation or value == around.installation.lower() for value in values)


def _own_address(mail: Mail, around: Surroundings) -> bool:
    return email_key(mail.sender.email) in around.own_addresses


def _own_message_id(mail: Mail, around: Surroundings) -> bool:
    return host_of(mail.message_id) in around.own_hosts and "precedence" in mail.headers


def _loop_header(mail: Mail, _: Surroundings) -> bool:
    return word(mail, "x-loop") in _MARKED


OWN: Final[tuple[Rule, ...]] = (
    Rule(id="own.loop_header", kind="loop", matches=_own_header, source="RT, Roundup"),
    Rule(id="own.address", kind="own", matches=_own_address, source="Zendesk, Discourse"),
    Rule(id="own.message_id", kind="own", matches=_own_message_id, source="Zammad"),
)
"""Hold for allowed senders too: a copy of our own mail is never news."""

RULES: Final[tuple[Rule, ...]] = (
    Rule(id="loop.header", kind="loop", matches=_loop_header, source="FreeScout"),
)
