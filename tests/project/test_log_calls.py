"""Every line that the code can log is an event code with keys that pass."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.redaction import KEYS

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
EVENT = re.compile(r"[a-z][a-z0-9_.]{0,59}")
SET_UP = {"exc_info"}


def faults(source: str, name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        called = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
        if node.func.attr not in LEVELS or called not in {"log", "_log", "logger"}:
            continue
        where = f"{name}:{node.lineno}"
        event = node.args[0] if node.args else None
        if not (
            isinstance(event, ast.Constant)
            and isinstance(event.value, str)
            and EVENT.fullmatch(event.value)
        ):
            yield f"{where} logs something that is no event code"
        if len(node.args) > 1:
            yield f"{where} logs positional arguments"
        for keyword in node.keywords:
            if keyword.arg is None:
                yield f"{where} logs keys that nobody can check (**)"
            elif keyword.arg not in KEYS | SET_UP:
                yield f"{where} logs {keyword.arg}, which connector.redaction.KEYS withholds"


def test_every_log_call_is_an_event_code_with_keys_that_pass() -> None:
    found = [
        fault
        for path in sorted((ROOT / "connector").rglob("*.py"))
        for fault in faults(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'log.info(f"mail from {sender}")',
        'log.info("Mail received")',
        'log.info("mail_received", text=text)',
        'log.error("mail_received", **facts)',
        'self._log.warning("mail %s", sender)',
        "log.exception(error)",
    ],
)
def test_a_planted_call_is_found(line: str) -> None:
    assert list(faults(line, "planted"))


def test_a_good_call_passes() -> None:
    assert list(faults('log.info("mail_received", source=name, count=3)', "good")) == []


def events(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name | ast.Call)
            and node.func.attr in LEVELS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
            and EVENT.fullmatch(node.args[0].value)
        ):
            yield node.args[0].value


def test_every_event_is_explained_in_the_docs() -> None:
    page = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    explained = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    logged = {
        event
        for path in (ROOT / "connector").rglob("*.py")
        for event in events(path.read_text(encoding="utf-8"))
    }
    assert logged - explained == set(), "say in docs/logs.md what it means and what to do"
    made_by_the_log = {"library_message", "unnamed_event"}
    assert explained - logged - made_by_the_log == set(), "docs/logs.md explains what nobody logs"
