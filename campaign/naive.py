"""The naive client: what most integrations do, run in the same harness to show that it bites.

It reads new mail, posts a ticket, retries on any error, and remembers the mail after it
was posted. No intent is written down, nothing is looked for after a lost answer.
"""

from __future__ import annotations

import argparse
import email
import json
import sqlite3
import time
from contextlib import suppress
from email import policy
from pathlib import Path
from typing import Any

import requests
from imapclient import IMAPClient

TRIES = 8
DEADLINE_S = 1


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--mail-port", type=int, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True)
    options = parser.parse_args()
    state = sqlite3.connect(options.state, isolation_level=None)
    state.execute("CREATE TABLE IF NOT EXISTS seen (uid INTEGER PRIMARY KEY)")
    while True:
        with suppress(Exception):
            _pass(state, options.mail_port, options.url, options.token)
        time.sleep(0.2)


def _pass(state: sqlite3.Connection, port: int, url: str, token: str) -> None:
    with IMAPClient("127.0.0.1", port, ssl=False, timeout=10) as box:
        box.login("feedback", "secret")
        box.select_folder("INBOX", readonly=True)
        for uid in box.search():
            if state.execute("SELECT 1 FROM seen WHERE uid = ?", [uid]).fetchone():
                continue
            raw = box.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
            if _post(url, token, email.message_from_bytes(raw, policy=policy.default)):
                state.execute("INSERT INTO seen VALUES (?)", [uid])


def _post(url: str, token: str, mail: Any) -> bool:
    body = {
        "queue": 1,
        "title": str(mail["Subject"]),
        "description": mail.get_body().get_content(),
        "priority": 3,
    }
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    for _ in range(TRIES):
        try:
            answer = requests.post(
                f"{url}/api/tickets/", json.dumps(body), headers=headers, timeout=DEADLINE_S
            )
            if answer.ok:
                return True
        except requests.RequestException:
            pass
    return False


if __name__ == "__main__":
    main()
