"""Signatures under what a person wrote, and the lines that telephones add.

A mark that programs print (`-- `, RFC 3676) always begins a signature. `--` and lines of dashes
or underscores are used as rulers too: there what follows must look like names, addresses and
numbers; sentences stay.
"""

from __future__ import annotations

from connector.parsing.reply_words import (
    AFTERTHOUGHT,
    CONTACT,
    DEVICE,
    MARK,
    MATCHED_CHARS,
    SENTENCE_END,
)

_SIGNATURE_LINES = 15
_EXACT_SIGNATURE_LINES = 40
_DEVICE_CHARS = 90
_FEW_WORDS, _MANY_WORDS = 4, 8
_TWO = 2


def has_words(lines: list[str]) -> bool:
    """Say whether any line holds more than blanks."""
    return any(line.strip() for line in lines)


def without_signature(lines: list[str], *, first: bool) -> list[str]:
    """Cut what stands under a signature mark, and lines that a device added.

    `first` says that no own words stand above; a mark needs words above it.
    """
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
    kept = [line for index, line in enumerate(lines) if not _added_by_device(lines, index)]
    return kept if has_words(kept) else ([] if not first else lines)


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
    line = lines[index].rstrip()
    if len(line) > _DEVICE_CHARS or ", " in line or DEVICE.match(line) is None:
        return False
    below = index + 1 == len(lines) or not lines[index + 1].strip()
    return below and not (line.endswith((".", "!", "?")) and "gesendet" not in line)
