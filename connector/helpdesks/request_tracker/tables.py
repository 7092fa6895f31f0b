"""The product's words and ours, as tables, and what both directions share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from connector.domain.ticket import TicketStatus
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings

Json: TypeAlias = dict[str, Any]
"""An object as the API prints it."""

STATUS: Final[Mapping[str, TicketStatus]] = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "stalled": TicketStatus.PENDING,
    "resolved": TicketStatus.RESOLVED,
    "rejected": TicketStatus.CLOSED,
}
"""The default lifecycle; statuses that a site added count as open, so nobody is forgotten."""

DELETED: Final = "deleted"

SET_STATUS: Final[Mapping[TicketStatus, str]] = {
    TicketStatus.OPEN: "open",
    TicketStatus.PENDING: "stalled",
    TicketStatus.RESOLVED: "resolved",
    TicketStatus.CLOSED: "rejected",
}

NOBODY: Final = "Nobody"
SYSTEM: Final = "RT_System"

TICKET_MARK: Final = "amends ticket"
NOTE_MARK: Final = "amends note"

TITLES: Final[Mapping[str, str]] = {
    field.name: field.title for field in blueprint(RecoverySettings()).fields
}
"""Names under which `provision` makes custom fields, by ours."""

_LOST: Final = re.compile("[\x00\u2060\ud800-\udfff]")
"""What cannot be stored (NUL, half characters); U+2060 as in every helpdesk."""
_MARK: Final = re.compile(r"\[(amends (?:ticket|note)) ([\x21-\x5a\x5c\x5e-\x7e]{1,200})\]")
_CONTROLS: Final = re.compile(r"[\x01-\x1f\x7f]+")
_PRINTER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Json) -> bytes:
    """Print a body in its one form."""
    return _PRINTER.encode(value).encode()


def sendable(text: str) -> str:
    """Drop what cannot be stored; line breaks become line feeds. What is shown is this."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if text.isascii() else _LOST.sub("", text)


def subject_of(text: str, limit: int) -> str:
    """Make one line of at most `limit` characters; the product would cut without a word."""
    line = " ".join(sendable(text).split()) or "(no subject)"
    return line if len(line) <= limit else line[: limit - 3].rstrip() + "..."


def field_value(text: str) -> str:
    """Make a value for a custom field of one line."""
    return " ".join(_CONTROLS.sub(" ", sendable(text)).split())


def marked(mark: str, key: str) -> str:
    """Give the subject of a comment by which it is recognised."""
    return f"[{mark} {key}]"


def key_in(subject: str | None, mark: str) -> str:
    """Give the key in the subject of a comment; empty where it is none of ours."""
    found = _MARK.fullmatch((subject or "").strip())
    return found[2] if found and found[1] == mark else ""


def quoted(text: str) -> str:
    r"""Put text between quotes for a search: \ and ' are escaped."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def when(at: datetime) -> str:
    """Print a time as the product takes it: with T and Z it would be stored as no time at all."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment(text: str | None) -> datetime | None:
    """Read a time of the API, in UTC; the product prints 1970 for none."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return at if at.timestamp() > 0 else None


def status_of(settings: InstanceSettings, status: str) -> TicketStatus:
    """Read a status."""
    return settings.statuses.get(status, STATUS.get(status, TicketStatus.OPEN))


def status_for(settings: InstanceSettings, status: TicketStatus) -> str:
    """Give the status to set."""
    own = (name for name, meaning in settings.statuses.items() if meaning is status)
    return next(own, SET_STATUS[status])


def severity_of(settings: InstanceSettings, priority: int) -> int:
    """Read a priority: the highest severity that it reaches; 0 below them all."""
    reached = [one for one, least in settings.priorities.items() if priority >= least]
    return max(reached, default=0)


def merge_tags(standing: Iterable[str], add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """Put ours in and take ours out; everything else stays, and each is there once."""
    kept = [tag for tag in standing if tag not in remove]
    return list(dict.fromkeys([*kept, *add]))
