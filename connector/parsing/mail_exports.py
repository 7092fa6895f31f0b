"""Exports that come by mail (call reports, survey results) and belong to another source.

A rule says which sender's files go into which folder. Only a sender whose domain a trusted
server vouches for is heard, only listed kinds of files are taken, and a file is never
overwritten: its name is made of the rule's name and the hash of its content. What is not taken
is told to a person, with the files.

Written while the mail is read, before it is committed: after a crash the mail is read again,
and the file is there already under its name.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connector.domain.signal import Attachment, Fact, Signal
from connector.parsing.authenticity import Proof
from connector.parsing.file_types import danger_of
from connector.parsing.mail import Mail
from connector.parsing.people import email_key
from connector.parsing.recipes import Name, Pattern, compiled

DIGEST_CHARS: Final = 32
"""So much of the content's hash is in a file's name."""
FILE_MODE: Final = 0o640


class ExportRule(BaseModel):
    """One sender's files and the folder of the source that reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="Begins the names of the files (`calls-4f2a....csv`).")
    senders: tuple[Annotated[str, Field(min_length=3, max_length=254)], ...] = Field(
        min_length=1, description="Who may send: addresses, or patterns (`*@pbx.example.com`)."
    )
    subjects: tuple[Pattern, ...] = Field(
        default=(), description="A subject matches one of these RE2 patterns; none: any subject."
    )
    folder: Path = Field(description="Where the files go: the folder that another source reads.")
    suffixes: tuple[Annotated[str, Field(pattern=r"^\.[a-z0-9]{1,10}$")], ...] = Field(
        default=(".csv", ".tsv"), min_length=1, description="Endings of files that are taken."
    )
    max_bytes: int = Field(
        default=20_971_520, ge=1, le=104_857_600, description="A larger file is not taken."
    )

    @field_validator("folder")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        if not folder.is_absolute():
            message = "write the whole path, from / on"
            raise ValueError(message)
        return folder

    @field_validator("senders")
    @classmethod
    def _somebody(cls, senders: tuple[str, ...]) -> tuple[str, ...]:
        if any("@" not in sender or "*" in sender.rpartition("@")[2] for sender in senders):
            message = "name an address or a whole domain (`*@pbx.example.com`)"
            raise ValueError(message)
        return senders


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done with the files of one mail."""

    files: tuple[tuple[Attachment, str], ...]
    """Files to be taken, with the name that each gets."""
    refused: str
    """Empty, or why nothing is taken, in a few words."""


def plan(mail: Mail, signal: Signal, rule: ExportRule, proof: Proof) -> Plan:
    """Decide which files are taken: all that the rule lists, or none with a reason."""
    if proof is not Proof.VERIFIED:
        return Plan(files=(), refused=f"the sender is {proof.value}")
    decorated = mail.pictures
    files = [one for place, one in enumerate(signal.attachments) if place not in decorated]
    taken = [one for one in files if one.name.casefold().endswith(rule.suffixes)]
    for one in taken:
        if one.withheld or len(one.content) > rule.max_bytes:
            return Plan(files=(), refused="a file is too large")
        if not one.content:
            return Plan(files=(), refused="a file is empty")
        if danger_of(one.name, one.content):
            return Plan(files=(), refused="a file is not what its name says")
    if not taken:
        return Plan(files=(), refused="no file of a listed kind")
    return Plan(files=tuple((one, _name(rule, one)) for one in taken), refused="")


def _name(rule: ExportRule, file: Attachment) -> str:
    suffix = next(end for end in rule.suffixes if file.name.casefold().endswith(end))
    return f"{rule.name}-{file.sha256[:DIGEST_CHARS]}{suffix}"


class Exports:
    """The export rules of one source."""

    def __init__(self, rules: Sequence[ExportRule], *, looking: bool) -> None:
        """Take the rules; with `looking` nothing is written, only told."""
        self._rules = tuple(rules)
        self._looking = looking

    def rule_for(self, mail: Mail) -> ExportRule | None:
        """Give the rule that a mail claims to fit."""
        sender = email_key(mail.sender.email)
        for rule in self._rules:
            known = any(fnmatchcase(sender, pattern.lower()) for pattern in rule.senders)
            subjects = [compiled(pattern) for pattern in rule.subjects]
            if known and (not subjects or any(one.search(mail.subject) for one in subjects)):
                return rule
        return None

    def delivered(self, mail: Mail, signal: Signal, rule: ExportRule, proof: Proof) -> Signal:
        """Put the files into their folder; give the signal that says so, or why not.

        Facts: `exported` (names in the folder) or `doubt`, and `export` (the rule).
        """
        decided = plan(mail, signal, rule, proof)
        refused = decided.refused
        if not refused and not self._looking:
            try:
                for file, name in decided.files:
                    put(rule.folder, name, file.content)
            except OSError as fault:
                why = (fault.strerror or type(fault).__name__).lower()
                refused = f"the folder cannot be written: {why}"
        facts: dict[str, Fact] = {**signal.facts, "export": rule.name, "sender_proof": proof.value}
        if refused:
            return replace(signal, facts={**facts, "doubt": f"export: {refused}"})
        moved = {file.sha256 for file, _ in decided.files}
        return replace(
            signal,
            facts={**facts, "exported": tuple(name for _, name in decided.files)},
            attachments=tuple(
                replace(one, content=b"", withheld="in another source's folder")
                if one.sha256 in moved
                else one
                for one in signal.attachments
            ),
        )

    def problems(self) -> list[str]:
        """Name the folders that cannot be written, for `amends check`."""
        return [
            f"{rule.folder}: is no folder that amends may write into (export {rule.name})."
            for rule in self._rules
            if not (rule.folder.is_dir() and os.access(rule.folder, os.W_OK | os.X_OK))
        ]


def put(folder: Path, name: str, content: bytes) -> bool:
    """Write a file whole or not at all, never over another; False: it was there already.

    The content is on disk under a hidden name before it gets its own. Raises OSError.
    """
    final = folder / name
    if final.is_symlink() or final.exists():
        return False
    handle, hidden = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), FILE_MODE)
            os.fsync(file.fileno())
        try:
            os.link(hidden, final)  # unlike a rename it fails when the name is taken meanwhile
        except FileExistsError:
            return False
        except (PermissionError, NotImplementedError):
            Path(hidden).rename(final)  # a file system without hard links
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(hidden).unlink()
    _sync(folder)
    return True


def _sync(folder: Path) -> None:
    """Let the new name survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
