"""Presets: how the records of one phone system are recognised and read; data, not code.

A preset is a TOML file (docs/sources/call_table.md). The shipped ones lie in
`connector/recipes/phone`; an admin adds a folder of further ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from connector.domain.call import Aspect, Direction, HangUp, Outcome, TransferKind
from connector.domain.errors import ConfigError
from connector.parsing.recipe_faults import told
from connector.parsing.recipes import compiled
from connector.parsing.survey_times import DateOrder

MAX_PRESET_BYTES = 65_536
"""A longer file is no preset."""
MAX_PRESETS = 200
"""A folder with more files is refused."""
MAX_LATE_S = 86_400
MAX_NAME_CHARS = 100
"""A longer cell is no column's name: it is not remembered how it is compared."""
"""Rows are waited for so long at most."""

_WORDS: Mapping[str, type] = {
    "outcome": Outcome,
    "direction": Direction,
    "ended_by": HangUp,
    "transfer": TransferKind,
}


def _catching(pattern: str) -> str:
    if compiled(pattern).groups != 1:
        msg = "the pattern needs exactly one group (...) around what is read"
        raise ValueError(msg)
    return pattern


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Text: TypeAlias = Annotated[str, Field(max_length=200)]
Column: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Columns: TypeAlias = Annotated[tuple[Column, ...], Field(max_length=20), BeforeValidator(_listed)]
Parts: TypeAlias = Annotated[tuple[Columns, ...], Field(max_length=10), BeforeValidator(_listed)]
"""Alternatives, each of one column or of several that belong together."""
Wanted: TypeAlias = Annotated[tuple[Text, ...], Field(max_length=100), BeforeValidator(_listed)]
When: TypeAlias = Annotated[dict[Column, Wanted], Field(min_length=1, max_length=20)]
Catching: TypeAlias = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_catching)]


class FieldNames(BaseModel):
    """Where each thing stands: a column, or several that are tried in turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    call: Parts = Field(description="Id of the call; columns in a list of their own form one id.")
    links: Columns = Field(default=(), description="Further ids that join calls to one.")
    leg: Parts = Field(default=(), description="Id of the row; empty: its content.")
    version: Columns = Field(default=(), description="Sorts updates of one row.")
    started: Columns = Field(description="When it began; a row without it is unreadable.")
    answered: Columns = Field(default=(), description="When it was answered, if it was.")
    ended: Columns = Field(default=(), description="When it ended; else by the durations.")
    total: Columns = Field(default=(), description="Seconds from beginning to end.")
    ring: Columns = Field(default=(), description="Seconds of ringing.")
    wait: Columns = Field(default=(), description="Seconds in the queue.")
    talk: Columns = Field(default=(), description="Seconds of conversation.")
    hold: Columns = Field(default=(), description="Seconds on hold.")
    park: Columns = Field(default=(), description="Seconds parked.")
    message: Columns = Field(default=(), description="Seconds of a voicemail message.")
    caller: Columns = Field(default=(), description="Number of who called.")
    caller_name: Columns = Field(default=(), description="Name of who called.")
    dialled: Columns = Field(default=(), description="Number that was dialled.")
    who: Columns = Field(default=(), description="Extension or person that was called.")
    queue: Columns = Field(default=(), description="Queue of which the row tells.")


class Rule(BaseModel):
    """A word of ours, and the cells for which it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    word: Text = Field(alias="is", description="What it means.")
    when: When = Field(
        description="Columns and what may stand in them: a text (`*` for anything, case does not "
        "count), empty, `>30`, `<30`, or one of these after `!`; all columns have to fit."
    )


class Preset(BaseModel):
    """How the records of one phone system are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text = Field(description="Name of the phone system.")
    format: Literal["csv", "json"] = Field(default="csv", description="csv (any delimiter), json.")
    follow: bool = Field(
        default=False,
        description="true: a file that grows; false: files that are put into a folder or replaced.",
    )
    header: bool = Field(default=True, description="Whether the first line names the columns.")
    columns: tuple[Text, ...] = Field(
        default=(), max_length=400, description="Names of the columns where no line names them."
    )
    delimiter: Literal["", ",", ";", "\t", "|"] = Field(
        default="", description="What stands between fields; empty: recognised."
    )
    records: Text = Field(default="", description="Where the list of records is in a document.")
    legs: Columns = Field(
        default=(),
        description="Where a record holds the list of its legs; `^name` is a field of the record.",
    )
    recognise: Columns = Field(
        default=(), description="Columns that only this system has; all must be there."
    )
    shape: dict[Column, Catching] = Field(
        default_factory=dict, description="Without header: patterns that cells must fit."
    )
    zone: Text = Field(
        default="", description="Zone of times without one; empty: the phone system's."
    )
    date_order: DateOrder | None = Field(default=None, description="How 03/04/2026 is meant.")
    late_seconds: int = Field(
        default=120, ge=0, le=MAX_LATE_S, description="How long further rows of a call may take."
    )
    single: bool = Field(default=False, description="One row, or one record, is the whole call.")
    chained: bool = Field(
        default=False, description="All rows of a call bear the time of its first ring."
    )
    shows: frozenset[Aspect] = Field(
        default=frozenset(), description="What these records can show of a call."
    )
    cannot: tuple[Annotated[str, Field(max_length=500)], ...] = Field(
        default=(), max_length=20, description="What they cannot show, with the cure."
    )
    fields: FieldNames
    pick: dict[str, Catching] = Field(
        default_factory=dict, description="The part of a field that counts; no match: empty."
    )
    milliseconds: tuple[Text, ...] = Field(
        default=(), description="Durations that are in milliseconds."
    )
    skip: tuple[When, ...] = Field(default=(), description="Rows that are no calls.")
    whole: tuple[When, ...] = Field(default=(), description="Rows that sum a call up.")
    continues: tuple[When, ...] = Field(
        default=(), description="Rows behind which more rows of the call come; all others end it."
    )
    going_on: tuple[When, ...] = Field(
        default=(), description="Rows of calls that are not over: another version of them comes."
    )
    person: tuple[When, ...] = Field(
        default=(), description="Rows whose `who` is a person or phone; empty: all."
    )
    queued: tuple[When, ...] = Field(
        default=(), description="Rows whose `queue` is a queue; empty: all."
    )
    outcome: tuple[Rule, ...] = Field(default=(), description="How a row ended; the first counts.")
    direction: tuple[Rule, ...] = Field(default=(), description="Between whom; likewise.")
    ended_by: tuple[Rule, ...] = Field(default=(), description="Who hung up; likewise.")
    transfer: tuple[Rule, ...] = Field(default=(), description="How a row began; likewise.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        for name, words in _WORDS.items():
            known = {member.value for member in words}  # type: ignore[attr-defined]  # StrEnum classes
            for rule in getattr(self, name):
                if rule.word not in known:
                    allowed = ", ".join(sorted(word for word in known if word))
                    faults.append(f"{name}: {rule.word!r} is none of: {allowed}")
        known_fields = set(FieldNames.model_fields)
        faults += [f"pick: there is no field {name!r}" for name in set(self.pick) - known_fields]
        faults += [
            f"milliseconds: there is no field {name!r}"
            for name in set(self.milliseconds) - known_fields
        ]
        if self.format == "csv" and not self.header and not self.columns:
            faults.append("columns: name them in their order, because no line of the file does")
        if faults:
            raise ValueError("; ".join(faults))
        return self


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Preset]:
    """Give the presets that come with amends, by name."""
    folder = files("connector") / "recipes" / "phone"
    texts = {
        one.name.removesuffix(".toml"): one.read_bytes()
        for one in folder.iterdir()
        if one.name.endswith(".toml")
    }
    return _read(texts, where="amends")


def from_folder(folder: Path) -> Mapping[str, Preset]:
    """Read an admin's presets. Raises ConfigError that names file, key and cure."""
    try:
        paths = sorted(folder.glob("*.toml"))
        if len(paths) > MAX_PRESETS:
            raise ConfigError([f"holds more than {MAX_PRESETS} presets"], where=str(folder))
        texts = {path.stem: _bytes(path) for path in paths}
    except OSError as fault:
        raise ConfigError([f"cannot be read ({fault.strerror})"], where=str(folder)) from None
    return _read(texts, where=str(folder))


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PRESET_BYTES + 1)


def _read(texts: Mapping[str, bytes], *, where: str) -> Mapping[str, Preset]:
    presets: dict[str, Preset] = {}
    faults: list[str] = []
    for name, text in sorted(texts.items()):
        try:
            presets[name] = _preset(text)
        except ValidationError as fault:
            faults += [f"{name}.toml: {line}" for line in told(fault, Preset, FieldNames)]
        except ValueError as fault:
            faults.append(f"{name}.toml: {fault}")
    if faults:
        raise ConfigError(faults, where=where)
    return presets


def _preset(text: bytes) -> Preset:
    if len(text) > MAX_PRESET_BYTES:
        msg = f"longer than {MAX_PRESET_BYTES} bytes: this is no preset"
        raise ValueError(msg)
    try:
        plain = tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError:
        msg = "not UTF-8: save it as UTF-8"
        raise ValueError(msg) from None
    except tomllib.TOMLDecodeError as fault:
        msg = f"no TOML: {fault}"
        raise ValueError(msg) from None
    return Preset.model_validate(plain)


def fold(name: str) -> str:
    """Give a column's name as it is compared: case, spaces and marks in front do not count."""
    return _short(name) if len(name) <= MAX_NAME_CHARS else _fold(name)


@lru_cache(maxsize=4_096)
def _short(name: str) -> str:
    return _fold(name)


def _fold(name: str) -> str:
    return " ".join(name.strip().strip("\ufeff").split()).casefold()


def recognise(columns: Sequence[str], presets: Mapping[str, Preset], format_: str) -> str:
    """Name the preset whose columns are all there; of several the one that asks for most."""
    names = {fold(column) for column in columns}
    fitting = [
        (len(preset.recognise), name)
        for name, preset in presets.items()
        if preset.format == format_
        and preset.recognise
        and all(fold(column) in names for column in preset.recognise)
    ]
    return max(fitting)[1] if fitting else ""


def shaped(cells: Sequence[str], presets: Mapping[str, Preset]) -> str:
    """Name the preset whose shape a row without header has."""
    for name, preset in presets.items():
        if not preset.shape or preset.header:
            continue
        row = dict(zip(preset.columns, cells, strict=False))
        if all(compiled(p).search(row.get(c, "")) for c, p in preset.shape.items()):
            return name
    return ""
