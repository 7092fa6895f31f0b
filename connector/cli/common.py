"""What all commands share: lazy loading, options, errors as lines, JSON, tables."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.domain.errors import AmendsError
from connector.domain.plain import printable
from connector.plugins import nearest
from connector.redaction import kinds, place

USAGE = 64
SOFTWARE = 70
IO = 74
LATER = 75
NOPERM = 77
INTERRUPTED = 130
PIPE_CLOSED = 141
"""Exit codes beside those of our errors, as sysexits.h and the shells have them."""
PIPE_WIDTH = 400
"""Columns of a table that no terminal shows."""

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


@dataclass(slots=True)
class Flags:
    """What was said before the command."""

    debug: bool = False


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        """`commands_at` maps a command's name to `module:attribute`."""
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self._commands_at})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        where = self._commands_at.get(cmd_name)
        if where is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        if args and self.get_command(ctx, args[0]) is None:
            guess = nearest(args[0], self.list_commands(ctx))
            meant = f" Did you mean {guess}?" if guess else ""
            raise click.UsageError(f"No such command: {printable(args[0])}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; a reader who has seen enough (`| head`) is no fault."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            ctx.exit(PIPE_CLOSED)


def config_option(function: _Decorated) -> _Decorated:
    """Add `-c FILE`; the command gets `config: Path | None`, None for the usual place."""
    return click.option(
        "-c",
        "--config",
        "config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Configuration file [default: $AMENDS_CONFIG, else /etc/amends/config.toml].",
    )(function)


def json_option(function: _Decorated) -> _Decorated:
    """Add `--json`; the command gets `as_json: bool`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON for programs instead of text."
    )(function)


def failed(error: Exception, flags: Flags) -> int:
    """Tell an error in one line (a configuration: one a fault) and give its exit code."""
    if flags.debug and not isinstance(error, click.ClickException | click.exceptions.Exit):
        traceback.print_exception(error)
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException) and not isinstance(error, click.FileError):
        error.show()
        return USAGE
    return say(*_told(error, flags))


def _told(error: Exception, flags: Flags) -> tuple[str, int]:
    match error:
        case click.Abort():
            return "", INTERRUPTED
        case BrokenPipeError():
            return "", PIPE_CLOSED
        case click.FileError():
            return error.format_message(), IO
        case AmendsError():
            return str(error), error.exit_code
        case OSError():
            where = f"{_shown(error.filename)}: " if error.filename else ""
            what = error.strerror or type(error).__name__
            return where + what, NOPERM if isinstance(error, PermissionError) else IO
        case _:
            # The message of a foreign exception may quote a patient: type and place must do.
            hint = "" if flags.debug else "; `amends --debug ...` shows the traceback"
            return f"a fault of amends: {kinds(error)} at {place(error)}{hint}", SOFTWARE


def say(text: str, code: int) -> int:
    """Print lines to standard error with our name before each, and give the code back."""
    for line in text.splitlines():
        click.echo(f"amends: {printable(line)}", err=True)
    return code


def quieten() -> None:
    """Flush what is left, and let Python close a standard output that nobody reads."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def stated(reason: str) -> str:
    """Give a reason that goes on record; a blank one is none."""
    if not reason.strip():
        raise click.UsageError("--reason must not be empty")
    return reason


def as_bytes(text: str) -> bytes:
    """Encode what was written on the command line, which may hold any bytes."""
    return text.encode("utf-8", "surrogateescape")


def echo_json(value: object) -> None:
    """Print one JSON document on one line."""
    click.echo(to_json(value))


def to_json(value: object) -> str:
    """Print a value as one line of ASCII JSON, valid for every reader.

    Halves of surrogate pairs, which no strict reader accepts, become U+FFFD.
    """
    return json.dumps(_sound(value), ensure_ascii=True, allow_nan=False, default=str)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Make a table of harmless text; print it with `console().print`."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(printable(str(cell))) for cell in row))
    return made


def console() -> Console:
    """Give a console on the present standard output, without markup in what it prints.

    A pipe or a file gets each row as one line, so that grep finds it.
    """
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def _sound(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {str(_sound(str(key))): _sound(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(inner) for inner in value]
    return value


def _shown(filename: object) -> str:
    return os.fsdecode(filename) if isinstance(filename, str | bytes) else str(filename)
