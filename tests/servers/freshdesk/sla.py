"""SLA policies: the first that applies, by position, decides; the default one is the last."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from servers.freshdesk.records import Ticket, stamp
from servers.freshdesk.refusals import Fault, mismatch, missing, unknown_field, wrong

MIN_SECONDS: Final = 900
"""A target has to be greater."""
STEP_SECONDS: Final = 60

# what a policy can ask for, and the ticket's attribute
CONDITIONS: Final = {
    "company_ids": "company_id",
    "group_ids": "group_id",
    "product_ids": "product_id",
    "sources": "source",
    "ticket_types": "type",
}


@dataclass(kw_only=True)
class Policy:
    """One policy."""

    id: int
    name: str
    position: int
    targets: dict[str, dict[str, Any]]
    created_at: datetime
    updated_at: datetime
    applicable_to: dict[str, list[Any]] = field(default_factory=dict)
    description: str | None = None
    active: bool = True
    is_default: bool = False
    escalation: dict[str, Any] = field(default_factory=dict)

    def applies(self, ticket: Ticket) -> bool:
        if not self.active:
            return False
        return self.is_default or all(
            getattr(ticket, CONDITIONS[name]) in wanted
            for name, wanted in self.applicable_to.items()
        )

    def seconds(self, priority: int) -> tuple[int, int]:
        """Give how long the first response and the solution may take."""
        target = self.targets[f"priority_{priority}"]
        return target["respond_within"], target["resolve_within"]

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "active": self.active,
            "sla_target": self.targets,
            "applicable_to": self.applicable_to,
            "is_default": self.is_default,
            "position": self.position,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "escalation": self.escalation,
        }


def target(respond_s: int, resolve_s: int) -> dict[str, Any]:
    return {
        "respond_within": respond_s,
        "resolve_within": resolve_s,
        "business_hours": False,
        "escalation_enabled": True,
    }


def default_policy(id_: int, at: datetime) -> Policy:
    hour = 3_600
    return Policy(
        id=id_,
        name="Default SLA Policy",
        description="default policy",
        position=10_000,
        targets={
            "priority_4": target(hour, 4 * hour),
            "priority_3": target(4 * hour, 12 * hour),
            "priority_2": target(8 * hour, 24 * hour),
            "priority_1": target(24 * hour, 72 * hour),
        },
        created_at=at,
        updated_at=at,
        is_default=True,
    )


def faults_of(data: dict[str, Any], *, whole: bool) -> list[Fault]:
    """Examine what is to become a policy; `whole` on create."""
    wanted = ("name", "applicable_to", "sla_target")
    faults = [missing(name) for name in wanted if whole and not data.get(name)]
    targets = data.get("sla_target")
    if targets and set(targets) != {f"priority_{number}" for number in range(1, 5)}:
        faults.append(wrong("sla_target", "It should have priority_1 to priority_4"))
    for name, one in (targets or {}).items():
        faults += _target_faults(name, one)
    for name, wanted_of in (data.get("applicable_to") or {}).items():
        if name not in CONDITIONS:
            faults.append(unknown_field(f"applicable_to.{name}"))
        elif not isinstance(wanted_of, list):
            faults.append(mismatch(f"applicable_to.{name}", wanted_of, "Array"))
    return faults


def _target_faults(name: str, one: Any) -> list[Fault]:
    faults = []
    for key in ("respond_within", "resolve_within"):
        seconds = one.get(key) if isinstance(one, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            faults.append(mismatch(f"sla_target.{name}.{key}", seconds, "Integer"))
        elif seconds <= MIN_SECONDS or seconds % STEP_SECONDS:
            text = "It should be a multiple of 60 and greater than 900"
            faults.append(wrong(f"sla_target.{name}.{key}", text))
    return faults
