"""The demo's stage: a folder with servers' data, a configuration, a queue log, an export folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from imapclient import IMAPClient

from connector.demo.scenario import BOX, SURVEY_MAP

ZONE = "America/New_York"
SETTLE_S = 4
DEADLINE_S = 2
"""Far shorter than in earnest, so that the demo shows the search after doubt within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where everything of one demo is."""

    folder: Path
    mail_port: int
    mail_password: str
    helpdesk_url: str
    helpdesk_token: str

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.folder / "config.toml"

    @property
    def phone_log(self) -> Path:
        """The phone system's log."""
        return self.folder / "Master.csv"

    @property
    def surveys(self) -> Path:
        """Where exports are dropped."""
        return self.folder / "surveys"

    def build(self) -> None:
        """Write the configuration, an empty log and an empty export folder."""
        self.surveys.mkdir(exist_ok=True)
        self.phone_log.touch()
        secrets = {"feedback.password": self.mail_password, "helpdesk.token": self.helpdesk_token}
        for name, value in secrets.items():
            with os.fdopen(
                os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
            ) as file:
                file.write(value)
        self.config.write_bytes(tomli_w.dumps(self._settings()).encode())

    def deliver(self, raw: bytes) -> None:
        """Put a mail into the mailbox, as a mail server would."""
        with IMAPClient("127.0.0.1", self.mail_port, ssl=False, timeout=30) as box:
            box.login("feedback", self.mail_password)
            box.append("INBOX", raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    def ring(self, lines: Sequence[str]) -> None:
        """Let the phone system write lines into its log."""
        with self.phone_log.open("a", encoding="utf-8") as log:
            log.write("".join(f"{line}\n" for line in lines))

    def drop_survey(self, text: str) -> None:
        """Drop an export, whole at once, as careful tools do."""
        partial = self.surveys / "responses.csv.part"
        partial.write_text(text, encoding="utf-8")
        partial.rename(self.surveys / "responses.csv")

    def _settings(self) -> dict[str, Any]:
        return {
            "state_dir": str(self.folder / "state"),
            "practice": {
                "name": "Riverside Family Practice",
                "zone": ZONE,
                "region": "US",
                "phone": "+1 212 555 0100",
                "own_addresses": [BOX],
            },
            "sources": [
                {
                    "kind": "imap",
                    "name": "feedback",
                    "host": "127.0.0.1",
                    "port": self.mail_port,
                    "security": "none",
                    "username": "feedback",
                    "password_file": str(self.folder / "feedback.password"),
                    "start_from": "everything",
                },
                {
                    "kind": "asterisk_cel",
                    "name": "phones",
                    "path": str(self.phone_log),
                    "calls": {
                        "staff": {"101": "front desk", "104": "scheduling"},
                        "recordings": {"custom/emergency-911": "emergency 911"},
                    },
                    "poll_seconds": 5,
                },
                {
                    "kind": "survey_file",
                    "name": "surveys",
                    "path": str(self.surveys),
                    "pattern": "*.csv",
                    "settle_seconds": 1,
                    "poll_seconds": 2,
                    "vendor": "qualtrics",
                    "map": SURVEY_MAP,
                },
            ],
            "helpdesk": {
                "kind": "django_helpdesk",
                "url": self.helpdesk_url,
                "token_file": str(self.folder / "helpdesk.token"),
                "queue": "Patient Recovery",
                "deadline_seconds": DEADLINE_S,
                "settle_seconds": SETTLE_S,
            },
            "recovery": {"body": "full"},
            # nobody calls back in the demo, so nobody is waited for
            "triage": {"phone": {"callback_minutes": 0}},
            "pipeline": {"sync_seconds": 10},
        }
