"""How the helpdesk in memory is set up: fields, views and service levels, by `Provisions`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from connector.domain.blueprint import Action, Blueprint, PlannedStep
from connector.domain.errors import Rejected
from connector.testing.memory_desk import MemoryDesk

NO_SLA: Final = "1. Open the desk's page of service levels.\n2. Add a policy for the tag {tag}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing of a blueprint, as the desk keeps it."""

    kind: str
    name: str
    title: str
    parts: Mapping[str, str]
    """What it consists of: choices by value, targets by severity, tags."""
    manual: str = ""
    """What a person has to do where the desk's plan does not allow it."""

    @property
    def id(self) -> str:
        """Where it is kept: the desk has room for a name of ours beside each title."""
        return f"amends:{self.kind}:{self.name}"


class MemorySetup:
    """The ability to be set up; mixed into `MemoryHelpdesk`."""

    name: str
    desk: MemoryDesk
    _read: Callable[[str], None]
    _write: Callable[[str, Callable[[], Any]], Any]

    def plan(self, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
        """Compare; what is there under another title was renamed by people and is kept."""
        self._read("plan")
        things = list(_things(wanted, sla=self.desk.has_sla))
        with self.desk.lock:
            if remove:
                return [_removal(self.desk, one) for one in things if one.id in self.desk.setup]
            return [_step(self.desk, one) for one in things]

    def carry_out(self, step: PlannedStep, wanted: Blueprint) -> None:
        """Make, complete or take away one thing."""
        thing = next(
            (one for one in _things(wanted, sla=True) if (one.kind, one.name) == _place(step)), None
        )
        if thing is None or step.action not in {Action.CREATE, Action.CHANGE, Action.REMOVE}:
            raise Rejected(self.name, "there is nothing to carry out", fields=[step.name])
        self._write("carry_out", lambda: self._carry_out(step, thing))

    def _carry_out(self, step: PlannedStep, thing: Wanted) -> None:
        setup = self.desk.setup
        if step.action is Action.REMOVE:
            setup.pop(thing.id, None)
            return
        there = setup.get(thing.id, {"title": thing.title})
        setup[thing.id] = {**there, **thing.parts}


def _place(step: PlannedStep) -> tuple[str, str]:
    return step.kind, step.name


def _step(desk: MemoryDesk, thing: Wanted) -> PlannedStep:
    step = PlannedStep(action=Action.KEEP, kind=thing.kind, name=thing.name, title=thing.title)
    there = desk.setup.get(thing.id)
    if thing.manual:
        return replace(step, action=Action.MANUAL, manual=thing.manual)
    if there is None:
        return replace(step, action=Action.CREATE)
    lines = tuple(
        f'+ "{told}"' if part not in there else f"{part}: {there[part]} -> {told}"
        for part, told in thing.parts.items()
        if there.get(part) != told
    )
    action = Action.CHANGE if lines else Action.KEEP
    return replace(step, action=action, title=there["title"], changes=lines, id=thing.id)


def _removal(desk: MemoryDesk, thing: Wanted) -> PlannedStep:
    return PlannedStep(
        action=Action.REMOVE,
        kind=thing.kind,
        name=thing.name,
        title=desk.setup[thing.id]["title"],
        changes=("- what agents wrote into it goes with it",) if thing.kind == "field" else (),
        id=thing.id,
    )


def _things(wanted: Blueprint, *, sla: bool) -> Iterator[Wanted]:
    for field in wanted.fields:
        parts = {"type": field.type.value, **field.choices}
        yield Wanted(kind="field", name=field.name, title=field.title, parts=parts)
    for view in wanted.views:
        parts = {"tags": ",".join(view.tags), "without": ",".join(view.without_tags)}
        yield Wanted(kind="view", name=view.name, title=view.title, parts=parts)
    for policy in wanted.slas:
        parts = {
            "tag": policy.tag,
            **{
                f"severity {one.severity}": f"{one.contact_minutes}/{one.resolution_minutes} min"
                for one in policy.targets
            },
        }
        manual = "" if sla else NO_SLA.format(tag=policy.tag)
        yield Wanted(kind="sla", name=policy.name, title=policy.title, parts=parts, manual=manual)
    for answer in wanted.answers:
        parts = {"words": answer.text}
        yield Wanted(kind="answer", name=answer.name, title=answer.title, parts=parts)
