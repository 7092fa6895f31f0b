"""The command line: the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from connector import __version__
from connector.cli.common import Flags, LazyGroup, failed, quieten

COMMANDS = {
    "audit": "connector.cli.audit_cmd:group",
    "backup": "connector.cli.backup_cmd:backup",
    "cases": "connector.cli.cases_cmd:group",
    "check": "connector.cli.status_cmd:check",
    "config": "connector.cli.config_cmd:command",
    "demo": "connector.cli.demo_cmd:command",
    "explain": "connector.cli.explain_cmd:command",
    "inspect": "connector.cli.inspect_cmd:command",
    "listen": "connector.cli.listen_cmd:command",
    "login": "connector.cli.login_cmd:command",
    "once": "connector.cli.run_cmd:once_command",
    "outbox": "connector.cli.outbox_cmd:group",
    "parked": "connector.cli.parked_cmd:group",
    "playbook": "connector.cli.playbook_cmd:command",
    "provision": "connector.cli.provision_cmd:command",
    "report": "connector.cli.report_cmd:group",
    "restore": "connector.cli.backup_cmd:restore",
    "run": "connector.cli.run_cmd:run",
    "status": "connector.cli.status_cmd:status",
    "templates": "connector.cli.templates_cmd:command",
    "triage": "connector.cli.triage_cmd:group",
    "trial": "connector.cli.trial_cmd:command",
}
"""Every command and where it is; its module is imported when it is used."""


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 64 usage, 70 a fault of amends, 74 input or output, 75 later "
    "by itself, 77 credentials or rights, 78 configuration.",
)
@click.version_option(__version__, prog_name="amends", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
@click.pass_obj
def amends(flags: Flags, *, debug: bool) -> None:
    """Service recovery for healthcare practices.

    Hears failures in mail, calls and surveys, and opens one ticket for each in the
    helpdesk that your team uses.
    """
    flags.debug = debug


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; never raises for what users or edges do."""
    flags = Flags()
    try:
        result = amends.main(
            args=None if arguments is None else list(arguments),
            prog_name="amends",
            standalone_mode=False,
            obj=flags,
        )
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  (the last place: everything becomes a line)
        return failed(error, flags)
    finally:
        quieten()
    return result if isinstance(result, int) else 0
