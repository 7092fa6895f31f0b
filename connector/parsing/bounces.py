"""Reports of mail systems: what could not be delivered, what is late, and whose mail it was.

Standard reports (RFC 3464) are read field by field; what stands in prose is read by marks that
hold for many systems. A report never is a patient's word, but tells which mail of an agent did
not arrive: by the ids, subject and recipient in the part that was returned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connector.parsing.auto_rules import Rule, Surroundings, host_of
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

_SENDER: Final = re.compile(
    r"(?:mail(?:er)?[-_.]?daemon|post[-_.]?master|bounces?|mdaemon|mail[-_.]?system"
    r"|mail[-_.]?delivery(?:[-_.](?:sub)?system)?)"
    r"(?:[+\-=._].*)?",
    re.IGNORECASE,
)
_RAW_SENDER: Final = re.compile(
    r"(?:^|[<\s\"'(])(?:mailer-daemon|postmaster)\\?(?:@|>|$)", re.IGNORECASE
)
_NAMES: Final = re.compile(
    r"mail delivery (?:sub)?system|mailer[- ]daemon|postmaster|internet mail delivery"
    r"|mail administrator|system administrator|mail router|mail server",
    re.IGNORECASE,
)
_SUBJECT: Final = re.compile(
    r"(?:undeliver(?:able|ed)|delivery (?:status notification|failure|has failed|report|failed"
    r"|warning|delayed|problem)|mail delivery (?:failed|failure|error|system|warning|problem"
    r"|status)|failure notice|returned mail|mail could not be delivered"
    r"|message (?:not|could not be|delivery|delayed)|message you sent|nondeliverable"
    r"|non[- ]delivery|undelivered mail|returned to sender|warning: (?:message|could not send)"
    r"|delayed mail|unzustellbar|nicht zustellbar|nicht zugestellt|zustell(?:ung|fehler)"
    r"|mail system error|non remis|échec de (?:la )?remise|notification d.état de remise"
    r"|onbestelbaar|niet bezorgd|no se puede entregar|no entregable|imposs?ibile recapitare"
    r"|mancata consegna|não (?:foi )?(?:possível )?entreg(?:ue|ar)|niedostarczone"
    r"|nie można dostarczyć|kan ikke leveres|kunde inte levereras|ej levererat"
    r"|не удается доставить|недоставлен|配信不能|メール送信エラー|無法傳遞|无法投递|退信)",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    r"(?:could not be delivered|unable to deliver|was undeliverable|user unknown|unknown user"
    r"|did not reach the following|delivery to the following|permanent(?:ly)? (?:fatal )?error"
    r"|mailbox (?:is )?(?:full|unavailable|not found)|full mailbox|no such user|returned to you"
    r"|\b[45]\d\d[ -][245]\.\d{1,3}\.\d{1,3}|undelivered|not (?:yet )?(?:been )?delivered"
    r"|quota exceeded|over quota|transcript of session|final-recipient:|delivery (?:has )?failed"
    r"|been postponed|will (?:continue|keep) (?:to try|trying)|konnte nicht zugestellt werden)",
    re.IGNORECASE,
)
_LATE: Final = re.compile(
    r"(?:delay|postponed|will (?:continue|keep) (?:to (?:try|attempt)|trying|attempting)"
    r"|will be (?:re)?tried|warning message only|do(?:es)? not need to resend"
    r"|no action is required|not (?:yet )?been delivered (?:yet|after|since)|still trying"
    r"|could not send message for past|verzögert|wird weiter versucht|retard[ée])",
    re.IGNORECASE,
)
_FINAL: Final = re.compile(
    r"(?:permanent|giving up|given up|has failed|final|not be retried|no longer|too long"
    r"|stopped trying|could not be delivered|unable to deliver|returned to sender|undeliverable"
    r"|user unknown|unknown user|no such user|failed after)",
    re.IGNORECASE,
)
_NOTICE: Final = re.compile(
    r"\{\s*\"(?:notificationType|eventType)\"\s*:\s*\"(Bounce|Complaint|Delivery\w*|Reject)\""
)
_ADDRESSED: Final = re.compile(
    r"^(?:>? ?|\s{0,8})(?:<|to:\s*<?|rcpt to:\s*<?|\"?)([^\s<>\"]{1,64}@[^\s<>\"]{1,253}?)"
    r"(?:>|\"|:|$|\s)",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS: Final = re.compile(r"[^\s<>()\"',:;]{1,64}@[a-z0-9.-]{1,253}", re.IGNORECASE)
_LATE_SUBJECT: Final = re.compile(
    r"delayed mail|still being retried|could not send (?:message|mail) for past"
    r"|\b(?:has been |message )?delayed\b|\(delay\)",
    re.IGNORECASE,
)
_RETURNED: Final = re.compile(
    r"^(?:[^\n]{0,80}(?:original message|copy of (?:the|your) (?:original )?message"
    r"|returned message|unsent message|message headers?|message details|message (?:text|contents?)"
    r"|ursprüngliche nachricht|nachricht lautet)[^\n]{0,80}|Received:[^\n]*|Return-Path:[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_INDENT: Final = re.compile(r"^[> ]{0,4}(?=[A-Za-z-]{2,30}:)")
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
        recipients = [email_address(one[1]) for one in _ADDRESSED.finditer(prose)]
    if not any(recipients) and returned is not None:
        recipients = [email_address(returned.get("to"))]
    if not any(recipients):
        prose = mail.text[:_PROSE_ADDRESS_CHARS]
        recipients = [email_address(one[0].rstrip(".")) for one in _ADDRESS.finditer(prose)]
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
    notice = _NOTICE.match(mail.text[:200].lstrip())
    if notice is not None:
        notices = {"Bounce": "failed", "Reject": "failed", "Complaint": "complaint"}
        return notices.get(notice[1], "delayed" if "Delay" in notice[1] else "delivered")
    told = {re.split(r"[\s;(]", group.get("action").strip().lower())[0] for group in groups}
    action = next((one for one in _ACTIONS if one in told), "")
    if action:
        return action if action in {"failed", "delayed"} else "delivered"
    late = _LATE_SUBJECT.search(mail.subject) is not None or _is_late(mail, groups)
    return "delayed" if late else "failed"


def _is_late(mail: Mail, groups: list[Headers]) -> bool:
    """Read prose: words of patience and none of an end; else the codes decide."""
    prose = f"{mail.subject}\n{mail.text[:_BEGINNING_CHARS]}"
    late, final = _LATE.search(prose), _FINAL.search(prose)
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
    mark = _RETURNED.search(prose)
    if mark is None:
        return None
    lines = [_INDENT.sub("", line) for line in prose[mark.start() :].splitlines()[:200]]
    headers = read_headers("\n".join(lines).encode("utf-8", "replace"))
    return headers if "subject" in headers or "message-id" in headers else None


def _ids(headers: Headers) -> tuple[str, ...]:
    names = ("message-id", "in-reply-to", "references")
    found = [one for name in names for one in message_ids(headers.get(name))]
    return tuple(dict.fromkeys(found))[:MAX_IDS]


def _empty_return_path(mail: Mail, _: Surroundings) -> bool:
    paths = mail.headers.all("return-path")
    return bool(paths) and fold_space(paths[0]).replace(" ", "") in {"<>", "<<>>"}


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
    if _SENDER.fullmatch(local[:100]) or _RAW_SENDER.search(sender):
        return True
    named = _NAMES.search(mail.sender.name) is not None
    return named and _SUBJECT.search(mail.subject) is not None


def _no_sender(mail: Mail, _: Surroundings) -> bool:
    value = mail.headers.get("from").strip()
    return "from" in mail.headers and value in {"", "<>"}


def _marked(mail: Mail, _: Surroundings) -> bool:
    return any(
        name in mail.headers for name in ("x-failed-recipients", "x-ms-exchange-message-is-ndr")
    )


def _notice(mail: Mail, _: Surroundings) -> bool:
    return _NOTICE.match(mail.text[:200].lstrip()) is not None


def _returned_own_mail(mail: Mail, around: Surroundings) -> bool:
    hosts = {host_of(item) for item in mail.embedded_ids}
    return bool(hosts & around.own_hosts) and _SUBJECT.search(mail.subject) is not None


def _subject(mail: Mail, _: Surroundings) -> bool:
    """Take the subject as proof only with a second sign: a returned mail, or a report's words."""
    if _SUBJECT.match(mail.subject) is None:
        return False
    return bool(mail.embedded_ids) or _WORDS.search(mail.text[:_BEGINNING_CHARS]) is not None


RULES: Final[tuple[Rule, ...]] = (
    Rule(id="report.complaint", kind="report", matches=_complaint, source="RFC 5965, RFC 7489"),
    Rule(id="bounce.report", kind="bounce", matches=_report_part, source="RFC 3464"),
    Rule(id="bounce.sender", kind="bounce", matches=_system_sender, source="RFC 2142, RT"),
    Rule(id="bounce.no_sender", kind="bounce", matches=_no_sender, source="Discourse"),
    Rule(id="bounce.failed", kind="bounce", matches=_marked, source="Exim, Exchange"),
    Rule(id="bounce.notice", kind="bounce", matches=_notice, source="Amazon SES"),
    Rule(id="bounce.returned", kind="bounce", matches=_returned_own_mail, source="Zammad"),
    Rule(id="bounce.subject", kind="bounce", matches=_subject, source="flufl.bounce"),
)
"""First match wins."""

LAST: Final[tuple[Rule, ...]] = (
    Rule(
        id="bounce.return_path", kind="bounce", matches=_empty_return_path, source="RFC 5321 4.5.5"
    ),
)
"""Behind the automatic answers, which have an empty path too."""
