"""The configuration of a trial."""

from __future__ import annotations

import os
from pathlib import Path

import tomli_w

COLUMNS = {
    "id": "id",
    "score": "score",
    "comment": "comment",
    "name": "name",
    "email": "email",
}


def write_config(
    folder: Path, mail_port: int, helpdesk_port: int, token: str, *, poll_s: int = 1
) -> Path:
    """Write configuration, an empty queue log and a survey export with its header."""
    (folder / "queue_log").touch()
    (folder / "surveys").mkdir()
    (folder / "surveys" / "answers.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    for name, value in {"mail": "secret", "token": token}.items():
        flags = os.O_WRONLY | os.O_CREAT
        with os.fdopen(os.open(folder / name, flags, 0o600), "w") as file:
            file.write(value)
    path = folder / "config.toml"
    settings = _settings(folder, mail_port, helpdesk_port, poll_s)
    path.write_bytes(tomli_w.dumps(settings).encode())
    return path


def _settings(folder: Path, mail_port: int, helpdesk_port: int, poll_s: int) -> dict[str, object]:
    return {
        "state_dir": str(folder / "state"),
        "practice": {"name": "Campaign Practice", "zone": "America/New_York"},
        "sources": [
            {
                "kind": "imap",
                "name": "feedback",
                "host": "127.0.0.1",
                "port": mail_port,
                "security": "none",
                "username": "feedback",
                "password_file": str(folder / "mail"),
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
        "helpdesk": {
            "kind": "django_helpdesk",
            "url": f"http://127.0.0.1:{helpdesk_port}",
            "token_file": str(folder / "token"),
            "queue": "Patient Recovery",
            "deadline_seconds": 2,
            "settle_seconds": 5,
        },
        "recovery": {"body": "full"},
        "pipeline": {"senders": 2, "sync_seconds": 86_400, "storm_cases_per_hour": 100_000},
        "log": {"fold_minutes": 0},
    }
