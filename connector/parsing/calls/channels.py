"""Asterisk's channel names, and whether a channel belongs to a phone of the practice.

`PJSIP/101-0000002a` is a phone, `PJSIP/trunk-0000002b` a line to the outside, `Local/101@x-1;2`
neither: both halves of a Local channel stand for whoever is behind them. Nothing in a log says
which endpoint is a line to the outside; where the names of `Phones` do not tell, the form
of names, numbers and contexts does, the certain signs first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

EXTENSION_DIGITS = 6
"""Longest number of a phone of the practice; outside numbers have more digits."""
MAX_CHANNEL_CHARS = 400
"""A longer name is cut; Asterisk's own limit is 80 before the suffix."""

_UNIQUE_TAIL = re.compile(r"-[0-9a-fA-F]{6,10}(?:;[12])?$|;[12]$")
_LOCAL_HALF = re.compile(r"^Local/(.+);([12])$")
_TAIL_CHARS = 8
_HEX = frozenset("0123456789abcdefABCDEF")
_DIGITS_ONLY = re.compile(r"\D")
_NUMBERED_PHONE = re.compile(
    r"^(?:ext|phone|user|sip|p)?[-_.]?(\d{2,6})(?:[-_.]?[a-zA-Z]\w{0,12})?$"
)
_OUTSIDE_CONTEXT = re.compile(
    r"trunk|pstn|\bdid\b|from[-_]did|inbound|incoming|ext(?:ernal|ern)|outside|public|provider"
    r"|carrier|telco|from[-_](?:voip|sip-external|out)",
    re.IGNORECASE,
)
_INSIDE_CONTEXT = re.compile(
    r"internal|intern\b|phones?\b|\blocal\b|users?\b|staff|extensions?\b|office|department",
    re.IGNORECASE,
)
_LINE_NAME = re.compile(
    r"trunk|pstn|provider|carrier|gateway|\bgw\b|voip|telco|sip-?out|inbound|outbound"
    r"|twilio|telnyx|bandwidth|flowroute|vitelity|callcentric|anveo|skyetel|siptrunk|sbc|peer",
    re.IGNORECASE,
)
_LINE_TECH = frozenset({"DAHDI", "ZAP", "IAX2", "MISDN", "KHOMP", "SRX", "DONGLE", "QUECTEL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """What an admin says about the practice's phones; all may be empty."""

    trunks: tuple[str, ...] = ()
    """Endpoints that lead outside, `*` stands for anything: `trunk`, `voipms*`."""
    extensions: tuple[str, ...] = ()
    """Endpoints and numbers inside the practice: `1??`, `reception`."""
    closed_contexts: tuple[str, ...] = ()
    """Dialplan contexts that callers reach outside business hours."""
    closed_recordings: tuple[str, ...] = ()
    """Recordings that say that the practice is closed."""


@lru_cache(maxsize=1024)
def endpoint(channel: str) -> str:
    """Give whom a channel belongs to: `101` for `PJSIP/101-0000002a`; '' for no channel."""
    name = channel[:MAX_CHANNEL_CHARS]
    _, slash, rest = name.partition("/")
    if not slash:
        return ""
    stem, dash, tail = rest.rpartition("-")
    counted = dash and len(tail) == _TAIL_CHARS and _HEX.issuperset(tail)  # a third of the time
    rest = stem if counted else _UNIQUE_TAIL.sub("", rest)
    return rest.partition("@")[0] if name.startswith("Local/") else rest


def technology(channel: str) -> str:
    """Give what is in front of the slash, in upper case: `PJSIP`, `DAHDI`, `LOCAL`."""
    return channel.partition("/")[0].upper()


def other_half(channel: str) -> str:
    """Give the other half of a Local channel; '' for any other."""
    match = _LOCAL_HALF.match(channel)
    return f"Local/{match[1]};{'1' if match[2] == '2' else '2'}" if match else ""


def digits(text: str) -> str:
    """Give the digits of a text."""
    return text if text.isdigit() and text.isascii() else _DIGITS_ONLY.sub("", text)


def is_extension(number: str) -> bool:
    """Say whether a number is one of a phone inside, by its length."""
    return number.isdigit() and 2 <= len(number) <= EXTENSION_DIGITS  # noqa: PLR2004 - one digit is a key


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Say whether one of the patterns fits, whatever the case of letters."""
    folded = text.casefold()
    return any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


def is_outside(channel: str, number: str, context: str, phones: Phones) -> bool:
    """Say whether a channel that came into being is a line to the outside.

    `number` and `context` are the caller's number and the context where it begins.
    """
    name = endpoint(channel)
    known = _by_configuration(name, number, phones)
    if known is None:
        known = _by_name(name, technology(channel))
    if known is None:
        known = _by_context(number, context)
    if known is not None:
        return known
    return len(digits(number)) > EXTENSION_DIGITS or technology(channel) in _LINE_TECH or not number


@lru_cache(maxsize=1024)
def _numbered(name: str) -> str:
    """Give the number in a phone's name; '' for other names."""
    match = _NUMBERED_PHONE.match(name)
    return match[1] if match else ""


@lru_cache(maxsize=1024)
def _by_name(name: str, tech: str) -> bool | None:
    if _numbered(name) or tech == "LOCAL":
        return False
    if _LINE_NAME.search(name) or (name.isdigit() and len(name) > EXTENSION_DIGITS):
        return True
    return None


def _by_context(number: str, context: str) -> bool | None:
    return False if is_extension(number) else _by_place(context)


@lru_cache(maxsize=1024)
def _by_place(context: str) -> bool | None:
    if _OUTSIDE_CONTEXT.search(context):
        return True
    return False if _INSIDE_CONTEXT.search(context) else None


def _by_configuration(name: str, number: str, phones: Phones) -> bool | None:
    if not phones.trunks and not phones.extensions:
        return None
    if matches(name, phones.trunks):
        return True
    if matches(name, phones.extensions) or (number and matches(number, phones.extensions)):
        return False
    return False if phones.trunks else None


def person(channel: str, number: str, phones: Phones) -> str:
    """Name whoever is at a channel: the extension, the number behind a line, or the name."""
    name = endpoint(channel)
    phone = _numbered(name)
    if phone:
        return phone
    if is_extension(number) or (number and is_line(channel, phones)):
        return number
    return name


def is_line(channel: str, phones: Phones) -> bool:
    """Say whether a channel that was called leads outside, by its name alone."""
    name = endpoint(channel)
    known = _by_configuration(name, "", phones)
    if known is None:
        known = _by_name(name, technology(channel))
    return bool(known) or (known is None and technology(channel) in _LINE_TECH)


_CLOSED_CONTEXT = re.compile(
    r"after[-_ ]?hours|closed|night|out[-_]?of[-_]?(?:hours|office)|holiday|weekend|feierabend",
    re.IGNORECASE,
)
_CLOSED_RECORDING = re.compile(
    r"(?:office|practice|clinic|we(?:-are|re)?|are|now)[-_ ]?closed|closed|after[-_ ]?hours"
    r"|out[-_]?of[-_]?(?:hours|office)|night[-_ ]?(?:greeting|message|notice)|holiday",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def is_closed(context: str, phones: Phones) -> bool:
    """Say whether a dialplan context is the one for times when nobody is there."""
    if phones.closed_contexts:
        return matches(context, phones.closed_contexts)
    return bool(_CLOSED_CONTEXT.search(context))


@lru_cache(maxsize=1024)
def is_closed_recording(name: str, phones: Phones) -> bool:
    """Say whether a recording tells that nobody is there."""
    if phones.closed_recordings:
        return matches(name, phones.closed_recordings)
    return bool(_CLOSED_RECORDING.search(name))
