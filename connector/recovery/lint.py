"""What must never be in words meant for a patient.

Every rule has its source in published cases or law: settlements over replies
that confirmed a patient, apology laws that protect sympathy but not fault,
limits on unencrypted messages. A machine can find the phrases, not the spirit:
a person reads the text all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_RULES: Final[tuple[tuple[str, str], ...]] = (
    (
        "a conditional apology",
        (
            r"\bif (?:you|we|this|that|anything) (?:feel|felt|were|was|have|has|caused)\b"
            r"|\bsorry (?:that )?you (?:feel|felt (?:that|offended|upset))\b"
            r"|\bany inconvenience\b|\bmay have been\b"
        ),
    ),
    ("blame of the patient", r"\byou (?:did not|didn't|failed to|should have|could have)\b"),
    (
        "blame of staff",
        r"\b(?:the|our) (?:nurse|doctor|receptionist|employee|staff) (?:was|failed|did)",
    ),
    ("cause or fault", r"\b(?:negligen\w+|malpractice|liab\w+|should have|our error|admit)\b"),
    (
        "a promise of outcome, money or discipline",
        (
            r"\b(?:guarantee\w*|promise you|for free|free of charge|compensat\w+|refund\w*"
            r"|(?:will|would) be (?:fired|disciplined|dismissed)|never happen again)\b"
        ),
    ),
    (
        "legal advice",
        r"\b(?:lawyer|attorney|lawsuit|sue|your legal rights|waive\w*|release form)\b",
    ),
    ("a request about a review", r"\b(?:remove|delete|change|take down) (?:your|the) review\b"),
    ("marketing", r"\b(?:special offer|discount|promotion|newsletter|check out our)\b"),
    (
        "a detail of care",
        (
            r"\b(?:diagnos\w+|test results?|prescri\w+|medication|date of birth|record number"
            r"|account number|your treatment|your surgery|your visit on)\b"
        ),
    ),
    ("an unfilled placeholder", r"[{}\[\]<>]|\b(?:TODO|XXX|TBD)\b"),
    ("a link with an identifier", r"https?://\S+\?\S+"),
)
_PUBLIC: Final = re.compile(
    r"\b(?:your (?:visits?|appointments?|stay|care|doctor|nurse|provider|records?|chart|file"
    r"|account|bill|results?|family|experience|time (?:with|at)|privacy)|(?:a|our|valued) patients?"
    r"|when you (?:came|were|visited|called)|you (?:came|visited|saw|were seen|called|received)"
    r"|(?:see|seeing|saw|treated|treating|helped|caring for|cared for) you"
    r"|(?:no|any|a) record of|welcome you back|come back|again soon"
    r"|(?:on|last) (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)
_COMPILED: Final = tuple((what, re.compile(rule, re.IGNORECASE)) for what, rule in _RULES)

# Sympathy is protected nearly everywhere, the admission of fault in few places: on clinical
# matters the words stop at sympathy.
_CLINICAL: Final = re.compile(
    r"\b(?:our (?:mistake|fault)|my (?:mistake|fault)|ours to put right|we were wrong"
    r"|because (?:we|of our)|we let you down|went wrong)\b",
    re.IGNORECASE,
)


def public_faults(text: str) -> Iterator[str]:
    """Yield a sentence for each thing that must not be said in public, to whomever.

    A public answer may not let anybody guess that the writer is a patient (45 CFR 164.508), even
    where the review says so.
    """
    yield from faults(text, clinical=True)
    for found in _PUBLIC.finditer(text):
        yield f"lets guess that the writer is a patient: {found.group()!r}"


def faults(text: str, *, clinical: bool = False) -> Iterator[str]:
    """Yield a sentence for each thing that must not be said; `clinical` forbids fault as well."""
    for what, rule in _COMPILED:
        found = rule.search(text)
        if found:
            yield f"holds {what}: {found.group()!r}"
    if clinical and (found := _CLINICAL.search(text)):
        yield f"names a cause or fault on a clinical matter: {found.group()!r}"
