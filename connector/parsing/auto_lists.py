"""Mail for many: lists, newsletters, senders that are always parked."""

from __future__ import annotations

import re
from typing import Final

from connector.parsing.auto_rules import Rule, Surroundings, listed, word
from connector.parsing.mail import Mail
from connector.parsing.people import email_key

_HEADERS: Final = (
    "list-id",
    "list-unsubscribe",
    "list-post",
    "list-subscribe",
    "list-help",
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
)
_CAMPAIGN: Final = (
    "list-unsubscribe-post",
    "feedback-id",
    "x-campaign",
    "x-campaignid",
    "x-mailgun-sid",
    "x-sg-eid",
    "x-mc-user",
    "x-csa-complaints",
    "x-report-abuse",
)
"""Fields of services that send to many."""
_KEEPER: Final = re.compile(r"\bowner-|[-+.](?:owner|bounces?|request|admin)[@+]", re.IGNORECASE)
_ROBOT: Final = re.compile(
    r"(?:no-?reply|do-?not-?reply|newsletter|news|marketing|promo\w*|offers?|notifications?"
    r"|[^@]{1,60}-(?:bounces|owner|request|noreply))\b[^@]{0,60}@",
    re.IGNORECASE,
)
_ANSWERED: Final = re.compile(r"(?:re|aw|antw|sv|rif|res|odp|回复|答复)\s?[:：]", re.IGNORECASE)
_PROGRAMS: Final = re.compile(
    r"thunderbird|mozilla|outlook|apple mail|iphone mail|ipad mail|mutt|gnus|evolution|kmail"
    r"|claws"
    r"|sylpheed|alpine|\bpine\b|lotus|\bthe bat|eudora|roundcube|squirrelmail|horde|zimbra"
    r"|yahoomail"
    r"|mailspring|k-9|airmail|emclient|postbox|mailmate|open-xchange|groupwise",
    re.IGNORECASE,
)


def is_list(mail: Mail, around: Surroundings) -> bool:
    """Tell mail for many from mail through a group that is the practice's own mailbox."""
    marks = [mail.headers.get(name).lower() for name in _HEADERS if name in mail.headers]
    keeper = _KEEPER.search(mail.headers.get("sender")[:300])
    if not marks and not keeper and word(mail, "precedence") != "list":
        return False
    original = mail.headers.get("x-original-from")
    if mail.reply_to.email and email_key(mail.reply_to.email) in email_key(original):
        return False  # a group rewrote From: the person stands in Reply-To
    ours = {*around.own_addresses, *(own.replace("@", ".") for own in around.own_addresses)}
    return not any(own in mark for own in ours for mark in marks)


def is_discussion(mail: Mail) -> bool:
    """Tell a person's post through a list from a newsletter: it answers, or a mail program wrote.

    The list may be a group of the practice under a name that the settings do not know.
    """
    if "multipart/digest" in mail.part_types:
        return True  # the posts of several people
    if any(name in mail.headers for name in _CAMPAIGN) or _is_robot(mail):
        return False
    if mail.references or _ANSWERED.match(mail.subject):
        return True
    programs = " ".join(mail.headers.get(name)[:200] for name in ("user-agent", "x-mailer"))
    return _PROGRAMS.search(programs) is not None and (
        "list-unsubscribe" not in mail.headers or "list-post" in mail.headers
    )


def _is_robot(mail: Mail) -> bool:
    return _ROBOT.match(mail.sender.email) is not None


def _for_many(mail: Mail, around: Surroundings) -> bool:
    return is_list(mail, around) and not is_discussion(mail)


def _always(mail: Mail, around: Surroundings) -> bool:
    return listed(mail, around.always_automatic)


RULES: Final[tuple[Rule, ...]] = (
    Rule(id="list.header", kind="list", matches=_for_many, source="RFC 2919, RFC 2369, Discourse"),
    Rule(id="sender.always", kind="list", matches=_always, source="settings"),
)
"""First match wins."""
