"""Checkpoints: the heads of all chains on one line, to be kept where this machine cannot reach.

The chain alone proves that nothing in its middle was changed by somebody who did not
recompute all that follows. A checkpoint kept elsewhere also proves that its end was not
cut off and that it was not recomputed: the entry that it names must still be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from connector.domain.errors import LedgerError
from connector.domain.ledger import timestamp

FORM = 1
"""Version of a checkpoint's line."""
PREFIX = "checkpoint "
"""Stands before the line where it is printed for people."""
MAX_LINE_CHARS = 65_536
"""No checkpoint is longer; a file with such a line is refused."""
MAX_LINES = 100_000
"""A checkpoint an hour for more than ten years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last entry of a chain."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """All heads at one time."""

    instance: str
    """Id of the state, 16 hex digits."""
    at: datetime
    """When it was taken, by this machine's clock; UTC."""
    chains: Mapping[str, Head]

    def plain(self) -> dict[str, Any]:
        """Give it as JSON-ready values."""
        return {
            "amends_checkpoint": FORM,
            "at": timestamp(self.at),
            "chains": heads_plain(self.chains),
            "instance": self.instance,
        }

    def line(self) -> str:
        """Print it on one line of ASCII JSON."""
        return json.dumps(self.plain(), sort_keys=True, separators=(",", ":"))


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    seq: int = Field(ge=1)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")


_Heads = TypeAdapter(dict[str, _Head])


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    amends_checkpoint: int = Field(ge=FORM, le=FORM)
    at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
    instance: str = Field(pattern=r"^[0-9a-f]{1,64}$")
    chains: dict[str, _Head] = Field(max_length=100)


def heads_plain(heads: Mapping[str, Head]) -> dict[str, Any]:
    """Give heads as JSON-ready values."""
    return {name: {"hash": head.hash.hex(), "seq": head.seq} for name, head in heads.items()}


def heads_from(value: object) -> dict[str, Head]:
    """Read what `heads_plain` made. Raises LedgerError for anything else."""
    try:
        read = _Heads.validate_python(value)
    except ValidationError:
        raise LedgerError("a checkpoint does not name heads") from None
    return {name: Head(seq=head.seq, hash=bytes.fromhex(head.hash)) for name, head in read.items()}


def parse(line: str, *, where: str = "checkpoint") -> Checkpoint:
    """Read one line: a checkpoint, or the JSON of `amends audit verify` with one in it.

    Raises LedgerError, which names `where`.
    """
    try:
        found = json.loads(line.strip().removeprefix(PREFIX))
        if isinstance(found, dict) and "checkpoint" in found:
            found = found["checkpoint"]
        read = _Line.model_validate(found)
        at = datetime.fromisoformat(read.at)
    except (ValidationError, ValueError, RecursionError):
        raise LedgerError(f"{where}: this is no checkpoint of amends") from None
    return Checkpoint(instance=read.instance, at=at, chains=heads_from(found["chains"]))


def parse_all(lines: Iterable[str], *, where: str) -> list[Checkpoint]:
    """Read every checkpoint of a file, whatever stands around them; there must be at least one.

    Raises LedgerError: somebody who can spoil the file must not silence the alarm.
    """
    found = [parse(line, where=f"{where}: line {number}") for number, line in _marked(lines, where)]
    if not found:
        raise LedgerError(f"{where}: there is no checkpoint in it")
    return found


def _marked(lines: Iterable[str], where: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_CHARS or number > MAX_LINES:
            raise LedgerError(f"{where}: line {number} is beyond what a file of checkpoints holds")
        if line.lstrip().startswith(("{", PREFIX)):
            yield number, line
