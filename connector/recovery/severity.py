"""How grave a case is: only ever raised by the machine, lowered by a person."""

from __future__ import annotations

from typing import Final

from connector.domain.assessment import Assessment
from connector.domain.taxonomy import TAXONOMY, floor_of

CRITICAL: Final = 4
"""Nothing is graver."""

HIGH: Final = 3
"""Several categories alone lift no further: critical means danger, not a long complaint."""

_WEIGHTY: Final = 2
"""Categories from this floor on count together."""


def final_severity(
    assessment: Assessment,
    *,
    current: int = 0,
    repeated: bool = False,
    contact_missed: bool = False,
) -> int:
    """Give 1 to 4: the highest of category floors, rules and what the case already has.

    One more when several categories of floor 2 or more meet, up to 3; one more each when the
    failure is a repeat within 90 days and when the first contact was missed. Never above 4,
    never below `current` (0 for a new case).
    """
    asked = max((reason.severity for reason in assessment.reasons), default=0)
    base = max(assessment.severity, asked, floor_of(assessment.categories))
    weighty = sum(
        1 for key in assessment.categories if key in TAXONOMY and TAXONOMY[key].floor >= _WEIGHTY
    )
    if weighty > 1 and base < HIGH:
        base += 1
    return max(current, min(base + int(repeated) + int(contact_missed), CRITICAL))
