"""Agents of the real django-helpdesk, which lives in this process with its clock moved.

The plugin's requests end in the product's own WSGI application, over its own database; agents
use the function behind the product's own form. Two things are not as on a practice's server:
the product's time is the month's, and for a single ticket it does not read the custom fields of
all the others first, which it would throw away (at 2,000 tickets that is all it would do).
"""

from __future__ import annotations

import atexit
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote

from campaign.month import world
from campaign.month.hands import Stands, said, taken
from campaign.month.inside import Asked, Inside, Told
from connector.demo import helpdesk_site
from connector.domain.blueprint import FieldType
from connector.helpdesks.django_helpdesk import DjangoHelpdeskSettings
from connector.recovery.blueprint import blueprint

TYPES = {FieldType.CHOICE: "list", FieldType.CHECKBOX: "boolean", FieldType.TEXT: "varchar"}
PRIORITY = {4: 1, 3: 2, 2: 3, 1: 4}
REOPENED, RESOLVED = 2, 3
HOST = "127.0.0.1"
_RUNNING: dict[str, Any] = {}
"""Django can be configured once in a process: its application and credentials."""


class DjangoHands:
    """Agents in the real product; one month in a process."""

    name = "django_helpdesk"
    merge_says = ""
    calls = False
    pace: Mapping[str, Any] = {"sync_seconds": 1_800, "full_round_seconds": 10_800}
    """The product does not tell what changed, and each look is a page of Python."""
    seen_within = timedelta(hours=3, minutes=20)

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Make the site, its fields and its agent."""
        self._now = now
        self._stack = ExitStack()
        if not _RUNNING:
            self._begin()
        from django.utils import timezone  # noqa: PLC0415 - usable only once it is configured

        moved = mock.patch.object(timezone, "datetime", _clock(now))
        self._stack.enter_context(moved)
        self._inside = Inside(_served, now)
        self._stack.enter_context(self._inside.instead_of_sockets())
        self._models = _RUNNING["apps"]
        self._model("Ticket").objects.all().delete()
        self._fields = {one.name: one for one in self._model("CustomField").objects.all()}
        users = self._models.get_model("auth", "User").objects
        self._agent = users.get(username=helpdesk_site.AGENT)
        self._stack.enter_context(mock.patch.object(_view(), "get_queryset", _only_what_is_used))

    def _begin(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="amends-site-", dir=_quick_folder()))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        access = {
            "secret_key": secrets.token_urlsafe(40),
            "token": secrets.token_hex(20),
            "user": helpdesk_site.AGENT,
            "password": secrets.token_urlsafe(12),
        }
        application = helpdesk_site._application(folder, access["secret_key"], "UTC")  # noqa: SLF001 - the demo's own site
        helpdesk_site._seed(access)  # noqa: SLF001 - likewise
        from django.apps import apps  # noqa: PLC0415 - usable only after the lines above

        _RUNNING.update(application=application, access=access, apps=apps, folder=folder)
        there = set(
            apps.get_model("helpdesk", "CustomField").objects.values_list("name", flat=True)
        )
        for order, field in enumerate(blueprint(world.recovery()).fields, len(there)):
            if field.filled_by != "agents" or f"amends_{field.name}" in there:
                continue
            apps.get_model("helpdesk", "CustomField").objects.create(
                name=f"amends_{field.name}",
                label=field.name.replace("_", " "),
                data_type=TYPES[field.type],
                max_length=200 if field.type is FieldType.TEXT else None,
                list_values="\n".join(field.choices),
                empty_selection_list=True,
                ordering=order,
                staff_only=True,
            )

    def _model(self, name: str) -> Any:
        return self._models.get_model("helpdesk", name)

    def plugin(self) -> Any:
        """Give the plugin."""
        settings = DjangoHelpdeskSettings(
            url=f"http://{HOST}:9", token=_RUNNING["access"]["token"], queue=helpdesk_site.QUEUE
        )
        helpdesk: Any = settings.open(world.PRACTICE)
        helpdesk._now = self._now  # noqa: SLF001 - settings open plugins in the machine's time
        return helpdesk

    def away(self, *, away: bool) -> None:
        """Refuse all connections, or none."""
        self._inside.away = away

    def passes(self, now: datetime) -> None:
        """Its clock asks for the time itself."""

    def act(self, ticket: str, act: str, values: dict[str, str]) -> None:
        """Do it."""
        from helpdesk.update_ticket import update_ticket  # noqa: PLC0415 - needs Django

        one = self._model("Ticket").objects.get(id=int(ticket))
        match act:
            case "note" | "reply" | "tried":
                words = said(act, values)
                update_ticket(self._agent, one, comment=words, public=act == "reply")
            case "assign":
                update_ticket(self._agent, one, owner=self._agent.id)
            case "priority":
                update_ticket(self._agent, one, priority=PRIORITY[int(values["severity"])])
            case "fill":
                for name, value in values.items():
                    if f"amends_{name}" in self._fields:
                        self._fill(one, f"amends_{name}", value)
            case "close" | "reopen":
                update_ticket(self._agent, one, new_status=RESOLVED if act == "close" else REOPENED)
            case "wrong" | "right":
                self._retag(one, {f"amends_{act}"}, set())
            case "untag":
                self._retag(one, set(), set(taken(values["tag"], self._tags(one))))
            case "delete":
                one.delete()

    def _fill(self, one: Any, name: str, value: str) -> None:
        """Do what the product's form does with a custom field."""
        field = self._fields[name]
        if field.data_type == "boolean":
            value = "True" if value == "yes" else ""
        self._model("TicketCustomFieldValue").objects.update_or_create(
            ticket=one, field=field, defaults={"value": value}
        )

    def _tags(self, one: Any) -> set[str]:
        found = self._model("TicketCustomFieldValue").objects.filter(
            ticket=one, field=self._fields["tags"]
        )
        words = (found[0].value if found else "").split(",")
        return {word.strip() for word in words if word.strip() not in {"", "-"}}

    def _retag(self, one: Any, add: set[str], remove: set[str]) -> None:
        self._fill(one, "tags", ", ".join(sorted((self._tags(one) | add) - remove)))

    def merge(self, ticket: str, into: str) -> None:
        """Mark the ticket as a duplicate of another."""
        tickets = self._model("Ticket").objects
        one = tickets.get(id=int(ticket))
        one.merged_to, one.status = (
            tickets.get(id=int(into)),
            self._model("Ticket").DUPLICATE_STATUS,
        )
        one.save()

    def stands(self, ticket: str) -> Stands:
        """Read the product's own tables."""
        one = self._model("Ticket").objects.get(id=int(ticket))
        values = self._model("TicketCustomFieldValue").objects.filter(ticket=one)
        severity = {theirs: ours for ours, theirs in PRIORITY.items()}
        return Stands(
            tags=frozenset(self._tags(one)),
            severity=severity.get(one.priority),
            fields={
                value.field.name.removeprefix("amends_"): value.value or "" for value in values
            },
        )

    def close(self) -> None:
        """Give the clock and the sockets back."""
        self._stack.close()


def _served(asked: Asked) -> Told:
    """Let the product's WSGI application answer."""
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        told.update(status=int(status.partition(" ")[0]), headers=tuple(headers))

    environ = {
        "REQUEST_METHOD": asked.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(asked.path),
        "QUERY_STRING": asked.query,
        "CONTENT_TYPE": asked.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(asked.body)),
        "SERVER_NAME": HOST,
        "SERVER_PORT": "9",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(asked.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    } | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.headers.items()}
    answered = _RUNNING["application"](environ, start)
    body = b"".join(answered)
    if hasattr(answered, "close"):
        answered.close()
    return Told(status=told["status"], headers=told["headers"], body=body)


def _view() -> Any:
    from helpdesk.views.api import TicketViewSet  # noqa: PLC0415 - needs Django

    _RUNNING.setdefault("queryset", TicketViewSet.get_queryset)
    return TicketViewSet


def _only_what_is_used(view: Any) -> Any:
    """Give the tickets of a view; for a single one the product reads its fields later anyway."""
    from helpdesk.user import HelpdeskUser  # noqa: PLC0415 - needs Django

    if view.kwargs.get("pk") is None:
        return _RUNNING["queryset"](view)
    tickets = HelpdeskUser(view.request.user).accessible_tickets()
    asked = view.request.query_params.get("status")
    return tickets.filter(status__in=asked.split(",")) if asked else tickets


def _clock(now: Callable[[], datetime]) -> type[datetime]:
    class Moved(datetime):
        """The product's clock."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # gives plain times
            """Tell the month's time."""
            at = now()
            return at.astimezone(tz) if tz is not None else at.replace(tzinfo=None)

    return Moved


def _quick_folder() -> Path | None:
    folder = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    return folder if os.access(folder, os.W_OK) else None
