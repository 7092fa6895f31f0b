"""A real django-helpdesk, started once in each test process; examined without the plugin."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from connector.demo.helpdesk_site import BOT
from connector.domain.practice import Practice
from connector.helpdesks.django_helpdesk import DjangoHelpdeskSettings
from connector.testing.helpdesk import SeenNote
from connector.testing.proxy import Fate, FaultProxy

PRACTICE = Practice(tenant="practice", name="Elm Street", zone=ZoneInfo("Europe/Berlin"))

TABLES = ("ticketcustomfieldvalue", "followupattachment", "ticketchange", "followup", "ticket")

COUNT = """
    SELECT count(*) FROM helpdesk_ticketcustomfieldvalue
    JOIN helpdesk_customfield AS field ON field.id = field_id
    WHERE field.name = 'amends_key' AND value = ?
"""


@dataclass(frozen=True, kw_only=True)
class RunningSite:
    url: str
    port: int
    token: str
    user: str
    password: str
    folder: Path


@functools.cache
def running_site() -> RunningSite:
    """Start the site on first use; it ends with this process, however that ends."""
    folder = tempfile.TemporaryDirectory(prefix="amends-helpdesk-")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "connector.demo.helpdesk_site"),
            *("--dir", folder.name, "--port", "0", "--until-stdin-closes"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def stop() -> None:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
        folder.cleanup()

    atexit.register(stop)
    line = process.stdout.readline()
    assert line, "the site did not start; see its output above"
    access = json.loads(line)
    return RunningSite(
        url=access["url"],
        port=access["port"],
        token=access["token"],
        user=access["user"],
        password=access["password"],
        folder=Path(folder.name),
    )


class SiteWorld:
    """The site behind a proxy of its own, as the contract wants to arrange and examine it."""

    cannot = {  # noqa: RUF012 - nobody changes it
        "open_auditor": "the product has no right to read alone: whoever is staff may write",
        "mark_spam": "the product knows no spam",
        "rename_by_hand": "nothing of this product is set up over its API",
    }

    def __init__(self, site: RunningSite) -> None:
        self.site = site
        self.proxy = FaultProxy(site.port)
        self.port = self.proxy.port
        self._opened = []
        self._kept = []
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Token {site.token}"

    def close(self) -> None:
        for helpdesk in self._opened:
            helpdesk.close()
        self._session.close()
        self.proxy.close()
        # The product reads every ticket for every request: the next test begins without them.
        with contextlib.closing(sqlite3.connect(self.site.folder / "db.sqlite3")) as database:
            for table in TABLES:
                database.execute(f"DELETE FROM helpdesk_{table}")  # noqa: S608 - names from above
            if self._kept:
                database.execute("DELETE FROM helpdesk_customfield")
                signs = ",".join("?" * len(self._kept[0]))
                insert = f"INSERT INTO helpdesk_customfield VALUES ({signs})"  # noqa: S608 - signs
                database.executemany(insert, self._kept)
            database.commit()

    def settings(self, **changes) -> DjangoHelpdeskSettings:
        values = {
            "url": f"http://127.0.0.1:{self.port}",
            "token": self.site.token,
            "queue": "Patient Recovery",
            "deadline_seconds": 20,
            **changes,
        }
        return DjangoHelpdeskSettings(**values)

    def open(self, **changes):
        helpdesk = self.settings(**changes).open(PRACTICE)
        self._opened.append(helpdesk)
        return helpdesk

    def open_locked_out(self):
        return self.open(token="0" * 40)

    def lose_request(self, nth):
        return self.proxy.fate_of_write(nth, Fate.LOSE_REQUEST)

    def lose_answer(self, nth):
        return self.proxy.fate_of_write(nth, Fate.LOSE_ANSWER)

    def answering(self, status, headers, body, **how):
        return self.proxy.answering(status, headers, body, **how)

    def interject(self, act):
        return self.proxy.interject(act)

    def colleagues(self):
        return BOT, self.site.user

    def close_for_good(self, ref):
        self.api("PATCH", f"/api/tickets/{ref.id}/", json={"status": 4})

    def refuse_reads(self):
        return self.proxy.fate_of_reads(Fate.REFUSE)

    @contextlib.contextmanager
    def down(self):
        self.proxy.pause()
        yield
        self.proxy.resume()

    def mails(self):
        folder = self.site.folder / "mail"
        return [path.read_text() for path in sorted(folder.glob("*"))] if folder.exists() else []

    def count(self, key):
        with contextlib.closing(sqlite3.connect(self.site.folder / "db.sqlite3")) as database:
            return database.execute(COUNT, [key]).fetchone()[0]

    def ticket(self, ref):
        return self.api("GET", f"/api/tickets/{ref.id}/").json()

    def notes(self, ref):
        first, *others = self.ticket(ref)["followup_set"]
        assert not first["public"]
        return [
            SeenNote(
                text=note["comment"],
                private=not note["public"],
                files={
                    file["filename"]: self.sha256(file["file"])
                    for file in note["followupattachment_set"]
                },
            )
            for note in others
        ]

    def sha256(self, address):
        path = self.site.folder / "media" / address.partition("/media/")[2]
        return hashlib.sha256(Path(requests.utils.unquote(str(path))).read_bytes()).hexdigest()

    def tag_by_hand(self, ref, tag):
        tags = f"{tag},{self.ticket(ref)['custom_tags']}"
        self.api("PATCH", f"/api/tickets/{ref.id}/", json={"custom_tags": tags})

    def comment_by_hand(self, ref, text):
        self.api("POST", "/api/followups/", json={"ticket": int(ref.id), "comment": text})

    def delete(self, ref):
        self.api("DELETE", f"/api/tickets/{ref.id}/")

    def merge(self, ref, into):
        body = {"merged_to": int(into.id), "status": 5}
        self.api("PATCH", f"/api/tickets/{ref.id}/", json=body)

    def open_bare(self):
        """A site without our custom fields; `close` puts them back."""
        self._kept = self.database("SELECT * FROM helpdesk_customfield")
        self.database("DELETE FROM helpdesk_customfield")
        return self.open()

    def setup(self):
        rows = self.database("SELECT id, label FROM helpdesk_customfield")
        rows += self.database("SELECT 'search-' || id, title FROM helpdesk_savedsearch")
        return {str(number): title for number, title in rows}

    def set_up_by_hand(self):
        self.custom_field("insurance", "Insurance")
        self.custom_field("recovery_own", "Recovery: my own")

    def custom_field(self, name, label, kind="varchar", choices=(), length=200, *, required=False):
        """Add a custom field as the admin page does."""
        self.database(
            "INSERT INTO helpdesk_customfield (name, label, data_type, max_length, list_values,"
            " empty_selection_list, required, staff_only) VALUES (?, ?, ?, ?, ?, 0, ?, 1)",
            *(name, label, kind, length, "\n".join(choices), required),
        )

    def database(self, statement, *values):
        """Look or work behind the site's back."""
        path = self.site.folder / "db.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as database, database:
            return database.execute(statement, values).fetchall()

    def secrets(self):
        return [self.site.token, "0" * 40]

    def api(self, method, path, **more):
        answer = self._session.request(method, self.site.url + path, timeout=30, **more)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer

    def browser(self):
        browser = requests.Session()
        browser.trust_env = False
        return browser

    def agent(self):
        """A browser in which the agent is logged in."""
        browser = self.browser()
        page = browser.get(f"{self.site.url}/login/", timeout=30).text
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = {
            "username": self.site.user,
            "password": self.site.password,
            "csrfmiddlewaretoken": token,
        }
        headers = {"Referer": self.site.url}
        browser.post(f"{self.site.url}/login/", data=form, headers=headers, timeout=30)
        return browser
