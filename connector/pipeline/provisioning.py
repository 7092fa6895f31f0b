"""Setting a helpdesk up: the plugin plans, a person agrees, each step is done and on record."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from connector.domain.blueprint import REFERENCE, Action, Blueprint, FieldType, PlannedStep
from connector.domain.errors import EdgeError, Rejected
from connector.domain.ledger import Plain
from connector.helpdesks.base import Helpdesk, Provisions
from connector.pipeline.waiting import in_turn
from connector.store.store import Store

DOABLE: Final = frozenset({Action.CREATE, Action.CHANGE, Action.REMOVE})
"""Steps that the API takes."""

_TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "text of one line",
    FieldType.CHOICE: "choice",
    FieldType.CHECKBOX: "checkbox",
    FieldType.DATE: "date",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a step."""

    step: PlannedStep
    problem: str = ""
    """Why it was refused, and what the admin has to do; empty when it was done."""


def plan(
    helpdesk: Helpdesk,
    wanted: Blueprint,
    *,
    remove: bool = False,
    pause: Callable[[float], object] = time.sleep,
) -> list[PlannedStep]:
    """Give what there is to do; for a product without an API for it everything is by hand."""
    if isinstance(helpdesk, Provisions):
        call = partial(helpdesk.plan, wanted, remove=remove)
        return in_turn(helpdesk, "find", call, pause=pause)
    return [] if remove else list(_by_hand(wanted))


def apply(
    store: Store,
    helpdesk: Helpdesk,
    wanted: Blueprint,
    steps: Sequence[PlannedStep],
    *,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[Done]:
    """Carry out what the API takes, one after the other, and put each on record.

    That it begins is on record before anything is done. A refused step does not keep the
    others from being done; whatever else is wrong ends it, on record too, and is raised:
    running it again goes on from there.
    """
    owed = [step for step in steps if step.action in DOABLE]
    if not owed or not isinstance(helpdesk, Provisions):
        return
    about = {"helpdesk": helpdesk.name, "blueprint": version(wanted)}
    counted: dict[str, Plain] = {**Counter(step.action.value for step in owed)}
    store.write(lambda tx: tx.record("provision.began", **about, steps=counted))
    for step in owed:
        told = {"do": step.action.value, "kind": step.kind, "name": step.name}
        try:
            call = partial(helpdesk.carry_out, step, wanted)
            in_turn(helpdesk, "update", call, pause=pause)
        except EdgeError as error:
            fault = type(error).__name__
            _record(store, "provision.failed", {**about, **told, "error": fault})
            if not isinstance(error, Rejected):
                raise
            yield Done(step=step, problem=error.problem)
        else:
            _record(store, "provision.applied", {**about, **told})
            yield Done(step=step)


def version(wanted: Blueprint) -> str:
    """Name a blueprint: 16 hex digits, the same for the same wishes."""
    printed = json.dumps(asdict(wanted), sort_keys=True, default=str)
    return hashlib.sha256(printed.encode()).hexdigest()[:16]


def _record(store: Store, action: str, body: Mapping[str, str]) -> None:
    store.write(lambda tx: tx.record(action, case_id="", **body))


def _by_hand(wanted: Blueprint) -> Iterator[PlannedStep]:
    """Say everything in words, for a product that cannot be set up over its API."""
    for field in wanted.fields:
        choices = "; ".join(f"{value} ({label})" for value, label in field.choices.items())
        words = f'Add a ticket field "{field.title}": {_TYPES[field.type]}, not required.'
        more = f"\nChoices: {choices}." if choices else ""
        yield _manual("field", field.name, field.title, words + more)
    for view in wanted.views:
        but = f", and none of {', '.join(view.without_tags)}" if view.without_tags else ""
        words = f"Add a view of open tickets with any of the tags {', '.join(view.tags)}{but}."
        yield _manual("view", view.name, view.title, words)
    for policy in wanted.slas:
        first = policy.targets[0]
        hours = "business hours" if policy.business_hours else "calendar hours"
        words = (
            f"Add a service level for tickets with the tag {policy.tag}: first reply within "
            f"{first.contact_minutes} minutes, done within {first.resolution_minutes}, {hours}."
        )
        yield _manual("sla", policy.name, policy.title, words)
    for answer in wanted.answers:
        text = answer.text.replace(REFERENCE, "(the number of the ticket)")
        words = f"Where your helpdesk has ready answers, make one of these words:\n{text}"
        yield _manual("answer", answer.name, answer.title, words)


def _manual(kind: str, name: str, title: str, words: str) -> PlannedStep:
    return PlannedStep(action=Action.MANUAL, kind=kind, name=name, title=title, manual=words)
