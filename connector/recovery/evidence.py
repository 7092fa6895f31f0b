"""The four steps as evidence: what people wrote on the ticket, and what is missing; pure.

A case counts as recovered when all four steps have theirs. The machine never guesses any of
it: it reads the fields that agents fill (`recovery/blueprint.py`), and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from connector.domain.plain import one_line
from connector.recovery.blueprint import FIRST_CONTACT, HOLDS, ROOT_CAUSES, SATISFIED, STEPS
from connector.recovery.contexts import CAUSE_FROM

MAX_CODE: Final = 40
"""Longer codes are cut; they are none of ours."""
FILLED: Final = "filled"
"""Stands for words: what an agent wrote is on the ticket, here only that they wrote."""

CONTACT: Final = "first_contact"
CAUSE: Final = "root_cause"
HOLD: Final = "hold"
WORDS: Final = frozenset({"root_cause_text", "change_made"})
CODES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {CONTACT: FIRST_CONTACT, CAUSE: ROOT_CAUSES, "satisfied": SATISFIED, HOLD: HOLDS}
)
TICKS: Final = (*(f"step_{name}" for name in STEPS), "told_change", "letter_sent")
NAMES: Final = (*CODES, *TICKS, "place", *sorted(WORDS))
"""Every field that is read as evidence."""

REACHED: Final = frozenset({"reached", "declined"})
"""What counts as a contact by a human; a message that was left is an attempt."""
UNREACHED: Final = "unable_to_reach"
TRIES: Final = "tries"
"""What a case lacks that ended so without enough attempts."""
END_STATES: Final = frozenset({UNREACHED, "declined"})
"""Ways in which a case may end although the person was not spoken with."""
STOPS: Final = REACHED | END_STATES
"""What stops the clock of the first contact when an agent says it."""

_YES: Final = frozenset({"1", "true", "yes", "on", "y", "x", "checked", "done"})

MISSING: Final[Mapping[str, str]] = MappingProxyType(
    {
        CONTACT: "how the first contact came about",
        TRIES: "three attempts on two days by two ways (phone, e-mail, text, letter); "
        "a note `tried: phone` counts as one",
        "step_apologize": "somebody said sorry (apologize)",
        "step_review": "what happened was reviewed (review)",
        "step_fix": "it was put right for this person (fix)",
        "step_document": "what was done is written down (document)",
        CAUSE: "the root cause",
        "told_change": "the patient was told what changed",
        "letter_sent": "the written answer that the rules in force demand",
    }
)
"""What a closed case may lack, in words for agents."""


def read(fields: Mapping[str, str]) -> dict[str, str]:
    """Give the evidence on a ticket as codes, by field name; empty and unknown fields are left out.

    A choice may be shown by its code or by its title, whatever the case of its letters.
    """
    found: dict[str, str] = {}
    for name in NAMES:
        value = one_line(fields.get(name, ""), 200).strip()
        code = _code(name, value)
        if code:
            found[name] = code
    return found


def _code(name: str, value: str) -> str:
    if not value:
        return ""
    if name in WORDS:
        return FILLED
    folded = value.casefold()
    if name in TICKS:
        return "yes" if folded in _YES else ""
    for code, title in CODES.get(name, {}).items():
        if folded in {code.casefold(), title.casefold()}:
            return code
    return folded.replace(" ", "_")[:MAX_CODE] if name == "place" else ""


def missing(
    evidence: Mapping[str, str],
    severity: int,
    *,
    contacted: bool,
    tried: bool = True,
    required: Sequence[str] = (),
) -> Sequence[str]:
    """Name what a case lacks to count as recovered; empty: it is recovered.

    `required` are fields that a rule demands beside (`recovery/overlays.py`).

    A contact that the helpdesk itself shows (a public reply, a logged call) needs no field.
    Where the person could not be reached or does not want it, nobody can have told them.
    `tried`: there were as many attempts as that takes (`recovery/attempts.py`).
    """
    code = evidence.get(CONTACT, "")
    ended = code in END_STATES and (tried or code != UNREACHED)
    lacking = []
    if not (contacted or code in REACHED or ended):
        lacking.append(TRIES if code == UNREACHED else CONTACT)
    steps = [f"step_{name}" for name in STEPS if not (ended and name == "apologize")]
    lacking += [name for name in steps if name not in evidence]
    if severity >= CAUSE_FROM and CAUSE not in evidence:
        lacking.append(CAUSE)
    if severity >= CAUSE_FROM and not ended and "told_change" not in evidence:
        lacking.append("told_change")
    return (*lacking, *(name for name in required if name not in evidence))
