"""What is remembered of every export: how far it was read, and how to see that it changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from connector.domain.signal import Cursor
from connector.parsing.survey_times import DateOrder
from connector.sources._exports.skipping import Pool

CURSOR_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress:
    """How far one file was read."""

    size: int
    mtime_ns: int
    sha256: str
    """Of all its bytes when it was read."""
    rows: int
    """Rows behind the header that were handed on, problems too."""
    done: bool
    """True when it was read to its end."""
    clean: bool
    """True when it ended with a line end and held no problem: what is appended are new rows."""
    mark: str = ""
    """Of the blocks that were left out, while it is not done: rows are counted without them."""
    options: str = ""
    """Digest of the options under which it was read: under others it is read again, because
    they may understand what was refused, and answers are compared under one map only."""
    again_s: int = 0
    """When a response in it is no longer waited for, epoch seconds: it is read again; or 0."""
    refused: str = ""
    """Why nothing of one of its tables was read, or empty: its header does not fit the map."""

    def sound(self) -> bool:
        """Say whether its parts have their types, after it was read from JSON."""
        numbers = (self.size, self.mtime_ns, self.rows, self.again_s)
        return (
            all(type(number) is int and number >= 0 for number in numbers)
            and isinstance(self.sha256, str)
            and isinstance(self.refused, str)
            and isinstance(self.done, bool)
            and isinstance(self.clean, bool)
        )


class Progress:
    """All files of a source; prints as the cursor."""

    def __init__(self, cursor: Cursor | None) -> None:
        """Read a cursor; one that is not ours begins at the beginning, which is harmless."""
        self._files: dict[str, FileProgress] = {}
        self._printed: dict[str, str] = {}
        self.pool: Pool | None = None
        """The blocks of the export that was read last."""
        self.order: DateOrder | None = None
        """How the last file that proved it writes days and months."""
        try:
            plain = json.loads(cursor) if cursor else {}
            if plain["version"] == CURSOR_VERSION:
                files = {str(name): FileProgress(**file) for name, file in plain["files"].items()}
                self._files = files if all(file.sound() for file in files.values()) else {}
                self.order = DateOrder(plain["order"]) if plain.get("order") else None
                self.pool = Pool.read(plain["pool"]) if plain.get("pool") else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._files = {}

    @property
    def begun(self) -> bool:
        """True when a file was read to its end before."""
        return any(file.done for file in self._files.values())

    def of(self, name: str) -> FileProgress | None:
        """Give what is known of a file."""
        return self._files.get(name)

    def put(self, name: str, progress: FileProgress) -> None:
        """Remember a file."""
        self._files[name] = progress
        self._printed.pop(name, None)

    def keep_only(self, names: Iterable[str]) -> None:
        """Forget files that are gone; should one come back, its rows are known by their keys."""
        kept = set(names)
        self._files = {name: file for name, file in self._files.items() if name in kept}

    def cursor(self) -> Cursor:
        """Print it, the same for the same content."""
        for name in self._files.keys() - self._printed.keys():
            printed = json.dumps(asdict(self._files[name]), separators=(",", ":"))
            self._printed[name] = f"{json.dumps(name)}:{printed}"
        files = ",".join(self._printed[name] for name in sorted(self._files))
        pool = json.dumps(self.pool.plain() if self.pool else None, separators=(",", ":"))
        order = json.dumps(self.order)
        return f'{{"version":{CURSOR_VERSION},"order":{order},"files":{{{files}}},"pool":{pool}}}'
