"""The configuration of a trial."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import tomli_w

COLUMNS = {
    "id": "id",
    "score": "score",
    "comment": "comment",
    "name": "name",
    "email": "email",
}
PATIENCE = {"deadline_seconds": 2, "settle_seconds": 5}
"""What every helpdesk of a trial gets; less than in earnest, or a trial would take hours."""


def write_config(
    folder: Path, mail_port: int, helpdesk_port: int, token: str, *, poll_s: int = 1
) -> Path:
    """Write what `write_stage` writes, for a django-helpdesk."""
    return write_stage(folder, mail_port, site_table(folder, helpdesk_port, token), poll_s=poll_s)


def write_stage(
    folder: Path, mail_port: int, helpdesk: Mapping[str, object], *, poll_s: int = 1
) -> Path:
    """Write configuration, an empty queue log and a survey export with its header."""
    (folder / "queue_log").touch()
    (folder / "surveys").mkdir()
    (folder / "surveys" / "answers.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    path = folder / "config.toml"
    settings = _settings(folder, mail_port, helpdesk, poll_s)
    path.write_bytes(tomli_w.dumps(settings).encode())
    return path


def site_table(folder: Path, port: int, token: str) -> dict[str, object]:
    """Give the `[helpdesk]` of a django-helpdesk."""
    return {
        "kind": "django_helpdesk",
        "url": f"http://127.0.0.1:{port}",
        "token_file": keep_secret(folder, "token", token),
        "queue": "Patient Recovery",
        **PATIENCE,
    }


def keep_secret(folder: Path, name: str, value: str) -> str:
    """Write a secret to a file that the daemon accepts; gives its path."""
    path = folder / name
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(value)
    return str(path)


def _settings(
    folder: Path, mail_port: int, helpdesk: Mapping[str, object], poll_s: int
) -> dict[str, object]:
    return {
        "state_dir": str(folder / "state"),
        "practice": {"name": "Campaign Practice", "zone": "America/New_York"},
        # each caller a ticket, at once: what is tried here is that there is exactly one
        "triage": {
            "phone": {"callback_minutes": 0, "pattern_calls": 1_000, "tickets_a_day": 1_000}
        },
        "sources": [
            {
                "kind": "imap",
                "name": "feedback",
                "host": "127.0.0.1",
                "port": mail_port,
                "security": "none",
                "username": "feedback",
                "password_file": keep_secret(folder, "mail", "secret"),
                "start_from": "everything",
                "poll_seconds": 2 * poll_s,
            },
            {
                "kind": "asterisk_queue_log",
                "name": "phones",
                "path": str(folder / "queue_log"),
                "poll_seconds": poll_s,
            },
            {
                "kind": "survey_file",
                "name": "surveys",
                "path": str(folder / "surveys"),
                "score_kind": "nps",
                "settle_seconds": 0,
                "poll_seconds": poll_s,
                "map": COLUMNS,
            },
        ],
        "helpdesk": dict(helpdesk),
        "recovery": {"body": "full"},
        # no tickets about several cases: the judge counts one for each failure
        "pipeline": {
            "senders": 4,
            "sync_seconds": 86_400,
            "storm_cases_per_hour": 100_000,
            "pattern_cases": 0,
        },
        "log": {"fold_minutes": 0},
    }
