"""Reports of mail systems: what could not be delivered, what is late, and whose mail it was.

Standard reports (RFC 3464) are read field by field; what stands in prose is read by marks that
hold for many systems. A report never is a patient's word, but tells which mail of an agent did
not arrive: by the ids, subject and recipient in the part that was returned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connector.parsing.auto_rules import Rule, Surroundings, host_of, no_return_path
from connector.parsing.bounce_words import (
    ADDRESS,
    ADDRESSED,
    CODE,
    FINAL,
    GREETED,
    INDENT,
    LATE,
    LATE_SUBJECT,
    LIST_NOTICE,
    NAMES,
    NOTICE,
    RAW_SENDER,
    RETURNED,
    SENDER,
    SUBJECT,
    SUCCEEDED,
    WORDS,
)
from connector.parsing.mail import Mail
from connector.parsing.mail_headers import Headers, decode_words, message_ids, read_headers
from connector.parsing.mail_mime import Part, split_message
from connector.parsing.people import email_address, fold_space

MAX_RECIPIENTS: Final = 20
"""Recipients behind these are not looked at."""
MAX_IDS: Final = 30
"""Message ids of the returned mail behind these are not looked at."""
MAX_PROSE_CHARS: Final = 65_536
"""So much of a report in prose is looked at."""
_BEGINNING_CHARS: Final = 4_000
_PROSE_ADDRESS_CHARS: Final = 1_000
_MAX_PARTS: Final = 100

_REPORTS: Final = frozenset({"multipart/report", "message/delivery-status"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
_HEADERS_ONLY: Final = frozenset(
    {"text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers"}
)
_ACTIONS: Final = ("failed", "delayed", "delivered", "relayed", "expanded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a report of a mail system says."""

    action: str
    """failed | delayed | delivered | complaint; `failed` where it does not say."""
    status: str
    """Code of RFC 3463 (`5.1.1`), or empty."""
    recipients: tuple[str, ...]
    """Whom it did not reach; lower case."""
    sender: str
    """Who had written the returned mail; lower case, or empty."""
    subject: str
    """Of the returned mail, or empty."""
    message_ids: tuple[str, ...]
    """Of the returned mail: its own id first, then those that it answered."""

    @property
    def kind(self) -> str:
        """The kind of automatic mail that it is."""
        return {"failed": "bounce", "delayed": "delay"}.get(self.action, "report")


def read_bounce(raw: bytes, mail: Mail) -> Bounce:
    """Read a report of any form; `mail` is the same message, parsed."""
    parts = _walk(split_message(raw).root)
    groups = [group for part in parts for group in _status_groups(part)]
    returned = _returned(parts, mail)
    recipients = [_recipient(group) for group in groups]
    if not any(recipients):
        failed = mail.headers.get("x-failed-recipients").split(",")
        recipients = [email_address(one) for one in failed[:MAX_RECIPIENTS]]
    if not any(recipients):
        prose = mail.text[:_BEGINNING_CHARS]
        recipients = [email_address(one[1]) for one in ADDRESSED.finditer(prose)]
    if not any(recipients) and returned is not None:
        recipients = [email_address(returned.get("to"))]
    if not any(recipients):
        prose = mail.text[:_PROSE_ADDRESS_CHARS]
        recipients = [email_address(one[0].rstrip(".")) for one in ADDRESS.finditer(prose)]
    distinct = dict.fromkeys(one.lower() for one in recipients if one)
    return Bounce(
        action=_action(groups, parts, mail),
        status=next(filter(None, (_status(group) for group in groups)), ""),
        recipients=tuple(distinct)[:MAX_RECIPIENTS],
        sender=email_address(returned.get("from")).lower() if returned else "",
        subject=fold_space(decode_words(returned.raw("subject")))[:998] if returned else "",
        message_ids=_ids(returned) if returned else (),
    )


def _walk(root: Part) -> list[Part]:
    found: list[Part] = []
    todo = [root]
    while todo and len(found) < _MAX_PARTS:
        part = todo.pop()
        found.append(part)
        todo.extend(reversed(part.children))
    return found


def _status_groups(part: Part) -> list[Headers]:
    """Give the blocks of a delivery status: about the report, then one for each recipient."""
    if part.content_type not in {"message/delivery-status", "message/global-delivery-status"}:
        return []
    body = part.data() or b"\n\n".join(child.data() for child in part.children)
    blocks = re.split(rb"\n[ \t]*\n", body[:MAX_PROSE_CHARS].strip())
    return [read_headers(block) for block in blocks[: MAX_RECIPIENTS + 1]]


def _recipient(group: Headers) -> str:
    for name in ("original-recipient", "final-recipient"):
        found = email_address(group.get(name).rpartition(";")[2])
        if found:
            return found
    return ""


def _status(group: Headers) -> str:
    found = re.match(r"[245]\.\d{1,3}\.\d{1,3}", group.get("status").strip())
    return found[0] if found else ""


def _action(groups: list[Headers], parts: list[Part], mail: Mail) -> str:
    """Say what happened; one failed recipient among late ones is a failure."""
    if any(part.content_type == "message/feedback-report" for part in parts):
        return "complaint"
    notice = NOTICE.match(mail.text[:200].lstrip())
    if notice is not None:
        notices = {"Bounce": "failed", "Reject": "failed", "Complaint": "complaint"}
        return notices.get(notice[1], "delayed" if "Delay" in notice[1] else "delivered")
    told = {re.split(r"[\s;(]", group.get("action").strip().lower())[0] for group in groups}
    action = next((one for one in _ACTIONS if one in told), "")
    if action:
        return action if action in {"failed", "delayed"} else "delivered"
    if not groups and SUCCEEDED.search(f"{mail.subject}\n{mail.text[:_BEGINNING_CHARS]}"):
        return "delivered"
    late = LATE_SUBJECT.search(mail.subject) is not None or _is_late(mail, groups)
    return "delayed" if late else "failed"


def _is_late(mail: Mail, groups: list[Headers]) -> bool:
    """Read prose: words of patience and none of an end; else the codes decide."""
    prose = f"{mail.subject}\n{mail.text[:_BEGINNING_CHARS]}"
    late, final = LATE.search(prose), FINAL.search(prose)
    if late and not final:
        return True
    codes = {_status(group)[:1] for group in groups} - {""}
    return bool(late) and codes == {"4"}


def _returned(parts: list[Part], mail: Mail) -> Headers | None:
    """Find the headers of the mail that was returned: attached, as headers only, or in prose."""
    for part in parts:
        if part.content_type in _MESSAGES and part.children:
            return part.children[0].headers
        if part.content_type in _HEADERS_ONLY:
            return read_headers(part.data()[:MAX_PROSE_CHARS].replace(b"\r\n", b"\n"))
    prose = mail.text[:MAX_PROSE_CHARS]
    mark = RETURNED.search(prose)
    if mark is None:
        return None
    lines = [INDENT.sub("", line) for line in prose[mark.start() :].splitlines()[:200]]
    headers = read_headers("\n".join(lines).encode("utf-8", "replace"))
    return headers if "subject" in headers or "message-id" in headers else None


def _ids(headers: Headers) -> tuple[str, ...]:
    names = ("message-id", "in-reply-to", "references")
    found = [one for name in names for one in message_ids(headers.get(name))]
    return tuple(dict.fromkeys(found))[:MAX_IDS]


def _empty_return_path(mail: Mail, _: Surroundings) -> bool:
    return no_return_path(mail)


def _report_part(mail: Mail, _: Surroundings) -> bool:
    if "message/disposition-notification" in mail.part_types:
        return False
    return bool(_REPORTS & mail.part_types)


def _complaint(mail: Mail, _: Surroundings) -> bool:
    """Abuse reports, and aggregate reports on authentication, which carry no mark but this."""
    if "message/feedback-report" in mail.part_types:
        return True
    return re.match(r"report domain: ?\S+ submitter: ?", mail.subject, re.IGNORECASE) is not None


def _system_sender(mail: Mail, _: Surroundings) -> bool:
    sender = mail.headers.get("from")[:200]
    local = mail.sender.email.partition("@")[0] or sender.strip("<> ")
    if SENDER.fullmatch(local[:100]) or RAW_SENDER.search(sender):
        return True
    named = NAMES.search(mail.sender.name) is not None
    return named and SUBJECT.search(mail.subject) is not None


def _no_sender(mail: Mail, _: Surroundings) -> bool:
    value = mail.headers.get("from").strip()
    return "from" in mail.headers and value in {"", "<>"}


def _marked(mail: Mail, _: Surroundings) -> bool:
    return any(
        name in mail.headers for name in ("x-failed-recipients", "x-ms-exchange-message-is-ndr")
    )


def _notice(mail: Mail, _: Surroundings) -> bool:
    return NOTICE.match(mail.text[:200].lstrip()) is not None


def _returned_own_mail(mail: Mail, around: Surroundings) -> bool:
    hosts = {host_of(item) for item in mail.embedded_ids}
    return bool(hosts & around.own_hosts) and SUBJECT.search(mail.subject) is not None


def _subject(mail: Mail, _: Surroundings) -> bool:
    """Take the subject as proof only with more: a returned mail, or a report's words on whom."""
    if SUBJECT.match(_bare_subject(mail)) is None:
        return False
    prose = mail.text[:_BEGINNING_CHARS]
    return bool(mail.embedded_ids) or (
        WORDS.search(prose) is not None and _names_other(prose, mail)
    )


def _names_other(prose: str, mail: Mail) -> bool:
    """Say whether a recipient or an answer of SMTP stands there: medicine is undelivered, too."""
    sender = mail.sender.email.lower()
    named = (one[0].rstrip(".").lower() for one in ADDRESS.finditer(prose))
    return any(one != sender for one in named) or CODE.search(prose) is not None


def _bare_subject(mail: Mail) -> str:
    greeted = GREETED.match(mail.subject)
    return mail.subject[greeted.end() :] if greeted else mail.subject


def _list_notice(mail: Mail, _: Surroundings) -> bool:
    """Take the words of a program that runs a list, unless a person's program wrote the mail."""
    return LIST_NOTICE.match(mail.subject) is not None and "user-agent" not in mail.headers


RULES: Final[tuple[Rule, ...]] = (
    Rule(id="report.complaint", kind="report", matches=_complaint, source="RFC 5965, RFC 7489"),
    Rule(id="bounce.report", kind="bounce", matches=_report_part, source="RFC 3464"),
    Rule(id="bounce.sender", kind="bounce", matches=_system_sender, source="RFC 2142, RT"),
    Rule(id="bounce.no_sender", kind="bounce", matches=_no_sender, source="Discourse"),
    Rule(id="bounce.failed", kind="bounce", matches=_marked, source="Exim, Exchange"),
    Rule(id="bounce.notice", kind="bounce", matches=_notice, source="Amazon SES"),
    Rule(id="bounce.returned", kind="bounce", matches=_returned_own_mail, source="Zammad"),
    Rule(id="report.list", kind="report", matches=_list_notice, source="Mailman, fml, Sympa"),
    Rule(id="bounce.subject", kind="bounce", matches=_subject, source="flufl.bounce"),
)
"""First match wins."""

LAST: Final[tuple[Rule, ...]] = (
    Rule(
        id="bounce.return_path", kind="bounce", matches=_empty_return_path, source="RFC 5321 4.5.5"
    ),
)
"""Behind the automatic answers, which have an empty path too."""
