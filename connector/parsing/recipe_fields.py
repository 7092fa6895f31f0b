"""Fields of a notification: found by label or pattern, then read by what they mean.

Everything is bounded: texts are cut before they are searched, patterns are RE2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from connector.parsing.mail import Mail
from connector.parsing.people import clean_name, email_address, phone_e164
from connector.parsing.recipes import FieldRule, Finder, Recipe, Role, compiled
from connector.parsing.survey_scores import MISSING, Score, fold, score_of
from connector.parsing.survey_times import DateOrder, time_of
from connector.parsing.survey_words import NO_WORDS, YES_WORDS

MAX_SEARCHED_CHARS = 65_536
"""Of a mail's text so much is searched for fields."""
MAX_LINES = 2_000
"""And so many lines."""
MAX_WORDS_CHARS = 20_000
"""Longest text of a person."""
MAX_FIELD_CHARS = 500
"""Longest of the other fields."""
MAX_LINK_CHARS = 2_000
MAX_SECONDS = 86_400

_MARKS = re.compile(r"[*_`\u00a0\u200b\u200e]+")
_STARS = re.compile(r"[\u2605\u2b50]")
_ALL_STARS = re.compile(r"[\u2605\u2606\u2b50\ufe0f\s]+")
_LINK = re.compile(r"https?://[^\s<>\"')\]]{1,2000}", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})", re.ASCII)
_SECONDS = re.compile(r"(\d{1,5})\s*(?:s|sec|secs|seconds?|segundos?)?\b", re.ASCII | re.IGNORECASE)
_IN_ANGLES = re.compile(r"<([^<>]{1,254})>")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:]{1,64}@[^\s<>()\[\]\",;:]{1,253}")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_LONG = {Role.TEXT: MAX_WORDS_CHARS, Role.LINK: MAX_LINK_CHARS}
_MANY_LINES = frozenset({Role.TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What the words of a field depend on beside themselves."""

    region: str
    """ISO 3166 code for numbers without a country."""
    zone: tzinfo
    """For dates without a zone."""
    order: DateOrder


def found_fields(recipe: Recipe, mail: Mail) -> dict[Role, str]:
    """Give the raw text of each field that the mail has; blank ones are left out."""
    text = mail.text[:MAX_SEARCHED_CHARS]
    lines = [_MARKS.sub(" ", line).strip() for line in text.split("\n")[:MAX_LINES]]
    stops = frozenset(_label(label) for rule in recipe.fields.values() for label in rule.labels)
    found: dict[Role, str] = {}
    for role, rule in recipe.fields.items():
        words = _in_place(rule, mail, text, lines, stops)
        limit = _LONG.get(role, MAX_FIELD_CHARS)
        words = words.strip() if role in _MANY_LINES else " ".join(words.split())
        if words and fold(words) not in _BLANK:
            found[role] = words[:limit]
    return found


_BLANK = frozenset({"-", "--", "n/a", "none", "(none)", "[empty]", "(empty)", "not provided"})


def _in_place(
    rule: FieldRule, mail: Mail, text: str, lines: Sequence[str], stops: frozenset[str]
) -> str:
    if rule.where == "text":
        return _by_pattern(rule, text) or _by_label(rule, lines, stops)
    if rule.where == "subject":
        place = mail.subject
    elif rule.where == "from":
        place = mail.sender.name
    else:
        place = mail.headers.words(rule.where.partition(":")[2].lower())
    place = place[:MAX_SEARCHED_CHARS]
    return _by_pattern(rule, place) if rule.patterns else place


def _by_pattern(rule: FieldRule, text: str) -> str:
    for pattern in rule.patterns:
        match = compiled(pattern).search(text)
        if match is None:
            continue
        words = match.group(1) or ""
        if rule.until or rule.to_end:
            rest = text[match.end(1) :].split("\n")
            kept = _until(rest[1:MAX_LINES], rule)
            words = "\n".join([words + rest[0], *kept])
        if words.strip():
            return words
    return ""


def _until(lines: Sequence[str], rule: FieldRule) -> Iterator[str]:
    ends: list[Finder] = [compiled(pattern) for pattern in rule.until]
    for line in lines:
        if any(end.search(line) for end in ends):
            return
        yield line


def _by_label(rule: FieldRule, lines: Sequence[str], stops: frozenset[str]) -> str:
    """Find `Label: value`, or the label alone on a line and the value on those below it."""
    wanted = frozenset(_label(label) for label in rule.labels)
    for number, line in enumerate(lines):
        value = _labelled(line, wanted)
        if value is None:
            continue
        below = lines[number + 1 :]
        if rule.until or rule.to_end:
            words = "\n".join([value, *_block(below, rule, stops)]).strip()
        else:
            words = value or _next_line(below, stops)
        if words:
            return words
    return ""


def _block(lines: Sequence[str], rule: FieldRule, stops: frozenset[str]) -> Iterator[str]:
    """Give the lines of a long field; another field's label ends it, unless it goes to the end."""
    for line in _until(lines, rule):
        if not rule.to_end and _labelled(line, stops) is not None:
            return
        yield line


def _next_line(lines: Sequence[str], stops: frozenset[str]) -> str:
    line = next((line for line in lines[:3] if line), "")
    return "" if _labelled(line, stops) is not None else line


def _labelled(line: str, labels: frozenset[str]) -> str | None:
    """Give what stands behind one of the labels, `` for the label alone, None without one."""
    head, colon, value = line.partition(":")
    if colon and _label(head) in labels:
        return value.strip()
    return "" if _label(line) in labels else None


def _label(text: str) -> str:
    """Make labels comparable: case, accents, marks and the colon behind do not count."""
    plain = unicodedata.normalize("NFKD", text[:200].casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(kept.strip(" \t:*#?\u00bf!.-").split())


def rating_of(text: str, recipe: Recipe) -> Score | None:
    """Read a rating on the recipe's scale; None without a scale."""
    scale = recipe.scale
    if scale is None:
        return None
    stars = len(_STARS.findall(text))
    if stars and _ALL_STARS.fullmatch(text):
        return score_of(str(stars), scale)
    return score_of(text, scale)


def name_of(text: str) -> str:
    """Read a name, without what stands for none."""
    name = clean_name(text)
    folded = fold(name)
    if folded in MISSING or folded in _NOBODY or _digits(name) > len(name) // 2:
        return ""
    return name


_NOBODY = frozenset(
    {"anonymous", "anonymo", "anonimo", "unknown", "unknown caller", "an unknown caller",
     "private", "private caller", "restricted", "unavailable", "wireless caller", "anonym",
     "a google user", "google user", "guest", "out of area", "caller"}
)  # fmt: skip


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def email_of(text: str) -> str:
    """Read the first address of a field."""
    angled = _IN_ANGLES.search(text)
    found = _ADDRESS.search(angled[1] if angled else text)
    return email_address(found[0]) if found else ""


def phone_of(text: str, region: str) -> str:
    """Read the number of a field: `"JANE DOE" <5550142199>`, `Jane (555) 014-2199`."""
    angled = _IN_ANGLES.search(text)
    if angled and (number := phone_e164(angled[1], region)):
        return number
    start = next((place for place, char in enumerate(text) if char in "+(" or char.isdigit()), -1)
    if start < 0:
        return ""
    end = max(place for place, char in enumerate(text) if char.isdigit()) if _digits(text) else -1
    return phone_e164(text[start : end + 1], region)


def caller_name_of(text: str) -> str:
    """Read the name that stands beside a number, if there is one."""
    name = re.split(r"[<(+]|\d", text, maxsplit=1)[0]
    return name_of(name.strip(" \"',-:"))


def link_of(text: str) -> str:
    """Read the first web address."""
    match = _LINK.search(text)
    return match[0].rstrip(".,;") if match else ""


def seconds_of(text: str) -> int | None:
    """Read a duration: `42`, `42 seconds`, `0:42`, `1:02:03`."""
    clock = _CLOCK.search(text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        total = hours * 3_600 + minutes * 60 + seconds
    else:
        match = _SECONDS.search(text)
        if match is None:
            return None
        total = int(match[1])
    return total if total <= MAX_SECONDS else None


def yes_or_no_of(text: str) -> bool | None:
    """Read consent; None when it is neither yes nor no."""
    first = re.split(r"[\s,.;:!]", fold(text), maxsplit=1)[0]
    if first in NO_WORDS:
        return False
    return True if first in YES_WORDS else None


def date_of(text: str, formats: Sequence[str], local: Local) -> datetime | None:
    """Read a date in UTC: as survey tools write it, else by one of the given forms."""
    text = " ".join(text.split())
    found = time_of(text, local.zone, local.order)
    if found is not None:
        return found
    plain = _ORDINAL.sub("", text)
    for form in formats:
        try:
            moment = datetime.strptime(plain, form)  # noqa: DTZ007 - the zone follows below
        except (ValueError, OverflowError, re.error):
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=local.zone)
        try:
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    return None


def missing_fields(recipe: Recipe, found: Mapping[Role, str]) -> tuple[str, ...]:
    """Name the required fields that the mail does not have."""
    return tuple(
        role.value for role, rule in recipe.fields.items() if rule.required and role not in found
    )
