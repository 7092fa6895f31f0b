"""What every rule about automatic mail rests on: the mail, its surroundings, header helpers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from connector.parsing.mail import Mail
from connector.parsing.people import email_key, fold_space

KINDS: Final = ("bounce", "delay", "report", "auto_reply", "list", "loop", "own")
"""Kinds of automatic mail: could not be delivered; not delivered yet; reports of mail systems
(abuse, authentication, delivery that succeeded); automatic answers; mail for many; mail in a
circle; mail of the practice itself."""

_MAX_VALUE_CHARS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the rules must know beside the mail; addresses in lower case."""

    own_addresses: frozenset[str] = frozenset()
    """Of the practice and its helpdesk."""
    own_hosts: frozenset[str] = frozenset()
    """Domains in the Message-IDs of our own outgoing mail."""
    installation: str = ""
    """The value of our loop header; empty: any value is ours."""
    never_automatic: tuple[str, ...] = ()
    """Senders that are always heard: addresses or patterns (`*@surveys.example.com`)."""
    always_automatic: tuple[str, ...] = ()
    """Senders that are always parked, in the same form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way to recognise automatic mail."""

    id: str
    """Stable name, told in the fact `auto_rule`."""
    kind: str
    """One of KINDS."""
    matches: Callable[[Mail, Surroundings], bool]
    source: str
    """Where the rule comes from."""


def word(mail: Mail, name: str) -> str:
    """Give a header's value without comment and parameters, in lower case."""
    return bare(mail.headers.get(name))


def bare(value: str) -> str:
    """Cut comment and parameters off a value and put it in lower case."""
    return re.split(r"[;(]", value[:_MAX_VALUE_CHARS], maxsplit=1)[0].strip().lower()


def listed(mail: Mail, patterns: Sequence[str]) -> bool:
    """Say whether the mail's sender stands in a list of addresses and patterns."""
    senders = {email_key(mail.sender.email), email_key(mail.reply_to.email)} - {""}
    return any(fnmatchcase(sender, pattern.lower()) for sender in senders for pattern in patterns)


def host_of(message_id: str) -> str:
    """Give the domain of a message id in lower case."""
    return message_id.rpartition("@")[2].lower()


def no_return_path(mail: Mail) -> bool:
    """Say whether the envelope named no sender, as answers and reports of machines do."""
    paths = mail.headers.all("return-path")
    return bool(paths) and fold_space(paths[0]).replace(" ", "") in {"<>", "<<>>"}
