"""What amends promises for each fault, and which test shows it besides the campaign.

The keys are the names under which the campaign counts; a test checks that none is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Promise:
    """One fault, what happens, and where it is shown."""

    fault: str
    behaviour: str
    test: str


_DOUBT = "in doubt: looked for by key after the settle time, adopted and completed if found"
_LATER = "nothing was done: tried again later, with growing pauses"

WEATHER: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "lose_request": Promise(
            "connection reset before the helpdesk heard of it", _DOUBT, "tests/test_http.py"
        ),
        "lose_answer": Promise(
            "connection reset after the work was done", _DOUBT, "tests/pipeline/test_doubt.py"
        ),
        "close_answer": Promise(
            "connection closed without an answer after the work", _DOUBT, "tests/test_http.py"
        ),
        "late": Promise(
            "client gives up, helpdesk works half a second later",
            "in doubt: the settle time lets the late effect appear before the look",
            "tests/pipeline/test_doubt.py",
        ),
        "slow_loris": Promise(
            "answer drips for longer than the deadline",
            "a total deadline ends it; then in doubt",
            "tests/test_http.py",
        ),
        "truncated": Promise(
            "half of the answer, as if it were whole", _DOUBT, "tests/test_http.py"
        ),
        "error_before": Promise("500 without any work", _DOUBT, "tests/test_http.py"),
        "error_after": Promise("500 after the work", _DOUBT, "tests/test_http.py"),
        "bad_gateway_after": Promise("502 after the work", _DOUBT, "tests/test_http.py"),
        "maintenance": Promise("503 with a page for people", _DOUBT, "tests/test_http.py"),
        "too_many": Promise(
            "429 with Retry-After",
            "what the limit is for is left alone for so long (all, if it does not say)",
            "tests/pipeline/test_circuit.py",
        ),
        "captive_portal": Promise(
            "200 with somebody else's page",
            "not taken for done: a write is in doubt, a read is unavailable",
            "tests/helpdesks/django_helpdesk/test_pages.py",
        ),
        "redirect": Promise(
            "302 to a login page", "never followed; a write is in doubt", "tests/test_http.py"
        ),
        "redirect_after": Promise(
            "303 after the work", "never followed; a write is in doubt", "tests/test_http.py"
        ),
    }
)

DEATHS: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "intake.fetched": Promise(
            "SIGKILL after fetch, before commit", "read again", "tests/audit/test_crash.py"
        ),
        "intake.committed": Promise(
            "SIGKILL after commit, before the source is settled",
            "read again, recognised as known",
            "tests/audit/test_crash.py",
        ),
        "casework.decided": Promise(
            "SIGKILL after the decision, before commit",
            "decided again, with the same result and keys",
            "tests/pipeline/test_poison.py",
        ),
        "casework.committed": Promise(
            "SIGKILL after case and outbox were committed",
            "delivered by the next run",
            "tests/audit/test_crash.py",
        ),
        "delivery.claimed": Promise(
            "SIGKILL after the intent, before the POST",
            "in doubt: looked for, not found, sent",
            "tests/audit/test_crash.py",
        ),
        "delivery.sent": Promise(
            "SIGKILL between POST and commit",
            "in doubt: looked for, found, adopted",
            "tests/demo/test_play.py",
        ),
        "delivery.committed": Promise(
            "SIGKILL after the commit", "nothing is left to do", "tests/audit/test_crash.py"
        ),
        "random": Promise("SIGKILL at any other moment", "as the nearest case above", "campaign"),
    }
)

OTHER: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "sigterm": Promise(
            "SIGTERM, also in mid-POST",
            "requests on their way end, exit 0",
            "tests/cli/test_run.py",
        ),
        "suspended": Promise(
            "the machine is suspended in mid-work (SIGSTOP, SIGCONT)",
            "claims are fenced: no second effect",
            "tests/pipeline/test_delivery.py",
        ),
        "second daemon refused": Promise(
            "a second daemon on the same state",
            "exit 75, names the first",
            "tests/store/test_doors.py",
        ),
    }
)
