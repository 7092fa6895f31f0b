"""A table after the run: every scenario of a misbehaving mail server, and how it went."""

from __future__ import annotations

from typing import Any

PROPERTY = "imap_scenario"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table, if any scenario ran."""
    rows = []
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            told = dict(getattr(report, "user_properties", ())).get(PROPERTY)
            if told is not None:
                number, name, server = told
                result = "every message once" if outcome == "passed" else outcome.upper()
                rows.append((number, name, server, result))
    if not rows:
        return
    terminalreporter.section("mail servers that misbehave")
    wide = max(len(name) for _, name, _, _ in rows)
    for number, name, server, result in sorted(rows):
        terminalreporter.write_line(f"{number:3} {name:{wide}}  {server:14} {result}")
