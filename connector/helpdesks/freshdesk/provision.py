"""Set an account up: fields and the service-level policy by API, views by hand."""

from __future__ import annotations

from typing import Final

from connector.domain.blueprint import Action, Blueprint, PlannedStep, WantedView
from connector.domain.errors import Rejected
from connector.helpdesks.freshdesk import (
    provision_answers,
    provision_fields,
    provision_levels,
)
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.tags import theirs

VIEW: Final = "view"

DOABLE: Final = frozenset({Action.CREATE, Action.CHANGE, Action.REMOVE})


def plan(account: Account, wanted: Blueprint, *, remove: bool) -> list[PlannedStep]:
    """Give what there is to do for each field, each level of service and each view."""
    there, policies = account.admin_fields(), account.policies()
    steps = [provision_fields.step_of(account, one, there, remove=remove) for one in wanted.fields]
    levels = provision_levels.steps_of(account, wanted.slas, policies, remove=remove)
    views = [_view_step(one, remove=remove) for one in wanted.views]
    words = provision_answers.steps_of(account, wanted.answers, remove=remove)
    return [*(one for one in steps if one is not None), *levels, *views, *words]


def carry_out(account: Account, step: PlannedStep, wanted: Blueprint) -> None:
    """Do one step; looks before it writes, so that repeating it is harmless."""
    if step.action not in DOABLE:
        raise Rejected(account.edge, "this step is one for people", fields=[step.name])
    if step.kind == provision_levels.SLA:
        provision_levels.set_up(account, step, wanted.slas)
        return
    answer = next((one for one in wanted.answers if one.name == step.name), None)
    if step.kind == provision_answers.ANSWER and answer is not None:
        provision_answers.set_up(account, step, answer)
        return
    field = next((one for one in wanted.fields if one.name == step.name), None)
    if step.kind != provision_fields.FIELD or field is None:
        raise Rejected(account.edge, "cannot do this step; plan again", fields=[step.name])
    provision_fields.set_up(account, step, field)
    account.form(fresh=True)


def _view_step(view: WantedView, *, remove: bool) -> PlannedStep:
    words = f'Tickets: open the view "{view.title}", delete it.' if remove else _by_hand(view)
    return PlannedStep(
        action=Action.MANUAL, kind=VIEW, name=view.name, title=view.title, manual=words
    )


def _by_hand(view: WantedView) -> str:
    """Say each click: the product has no API for views, and no condition `none of these tags`."""
    some = ", ".join(map(theirs, view.tags))
    lines = [
        "1. Tickets, filter icon on the right: Status is All Unresolved; Created is Any time.",
        f"2. Tags, include any of: {some}.",
        "3. Apply, then Save as:",
        f'   name "{view.title}", visible to all agents.',
    ]
    if view.without_tags:
        none = ", ".join(map(theirs, view.without_tags))
        lines.insert(2, f"   Where your plan lets you exclude tags, exclude: {none}.")
    return "\n".join(lines)
