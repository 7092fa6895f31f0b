"""The simulated Freshdesk, as the contract wants to arrange and examine it."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import ClassVar
from zoneinfo import ZoneInfo

from servers.freshdesk import FreshdeskSimulator, Knobs
from servers.weather import Answer, Fate

from connector.domain.practice import Practice
from connector.helpdesks.freshdesk import Freshdesk, FreshdeskSettings
from connector.helpdesks.freshdesk.rates import RATES
from connector.testing.helpdesk import SeenNote

PRACTICE = Practice(tenant="practice", name="Elm Street", zone=ZoneInfo("Europe/Berlin"))

UNHURRIED = replace(RATES, limits={})
"""Nothing waits before an answer tells a limit, and a simulation without a plan tells none."""

OPENING = re.compile(r"\[amends ticket [^\]]+\]</div>$")

FIELDS = ("Amends key", "Amends category", "Amends contact due", "Amends resolution due")


class FreshdeskWorld:
    """One account, in which every notification that could reach a patient is on."""

    def __init__(self, **more) -> None:
        knobs = Knobs(notifies_requester=True, sla_delay_s=3_600)
        self.server = FreshdeskSimulator(**{"fields": FIELDS, "knobs": knobs} | more)
        self.hand = self.server.hand
        self.account = self.server.account
        self._opened = []
        self.bare = {}
        """Settings of the helpdesk that sets a bare account up."""

    def close(self) -> None:
        for helpdesk in self._opened:
            helpdesk.close()
        self.server.close()

    def settings(self, **changes) -> FreshdeskSettings:
        values = {
            "url": self.server.url,
            "api_key": self.server.api_key,
            "deadline_seconds": 20,
            "share_percent": 100,
            **changes,
        }
        return FreshdeskSettings(**values)

    def open(self, **changes):
        helpdesk = Freshdesk(self.settings(**changes), PRACTICE, rates=UNHURRIED)
        self._opened.append(helpdesk)
        return helpdesk

    def open_at(self, url):
        """Open one whose address went wrong after its settings were read."""
        settings = self.settings().model_copy(update={"url": url})
        helpdesk = Freshdesk(settings, PRACTICE, rates=UNHURRIED)
        self._opened.append(helpdesk)
        return helpdesk

    def open_locked_out(self):
        return self.open(api_key="0" * 20)

    def lose_request(self, nth):
        return self.server.weather.lose_request(nth)

    def lose_answer(self, nth):
        return self.server.weather.lose_answer(nth)

    def refuse_reads(self):
        return self.server.weather.refuse_reads()

    def down(self):
        return self.server.down()

    def mails(self):
        return list(self.server.mails)

    def count(self, key):
        return self.hand.count(cf_amends_key=key)

    def notes(self, ref):
        """What was said after the ticket was opened: its own words are in a note too."""
        return self.said(ref, opening=False)

    def openings(self, ref):
        return self.said(ref, opening=True)

    def said(self, ref, *, opening):
        return [
            SeenNote(
                text=one.body,
                private=one.private,
                files={file.name: file.sha256 for file in one.attachments},
            )
            for one in self.hand.conversations(ref.id)
            if bool(OPENING.search(one.body)) is opening
        ]

    def shown_to_the_requester(self, ref):
        """All that the portal shows of a ticket, and mails quote: as stored."""
        ticket = self.hand.ticket(ref.id)
        talk = [one.body for one in self.hand.conversations(ref.id) if not one.private]
        return "\n".join([ticket["subject"], ticket["description"], *talk])

    def tag_by_hand(self, ref, tag):
        self.hand.tag(ref.id, tag)

    def comment_by_hand(self, ref, text):
        self.hand.comment(ref.id, text)

    def delete(self, ref):
        self.hand.delete(ref.id)

    def merge(self, ref, into):
        self.hand.merge(ref.id, into=into.id)

    def secrets(self):
        return [self.server.api_key, "0" * 20]

    # what the contract of a product that can be set up asks for

    def open_bare(self):
        for name in [field.name for field in self.account.form.custom()]:
            self.hand.remove_field(name)
        return self.open(**self.bare)

    def setup(self):
        fields = {f"field-{one.id}": one.label for one in self.account.form.live()}
        return fields | {f"policy-{one.id}": one.name for one in self.account.policies}

    def set_up_by_hand(self):
        self.hand.add_field("Recovery: category", name="cf_recovery_category")
        self.hand.add_field("Amends category notes", name="cf_amends_category_notes")
        self.hand.add_field("Insurance", "custom_dropdown", choices=["Public", "Private"])

    def rename_by_hand(self, step, title):
        one = next(one for one in self.account.form.live() if str(one.id) == step.id)
        one.label = title

    # what the contract of hard times asks for

    cannot: ClassVar[dict[str, str]] = {
        "close_for_good": "a closed ticket can be opened again until it is archived",
    }
    history_page = 100

    def answering(self, status, headers, body, *, reads=True):
        fate = Fate(instead=Answer(status=status, headers=tuple(headers.items()), body=body))
        return self.server.weather.upon(lambda request: reads or request.is_write, fate)

    @contextlib.contextmanager
    def interject(self, act):
        acts = [act]

        def quick(request):
            if request.is_write and acts:
                acts.pop()()
            return False

        with self.server.weather.upon(quick, Fate()):
            yield

    def colleagues(self):
        two = (self.server.agent(name, f"{name}Key") for name in ("kim", "ana"))
        return tuple(one.email for one in two)

    def mark_spam(self, ref):
        self.hand.spam(ref.id)

    def open_auditor(self):
        self.server.agent("auditor", "Aud1torKey", read_only=True)
        return self.open(api_key="Aud1torKey")
