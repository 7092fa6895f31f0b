"""Write the reference parts of docs/ from what the program says of itself.

    .venv/bin/python tools/reference.py

docs/commands.md is the help of every command; docs/configuration.md has a table of the keys of
every fixed section below its mark. tests/project/test_reference.py says when they are stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connector.cli import amends
from connector.cli.common import Flags
from connector.helpdesks.base import HelpdeskSettings
from connector.settings import Settings
from connector.sources.base import SourceSettings

DOCS = Path(__file__).resolve().parents[1] / "docs"
MARK = "<!-- What follows is written by tools/reference.py. -->\n"
WIDTH = 80

COMMANDS_HEAD = """\
# Commands

Written by `tools/reference.py`: this is what `--help` says. Every command prints what it was
asked for to standard output and everything else to standard error; `--json` prints one
document, or one line for each item, for programs.

| exit code | meaning |
|---|---|
| 0 | fine |
| 64 | the command line makes no sense |
| 70 | a fault of amends; please report it |
| 74 | a file, disk or database cannot be used |
| 75 | not now: later by itself, or another daemon holds the state |
| 77 | credentials or rights |
| 78 | configuration |
| 130, 141 | interrupted; the reader of the output went away |
"""


def commands() -> str:
    """Print docs/commands.md."""
    top = click.Context(
        amends, info_name="amends", obj=Flags(), terminal_width=WIDTH, **amends.context_settings
    )
    helps = (
        f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
        for context in _contexts(top)
    )
    return "\n".join([COMMANDS_HEAD, *helps])


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Give a context for a command and each below it, in the order of the help."""
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _contexts(click.Context(found, info_name=name, parent=context))


def configuration(page: str) -> str:
    """Print docs/configuration.md: the words above the mark stay, the tables below are new."""
    head = page.partition(MARK)[0]
    tables = [
        _table("", Settings),
        *_tables(Settings, ""),
        _table("sources", SourceSettings, "Keys of every source; see its page for the others."),
        _table("helpdesk", HelpdeskSettings, "Keys of every helpdesk; see its page for more."),
    ]
    return f"{head}{MARK}\n" + "\n".join(tables)


def _tables(model: type[BaseModel], before: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner is not model:
            if issubclass(inner, HelpdeskSettings):
                continue
            path = f"{before}{name}"
            yield _table(path, inner)
            yield from _tables(inner, f"{path}.")


def _table(path: str, model: type[BaseModel], intro: str = "") -> str:
    title = f"`[{path}]`" if path else "At the top"
    if path == "sources":
        title = "`[[sources]]`"
    words = intro or (model.__doc__ or "").partition("\n")[0] if path else ""
    rows = [
        f"| `{name}` | {_default(info)} | {_cell(info)} |"
        for name, info in model.model_fields.items()
    ]
    lines = [f"### {title}", "", *([words, ""] if words else [])]
    return "\n".join([*lines, "| key | default | meaning |", "|---|---|---|", *rows, ""])


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value: Any = info.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or isinstance(value, BaseModel):
        return ""
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return "{}" if not value else "{...}"
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    return f'"{value}"'


def _cell(info: FieldInfo) -> str:
    words = (info.description or "").replace("|", "\\|")
    choices = _choices(info.annotation)
    return f"{words} One of {choices}." if choices else words


def _choices(annotation: Any) -> str:
    values = get_args(annotation)
    return ", ".join(f"`{value}`" for value in values if isinstance(value, str))


def pages() -> dict[Path, str]:
    """Make every page that has generated parts: path -> text."""
    page = DOCS / "configuration.md"
    return {
        DOCS / "commands.md": commands(),
        page: configuration(page.read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
