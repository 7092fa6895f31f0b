"""Mail that no person wrote for us: bounces, automatic answers, lists, loops, our own.

Nothing is dropped: the finding goes into the fact `automatic`, and the pipeline parks such mail
where people see it and can release it. Each rule states where it comes from. Order matters:
allow-listed senders first (survey and web-form notices are automatic mail and yet our signal),
then our own marks, bounces, answers, lists. When in doubt a person wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connector.parsing import auto_lists, auto_loops, auto_replies, bounces
from connector.parsing.auto_loops import LOOP_HEADER
from connector.parsing.auto_rules import KINDS, Rule, Surroundings, listed
from connector.parsing.bounces import Bounce
from connector.parsing.mail import Mail

__all__ = ["KINDS", "LOOP_HEADER", "RULES", "Finding", "Rule", "Surroundings", "classify"]

RULES: Final[tuple[Rule, ...]] = (
    *auto_loops.OWN,
    *bounces.RULES,
    *auto_replies.RULES,
    *bounces.LAST,
    *auto_loops.RULES,
    *auto_lists.RULES,
)
"""All rules, first match wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What kind of automatic mail it is and which rule says so."""

    kind: str
    """One of KINDS."""
    rule: str
    bounce: Bounce | None = None
    """What a mail system's report says, for `bounce`, `delay` and `report`; None without
    the raw message."""


def classify(mail: Mail, around: Surroundings, raw: bytes = b"") -> Finding | None:
    """Say whether no person wrote this mail for us; None: a person did, as far as is known.

    Senders in `never_automatic` pass every rule but those about our own mail. With the raw
    message a bounce is read, so that a delay is told from a failure.
    """
    rules = auto_loops.OWN if listed(mail, around.never_automatic) else RULES
    found = next((rule for rule in rules if rule.matches(mail, around)), None)
    if found is None:
        return None
    if found.kind != "bounce" or not raw:
        return Finding(kind=found.kind, rule=found.id)
    bounce = bounces.read_bounce(raw, mail)
    return Finding(kind=bounce.kind, rule=found.id, bounce=bounce)
