"""Cells of rows, taken and digested column by column at the speed of C."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Final

from connector.domain.response import ANSWER_BYTES, CONTENT_BYTES

UNDESCRIBED: Final = bytes(CONTENT_BYTES - ANSWER_BYTES)
"""In place of `described` where no column describes a response."""

_LABEL_BYTES = CONTENT_BYTES - ANSWER_BYTES - 1  # the last byte: which of the labels are codes
_CODE = re.compile(r"-?\d{1,4}|[A-Z]{1,2}\d{1,4}", re.ASCII)  # of a choice, not its words
_BETWEEN = "\0"  # no cell holds it


def digests(columns: Iterable[Iterable[str]], size: int) -> list[bytes]:
    """Digest the texts of each row, in so many bytes; `columns` are equally long."""
    plain = list(map(_BETWEEN.join, zip(*columns, strict=True)))
    if any("\r" in one for one in plain):
        plain = [one.replace("\r\n", "\n").replace("\r", "\n") for one in plain]
    return [_digest(one, size) for one in plain]


def _digest(plain: str, size: int) -> bytes:
    return hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def described(cells: Sequence[str]) -> bytes:
    """Digest what describes a response, and say which of it are codes."""
    labels = [value.strip() for value in cells]
    codes = sum(1 << place % 8 for place, value in enumerate(labels) if _CODE.fullmatch(value))
    return _digest(_BETWEEN.join(labels), _LABEL_BYTES) + bytes([codes % 256])


def stripped(rows: Iterable[Sequence[str]], index: int) -> Iterator[str]:
    """Give one column, without the white space around."""
    return map(str.strip, map(itemgetter(index), rows))


def getter(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Make what takes the cells of some columns, at the speed of C."""
    if not places:
        return lambda _: ()
    if len(places) == 1:
        only = places[0]
        return lambda cells: (cells[only],)
    return itemgetter(*places)
