"""Words that mean the same whatever the survey: yes, no, finished; labels that stand for codes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from connector.parsing.survey_scores import fold

YES_WORDS: Final = frozenset(
    {"yes", "y", "true", "1", "x", "checked", "ja", "oui", "si", "s\u00ed", "sim", "tak"}
    | {"\u0434\u0430", "\u306f\u3044", "\u662f"}
)
"""Folded answers that mean yes, also with more words behind (`Yes, please call`)."""
NO_WORDS: Final = frozenset(
    {"no", "n", "false", "0", "nein", "non", "n\u00e3o", "unchecked", "nee", "nej"}
    | {"\u043d\u0435\u0442", "\u3044\u3044\u3048", "\u5426"}
)
"""Folded answers that mean no."""
COMPLETE_WORDS: Final = ("1", "2", "true", "yes", "completed", "complete", "finished", "100")
"""Values that say that a response is finished (Qualtrics 1, REDCap 2, Typeform)."""
MAX_EVENT_CHARS: Final = 18
"""REDCap cuts the code of an event here, without its arm."""
_IS_CODE = re.compile("[a-z0-9_]*")
_NO_CODE = re.compile("[^a-z0-9_ ]")
_ARM = re.compile(r"\(arm (\d{1,3})(?::[^)]*)?\)\s*$", re.IGNORECASE)


def yes_or_no(
    text: str, yes: frozenset[str] = YES_WORDS, no: frozenset[str] = NO_WORDS
) -> bool | None:
    """Read consent: a known word, or a known word in front of more; blank is neither."""
    folded = fold(text)
    first = folded.replace(",", " ").replace(".", " ").split(" ", 1)[0]
    for candidate in (folded, first):
        if candidate in no:
            return False
        if candidate in yes:
            return True
    return None


@lru_cache(maxsize=4_096)
def code_of(part: str, kind: str) -> str:
    """Write a label of REDCap as the code that it makes of it, so that both are one key.

    `Visit 1 (Arm 2: Adults)` is `visit_1_arm_2` (kind `event`), `Visit Survey` is `visit_survey`
    (kind `name`); codes, and parts of no kind, stay as they are.
    """
    if not kind or _IS_CODE.fullmatch(part):
        return part
    arm = _ARM.search(part)
    plain = _NO_CODE.sub("", (part[: arm.start()] if arm else part).casefold())
    code = "_".join(plain.replace("_", " ").split())
    if kind != "event":
        return code
    return f"{code[:MAX_EVENT_CHARS].rstrip('_')}_arm_{arm[1] if arm else 1}"
