"""What happened in a call, kept small until somebody wants to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, overload

from connector.domain.call import Step, StepKind
from connector.parsing.calls.times import moment

Told: TypeAlias = tuple[float, StepKind, str, str, int | None, str]
"""A `Step` before anybody reads it: time (epoch seconds), kind, who, what, seconds, detail."""


class Steps(Sequence[Step]):
    """The timeline of a call, made when it is first read: few calls are shown to anybody.

    A tuple for each happening takes 0.3 us, a `Step` 2.9.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Iterable[Step]]) -> None:
        """`make` gives the steps in order; it is called at most once."""
        self._make: Callable[[], Iterable[Step]] | None = make
        self._made: tuple[Step, ...] = ()

    @classmethod
    def of(cls, told: Sequence[Told]) -> Steps:
        """Take what happened; it is put in the order of time."""
        return cls(lambda: sorted(map(_step, told), key=_when))

    def _all(self) -> tuple[Step, ...]:
        if self._make is not None:
            self._made, self._make = tuple(self._make()), None
        return self._made

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, index: int | slice) -> Step | tuple[Step, ...]:
        """Give one step or some."""
        return self._all()[index]

    def __len__(self) -> int:
        """Count them."""
        return len(self._all())

    def __iter__(self) -> Iterator[Step]:
        """Yield them in the order of time."""
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        """Say whether the same happened."""
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        """Give the hash of the steps."""
        return hash(self._all())

    def __repr__(self) -> str:
        """Show the steps."""
        return repr(self._all())


def _step(told: Told) -> Step:
    at, kind, who, what, seconds, detail = told
    return Step(at=moment(at), kind=kind, who=who, what=what, seconds=seconds, detail=detail)


def _when(step: Step) -> datetime:
    return step.at
