"""Names of recordings, and which of them are the phone system's own sounds."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_SOUND_CHARS = 120
"""A longer name is cut."""

_FOLDERS = re.compile(r"^.*/(?:var/lib|usr/share|opt)/[^ ]*?/sounds/")
_LANGUAGE = re.compile(r"^[a-z]{2}(?:_[A-Z]{2})?/(?=.)")
_ENDING = re.compile(r"\.(?:wav|gsm|ulaw|alaw|g722|sln\d*|mp3|WAV|wav49)$")
_SYSTEM = re.compile(
    r"^(?:digits|letters|phonetic|silence|followme|dictate)/"
    r"|^(?:vm|queue|pbx|conf|agent|privacy|auth|screen|followme|spy|demo|astcc|tt|ss)-"
    r"|^(?:beep|beeperr|beep\d|invalid|goodbye|hello|minutes|seconds|hours|number|please-try-again"
    r"|option-is-invalid|is-not-set|is-set-to|activated|de-activated|transfer|one-moment-please"
    r"|pls-wait-connect-call|please-enter-your.*|you-entered|thank-you-.*|tone.*|ring.*)$"
)


@lru_cache(maxsize=1024)
def sound_name(sound: str) -> str:
    """Give a recording's name without folder of sounds, language and ending."""
    name = _FOLDERS.sub("", sound.strip())
    name = _LANGUAGE.sub("", name) if not name.startswith("tt/") else name
    return _ENDING.sub("", name)[:MAX_SOUND_CHARS]


@lru_cache(maxsize=1024)
def is_system_sound(name: str) -> bool:
    """Say whether a sound comes with the phone system: digits, beeps, places in the queue."""
    return bool(_SYSTEM.match(name))
