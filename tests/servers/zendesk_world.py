"""The simulated Zendesk account as the contract wants to arrange and examine it."""

from __future__ import annotations

import contextlib
import hashlib
from types import MappingProxyType
from zoneinfo import ZoneInfo

from servers.weather import Answer, Fate
from servers.zendesk import ZendeskSimulator

from connector.domain.practice import Practice
from connector.domain.taxonomy import TAXONOMY
from connector.helpdesks.zendesk import ZendeskSettings
from connector.helpdesks.zendesk.tables import field_mark, option_tag
from connector.testing.helpdesk import SeenNote

PRACTICE = Practice(tenant="practice", name="Elm Street", zone=ZoneInfo("Europe/Berlin"))

CATEGORIES = (*TAXONOMY, "visit.rude")
SET_UP = ("ticket_fields", "views", "sla_policies")


class ZendeskWorld:
    def __init__(self, *, set_up=True, **more):
        self.desk = ZendeskSimulator(**more)
        self._opened = []
        if set_up:
            self.set_up()

    def set_up(self):
        """Make the fields that tickets need, as `provision` does."""
        options = [{"name": key, "value": option_tag("category", key)} for key in CATEGORIES]
        self.field("category", type="tagger", custom_field_options=options)
        for name in ("contact_due", "resolution_due", "case", "source"):
            self.field(name, type="text")

    def field(self, name, **values):
        mark = {"title": f"Recovery: {name}", "agent_description": field_mark(name)}
        return self.desk.add_record("ticket_fields", **{**mark, **values})

    def close(self):
        for helpdesk in self._opened:
            helpdesk.close()
        self.desk.close()

    def settings(self, **changes):
        values = {
            "url": self.desk.url,
            "client_id": self.desk.knobs.client_id,
            "client_secret": self.desk.knobs.client_secret,
            "deadline_seconds": 20,
            "share_percent": 100,
            **changes,
        }
        return ZendeskSettings(**values)

    def open(self, **changes):
        helpdesk = self.settings(**changes).open(PRACTICE)
        self._opened.append(helpdesk)
        return helpdesk

    def open_by_token(self, **changes):
        email, token = self.desk.client_user.email, self.desk.knobs.api_token
        given = {"email": email, "token": token, "client_id": "", "client_secret": None}
        return self.open(**{**given, **changes})

    def let_it_show(self):
        """The export holds back the newest minute."""
        self.desk.clock.advance(minutes=2)

    def open_locked_out(self):
        return self.open(client_secret="wrong-secret-of-nobody")

    def lose_request(self, nth):
        return self.desk.weather.lose_request(nth)

    def lose_answer(self, nth):
        return self.desk.weather.lose_answer(nth)

    def refuse_reads(self):
        return self.desk.weather.refuse_reads()

    def down(self):
        return self.desk.down()

    def mails(self):
        return [mail.text for mail in self.desk.mails]

    def count(self, key):
        return len(self.desk.by_external_id(key))

    def notes(self, ref):
        return [
            SeenNote(
                text=comment["html_body"],
                private=not comment["public"],
                files={
                    file["file_name"]: hashlib.sha256(self.desk.file(file).content).hexdigest()
                    for file in comment["attachments"]
                },
            )
            for comment in self.desk.comments(ref.id)[1:]
        ]

    def tag_by_hand(self, ref, tag):
        self.desk.tag_by_hand(ref.id, tag)

    def comment_by_hand(self, ref, text):
        self.desk.comment_by_hand(ref.id, text)

    def delete(self, ref):
        self.desk.delete(ref.id)

    def merge(self, ref, into):
        self.desk.merge(ref.id, into.id)

    def secrets(self):
        given = [one.request.headers.get("authorization", "") for one in self.desk.exchanges]
        tokens = {value.removeprefix("Bearer ") for value in given if value}
        return [self.desk.knobs.client_secret, self.desk.knobs.api_token, *sorted(tokens)]

    # what else may happen

    cannot = MappingProxyType(
        {"mark_spam": "what is marked as spam is deleted, and the API tells no difference"}
    )
    history_page = 100

    def answering(self, status, headers, body, *, reads=True):
        answer = Answer(status=status, headers=tuple(headers.items()), body=body)

        def strikes(request):
            return request.path.startswith("/api/") and (reads or request.is_write)

        return self.desk.weather.upon(strikes, Fate(instead=answer))

    @contextlib.contextmanager
    def interject(self, act):
        waiting = [act]

        def somebody_is_quicker(request):
            if request.is_write and request.path.startswith("/api/") and waiting:
                waiting.pop()()
            return False

        with self.desk.weather.upon(somebody_is_quicker, Fate()):
            yield

    def colleagues(self):
        add = self.desk.account.add_user
        two = (
            add(name=name, email=f"{name}@elmstreet.test", role="agent") for name in ("Kim", "Ana")
        )
        return tuple(one.email for one in two)

    def close_for_good(self, ref):
        self.desk.close_ticket(ref.id)

    def open_auditor(self):
        return self.open(scope="read")

    # setting up

    def open_bare(self):
        self.desk.knobs.requests_per_minute = 100_000  # setting up takes many, and time is real
        for plural in SET_UP:
            self.desk.account.shelves[plural].records.clear()
        return self.open()

    def setup(self):
        return {
            f"{plural}/{record['id']}": str(record["title"])
            for plural in SET_UP
            for record in self.desk.account.shelves[plural].ordered()
        }

    def set_up_by_hand(self):
        self.desk.add_record("ticket_fields", type="text", title="Insurance")
        self.desk.add_record("ticket_fields", type="text", title="Recovery: my own")
        condition = {"field": "status", "operator": "is", "value": "open"}
        self.desk.add_record("views", title="My open tickets", all=[condition])

    def rename_by_hand(self, step, title):
        self.desk.account.shelves["ticket_fields"].change(int(step.id), {"title": title})

    # looking

    def asked(self, method=None, path=""):
        """All requests that reached the product, as (method, path), without those for tokens."""
        found = [(one.request.method, one.request.path) for one in self.desk.exchanges]
        return [
            (verb, where)
            for verb, where in found
            if where != "/oauth/tokens" and where.endswith(path) and method in (None, verb)
        ]
