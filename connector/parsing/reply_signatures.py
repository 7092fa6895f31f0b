"""Signatures under what a person wrote, and the lines that telephones add.

A mark that programs print (`-- `, RFC 3676) always begins a signature. `--` and lines of dashes
or underscores are used as rulers too: there what follows must look like names, addresses and
numbers; sentences stay.
"""

from __future__ import annotations

from connector.parsing.reply_devices import (
    ADDRESS_ONLY,
    DEVICE,
    DEVICE_CHARS,
    EXCUSE,
    JOINING,
    STRONG,
)
from connector.parsing.reply_notices import without_notices
from connector.parsing.reply_words import (
    AFTERTHOUGHT,
    CONTACT,
    MARK,
    MATCHED_CHARS,
    RULER,
    SENTENCE_END,
)

_SIGNATURE_LINES = 15
_EXACT_SIGNATURE_LINES = 40
_ADDED_LINES = 60
"""So far from the end programs add their lines."""
_CLOSED_WORDS, _FEWER_WORDS = 14, 10
_FEW_WORDS, _MANY_WORDS = 4, 8
_TWO = 2


def has_words(lines: list[str]) -> bool:
    """Say whether any line holds more than blanks."""
    return any(line.strip() for line in lines)


def without_signature(lines: list[str], *, first: bool) -> list[str]:
    """Cut what stands under a signature mark, and lines that a device added.

    `first` says that no own words stand above; a mark needs words above it.
    """
    lines = without_notices(lines)
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    lines = lines[:end]
    for index in range(max(0, end - _EXACT_SIGNATURE_LINES), end):
        if not MARK.match(lines[index]) or (first and not has_words(lines[:index])):
            continue
        exact = lines[index] == "-- "
        near = index >= end - _SIGNATURE_LINES
        if exact or (near and _is_signature(lines[index + 1 :])):
            lines = lines[:index] + _afterthought(lines[index + 1 :])
            break
    kept = _without_additions(lines)
    return kept if has_words(kept) else ([] if not first else lines)


def _without_additions(lines: list[str]) -> list[str]:
    """Leave out what a device or a virus scanner added, with its ruler and web address."""
    first = max(0, len(lines) - _ADDED_LINES)
    added = [index >= first and _added_by_device(lines, index) for index in range(len(lines))]
    if not any(added):
        return lines
    for index in range(first + 1, len(lines)):
        added[index] |= added[index - 1] and ADDRESS_ONLY.match(lines[index]) is not None
    kept = [line for line, gone in zip(lines, added, strict=True) if not gone]
    if added[-1]:
        while kept and (not kept[-1].strip() or RULER.match(kept[-1][:MATCHED_CHARS])):
            kept.pop()
        if kept and kept[-1].strip() == "---":
            kept.pop()
    return kept


def _is_signature(lines: list[str]) -> bool:
    """Tell names, addresses and numbers from sentences: people use `--` as a ruler too."""
    if lines and not lines[0].strip():
        return False
    return not any(_is_prose(line) for line in lines)


def _is_prose(line: str) -> bool:
    """Say whether a line reads like a sentence rather than `Acme Inc.` or an address."""
    words = [word for word in line[:MATCHED_CHARS].split() if not CONTACT.search(word)]
    if len(words) >= _MANY_WORDS:
        return True
    if SENTENCE_END.search(line.rstrip()[-2:]) is None or not words:
        return False
    last = words[-1].rstrip(".!?")
    written = last.islower() and len(last) >= _FEW_WORDS
    return len(words) >= _FEW_WORDS or (written and len(words) >= _TWO) or not line.isascii()


def _afterthought(lines: list[str]) -> list[str]:
    """Give what was added under a signature: `P.S.` and all behind it."""
    for index, line in enumerate(lines):
        if AFTERTHOUGHT.match(line):
            return lines[index:]
    return []


def _added_by_device(lines: list[str], index: int) -> bool:
    """Tell `Sent from my iPhone` from a sentence that begins so."""
    line = lines[index].strip()
    if not line or len(line) > DEVICE_CHARS + _url_chars(line):
        return False
    if EXCUSE.match(line):
        return True
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    alone = not following or ADDRESS_ONLY.match(following) or DEVICE.match(following)
    return bool(alone) and DEVICE.match(line) is not None and not _is_sentence(line)


def _is_sentence(line: str) -> bool:
    """Say whether a line goes on as programs do not: joined words, an end, many words."""
    strong = STRONG.search(line) is not None
    words = len(line.split())
    if line.endswith((".", "!", "?")) and "gesendet" not in line:
        ended = not strong or not line.endswith(".")
        return ended or words > _CLOSED_WORDS or JOINING.search(line) is not None
    joined = ", " in line or words > _FEWER_WORDS or JOINING.search(line) is not None
    return joined and not strong


def _url_chars(line: str) -> int:
    """Give how much of a line is a web address behind its words."""
    start = max(line.find("<http"), line.find("(http"))
    return len(line) - start if start > 0 else 0
