"""Mail that no person wrote for us: bounces, automatic answers, lists, loops, our own.

Nothing is dropped: the finding goes into the fact `automatic`, and the pipeline parks such mail
where people see it. Each rule states where it comes from. Order matters: allow-listed senders
first (survey and web-form notices are automatic mail and yet our signal), then our own marks,
bounces, answers, lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from connector.parsing.mail import Mail
from connector.parsing.people import email_key, fold_space

LOOP_HEADER = "x-amends-loop"
"""Stands on every mail that amends sends; its value is the installation."""

_SYSTEM_SENDERS = re.compile(
    r"(?:mailer-daemon|mail-daemon|mailerdaemon|postmaster|bounce|bounces|mdaemon|mail-system)"
    r"(?:[+\-=._].*)?",
    re.IGNORECASE,
)
_SYSTEM_NAMES = re.compile(
    r"mail delivery (?:sub)?system|mailer[- ]daemon|postmaster|internet mail delivery"
    r"|mail administrator|system administrator|mail router|mail server",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"(?:undeliver(?:able|ed)|delivery (?:status notification|failure|has failed|report|failed)"
    r"|mail delivery (?:failed|failure|error|system)|failure notice|returned mail"
    r"|mail could not be delivered|message (?:not|could not be) delivered|nondeliverable"
    r"|non[- ]delivery|undelivered mail|returned to sender|warning: message"
    r"|delivery delayed|unzustellbar|nicht zustellbar|non remis|mail system error)",
    re.IGNORECASE,
)
# Only at the very beginning: `Re: Automatic reply: ...` is a person who answers ours.
_ANSWER_SUBJECT = re.compile(
    r"(?:auto(?:matic|mated)?[- ]?(?:reply|response|answer)\b|autoreply\b"
    r"|out of (?:the )?office(?=\W*$| ?:| (?:auto|reply|notice|notification|message|until|re:))"
    r"|vacation (?:reply|response|notice|message)\b|thank you for contacting\b.{0,40}$"
    r"|abwesenheits(?:notiz|assistent|nachricht)|automatische (?:antwort|antwoord)"
    r"|r[eé]ponse automatique|absence du bureau|autosvar|automatisk svar|automaattinen vastaus"
    r"|respuesta autom[aá]tica|fuera de la oficina(?=\W*$| ?:)|risposta automatica"
    r"|fuori sede(?=\W*$| ?:)|resposta autom[aá]tica|odpowied[zź] automatyczna|автоответ)",
    re.IGNORECASE,
)
_HUMAN_AUTO_SUBMITTED = frozenset({"", "no", "auto-forwarded"})
_MARKED = frozenset({"yes", "true", "1", "on"})
_REPORT_TYPES = frozenset(
    {"multipart/report", "message/delivery-status", "message/feedback-report"}
)
_LIST_HEADERS = ("list-id", "list-unsubscribe", "list-post", "mailing-list")


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
    """bounce | auto_reply | list | loop | own."""
    matches: Callable[[Mail, Surroundings], bool]
    source: str
    """Where the rule comes from."""


def _word(mail: Mail, name: str) -> str:
    """Give a header's value without comment and parameters, in lower case."""
    return re.split(r"[;(]", mail.headers.get(name)[:200], maxsplit=1)[0].strip().lower()


def _listed(mail: Mail, patterns: Sequence[str]) -> bool:
    senders = {email_key(mail.sender.email), email_key(mail.reply_to.email)} - {""}
    return any(fnmatchcase(sender, pattern.lower()) for sender in senders for pattern in patterns)


def _own_loop_header(mail: Mail, around: Surroundings) -> bool:
    values = [value.strip().lower() for value in mail.headers.all(LOOP_HEADER)]
    return any(not around.installation or value == around.installation.lower() for value in values)


def _own_address(mail: Mail, around: Surroundings) -> bool:
    return email_key(mail.sender.email) in around.own_addresses


def _own_message_id(mail: Mail, around: Surroundings) -> bool:
    host = mail.message_id.rpartition("@")[2].lower()
    return host in around.own_hosts and "precedence" in mail.headers


def _empty_return_path(mail: Mail, _: Surroundings) -> bool:
    paths = mail.headers.all("return-path")
    return bool(paths) and fold_space(paths[0]).replace(" ", "") in {"<>", "<<>>"}


def _report_part(mail: Mail, _: Surroundings) -> bool:
    if "message/disposition-notification" in mail.part_types:
        return False
    return bool(_REPORT_TYPES & mail.part_types)


def _system_sender(mail: Mail, _: Surroundings) -> bool:
    local = mail.sender.email.partition("@")[0] or mail.headers.get("from")[:200].strip("<> ")
    if _SYSTEM_SENDERS.fullmatch(local[:100]):
        return True
    named = _SYSTEM_NAMES.search(mail.sender.name) is not None
    return named and _BOUNCE_SUBJECT.search(mail.subject) is not None


def _no_sender(mail: Mail, _: Surroundings) -> bool:
    value = mail.headers.get("from").strip()
    return "from" in mail.headers and value in {"", "<>"}


def _failed_recipients(mail: Mail, _: Surroundings) -> bool:
    return "x-failed-recipients" in mail.headers


def _returned_own_mail(mail: Mail, around: Surroundings) -> bool:
    hosts = {item.rpartition("@")[2].lower() for item in mail.embedded_ids}
    return bool(hosts & around.own_hosts) and _BOUNCE_SUBJECT.search(mail.subject) is not None


def _bounce_subject(mail: Mail, _: Surroundings) -> bool:
    """Take the subject as proof only with a second sign: no thread, and a report's words."""
    if _BOUNCE_SUBJECT.match(mail.subject) is None:
        return False
    return bool(mail.embedded_ids) or _BOUNCE_WORDS.search(mail.text[:4_000]) is not None


_BOUNCE_WORDS = re.compile(
    r"(?:could not be delivered|unable to deliver|was undeliverable|user unknown|unknown user"
    r"|did not reach the following|delivery to the following|permanent(?:ly)? (?:fatal )?error"
    r"|mailbox (?:full|unavailable|not found)|no such user|\b5\d\d[ -][245]\.\d\.\d|returned to you"
    r"|undelivered|not delivered|quota exceeded|transcript of session)",
    re.IGNORECASE,
)


def _auto_submitted(mail: Mail, _: Surroundings) -> bool:
    return any(
        re.split(r"[;(\s]", value.strip().lower(), maxsplit=1)[0] not in _HUMAN_AUTO_SUBMITTED
        for value in mail.headers.all("auto-submitted")
    )


def _precedence(mail: Mail, around: Surroundings) -> bool:
    values = {_word(mail, "precedence"), _word(mail, "x-precedence")}
    return bool(values & {"bulk", "junk", "auto_reply", "auto-reply"}) and not _is_list(
        mail, around
    )


def _answer_header(mail: Mail, _: Surroundings) -> bool:
    present = ("x-autorespond", "x-autoresponder", "x-autoreply-from", "x-mail-autoreply")
    if any(name in mail.headers for name in present):
        return True
    return bool({_word(mail, "x-autoreply"), _word(mail, "x-fc-machinegenerated")} & _MARKED)


def _loop_header(mail: Mail, _: Surroundings) -> bool:
    return _word(mail, "x-loop") in _MARKED


def _exchange_answer(mail: Mail, _: Surroundings) -> bool:
    """X-Auto-Response-Suppress alone stands on human mail of Exchange: two signs are needed."""
    return _word(mail, "x-auto-response-suppress") == "all" and (
        "x-ms-exchange-inbox-rules-loop" in mail.headers
        or "x-ms-exchange-generated-message-source" in mail.headers
    )


def _answer_subject(mail: Mail, _: Surroundings) -> bool:
    return _ANSWER_SUBJECT.match(mail.subject) is not None


def _receipt(mail: Mail, _: Surroundings) -> bool:
    return "message/disposition-notification" in mail.part_types


def _is_list(mail: Mail, around: Surroundings) -> bool:
    """Tell mail for many from mail through a group that is the practice's own mailbox."""
    marks = [mail.headers.get(name).lower() for name in _LIST_HEADERS if name in mail.headers]
    if not marks and _word(mail, "precedence") != "list":
        return False
    original = mail.headers.get("x-original-from")
    if mail.reply_to.email and email_key(mail.reply_to.email) in email_key(original):
        return False  # a group rewrote From: the person stands in Reply-To
    ours = {*around.own_addresses, *(own.replace("@", ".") for own in around.own_addresses)}
    return not any(own in mark for own in ours for mark in marks)


def _always(mail: Mail, around: Surroundings) -> bool:
    return _listed(mail, around.always_automatic)


RULES: tuple[Rule, ...] = (
    Rule(id="own.loop_header", kind="loop", matches=_own_loop_header, source="RT, Roundup"),
    Rule(id="own.address", kind="own", matches=_own_address, source="Zendesk, Discourse"),
    Rule(id="own.message_id", kind="own", matches=_own_message_id, source="Zammad"),
    Rule(id="bounce.report", kind="bounce", matches=_report_part, source="RFC 3464, RFC 5965"),
    Rule(id="bounce.sender", kind="bounce", matches=_system_sender, source="RFC 2142, RT"),
    Rule(id="bounce.no_sender", kind="bounce", matches=_no_sender, source="Discourse"),
    Rule(id="bounce.failed", kind="bounce", matches=_failed_recipients, source="Exim"),
    Rule(id="bounce.returned", kind="bounce", matches=_returned_own_mail, source="Zammad"),
    Rule(id="bounce.subject", kind="bounce", matches=_bounce_subject, source="flufl.bounce"),
    Rule(id="answer.receipt", kind="auto_reply", matches=_receipt, source="RFC 8098"),
    Rule(id="answer.submitted", kind="auto_reply", matches=_auto_submitted, source="RFC 3834 5"),
    Rule(id="answer.header", kind="auto_reply", matches=_answer_header, source="FreeScout, RT"),
    Rule(id="answer.exchange", kind="auto_reply", matches=_exchange_answer, source="Zammad"),
    Rule(id="answer.subject", kind="auto_reply", matches=_answer_subject, source="Discourse"),
    Rule(id="answer.precedence", kind="auto_reply", matches=_precedence, source="RFC 3834 1, RT"),
    Rule(
        id="bounce.return_path", kind="bounce", matches=_empty_return_path, source="RFC 5321 4.5.5"
    ),
    Rule(id="loop.header", kind="loop", matches=_loop_header, source="FreeScout"),
    Rule(id="list.header", kind="list", matches=_is_list, source="RFC 2919, RFC 2369"),
    Rule(id="sender.always", kind="list", matches=_always, source="settings"),
)
"""All rules, first match wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What kind of automatic mail it is and which rule says so."""

    kind: str
    rule: str


def classify(mail: Mail, around: Surroundings) -> Finding | None:
    """Say whether no person wrote this mail for us; None: a person did, as far as is known.

    Senders in `never_automatic` pass every rule but those about our own mail.
    """
    allowed = _listed(mail, around.never_automatic)
    for rule in RULES:
        if allowed and not rule.id.startswith("own."):
            continue
        if rule.matches(mail, around):
            return Finding(kind=rule.kind, rule=rule.id)
    return None
