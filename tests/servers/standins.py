"""Stand-in plugins: configuration classes that tests register as kinds of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connector.domain.errors import ConfigError
from connector.domain.practice import Practice
from connector.domain.signal import Batch, Channel, Contact, Cursor, Item, Signal, Unreadable
from connector.helpdesks.base import HelpdeskSettings
from connector.sources.base import SourceSettings


class Sign(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = "amends"
    client_secret: SecretStr | None = None


class BoxSettings(SourceSettings):
    """A mailbox with a password."""

    kind: Literal["box"] = "box"
    host: str = Field(description="Name of the mail server.")
    port: int = Field(default=993, ge=1, le=65_535)
    security: Literal["tls", "starttls", "none"] = "tls"
    password: SecretStr = Field(description="Password of the mailbox.")
    folders: tuple[str, ...] = ("INBOX",)
    sign: Sign | None = None
    team: int | str = 1

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        del path, name
        raise ConfigError(["box reads a mailbox, not a file; save the mail and use lines"])


class LinesSettings(SourceSettings):
    """A file with a word a line."""

    kind: Literal["lines"] = "lines"
    path: Path
    shout: bool = False
    settle_seconds: int = 30

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        return cls(name=name, path=path, shout=False, settle_seconds=0)

    def open(self, practice: Practice) -> Lines:
        return Lines(self, practice)


class Lines:
    """Reads a file with one message a line; `!` begins a line that cannot be read."""

    def __init__(self, settings: LinesSettings, practice: Practice) -> None:
        self.name = settings.name
        self._settings = settings
        self._practice = practice

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        del after
        if self._settings.settle_seconds:
            return  # the file may still be growing
        with self._settings.path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield Batch(items=(self._item(number, raw),), cursor=str(number))

    def _item(self, number: int, raw: bytes) -> Item:
        locator = f"{self._settings.path}:{number}"
        text = raw.decode("utf-8", "surrogateescape").strip()
        if text.startswith("!"):
            return Unreadable(
                tenant="t", source=self.name, locator=locator, problem="begins with !", raw=raw
            )
        automatic, _, words = text.rpartition("|")
        return Signal(
            tenant=self._practice.tenant,
            source=self.name,
            natural_key=str(number),
            locator=locator,
            channel=Channel.MAIL,
            event_time=None,
            contact=Contact(email="jane.roe@mail.example"),
            subject="A word",
            text=words.upper() if self._settings.shout else words,
            facts={"automatic": automatic} if automatic else {},
        )

    def settle(self, locators: Sequence[str]) -> None:
        raise AssertionError(f"inspect must not settle {locators}")

    def close(self) -> None:
        pass


class DeskSettings(HelpdeskSettings):
    """A helpdesk with a token."""

    kind: Literal["desk"] = "desk"
    url: str
    token: SecretStr = Field(min_length=1, description="API token.")


class NoPlugin:
    """Registered by mistake."""
