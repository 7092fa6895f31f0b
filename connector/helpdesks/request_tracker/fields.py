"""Custom fields: ours by our names, theirs by number; pure."""

from __future__ import annotations

from collections.abc import Mapping

from connector.helpdesks.request_tracker.api import Queue
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.tables import TITLES, Json


def name_of(settings: InstanceSettings, ours: str) -> str:
    """Give the name of the custom field for one of ours; empty: kept nowhere."""
    if ours == "key":
        return settings.key_field
    if ours == "tags":
        return settings.tags_field
    return settings.fields.get(ours, TITLES.get(ours, ""))


def number_of(settings: InstanceSettings, queue: Queue, ours: str) -> int | None:
    """Give the number of the custom field for one of ours; None where the queue has none."""
    name = name_of(settings, ours)
    return next((number for number, there in queue.fields.items() if there == name), None)


def ours_of(settings: InstanceSettings, name: str) -> str:
    """Give our name for a custom field; its own where it is none of ours."""
    for ours in ("key", "tags", *settings.fields, *TITLES):
        if name_of(settings, ours) == name:
            return ours
    return name


def placed(
    settings: InstanceSettings, queue: Queue, fields: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Give values by number, and what the queue has no field for, though it should."""
    there: dict[str, str] = {}
    lacking: list[str] = []
    for ours, value in fields.items():
        number = number_of(settings, queue, ours)
        if number is not None:
            there[str(number)] = value
        elif name_of(settings, ours) and (ours in settings.fields or ours in settings.known_fields):
            lacking.append(ours)
    return there, lacking


def values_of(ticket: Json, number: int | str | None) -> list[str]:
    """Give the values of a custom field on a ticket."""
    for field in ticket["CustomFields"]:
        if str(field["id"]) == str(number):
            return [str(value) for value in field.get("values") or ()]
    return []
