"""All texts to patients: ours, and those of the practice in their place; each by language."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from connector.domain.plain import one_line, printable
from connector.domain.taxonomy import TAXONOMY
from connector.recovery.drafts.sheet import (
    FACTS,
    MAX_SHEET_BYTES,
    PIECES,
    PUBLIC,
    Sheet,
    SheetError,
    parse,
)
from connector.recovery.playbook import play_for

LANGUAGES: Final = ("en", "es")

CHANNELS: Final = ("phone", "email", "sms", "letter", "public", "closing")
"""Ways to say it; `closing` is what is said when all is done, by whichever way."""

MAX_FILES: Final = 500
"""A folder with more was the wrong one."""

_SUFFIX: Final = ".txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with a text."""

    file: str
    line: int
    what: str
    """With the phrase, where it is one."""
    cure: str
    level: str = "problem"
    """problem | warning."""

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.file}:{self.line}: {self.what}; {self.cure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Texts that were understood; never changed, replaced as a whole."""

    sheets: Mapping[str, Sheet] = field(repr=False)

    def sheet(self, language: str, piece: str, category: str) -> Sheet:
        """Give the text of a channel or a sentence; one of the category goes before the general."""
        own = self.sheets.get(f"{language}/{piece}.{category}")
        if own is not None:
            return own
        return self.sheets.get(f"{language}/{piece}") or self.sheet(
            language, piece, "other.unclassified"
        )

    def text(self, language: str, channel: str, category: str, values: Mapping[str, str]) -> str:
        """Fill the text of a channel for a category."""
        pieces = {
            piece: self.sheet(language, piece, category).fill(values) for piece in sorted(PIECES)
        }
        return self.sheet(language, channel, category).fill({**values, **pieces})

    def version(self, category: str) -> str:
        """Give twelve hex digits that change whenever a text of a category changes."""
        digest = hashlib.sha256()
        for language in LANGUAGES:
            for piece in (*CHANNELS, *sorted(PIECES)):
                digest.update(self.sheet(language, piece, category).source.encode() + b"\0")
        return digest.hexdigest()[:12]

    @property
    def own(self) -> tuple[Sheet, ...]:
        """The practice's own texts."""
        return tuple(sheet for sheet in self.sheets.values() if sheet.file)


@lru_cache(maxsize=1)
def builtin() -> Book:
    """Give our own texts."""
    words = files("connector.recovery.drafts").joinpath("words")
    sheets: dict[str, Sheet] = {}
    for language in LANGUAGES:
        for channel in CHANNELS:
            source = words.joinpath(language, f"{channel}.txt").read_text(encoding="utf-8")
            _put(sheets, f"{language}/{channel}", source)
    table = tomllib.loads(words.joinpath("sentences.toml").read_text(encoding="utf-8"))
    for category, row in table.items():
        _put(sheets, f"en/say.{category}", play_for(category).say)
        for piece, texts in row.items():
            for language, source in texts.items():
                _put(sheets, f"{language}/{piece}.{category}", source)
    return Book(sheets=MappingProxyType(sheets))


def _put(sheets: dict[str, Sheet], key: str, source: str) -> None:
    sheets[key] = parse(key, source, allowed=allowed(key))


def allowed(key: str) -> frozenset[str]:
    """Name the placeholders of a text: no sentence in a sentence, no case in public."""
    piece = key.partition("/")[2].partition(".")[0]
    if piece == "public":
        return PUBLIC
    return FACTS if piece in PIECES else FACTS | PIECES


def read(folder: Path | None) -> tuple[Book, list[Fault]]:
    """Read the practice's own texts over ours; what cannot be used is told and left out."""
    sheets = dict(builtin().sheets)
    faults: list[Fault] = []
    if folder is None:
        return builtin(), faults
    for number, (path, key) in enumerate(_listed(folder, faults)):
        if number >= MAX_FILES:
            faults.append(_fault(folder, f"holds more than {MAX_FILES} files", "name another one"))
            break
        source = _source(path, faults)
        if source is None:
            continue
        try:
            sheets[key] = parse(key, source, allowed=allowed(key), file=str(path))
        except SheetError as error:
            faults.append(_fault(path, error.what, error.cure, error.line))
    return Book(sheets=MappingProxyType(sheets)), faults


def fingerprint(folder: Path | None) -> tuple[object, ...]:
    """Give something that changes when a file of the folder does."""
    if folder is None:
        return ()
    found: list[object] = []
    for path, _ in _listed(folder, []):
        try:
            status = path.stat()
        except OSError as error:
            found.append((str(path), error.errno))
        else:
            found.append((str(path), status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


def _listed(folder: Path, faults: list[Fault]) -> Iterator[tuple[Path, str]]:
    """Yield the files of the folder with their keys, in order; tell what has no place there."""
    for place in _entries(folder, faults):
        if place.name not in LANGUAGES:
            cure = f"texts stand in a folder of their language: {' or '.join(LANGUAGES)}"
            faults.append(_fault(place, "is not a language", cure))
            continue
        for path in _entries(place, faults):
            piece, _, category = path.name.removesuffix(_SUFFIX).partition(".")
            known = piece in CHANNELS or (piece in PIECES and category)
            if path.suffix == _SUFFIX and known and (not category or category in TAXONOMY):
                yield path, f"{place.name}/{piece}{'.' if category else ''}{category}"
            else:
                cure = (
                    f"call it CHANNEL.txt, CHANNEL.CATEGORY.txt ({', '.join(CHANNELS)}), "
                    "say.CATEGORY.txt or write.CATEGORY.txt"
                )
                faults.append(_fault(path, "has a name that says no text", cure))


def _entries(folder: Path, faults: list[Fault]) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone
    except OSError as error:
        faults.append(_fault(folder, _why(error), "name a folder that this user may read"))
        return []
    return [folder / name for name in names if not name.startswith(".") and name[-1] != "~"]


def _source(path: Path, faults: list[Fault]) -> str | None:
    try:
        # O_NONBLOCK: a named pipe must not stop the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        faults.append(_fault(path, _why(error), "let this user read it, or take it away"))
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            faults.append(_fault(path, "is no regular file", "take it away"))
            return None
        content = os.read(descriptor, MAX_SHEET_BYTES + 1)
    except OSError as error:
        faults.append(_fault(path, _why(error), "let this user read it, or take it away"))
        return None
    finally:
        os.close(descriptor)
    return _decoded(content, path, faults)


def _decoded(content: bytes, path: Path, faults: list[Fault]) -> str | None:
    if len(content) > MAX_SHEET_BYTES:
        what = f"is larger than {MAX_SHEET_BYTES} bytes"
        faults.append(_fault(path, what, "write what fits on a page"))
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(_fault(path, "is not UTF-8 text", "save it as UTF-8", line))
        return None
    source = printable(text)
    if "\0" in text or not source.strip():
        what = "is empty" if not text.strip() else "is no text"
        faults.append(_fault(path, what, "write the text, or take the file away"))
        return None
    return source


def _why(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads in a circle"
    return f"cannot be read: {error.strerror or 'refused'}"


def _fault(path: Path, what: str, cure: str, line: int = 1) -> Fault:
    return Fault(file=one_line(os.fsdecode(path), 300), line=line, what=what, cure=cure)
