"""What happened in a call, kept small until somebody wants to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, overload

from connector.domain.call import Step, StepKind
from connector.parsing.calls.times import moment

Told: TypeAlias = tuple[float, StepKind, str, str, int | None, str]
"""A `Step` before anybody reads it: time (epoch seconds), kind, who, what, seconds, detail."""


class Steps(Sequence[Step]):
    """The timeline of a call, made when it is first read: few calls are shown to anybody.

    A tuple for each happening takes 0.3 us, a `Step` 2.9.
    """

    __slots__ = ("_made", "_told")

    def __init__(self, told: Sequence[Told]) -> None:
        """Take what happened; it is put in the order of time."""
        self._told = told
        self._made: tuple[Step, ...] | None = None

    def _all(self) -> tuple[Step, ...]:
        if self._made is None:
            steps = [
                Step(at=moment(at), kind=kind, who=who, what=what, seconds=seconds, detail=detail)
                for at, kind, who, what, seconds, detail in self._told
            ]
            self._made = tuple(sorted(steps, key=lambda step: step.at))
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
        return len(self._told)

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
