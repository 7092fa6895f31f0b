"""The service-level policy, as it is wanted and as it is there.

The product chooses a policy by group, type or source, never by tag, and has targets for each
priority. As priority is severity here, the wanted policies of the four severities become one
policy for our group or type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from connector.domain.blueprint import Action, PlannedStep, WantedSla
from connector.domain.errors import Rejected
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.tables import Json
from connector.recovery.tags import SEVERITIES

SLA: Final = "sla"

POLICY: Final = "Recovery (amends)"
"""Name of our policy."""

MIN_TARGET_S: Final = 960
"""The product wants multiples of 60 above 900."""


def steps_of(
    account: Account, slas: Sequence[WantedSla], there: Sequence[Json], *, remove: bool
) -> list[PlannedStep]:
    """Give a step for each wanted policy: they stand in one of theirs, a priority each."""
    found = next((one for one in there if one["name"] == POLICY), None)
    if remove:
        words = f'Admin, SLA Policies: delete "{POLICY}". The API cannot.'
        return [_sla_step(Action.MANUAL, slas[0], manual=words)] if found and slas else []
    where = _where(account)
    return [_one_sla(one, where, found, slas) for one in slas]


def _one_sla(
    sla: WantedSla, where: Json, found: Json | None, slas: Sequence[WantedSla]
) -> PlannedStep:
    if sla.tag not in SEVERITIES:
        words = f'Tags choose no policy here: there is no way to measure "{sla.tag}" apart.'
        return _sla_step(Action.MANUAL, sla, manual=words)
    if not where:
        words = (
            "The product chooses a policy by group, type or source, not by tag. Set group (best) "
            "or type in the configuration of the helpdesk, then plan again."
        )
        return _sla_step(Action.MANUAL, sla, manual=words)
    priority = f"priority_{SEVERITIES.index(sla.tag) + 1}"
    target = _policy(slas, where)["sla_target"][priority]
    if found is None:
        changes = (*_told(priority, target, {}), "in one policy, which has to stand first")
        return _sla_step(Action.CREATE, sla, changes)
    changes = tuple(_told(priority, target, (found.get("sla_target") or {}).get(priority) or {}))
    if (found.get("applicable_to") or {}) != where:
        changes = (*changes, f"applies to {_plain(where)}")
    action = Action.CHANGE if changes else Action.KEEP
    return _sla_step(action, sla, changes, id_=str(found["id"]))


def _sla_step(
    action: Action,
    sla: WantedSla,
    changes: tuple[str, ...] = (),
    *,
    id_: str = "",
    manual: str = "",
) -> PlannedStep:
    return PlannedStep(
        action=action,
        kind=SLA,
        name=sla.name,
        title=f"{POLICY}: {sla.title}",
        changes=changes,
        manual=manual,
        id=id_,
    )


def _where(account: Account) -> Json:
    """Give to which tickets the policy applies: those of our group, else of our type."""
    settings = account.settings
    if settings.group:
        number = account.form().number("group", settings.group)
        return {"group_ids": [number]} if number is not None else {}
    return {"ticket_types": [settings.type]} if settings.type else {}


def _policy(slas: Sequence[WantedSla], where: Json) -> Json:
    """Make one policy of the four: each priority has the targets of its severity."""
    targets: Json = {}
    for severity, tag in enumerate(SEVERITIES, 1):
        own = next((one for one in slas if one.tag == tag), slas[-1])
        target = next((one for one in own.targets if one.severity == severity), own.targets[0])
        targets[f"priority_{severity}"] = {
            "respond_within": max(MIN_TARGET_S, target.contact_minutes * 60),
            "resolve_within": max(MIN_TARGET_S, target.resolution_minutes * 60),
            "business_hours": own.business_hours,
            "escalation_enabled": True,
        }
    return {
        "name": POLICY,
        "description": "Made by amends: first contact and all four steps of a recovery.",
        "applicable_to": where,
        "sla_target": targets,
    }


def _told(priority: str, wanted: Json, there: Json) -> Iterator[str]:
    for key, words in (("respond_within", "first response"), ("resolve_within", "resolution")):
        before, after = there.get(key), wanted[key]
        if before != after:
            was = f"{before // 60} -> " if isinstance(before, int) else ""
            yield f"priority {priority[-1]}: {words} {was}{after // 60} minutes"
    hours = wanted["business_hours"]
    if there and there.get("business_hours") != hours:
        yield f"priority {priority[-1]}: {'business' if hours else 'calendar'} hours"


def _plain(where: Json) -> str:
    return "; ".join(f"{name}: {', '.join(map(str, ids))}" for name, ids in where.items())


def set_up(account: Account, step: PlannedStep, slas: Sequence[WantedSla]) -> None:
    """Bring the policy into being, or change it where it differs; looks first."""
    where = _where(account)
    if step.action is Action.REMOVE or not where or not slas:
        raise Rejected(account.edge, "cannot do this step; plan again", fields=[step.name])
    policy = _policy(slas, where)
    found = next((one for one in account.policies() if one["name"] == POLICY), None)
    if found is None:
        account.set_up("POST", "/sla_policies", policy)
        return
    standing = {name: found.get(name) for name in ("applicable_to", "sla_target")}
    if standing != {name: policy[name] for name in standing}:
        account.set_up("PUT", f"/sla_policies/{found['id']}", policy)
