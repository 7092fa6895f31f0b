"""A stream of bytes to lines, in bounded memory."""

from __future__ import annotations

import re

MAX_LINE_BYTES = 16_384
"""A longer line is cut to this; a row of a phone system has a few hundred bytes."""

_ENDS = re.compile(rb"[\r\n]+")


class Cutter:
    """Cuts what one connection sends; CR, LF and both end a line, blank lines are none."""

    def __init__(self) -> None:
        """Begin before the first byte."""
        self._rest = b""
        self._skipping = False
        self.cut = 0
        """Lines that were longer than MAX_LINE_BYTES."""

    @property
    def unfinished(self) -> bool:
        """True in the middle of a line."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; give the lines that are whole now, without their ends."""
        *whole, self._rest = _ENDS.split(self._rest + data)
        if self._skipping and whole:
            del whole[0]  # the end of a line whose beginning was handed on
            self._skipping = False
        lines = [self._fit(line) for line in whole if line]
        if self._skipping:
            self._rest = b""
        elif len(self._rest) > MAX_LINE_BYTES:
            lines.append(self._fit(self._rest))
            self._rest, self._skipping = b"", True
        return lines

    def finish(self) -> list[bytes]:
        """Give what stands behind the last end of a line: nothing more comes."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []

    def _fit(self, line: bytes) -> bytes:
        if len(line) > MAX_LINE_BYTES:
            self.cut += 1
        return line[:MAX_LINE_BYTES]
