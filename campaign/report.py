"""`python -m campaign.report FOLDER`: write docs/reliability.md from the campaigns' figures.

The campaign against the real helpdesk comes first; those against simulated ones beside it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from campaign.behaviour import DEATHS, OTHER, WEATHER, Promise
from campaign.desks import NAMES

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: written by python -m campaign.report -->", "<!-- end of figures -->"


def main(folder: Path) -> None:
    """Replace the part of the page between the marks."""
    figures = [folder / f"campaign-{name}.json" for name in NAMES]
    if not figures[0].exists():
        sys.exit("docs/reliability.md waits for the campaign against the real helpdesk")
    found, *others = (
        json.loads(path.read_text(encoding="utf-8")) for path in figures if path.exists()
    )
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{render(found, others)}{END}{after}", encoding="utf-8")


def render(found: Mapping[str, Any], others: Sequence[Mapping[str, Any]] = ()) -> str:
    """Print the figures as Markdown."""
    naive = found.get("naive_client") or {}
    scale = (
        f"{found['kills']:,} kills and {found['faulty_answers']:,} faulty answers among "
        f"{found['requests']:,} requests, in {found['trials']} trials of real processes "
        f"({found['minutes']:.0f} minutes):"
    )
    books = "trials whose books did not balance or whose ledger did not verify"
    lines = [
        "",
        scale,
        "",
        "| what must not be | seen |",
        "|---|---|",
        f"| words of a patient that are nowhere in the helpdesk | {found['lost']} |",
        f"| second tickets for one failure, of {found['expected']:,} | {found['double_tickets']} |",
        f"| notes that are there twice | {found['double_notes']} |",
        f"| tickets whose notes are out of order | {found['out_of_order']} |",
        f"| thanks that became tickets | {found['leaked']} |",
        f"| words that a patient's page of the helpdesk could show | {found['exposed']} |",
        f"| tickets without the address of a person who gave one | {found['unaddressed']} |",
        f"| mails that left the helpdesk | {found['mails_sent']} |",
        f"| {books} | {len(found['books'])} |",
        "",
    ]
    if naive:
        bitten = (
            f"The naive client in the same harness ({naive['kills']} kills, {naive['faults']} "
            f"faulty answers, {naive['mails']} mails): **{naive['doubled']} second tickets, "
            f"{naive['lost']} mails without a ticket**. The harness bites."
        )
        lines += [bitten, ""]
    if others:
        lines += [
            "The same harness with simulated helpdesks in its place:",
            "",
            *_beside(others),
            "",
        ]
    for title, table, counted in (
        ("Deaths", DEATHS, found["kills_by_place"]),
        ("Answers", WEATHER, found["faults_by_kind"]),
        ("Other", OTHER, found["other"]),
    ):
        lines += [f"### {title}", "", *_rows(table, counted), ""]
    return "\n".join(lines)


def _beside(others: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        "| helpdesk | kills | bad answers | tickets | lost | double | disorder | shown | books |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['helpdesk']} | {one['kills']:,} | {one['faulty_answers']:,} "
        f"| {one['tickets']:,} for {one['expected']:,} | {one['lost']} "
        f"| {one['double_tickets'] + one['double_notes']} | {one['out_of_order']} "
        f"| {one['exposed'] + one['leaked'] + one['mails_sent']} | {len(one['books'])} |"
        for one in others
    ]
    return lines


def _rows(table: Mapping[str, Promise], counted: Mapping[str, int]) -> list[str]:
    rows = ["| fault | what amends does | test | times in this run |", "|---|---|---|---|"]
    rows += [
        f"| {promise.fault} | {promise.behaviour} | `{promise.test}` | {counted.get(name, 0):,} |"
        for name, promise in table.items()
    ]
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]))
