"""`amends audit`: is the record whole, and what does it say about one case."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, Self, TextIO

import click

from connector.audit.checkpoint import (
    MAX_LINE_CHARS,
    PREFIX,
    Checkpoint,
    heads_plain,
    parse,
    parse_all,
)
from connector.audit.export import Export, Redaction, export_case
from connector.audit.verify import VERIFIED, Verification, verify
from connector.cli.common import IO, config_option, echo_json, json_option, say
from connector.cli.state import open_state
from connector.domain.errors import LedgerError
from connector.domain.ledger import timestamp
from connector.domain.ticket import TicketEvent, TicketRef
from connector.settings import Settings, load
from connector.store import cases
from connector.store.store import Store, Tx

MAX_TOLD: Final = 20
"""So many faults are lines on the terminal; `--json` has more."""
FORMATS: Final = ("jsonl", "html")
STDOUT: Final = "-"


@click.group("audit", short_help="Verify the record; export a case.")
def group() -> None:
    """Verify the record; export what it says about a case."""


@group.command("verify")
@click.option(
    "--against",
    metavar="FILE|LINE",
    multiple=True,
    help="Checkpoints kept elsewhere: a file with such lines, - for standard input, or one line.",
)
@click.option(
    "--no-record",
    is_flag=True,
    help="Write nothing; for a copy of a state. Otherwise the result goes on record.",
)
@config_option
@json_option
def verify_command(
    *, against: tuple[str, ...], no_record: bool, config: Path | None, as_json: bool
) -> None:
    """Verify the whole record.

    Recomputes every chain of the ledger, compares all words that are kept with their
    commitments and the tables with what the ledger tells, and prints a checkpoint. Keep
    that line where the owner of this machine cannot change it: only against such a
    checkpoint a ledger that was cut or recomputed is found. Works beside the daemon.
    Exit code 74 when anything is not as amends wrote it.
    """
    settings = load(config)
    checkpoints = [checkpoint for given in against for checkpoint in _checkpoints(given)]
    with closing(open_state(settings, "reader" if no_record else "command")) as store:
        with store.read() as connection:
            found = verify(
                connection, instance=store.instance, at=store.clock(), against=checkpoints
            )
        if not no_record:
            store.write(lambda tx: _record_verified(tx, found))
    if as_json:
        echo_json(found.plain())
    else:
        _tell(found)
    if not found.ok:
        raise LedgerError("\n".join(_faults(found)))


@group.command("export")
@click.option("--case", "case_id", metavar="CASE", required=True, help="Which case.")
@click.option(
    "-o",
    "--output",
    default=".",
    show_default=True,
    metavar="DIR|FILE",
    help="Where to; - is standard output. A file that exists is never overwritten.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, "both"]),
    default="both",
    show_default=True,
    help="JSON lines (which count), a page for people, or both.",
)
@click.option("--purpose", default="", metavar="TEXT", help="What for; goes on record.")
@click.option(
    "--redact",
    type=click.Choice([level.value for level in Redaction]),
    default=Redaction.NONE.value,
    show_default=True,
    help="full: words, contacts and files are withheld, their commitments stay.",
)
@click.option(
    "--with",
    "extras",
    type=click.Choice(["history", "accesses"]),
    multiple=True,
    help="history: ask the helpdesk for the ticket's own; accesses: who exported the case before.",
)
@config_option
@json_option
def export_command(
    *,
    case_id: str,
    output: str,
    form: str,
    purpose: str,
    redact: str,
    extras: tuple[str, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Export what the record says about one case.

    The page is for people; the JSON lines hold originals, words, salts and ledger entries
    and can be checked without amends (docs/audit.md). The same case gives the same bytes.
    An export holds a patient's words unless it is redacted: its files are readable for
    their owner only. Who exported what and why goes on record.
    """
    settings = load(config)
    case_id = case_id.upper()
    wanted = FORMATS if form == "both" else (form,)
    targets = _targets(output, case_id, wanted)
    with Files(targets) as files:  # before root becomes the owner of the state
        with closing(open_state(settings, "command")) as store:
            ticket = _ticket(store, case_id)
            made = export_case(
                store,
                case_id,
                settings.practice.build(),
                redaction=Redaction(redact),
                purpose=purpose,
                history=_history(settings, ticket) if "history" in extras else (),
                accesses="accesses" in extras,
            )
            printed = {"jsonl": made.jsonl, "html": made.html}
            printed = {name: printed[name] for name in wanted}
            store.write(lambda tx: _record_export(tx, case_id, printed, redact, purpose))
        files.write(printed)
    _report(case_id, targets, printed, made, as_json=as_json)


class Files:
    """Output files, made before anything is read and filled at the end; none is left half."""

    def __init__(self, targets: Mapping[str, Path | None]) -> None:
        """Take the file of each format, None for standard output."""
        self._targets = targets
        self._open: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        try:
            for name, path in self._targets.items():
                if path is not None:
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                    self._open[name] = os.fdopen(os.open(path, flags, 0o600), "wb")
        except OSError:
            self._discard()
            self._close()
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self._discard()
        self._close()

    def write(self, printed: Mapping[str, bytes]) -> None:
        """Fill the files; standard output gets the one that has none."""
        for name, text in printed.items():
            if name in self._open:
                self._open[name].write(text)
                self._open[name].flush()
                os.fsync(self._open[name].fileno())
            else:
                sys.stdout.buffer.write(text)

    def _close(self) -> None:
        for file in self._open.values():
            file.close()

    def _discard(self) -> None:
        for name, file in self._open.items():
            with suppress(OSError):
                file.truncate(0)
            path = self._targets[name]
            if path is None:
                continue
            try:
                path.unlink()
            except OSError:  # root has become the owner of the state meanwhile
                say(f"{path}: an empty file is left", IO)


def _targets(output: str, case_id: str, wanted: Sequence[str]) -> dict[str, Path | None]:
    if output == STDOUT:
        if len(wanted) > 1:
            raise click.UsageError("standard output takes one --format")
        return dict.fromkeys(wanted)
    path = Path(output)
    if path.is_dir():
        name = "".join(c for c in case_id if c.isascii() and (c.isalnum() or c == "-"))[:40]
        return {form: path / f"{name}.{form}" for form in wanted}
    if len(wanted) > 1:
        raise click.UsageError(f"{output} is no directory; make it, or choose one --format")
    return {wanted[0]: path}


def _ticket(store: Store, case_id: str) -> TicketRef:
    with store.read() as connection:
        row = cases.get(connection, case_id)
    if row is None:
        raise click.UsageError(f"there is no case {case_id}; see `amends cases list --all`")
    return TicketRef(id=row.ticket_id or "", url=row.ticket_url or "")


def _history(settings: Settings, ticket: TicketRef) -> tuple[TicketEvent, ...]:
    if not ticket.id:
        return ()
    with closing(settings.helpdesk.open(settings.practice.build())) as helpdesk:
        return tuple(helpdesk.history(ticket))


def _record_export(
    tx: Tx, case_id: str, printed: Mapping[str, bytes], redaction: str, purpose: str
) -> None:
    """Put an export on record: for what, how much, and the hashes of what was handed out."""
    number, proof = tx.put("reason", purpose.encode("utf-8", "surrogatepass"))
    hashes = {name: hashlib.sha256(text).hexdigest() for name, text in printed.items()}
    tx.record(
        "audit.exported",
        case_id=case_id,
        redaction=redaction,
        files={**hashes},
        purpose=proof,
        purpose_id=number,
    )


def _record_verified(tx: Tx, found: Verification) -> None:
    """Put a verification on record; its heads anchor the chains to one another."""
    tx.record(
        VERIFIED,
        ok=found.ok,
        faults=found.fault_count,
        checkpoints=found.compared,
        chains=heads_plain(found.checkpoint.chains),
    )


def _checkpoints(given: str) -> list[Checkpoint]:
    if given.lstrip().startswith(("{", PREFIX)):
        return [parse(given, where="--against")]
    if given == STDOUT:
        return parse_all(_lines(sys.stdin), where="standard input")
    with Path(given).open(encoding="utf-8", errors="replace") as file:
        return parse_all(_lines(file), where=given)


def _lines(file: TextIO) -> Iterator[str]:
    """Read lines, each only so far that one which is too long can be refused."""
    return iter(partial(file.readline, MAX_LINE_CHARS + 1), "")


def _tell(found: Verification) -> None:
    checkpoint = found.checkpoint
    click.echo(f"state {checkpoint.instance}")
    for name, chain in found.chains.items():
        ends = " to ".join(timestamp(at) for at in (chain.first_at, chain.last_at) if at)
        click.echo(f"chain {name}: {chain.entries} entries, {ends}")
        if chain.back_steps:
            click.echo(f"  the clock of this machine was set back {chain.back_steps} times")
    contents = ", ".join(f"{count} {state}" for state, count in found.contents.items())
    counts = found.counts
    click.echo(f"words: {contents}")
    click.echo(f"tables: {counts.signals} signals, {counts.cases} cases, {counts.changes} changes")
    if found.ok:
        click.echo(f"whole: {_promise(found)}")
    click.echo(f"{PREFIX}{checkpoint.line()}")


def _promise(found: Verification) -> str:
    if not found.compared:
        return (
            "self-consistent. Without a checkpoint kept elsewhere nobody can tell "
            "whether the end was cut or all was recomputed; keep the next line"
        )
    anchored = ", ".join(f"{name} {chain.anchored}" for name, chain in found.chains.items())
    return f"agrees with {found.compared} checkpoints, up to {anchored}; after that self-consistent"


def _faults(found: Verification) -> Iterator[str]:
    yield from (fault.what for fault in found.faults[:MAX_TOLD])
    if found.fault_count > MAX_TOLD:
        yield f"and {found.fault_count - MAX_TOLD} more faults; --json lists them"


def _report(
    case_id: str,
    targets: Mapping[str, Path | None],
    printed: Mapping[str, bytes],
    made: Export,
    *,
    as_json: bool,
) -> None:
    """Say what was written; faults of the record are told and give the exit code."""
    listed = [
        {
            "format": name,
            "path": str(targets[name]) if targets[name] else STDOUT,
            "bytes": len(text),
            "sha256": hashlib.sha256(text).hexdigest(),
        }
        for name, text in printed.items()
    ]
    to_stdout = None in targets.values()
    if as_json and not to_stdout:
        echo_json(
            {
                "case": case_id,
                "files": listed,
                "entries": made.entries,
                "faults": list(made.faults),
            }
        )
    elif not to_stdout:
        for file in listed:
            click.echo(f"{file['path']}  {file['bytes']} bytes, SHA-256 {file['sha256']}")
    if made.faults:
        more = len(made.faults) - MAX_TOLD
        tail = [f"and {more} more faults"] if more > 0 else []
        raise LedgerError("\n".join([*made.faults[:MAX_TOLD], *tail]))
