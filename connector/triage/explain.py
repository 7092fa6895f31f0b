"""A reason as a sentence, and a decision as a page, for people who do not know the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Assessment, Lane, Reason
from connector.domain.plain import one_line
from connector.domain.rules import meaning
from connector.domain.taxonomy import TAXONOMY

MAX_EVIDENCE: Final = 240
"""Evidence is cut to so many characters."""

_LANES: Final[Mapping[Lane, str]] = MappingProxyType(
    {
        Lane.TICKET: "It is treated as a failure: it has a ticket, and somebody owes an answer.",
        Lane.REVIEW: "It is not clear whether this is a failure: a person is asked to look.",
        Lane.PARK: "No person seems to have written it: it is kept and listed, without a ticket.",
        Lane.COUNT: "Nothing in it asks for an answer: it is counted.",
    }
)
_SEVERITIES: Final[Mapping[int, str]] = MappingProxyType(
    {1: "low", 2: "moderate", 3: "high", 4: "critical"}
)
_NEXT: Final[Mapping[Lane, str]] = MappingProxyType(
    {
        Lane.TICKET: "If this is wrong, lower the severity or close the ticket and say why; "
        "both values stay on record.",
        Lane.REVIEW: "Answer the ticket with the tag amends_right if it is a failure, "
        "with amends_wrong if it is not.",
        Lane.PARK: "If a person did write it, release it with `amends parked release`.",
        Lane.COUNT: "If this is wrong, tell whoever keeps the word lists: `[triage.words]`.",
    }
)
_SPOKEN_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "people": "the staff",
        "place": "the place and its equipment",
        "process": "how things are done",
        "unknown": "",
    }
)
_PER_MILLE: Final = 10


def sentence(reason: Reason) -> str:
    """Say what a rule found: its meaning, and the words or figures that matched."""
    evidence = one_line(reason.evidence, MAX_EVIDENCE)
    return f"{meaning(reason.rule)}: {evidence}." if evidence else f"{meaning(reason.rule)}."


def explanation(assessment: Assessment, *, words: bool = True) -> list[str]:
    """Give the lines of a page that explains one decision; the same decision, the same lines.

    With `words` false the person's own words are left out.
    """
    asking = [reason for reason in assessment.reasons if reason.severity > 0]
    noticed = [reason for reason in assessment.reasons if reason.severity == 0]
    return [
        _LANES[assessment.lane],
        *_gravity(assessment),
        *_list("What asks for an answer:", asking, words=words),
        *_list("What else was noticed:" if asking else "Why:", noticed, words=words),
        *_likelihood(assessment),
        _NEXT[assessment.lane],
        f"Rules in force: {assessment.model or 'unknown'}.",
    ]


def _gravity(assessment: Assessment) -> list[str]:
    """Say how grave it is, which rules made it so, and which kinds of failure it is."""
    lines = []
    if assessment.severity:
        name = _SEVERITIES[assessment.severity]
        lines.append(f"Severity {assessment.severity} of 4 ({name}).")
    for place, key in enumerate(assessment.categories):
        category = TAXONOMY.get(key)
        said = f"{category.meaning}; {category.owner}" if category else "of another version"
        floor = f", never below severity {category.floor}" if category else ""
        kind = "Kind of failure" if place == 0 else "Also"
        lines.append(f"{kind}: {said} [{key}{floor}].")
    spoken_of = dict.fromkeys(
        _SPOKEN_OF[TAXONOMY[key].three_p] for key in assessment.categories if key in TAXONOMY
    )
    if told := [one for one in spoken_of if one]:
        lines.append(f"What is spoken of: {', '.join(told)}.")
    return lines


def _list(title: str, reasons: Sequence[Reason], *, words: bool) -> list[str]:
    if not reasons:
        return []
    lines = [title]
    for reason in reasons:
        said = sentence(reason) if words else f"{meaning(reason.rule)}."
        asks = f", severity {reason.severity} at least" if reason.severity else ""
        lines.append(f"  - {said} [{reason.rule}{asks}]")
    return lines


def _likelihood(assessment: Assessment) -> list[str]:
    score = assessment.score_permille
    if score is None:
        return []
    return [f"By its wording, {score / _PER_MILLE:.1f} in 100 such comments tell of a failure."]
