"""IMAP servers for tests: pymap and Dovecot as processes, and one that follows a script."""

from __future__ import annotations

import base64
import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from imapclient import IMAPClient
from servers.scripted import Scripted

USER, PASSWORD = "feedback", "secret"
DOVECOT = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
_START_S = 30


class PymapServer:
    """pymap in a process of its own, mail in memory."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self.start()

    def start(self, port: int = 0) -> None:
        command = [sys.executable, "-m", "connector.demo.imap_server", "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, *self._options], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._process.stdout.readline())

    def client(self, **options):
        return logged_in(self.port, **options)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(_START_S)
        self._process.stdout.close()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_START_S)
        self._process.stdout.close()


class DovecotServer:
    """Dovecot without root rights (root's tests run it as nobody), mail in a Maildir."""

    def __init__(self, more_users: Mapping[str, str] | None = None) -> None:
        """`more_users` are names with their passwords."""
        self._home = tempfile.TemporaryDirectory(prefix="dovecot-")
        self.folder = folder = Path(self._home.name)
        self.port = _free_port()
        root = os.geteuid() == 0
        account = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        self._ids = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._ids = self._ids if root else {}
        for name in ("run", "mail", "log"):
            (folder / name).mkdir()
        coded = {
            name: base64.b64encode(secret.encode()).decode()
            for name, secret in ({USER: PASSWORD} | dict(more_users or {})).items()
        }
        lines = [f"{name}:{{PLAIN.B64}}{secret}::::::\n" for name, secret in coded.items()]
        (folder / "users").write_text("".join(lines), "utf-8")
        config = folder / "dovecot.conf"
        names = {"user": account.pw_name, "group": grp.getgrgid(account.pw_gid).gr_name}
        config.write_text(_DOVECOT.format(folder=folder, port=self.port, **names))
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, account.pw_uid, account.pw_gid)
        self._process = subprocess.Popen(
            [DOVECOT, "-F", "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._ids,
        )
        end = time.monotonic() + _START_S
        while not _accepts(self.port):
            assert self._process.poll() is None, (folder / "log/dovecot.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.02)

    def client(self, **options):
        return logged_in(self.port, **options)

    def doveadm(self, *words: str) -> None:
        doveadm = shutil.which("doveadm", path=os.environ.get("PATH", "") + ":/usr/bin")
        config = str(self.folder / "dovecot.conf")
        subprocess.run(
            [doveadm, "-c", config, *words], check=True, capture_output=True, **self._ids
        )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(_START_S)
        self._home.cleanup()


_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
last_valid_uid = 0
first_valid_gid = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_gid = {group}
mailbox_idle_check_interval = 1 secs
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


def logged_in(port: int, **options) -> IMAPClient:
    client = IMAPClient("127.0.0.1", port=port, ssl=False, timeout=_START_S, **options)
    client.login(USER, PASSWORD)
    return client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class ScriptedImap(Scripted):
    """Answers commands from a table; `{tag}` stands for the command's tag.

    Keys are the beginnings of commands (`SELECT`, `UID FETCH 1`); the longest match wins. A value
    is bytes, or a function of (connection, tag, line) that answers by itself and gives False to
    end the connection.
    """

    def __init__(self, **more) -> None:
        self.commands: list[str] = []
        self.answers = dict(_HONEST)
        super().__init__(self._speak, **more)

    def _speak(self, conn: socket.socket) -> None:
        conn.sendall(b"* OK ready\r\n")
        with conn.makefile("rb") as lines:
            for raw in lines:
                line = raw.decode().strip()
                tag, _, command = line.partition(" ")
                self.commands.append(command or line)
                key = max((k for k in self.answers if command.startswith(k)), key=len, default="")
                answer = self.answers.get(key, b"{tag} BAD unknown\r\n")
                if callable(answer):
                    if answer(conn, tag.encode(), lines) is False:
                        conn.shutdown(socket.SHUT_RDWR)
                        return
                else:
                    conn.sendall(answer.replace(b"{tag}", tag.encode()))


MESSAGE = b"From: Jane Doe <jane@example.com>\r\nSubject: Hello\r\n\r\nI waited two hours.\r\n"


def fetched(number: int, uid: int, message: bytes = MESSAGE) -> bytes:
    """One untagged FETCH answer with the whole message."""
    return b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (number, uid, len(message), message)


_HONEST = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done\r\n",
    "LOGIN": b"{tag} OK welcome\r\n",
    "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-ONLY] done\r\n",
    "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-WRITE] done\r\n",
    "UID SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n",
    "UID FETCH 1 (RFC822.SIZE": b"* 1 FETCH (UID 1 RFC822.SIZE %d)\r\n{tag} OK done\r\n"
    % len(MESSAGE),
    "UID FETCH 1 (BODY": fetched(1, 1) + b"{tag} OK done\r\n",
    "NOOP": b"{tag} OK done\r\n",
    "LOGOUT": b"* BYE\r\n{tag} OK done\r\n",
}
