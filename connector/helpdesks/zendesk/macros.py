"""Macros: the words that agents may pick, and whether agents have made them theirs; pure.

The description holds our mark with the fingerprint of what we wrote. Where the words are others
than that, an agent has changed them: they are never overwritten.
"""

from __future__ import annotations

import re
from typing import Final

from connector.domain.blueprint import REFERENCE, WantedAnswer, fingerprint
from connector.helpdesks.zendesk.tables import Json, field_mark
from connector.helpdesks.zendesk.words import sendable

WORDS: Final = "comment_value"
"""The action that puts words into the answer; whether it is public stays with the agent."""

THEIRS: Final = (
    "Agents have changed its words, and ours have changed as well. Look at both "
    "(`amends templates --preview`); delete the macro and run this again to get ours."
)
_WROTE: Final = re.compile(r"\(words ([0-9a-f]{12})\)")


def macro_record(wanted: WantedAnswer) -> Json:
    """Give the macro that is to be made."""
    return {
        "title": wanted.title,
        "description": _description(wanted),
        "active": True,
        "actions": [{"field": WORDS, "value": _words(wanted)}],
    }


def macro_change(wanted: WantedAnswer, record: Json) -> tuple[Json, list[str]]:
    """Give what has to be changed about a macro; its title and further actions are people's.

    An update replaces all actions, so the others are sent along.
    """
    if shown(record) == fingerprint(_words(wanted)) or changed(record):
        return {}, []
    others = [one for one in record.get("actions") or () if one.get("field") != WORDS]
    actions = [{"field": WORDS, "value": _words(wanted)}, *others]
    return {"actions": actions, "description": _description(wanted)}, ["words: the new ones"]


def is_theirs(wanted: WantedAnswer, record: Json) -> bool:
    """Tell whether agents changed the words and ours, which have changed as well, must wait."""
    new = fingerprint(_words(wanted)) not in {shown(record), _wrote(record)}
    return changed(record) and new


def changed(record: Json) -> bool:
    """Tell whether the words are others than those that we wrote."""
    return shown(record) != _wrote(record)


def shown(record: Json) -> str:
    """Give the fingerprint of the words that stand there."""
    for action in record.get("actions") or ():
        if action.get("field") == WORDS:
            value = action.get("value")
            return fingerprint(str(value[-1] if isinstance(value, list) and value else value))
    return ""


def _wrote(record: Json) -> str:
    found = _WROTE.search(str(record.get("description") or ""))
    return found[1] if found else ""


def _words(wanted: WantedAnswer) -> str:
    # what is in braces acts, and nothing of a practice's names may
    inert = sendable(wanted.text).replace("{{", "{ {").replace("{%", "{ %")
    return inert.replace(REFERENCE, "{{ticket.id}}")


def _description(wanted: WantedAnswer) -> str:
    wrote = fingerprint(_words(wanted))
    return f"Words to change and to send, or not. {field_mark(wanted.name)} (words {wrote})"
