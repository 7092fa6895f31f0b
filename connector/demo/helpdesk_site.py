"""A real django-helpdesk on 127.0.0.1, for the demo and for tests.

`python -m connector.demo.helpdesk_site --dir DIR --port N` makes everything it needs in
DIR (database, mails, attachments, log), serves, and prints one line of JSON when it is
ready: `{"port", "url", "token", "user", "password", "pid"}`. Port 0 chooses a free one.
Started again on the same DIR, it goes on with what is there. Mails are never sent: they
are files in DIR/mail.
"""

from __future__ import annotations

import json
import os
import secrets
import socketserver
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TextIO
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click

HOST: Final = "127.0.0.1"
QUEUE: Final = "Patient Recovery"
BOT: Final = "amends-bot"
AGENT: Final = "agent"

FIELDS: Final = (
    ("amends_key", "Key of amends", 100),
    ("tags", "Tags", 1_000),
    ("amends_category", "What went wrong", 200),
    ("amends_contact_due", "First contact due", 100),
    ("amends_resolution_due", "All steps done by", 100),
)
"""Custom fields as the plugin's page asks for them: name, label, maximum length."""

APPS: Final = (
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework.authtoken",
    "helpdesk",
)

MIDDLEWARE: Final = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)

CONTEXT_PROCESSORS: Final = (
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
)


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dir", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True)
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the site's users.")
@click.option("--until-stdin-closes", is_flag=True, help="End when the starting process ends.")
def main(folder: Path, port: int, zone: str, until_stdin_closes: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Make the site if it is not there yet, then serve it until the process is ended."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    access = _access(folder)
    application = _application(folder.resolve(), access["secret_key"], zone)
    _seed(access)
    with make_server(HOST, port, application, _Server, _Quiet) as server:
        if until_stdin_closes:
            threading.Thread(target=_end_with, args=[sys.stdin], daemon=True).start()
        _tell(server.server_port, access)
        server.serve_forever()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """One thread for each request, so that several senders are served at once."""

    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's full name, which can take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()


class _Quiet(WSGIRequestHandler):
    """Does not print requests: their paths may hold patients' words."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Drop the line."""


def _access(folder: Path) -> dict[str, str]:
    """Read the site's credentials, or make them once; only the owner may read the file."""
    path = folder / "access.json"
    if not path.exists():
        made = {
            "secret_key": secrets.token_urlsafe(40),
            "token": secrets.token_hex(20),
            "user": AGENT,
            "password": secrets.token_urlsafe(12),
        }
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            json.dump(made, file)
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _application(folder: Path, secret_key: str, zone: str) -> Callable[..., Any]:
    """Configure Django for this folder and give the WSGI application, static files included."""
    import django  # noqa: PLC0415 - an extra dependency: `amends --help` works without it
    from django.conf import settings  # noqa: PLC0415 - likewise

    settings.configure(**_settings(folder, secret_key, zone))
    django.setup()
    from django.contrib.staticfiles.handlers import StaticFilesHandler  # noqa: PLC0415 - likewise
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - likewise

    return StaticFilesHandler(get_wsgi_application())  # type: ignore[no-any-return]  # Django has no annotations


def _settings(folder: Path, secret_key: str, zone: str) -> dict[str, Any]:
    return {
        "SECRET_KEY": secret_key,
        "DEBUG": False,
        "ALLOWED_HOSTS": [HOST, "localhost"],
        "ROOT_URLCONF": "connector.demo.helpdesk_urls",
        "SITE_ID": 1,
        "USE_TZ": True,
        "TIME_ZONE": zone,
        "LANGUAGE_CODE": "en",
        "STATIC_URL": "/static/",
        "MEDIA_URL": "/media/",
        "MEDIA_ROOT": str(folder / "media"),
        "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
        "INSTALLED_APPS": list(APPS),
        "MIDDLEWARE": list(MIDDLEWARE),
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": list(CONTEXT_PROCESSORS)},
            }
        ],
        "DATABASES": {"default": _database(folder)},
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(folder / "mail"),
        "DEFAULT_FROM_EMAIL": "helpdesk@example.invalid",
        "REST_FRAMEWORK": {
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "rest_framework.authentication.TokenAuthentication",
                # the ticket list asks an API view: without sessions it is empty, with a 200
                "rest_framework.authentication.SessionAuthentication",
            ],
        },
        "LOGIN_URL": "helpdesk:login",
        "LOGIN_REDIRECT_URL": "helpdesk:home",
        "HELPDESK_TEAMS_MODE_ENABLED": False,  # else its migrations need one more package
        "HELPDESK_SUBMIT_A_TICKET_PUBLIC": False,
        "LOGGING": _logging(folder),
    }


def _database(folder: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "db.sqlite3"),
        "OPTIONS": {
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
        },
    }


def _logging(folder: Path) -> dict[str, Any]:
    file = {"class": "logging.FileHandler", "filename": str(folder / "site.log")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"file": file},
        "root": {"handlers": ["file"], "level": "WARNING"},
    }


def _seed(access: dict[str, str]) -> None:
    """Bring the database up to date; fill a new one with users, queue and fields."""
    from django.apps import apps  # noqa: PLC0415 - usable only after django.setup()
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - likewise
    from django.core.management import call_command  # noqa: PLC0415 - likewise

    call_command("migrate", verbosity=0, interactive=False)
    users = get_user_model().objects
    if users.filter(username=BOT).exists():
        return
    call_command("loaddata", "emailtemplate.json", verbosity=0)
    # Staff is all that the daemon needs: it can neither enter the admin pages nor log in.
    bot = users.create_user(BOT, "bot@example.invalid", is_staff=True)
    apps.get_model("authtoken", "Token").objects.create(user=bot, key=access["token"])
    users.create_superuser(
        access["user"], "agent@example.invalid", access["password"], first_name="Alex"
    )
    apps.get_model("helpdesk", "Queue").objects.create(
        title=QUEUE, slug="PR", email_address="recovery@example.invalid"
    )
    for order, (name, label, length) in enumerate(FIELDS):
        apps.get_model("helpdesk", "CustomField").objects.create(
            name=name,
            label=label,
            data_type="varchar",
            max_length=length,
            ordering=order,
            staff_only=True,
        )


def _tell(port: int, access: dict[str, str]) -> None:
    shown = {name: access[name] for name in ("token", "user", "password")}
    line = {"port": port, "url": f"http://{HOST}:{port}", "pid": os.getpid(), **shown}
    click.echo(json.dumps(line))


def _end_with(stream: TextIO) -> None:
    while stream.read(1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
