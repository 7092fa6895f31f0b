"""Where reading a log goes on, and what a reading gives: positions, lines, gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

MAX_LEFT = 4
"""Files that were read to their end and renamed: so many are looked at for late lines."""

_NUMBERS = ("inode", "mtime_ns", "offset", "line")
_TEXTS = ("head", "tail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where reading goes on, and how to recognise the file."""

    inode: int
    """Of the log as its writer has it: tried first, never trusted."""
    mtime_ns: int
    """Of the file before it was read; while nothing of it was passed, this alone tells which
    rotated parts are newer."""
    offset: int
    """Bytes that were passed."""
    line: int
    """Lines that were passed, for locators."""
    head: str
    """Digest of the first bytes, at most HEAD_BYTES, before the offset."""
    tail: str
    """Digest of the last bytes, at most TAIL_BYTES, before the offset."""
    skipping: bool = False
    """True inside a line that was too long: pass over everything to its end."""
    done: bool = False
    """True for the end of a packed part: it cannot grow."""
    left: tuple[Position, ...] = ()
    """The ends of files that were left for newer ones, the newest last: a writer that was not
    told of the rotation may go on there."""

    def plain(self) -> dict[str, object]:
        """Give it as what JSON can hold."""
        plain: dict[str, object] = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "left"
        }
        if self.left:
            plain["left"] = [one.plain() for one in self.left]
        return plain

    @classmethod
    def from_plain(cls, plain: object) -> Position | None:
        """Read what `plain` gave; None for anything else, which begins at the beginning."""
        if not isinstance(plain, dict):
            return None
        numbers = [plain.get(key) for key in _NUMBERS]
        texts = [plain.get(key) for key in _TEXTS]
        if not all(type(number) is int and number >= 0 for number in numbers):
            return None
        if not all(isinstance(text, str) for text in texts):
            return None
        left = plain.get("left")
        ends = left[:MAX_LEFT] if isinstance(left, list) else []
        flat = [{**end, "left": None} for end in ends if isinstance(end, dict)]
        return cls(
            inode=plain["inode"],
            mtime_ns=plain["mtime_ns"],
            offset=plain["offset"],
            line=plain["line"],
            head=plain["head"],
            tail=plain["tail"],
            skipping=plain.get("skipping") is True,
            done=plain.get("done") is True,
            left=tuple(one for one in map(cls.from_plain, flat) if one is not None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log."""

    path: str
    """The file in which it stands (its end, if it was split by a rotation): the log as given,
    or a rotated part of it."""
    number: int
    """1, 2, 3 ... within that file."""
    data: bytes
    """Without its newline; cut at the limit when there is a problem."""
    problem: str = ""
    """Empty, or why this is not a whole line."""

    @property
    def locator(self) -> str:
        """`PATH:LINE`."""
        return f"{self.path}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Bytes that may have been written and cannot be found any more."""

    path: str
    """The log as given."""
    after: Position
    """Where reading had stopped."""
    shut: int = 0
    """Rotated parts that are there and could not be opened."""

    @property
    def locator(self) -> str:
        """`PATH:gap-OFFSET-DIGEST`, the same whenever the same gap is met."""
        return f"{self.path}:gap-{self.after.offset}-{self.after.tail[:12]}"

    @property
    def problem(self) -> str:
        """One sentence for a human, and the cure."""
        cure = "Keep rotated logs beside the log."
        if self.shut:
            cure = f"{self.shut} rotated parts may not be read: give this program the right to."
        return (
            f"The log was cut or replaced and its earlier content (read up to byte "
            f"{self.after.offset}) is gone: lines behind that byte may be missing. {cure}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Whole lines that stand one behind the other in a file, and with which nothing is wrong.

    A `Line` for each of them would take as long as reading them does.
    """

    path: str
    """The file in which they stand, as in `Line`."""
    first: int
    """Number of the first one within that file."""
    data: bytes
    """Each with its newline; never empty."""

    def lines(self) -> Iterator[Line]:
        """Yield them one by one."""
        whole = self.data.split(b"\n")
        whole.pop()
        for number, data in enumerate(whole, self.first):
            yield Line(path=self.path, number=number, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Lines in order and where reading goes on after them."""

    parts: tuple[Run | Line | Gap, ...]
    """In the order of the log; a `Line` alone is one with a problem."""
    position: Position

    @property
    def items(self) -> tuple[Line | Gap, ...]:
        """Give every line by itself."""
        items: list[Line | Gap] = []
        for part in self.parts:
            items += part.lines() if isinstance(part, Run) else (part,)
        return tuple(items)
