"""`python -m campaign`: run trials until the asked-for kills and faults are reached."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path

import click

from campaign.bite import catch
from campaign.desks import NAMES
from campaign.trial import FAULT_RATE, Result, run_trial


@click.command()
@click.option("--kills", default=2_000, show_default=True, help="Deaths in all, at least.")
@click.option("--faults", default=5_000, show_default=True, help="Bad answers in all, at least.")
@click.option("--kills-a-trial", default=100, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Trials at once.")
@click.option(
    "--helpdesk",
    type=click.Choice(NAMES),
    default=NAMES[0],
    show_default=True,
    help="Which; all but the first are simulated.",
)
@click.option("--naive/--no-naive", default=True, help="Show that the harness bites.")
@click.option(
    "--json",
    "path",
    type=click.Path(path_type=Path),
    help="Write figures here [default: build/campaign-HELPDESK.json].",
)
def main(
    *,
    kills: int,
    faults: int,
    kills_a_trial: int,
    seed: int,
    jobs: int,
    helpdesk: str,
    naive: bool,
    path: Path | None,
) -> None:
    """Kill the daemon and lie to it, again and again; end with 1 when a promise was broken."""
    path = path or Path("build") / f"campaign-{helpdesk}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    results: list[Result] = []
    numbers = itertools.count(seed)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: dict[Future[Result], int] = {}
        while running or _sum(results, "kills") < kills or _sum(results, "faults") < faults:
            wanted = _sum(results, "kills") < kills or _sum(results, "faults") < faults
            while wanted and len(running) < jobs:
                number = next(numbers)
                trial = pool.submit(run_trial, number, kills_a_trial, helpdesk)
                running[trial] = number
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for trial in done:
                results.append(trial.result())
                _tell(running.pop(trial), results[-1])
                _write(path, _summary(helpdesk, results, time.monotonic() - began))
    summary = _summary(helpdesk, results, time.monotonic() - began)
    kept = all(result.verdict.kept for result in results)
    if naive and helpdesk == NAMES[0]:
        caught = catch(seed, kills=20, people=40, fault_rate=FAULT_RATE)
        summary["naive_client"] = asdict(caught)
        kept = kept and caught.doubled > 0
    click.echo(json.dumps(summary, indent=2))
    _write(path, summary)
    sys.exit(0 if kept else 1)


def _write(path: Path, summary: dict[str, object]) -> None:
    """Write the figures so far: a campaign that is cut short has still shown something."""
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _tell(number: int, result: Result) -> None:
    click.echo(
        f"trial {number}: {sum(result.kills.values())} kills, "
        f"{sum(result.faults.values())} faults in {result.requests} requests, "
        f"{result.seconds:.0f} s: {result.verdict.line()}"
    )


def _sum(results: list[Result], name: str) -> int:
    return sum(sum(getattr(result, name).values()) for result in results)


def _summary(helpdesk: str, results: list[Result], seconds: float) -> dict[str, object]:
    def together(name: str) -> dict[str, int]:
        total: Counter[str] = Counter()
        for result in results:
            total.update(getattr(result, name))
        return dict(sorted(total.items()))

    def fault(name: str) -> int:
        return sum(getattr(result.verdict, name) for result in results)

    return {
        "helpdesk": helpdesk,
        "trials": len(results),
        "minutes": round(seconds / 60, 1),
        "kills": _sum(results, "kills"),
        "kills_by_place": together("kills"),
        "faulty_answers": _sum(results, "faults"),
        "faults_by_kind": together("faults"),
        "requests": sum(result.requests for result in results),
        "other": together("other"),
        "tickets": fault("tickets"),
        "expected": fault("expected"),
        "lost": fault("lost"),
        "double_tickets": fault("double_tickets"),
        "double_notes": fault("double_notes"),
        "out_of_order": fault("disordered"),
        "leaked": fault("leaked"),
        "exposed": fault("exposed"),
        "unaddressed": fault("unaddressed"),
        "mails_sent": fault("mails"),
        "books": [line for result in results for line in result.verdict.extra],
    }


if __name__ == "__main__":
    main()
