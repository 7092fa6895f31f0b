"""A real Request Tracker, started once in each test process; examined without the plugin.

It needs the packages `request-tracker5 rt5-db-sqlite rt5-standalone` of Debian or Ubuntu, and
no more rights than a folder to write to. The database is made once a test run.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import fcntl
import functools
import hashlib
import itertools
import json
import os
import quopri
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from connector.domain.practice import Practice
from connector.helpdesks.request_tracker import RequestTrackerSettings
from connector.testing.helpdesk import SeenNote
from connector.testing.proxy import Fate, FaultProxy

SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = Path("/usr/sbin/rt-setup-database-5")
PACKAGES = "request-tracker5 rt5-db-sqlite rt5-standalone"
PATIENCE_S = 90

PRACTICE = Practice(tenant="practice", name="Elm Street", zone=ZoneInfo("Europe/Berlin"))
QUEUE = "Patient Recovery"
BARE = "Bare"
ROOT = ("root", "a-root-password")

CONFIG = """
Set($rtname, 'amends.test'); Set($Organization, 'amends.test');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($WebPath, '');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{folder}/rtdb');
Set($MailCommand, 'sendmailpipe'); Set($SendmailPath, '{folder}/sendmail');
Set($LogToSyslog, ''); Set($LogToSTDERR, 'warning'); Set($LogToFile, 0);
Set($Timezone, 'America/New_York');
Set($BcryptCost, 4);  # else each request takes a third of a second to look at its token
# not settings, but variables that are compiled in otherwise
$RT::MasonDataDir = '{folder}/mason'; $RT::MasonSessionDir = '{folder}/session';
Set(%GnuPG, Enable => 0); Set(%SMIME, Enable => 0);
Set($WebSessionClass, 'Apache::Session::File');
Set(%ServiceAgreements, Default => 'standard', Levels => {{
  standard => {{ Resolve => {{ RealMinutes => 60 * 24 * 7 }} }},
  urgent   => {{ Resolve => {{ RealMinutes => 60 * 8 }} }} }});
1;
"""

SEED = """
our (@Users, @Queues, @CustomFields, @ACL, @Final);
my @reads = qw(SeeQueue ShowTicket ShowTicketComments SeeCustomField);
my @works = (@reads, qw(CreateTicket ModifyTicket CommentOnTicket ModifyCustomField
  SetInitialCustomField));
my %rights = (
  amends => \\@works, auditor => \\@reads, agent => [@works, qw(ReplyToTicket OwnTicket)],
  blind => [grep { $_ ne 'ShowTicketComments' } @works],
  mute => [grep { $_ !~ /^(ModifyCustomField|SetInitialCustomField|CommentOnTicket)$/ } @works],
);
@Users = map { { Name => $_, RealName => "The $_", EmailAddress => "$_\\@staff.example",
  Privileged => 1 } } sort keys %rights;
@Queues = map { { Name => $_, SLADisabled => 0, CorrespondAddress => lc(substr $_, 0, 4) .
  '@desk.example' } } ('Patient Recovery', 'Bare');
push @Queues, { Name => 'Elsewhere' };
@CustomFields = (
  { Name => 'Amends Key', Type => 'FreeformSingle', UniqueValues => 1 },
  { Name => 'Tags', Type => 'FreeformMultiple' },
  (map { { Name => "Recovery: $_", Type => 'FreeformSingle' } }
    'category', 'contact due', 'resolution due'),
);
$_->{LookupType} = 'RT::Queue-RT::Ticket', $_->{Queue} = ['Patient Recovery'] for @CustomFields;
push @ACL, map { { GroupDomain => 'RT::System-Role', GroupType => 'Requestor', Right => $_ } }
  qw(ShowTicket ReplyToTicket);
for my $user (sort keys %rights) {
  for my $queue ('Patient Recovery', 'Bare') {
    push @ACL, map { { UserId => $user, Queue => $queue, Right => $_ } } @{ $rights{$user} };
  }
}
@Final = (sub {
  require RT::AuthToken;
  for my $name ('root', sort keys %rights) {
    my $user = RT::User->new(RT->SystemUser); $user->Load($name);
    my $token = RT::AuthToken->new(RT->SystemUser);
    my ($ok, $said, $value) = $token->Create(Owner => $user->Id, Description => 'tests');
    print STDERR "TOKEN $name $value\\n";
  }
});
1;
"""

SENDMAIL = """#!/bin/sh
exec cat > "$(dirname "$0")/mail/$(date +%s%N).$$.eml"
"""

COUNT = """
    SELECT count(*) FROM ObjectCustomFieldValues AS value
    JOIN CustomFields AS field ON field.id = value.CustomField
    JOIN Tickets AS ticket ON ticket.id = value.ObjectId
    WHERE field.Name = 'Amends Key' AND value.Content = ? AND value.Disabled = 0
    AND value.ObjectType = 'RT::Ticket' AND ticket.EffectiveId = ticket.id
    AND ticket.Status != 'deleted'
"""

PARTS = """
    SELECT said.id, said.Type, part.Filename, part.ContentType, part.ContentEncoding, part.Content
    FROM Transactions AS said JOIN Attachments AS part ON part.TransactionId = said.id
    WHERE said.ObjectType = 'RT::Ticket' AND said.ObjectId = ?
    AND said.Type IN ('Comment', 'Correspond') AND said.Data NOT LIKE '[amends ticket %'
    ORDER BY said.id, part.id
"""


@dataclass(frozen=True, kw_only=True)
class RunningRt:
    url: str
    port: int
    folder: Path
    tokens: dict[str, str]

    def database(self, statement, *values):
        """Look or work behind the product's back."""
        path = self.folder / "rtdb"
        with contextlib.closing(sqlite3.connect(path, timeout=60)) as database, database:
            return database.execute(statement, values).fetchall()


def rt_for(tmp_path_factory) -> RunningRt:
    """Give this process's RT; the test is skipped where none is installed."""
    if not installed():
        pytest.skip(f"no Request Tracker on this machine: apt install {PACKAGES}")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return running(shared)


def installed() -> bool:
    return SERVER.exists() and SETUP.exists()


@functools.cache
def running(shared: Path) -> RunningRt:
    """Start it on first use; it ends with this process."""
    template = _template(shared)
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - no fsync there
    folder = tempfile.TemporaryDirectory(prefix="amends-rt-", dir=place)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = _lay_out(Path(folder.name), port)
    shutil.copy(template / "rtdb", folder.name)
    log = (Path(folder.name) / "server.log").open("wb")
    dies_with_us = [shutil.which("setpriv"), "--pdeathsig", "TERM"]
    process = subprocess.Popen(
        [
            *(dies_with_us if dies_with_us[0] else ()),
            *(str(SERVER), "--server", "Starlet", "--host", "127.0.0.1"),
            *("--port", str(port), "--max-workers=3"),
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )

    def stop() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        log.close()
        folder.cleanup()

    atexit.register(stop)
    url = f"http://127.0.0.1:{port}"
    _wait(process, url)
    tokens = json.loads((template / "tokens.json").read_text())
    return RunningRt(url=url, port=port, folder=Path(folder.name), tokens=tokens)


def _template(shared: Path) -> Path:
    """Make the database once for all processes of a test run."""
    template = shared / "rt-template"
    with (shared / "rt-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (template / "tokens.json").exists():
            return template
        template.mkdir(exist_ok=True)
        environment = _lay_out(template, 1)
        (template / "rootpw").write_text(ROOT[1])
        (template / "seed.pl").write_text(SEED)
        first = ["--action", "init", "--root-password-file", str(template / "rootpw")]
        _set_up(environment, *first)
        said = _set_up(environment, "--action", "insert", "--datafile", str(template / "seed.pl"))
        found = [line.split() for line in said.splitlines() if line.startswith("TOKEN ")]
        tokens = {name: token for _, name, token in found}
        assert len(tokens) == 6, said
        (template / "tokens.json").write_text(json.dumps(tokens))
    return template


def _lay_out(folder: Path, port: int) -> dict[str, str]:
    for name in ("etc/RT_SiteConfig.d", "mail", "mason", "session"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    config = folder / "etc" / "RT_SiteConfig.pm"
    config.write_text(CONFIG.format(folder=folder, port=port))
    (folder / "sendmail").write_text(SENDMAIL)
    (folder / "sendmail").chmod(0o755)
    own = {"RT_SITE_CONFIG": str(config), "RT_SITE_CONFIG_DIR": f"{config.parent}/RT_SiteConfig.d"}
    return {**os.environ, **own}


def _set_up(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(SETUP), "--skip-create", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    pause = threading.Event()
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(PATIENCE_S * 5):
            assert process.poll() is None, "it ended at once"
            with contextlib.suppress(requests.ConnectionError):
                if session.get(f"{url}/REST/2.0/rt", timeout=PATIENCE_S).status_code == 401:
                    return
            pause.wait(0.2)
    raise AssertionError("it does not answer")


class RtWorld:
    """An RT behind a proxy of its own, as the contract wants to arrange and examine it."""

    history_page = 100
    cannot = {  # noqa: RUF012 - nobody changes it
        "close_for_good": "the product opens every ticket again",
        "mark_spam": "the product knows no spam",
    }

    def __init__(self, rt: RunningRt) -> None:
        self.rt = rt
        self.proxy = FaultProxy(rt.port)
        self._opened = []
        self._mails = len(self._all_mails())
        self._session = requests.Session()
        self._session.trust_env = False
        [[self._fields]] = rt.database("SELECT max(id) FROM CustomFields")
        [[self._agent]] = rt.database("SELECT id FROM Users WHERE Name = 'agent'")

    def close(self) -> None:
        for helpdesk in self._opened:
            helpdesk.close()
        self._session.close()
        self.proxy.close()
        for table, column in (
            ("ObjectCustomFields", "CustomField"),
            ("CustomFieldValues", "CustomField"),
            ("CustomFields", "id"),
        ):
            self.rt.database(f"DELETE FROM {table} WHERE {column} > ?", self._fields)  # noqa: S608 - names from above

    def settings(self, **changes) -> RequestTrackerSettings:
        values = {
            "url": f"http://127.0.0.1:{self.proxy.port}",
            "token": self.rt.tokens["amends"],
            "queue": QUEUE,
            "deadline_seconds": 60,
            **changes,
        }
        return RequestTrackerSettings(**values)

    def open(self, **changes):
        helpdesk = self.settings(**changes).open(PRACTICE)
        self._opened.append(helpdesk)
        return helpdesk

    def open_locked_out(self):
        return self.open(token=self._refused())

    def colleagues(self):
        return "agent", "root"

    def open_auditor(self):
        return self.open(token=self.rt.tokens["auditor"])

    def open_bare(self):
        return self.open(token=self.rt.tokens["root"], queue=BARE)

    def _refused(self):
        return self.rt.tokens["amends"][:-32] + "0" * 32

    def lose_request(self, nth):
        return self.proxy.fate_of_write(nth, Fate.LOSE_REQUEST)

    def lose_answer(self, nth):
        return self.proxy.fate_of_write(nth, Fate.LOSE_ANSWER)

    def answering(self, status, headers, body, **how):
        return self.proxy.answering(status, headers, body, **how)

    def interject(self, act):
        return self.proxy.interject(act)

    def refuse_reads(self):
        return self.proxy.fate_of_reads(Fate.REFUSE)

    @contextlib.contextmanager
    def down(self):
        self.proxy.pause()
        yield
        self.proxy.resume()

    def _all_mails(self):
        return sorted((self.rt.folder / "mail").glob("*"))

    def mails(self):
        return [path.read_text() for path in self._all_mails()[self._mails :]]

    def count(self, key):
        return self.rt.database(COUNT, key)[0][0]

    def keyless(self, subject):
        """Give the living tickets of a subject that carry no key: copies that nobody owns."""
        return self.rt.database(
            "SELECT id FROM Tickets AS ticket WHERE Subject = ? AND EffectiveId = id AND NOT"
            " EXISTS (SELECT 1 FROM ObjectCustomFieldValues AS value JOIN CustomFields AS field"
            " ON field.id = CustomField WHERE ObjectId = ticket.id AND field.Name = 'Amends Key')",
            subject,
        )

    def notes(self, ref):
        rows = self.rt.database(PARTS, int(ref.id))
        found = []
        for _, group in itertools.groupby(rows, key=lambda row: row[0]):
            parts = list(group)
            texts = [content(part) for part in parts if part[3] == "text/plain" and not part[2]]
            found.append(
                SeenNote(
                    text=texts[0].decode() if texts else "",
                    private=parts[0][1] == "Comment",
                    files={
                        part[2]: hashlib.sha256(content(part)).hexdigest()
                        for part in parts
                        if part[2]
                    },
                )
            )
        return found

    def ticket(self, ref):
        return self.api("GET", f"/ticket/{ref.id}").json()

    def tag_by_hand(self, ref, tag):
        fields = self.ticket(ref)["CustomFields"]
        tags = next(field["values"] for field in fields if field["name"] == "Tags")
        self.change(ref, CustomFields={"Tags": [*tags, tag]})

    def comment_by_hand(self, ref, text, kind="Comment", creator=None):
        """Write what RT writes for a comment, without the time that RT takes for it."""
        self.record_by_hand(ref, kind, creator)
        self.rt.database(
            "INSERT INTO Attachments (TransactionId, Parent, MessageId, Subject, ContentType,"
            " ContentEncoding, Content, Headers, Creator, Created) SELECT max(id), 0, '', '',"
            " 'text/plain', 'none', ?, 'Content-Type: text/plain; charset=\"utf-8\"', ?,"
            " datetime('now') FROM Transactions WHERE ObjectId = ?",
            *(text, creator or self._agent, int(ref.id)),
        )

    def record_by_hand(self, ref, kind, creator=None):
        """Write a transaction without words."""
        self.rt.database(
            "INSERT INTO Transactions (ObjectType, ObjectId, TimeTaken, Type, Data, Creator,"
            " Created) VALUES ('RT::Ticket', ?, 0, ?, 'No Subject', ?, datetime('now'))",
            *(int(ref.id), kind, creator or self._agent),
        )

    def delete(self, ref):
        self.change(ref, Status="deleted")

    def merge(self, ref, into):
        self.change(ref, MergeInto=int(into.id))

    def change(self, ref, **body):
        """Change a ticket as an admin; everything must be accepted."""
        said = self.api("PUT", f"/ticket/{ref.id}", json=body).json()
        assert not [line for line in said if "ermission" in line or "nvalid" in line], said
        return said

    def setup(self):
        rows = self.rt.database(
            "SELECT field.id, field.Name FROM CustomFields AS field JOIN ObjectCustomFields AS at"
            " ON at.CustomField = field.id JOIN Queues AS queue ON queue.id = at.ObjectId"
            " WHERE field.Disabled = 0 AND queue.Name = ?",
            BARE,
        )
        return {str(number): name for number, name in rows}

    def set_up_by_hand(self):
        for name in ("Insurance", "Recovery: my own"):
            body = {"Name": name, "Type": "FreeformSingle", "Queue": BARE}
            self.api("POST", "/customfield", json=body)

    def rename_by_hand(self, step, title):
        self.api("PUT", f"/customfield/{step.id}", json={"Name": title})

    def secrets(self):
        return [*self.rt.tokens.values(), self._refused()]

    def reply(self, ref, text, by="agent"):
        """Write to the patient, or as the patient, as both do by mail or in the browser."""
        body = {"Content": text, "ContentType": "text/plain"}
        self.api("POST", f"/ticket/{ref.id}/correspond", by=by, json=body)

    def patient(self, address):
        """Give a browser in which the patient is signed in to the self-service."""
        self.rt.database(
            "UPDATE Users SET Password = (SELECT Password FROM Users WHERE Name = 'root')"
            " WHERE Name = ?",
            address,
        )
        return self._signed_in(address)

    def agent(self):
        """Give a browser in which an admin is signed in."""
        return self._signed_in(ROOT[0])

    def _signed_in(self, user):
        browser = requests.Session()
        browser.trust_env = False
        form = {"user": user, "pass": ROOT[1]}
        browser.post(f"{self.rt.url}/NoAuth/Login.html", data=form, timeout=PATIENCE_S)
        return browser

    def api(self, method, path, *, by="root", **more):
        headers = {"Authorization": f"token {self.rt.tokens[by]}"}
        url = f"{self.rt.url}/REST/2.0{path}"
        answer = self._session.request(method, url, headers=headers, timeout=PATIENCE_S, **more)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer


def content(part):
    """Give the bytes of a part as RT stores it."""
    *_, encoding, stored = part
    raw = stored.encode() if isinstance(stored, str) else bytes(stored or b"")
    if encoding == "base64":
        return base64.b64decode(raw)
    return quopri.decodestring(raw) if encoding == "quoted-printable" else raw
