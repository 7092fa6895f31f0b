"""`kind = "..."` finds its class by entry point: an open tagged union.

A distribution adds a kind by one line in its packaging data, in the group
`amends.sources` or `amends.helpdesks`. Nothing is imported until a
configuration names the kind, so a broken plugin that nobody uses does no harm.
"""

from __future__ import annotations

import difflib
import importlib.metadata
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import TypeVar

from connector.domain.errors import ConfigError
from connector.helpdesks.base import HelpdeskSettings
from connector.sources.base import SourceSettings

SOURCES = "amends.sources"
"""The entry-point group of everything that is read."""

HELPDESKS = "amends.helpdesks"
"""The entry-point group of everything that is written to."""

_Base = TypeVar("_Base", SourceSettings, HelpdeskSettings)


def source_kinds() -> Mapping[str, EntryPoint]:
    """All kinds of sources that are installed, sorted, not imported."""
    return _kinds(SOURCES)


def helpdesk_kinds() -> Mapping[str, EntryPoint]:
    """All kinds of helpdesks that are installed, sorted, not imported."""
    return _kinds(HELPDESKS)


def source_class(kind: str) -> type[SourceSettings]:
    """Import the configuration class of a kind of source.

    Raises ConfigError for a kind that is unknown (naming the known and the nearest),
    registered twice, not importable or no SourceSettings.
    """
    return _load(kind, source_kinds(), SourceSettings)


def helpdesk_class(kind: str) -> type[HelpdeskSettings]:
    """Import the configuration class of a kind of helpdesk; errors as `source_class`."""
    return _load(kind, helpdesk_kinds(), HelpdeskSettings)


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that was probably meant, or an empty string."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def _kinds(group: str) -> dict[str, EntryPoint]:
    kinds: dict[str, EntryPoint] = {}
    for point in importlib.metadata.entry_points(group=group):
        other = kinds.setdefault(point.name, point)
        if other.value != point.value:
            both = f"{_origin(other)} and by {_origin(point)}"
            raise ConfigError(
                [f"the kind {point.name} is registered twice, by {both}; uninstall one of them"]
            )
    return dict(sorted(kinds.items()))


def _load(kind: str, kinds: Mapping[str, EntryPoint], base: type[_Base]) -> type[_Base]:
    point = kinds.get(kind)
    if point is None:
        raise ConfigError([_unknown(kind, kinds)])
    try:
        found = point.load()
    except Exception as error:
        what = f"the plugin {kind} of {_origin(point)} cannot be imported"
        raise ConfigError([f"{what} ({type(error).__name__}); reinstall it"]) from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigError(
            [f"the plugin {kind} of {_origin(point)} is no {base.__name__}; ask its author"]
        )
    return found


def _unknown(kind: str, kinds: Mapping[str, EntryPoint]) -> str:
    guess = nearest(kind, kinds)
    meant = f"did you mean {guess}? " if guess else ""
    return f"unknown kind; {meant}known are: {', '.join(kinds) or 'none'}"


def _origin(point: EntryPoint) -> str:
    name = point.dist.name if point.dist else "an unknown distribution"
    return f"{name} ({point.value})"
