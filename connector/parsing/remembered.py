"""Values that come again and again in a file: each is understood once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

MAX_REMEMBERED: Final = 1_024
"""Different values of one column whose meaning is kept at hand."""

MAX_REMEMBERED_CHARS: Final = 200
"""A longer value does not come again."""

_Given = TypeVar("_Given", bound="str | tuple[str, ...]")
_Meant = TypeVar("_Meant")


class Remembered(dict[_Given, _Meant], Generic[_Given, _Meant]):
    """What frequent values mean; what is not kept is worked out anew each time."""

    def __init__(self, work: Callable[[_Given], _Meant]) -> None:
        """`work` says what a value means; the same for the same value."""
        super().__init__()
        self._work = work

    def __missing__(self, given: _Given) -> _Meant:
        """Work it out, and keep it if there is room."""
        meant = self._work(given)
        chars = len(given) if isinstance(given, str) else sum(map(len, given))
        if len(self) < MAX_REMEMBERED and chars <= MAX_REMEMBERED_CHARS:
            self[given] = meant
        return meant
