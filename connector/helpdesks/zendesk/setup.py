"""Setting the account up: fields, a form that shows them, views, service levels.

What was set up for us is recognised by a mark in its description, never by its title, which
is people's. So a thing of the same title that people made is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Final

from connector.domain.blueprint import Action, Blueprint, PlannedStep
from connector.domain.errors import AuthenticationFailed, Gone, Rejected, Unavailable
from connector.helpdesks.zendesk import macros
from connector.helpdesks.zendesk import wanted as records
from connector.helpdesks.zendesk.api import BASE, Api
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.tables import Json, marked_as

DOABLE: Final = frozenset({Action.CREATE, Action.CHANGE, Action.REMOVE})
FORM: Final = "form"
EXTERNAL: Final = "key"
"""Our field that the product has a place of its own for: `external_id`."""

NO_ADMIN: Final = (
    "Only an administrator may do this: let the OAuth client belong to an administrator while "
    "you run this (and to an agent again afterwards), or make it by hand in Admin Center."
)
NO_SLA: Final = (
    "The account's plan has no service-level policies (they come with Support Professional or "
    "Suite Growth), or we may not see them. Due times stand in the fields `contact due` and "
    "`resolution due`; the views show what is due."
)
WRONG_TYPE: Final = (
    "Its type is {type}, and the product never changes the type of a field. Delete it in Admin "
    "Center (Objects and rules, Tickets, Fields) if nobody needs what is in it, and run this again."
)
NO_FORM: Final = (
    "The account has several ticket forms and the settings name none (`form`). Name one and run "
    "this again, or add the fields that begin with `Recovery:` to your forms in Admin Center."
)
NO_SUCH_FORM: Final = "The account has no active form as the settings name it (`form`); mend that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of thing is kept by the product."""

    name: str
    """field | view | sla | answer, as in the steps."""
    path: str
    plural: str
    """The key of lists."""
    one: str
    """The key around one record."""


FIELD: Final = Kind(
    name="field", path=f"{BASE}/ticket_fields", plural="ticket_fields", one="ticket_field"
)
VIEW: Final = Kind(name="view", path=f"{BASE}/views", plural="views", one="view")
SLA: Final = Kind(name="sla", path=f"{BASE}/slas/policies", plural="sla_policies", one="sla_policy")
MACRO: Final = Kind(name="answer", path=f"{BASE}/macros", plural="macros", one="macro")
KINDS: Final = {kind.name: kind for kind in (FIELD, VIEW, SLA, MACRO)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A step together with what is sent for it."""

    step: PlannedStep
    body: Json


def plan(
    api: Api, settings: AccountSettings, wanted: Blueprint, *, remove: bool = False
) -> list[PlannedStep]:
    """Compare the blueprint with the account; changes nothing."""
    steps = [draft.step for draft in _drafts(api, settings, wanted, remove=remove)]
    if str(api.me(fresh=True).get("role")) == "admin":
        return steps
    return [_by_hand(step) if step.action in DOABLE else step for step in steps]


def carry_out(api: Api, settings: AccountSettings, step: PlannedStep, wanted: Blueprint) -> None:
    """Do a step if it is still owed; Rejected for what only a person can do."""
    if step.action is Action.KEEP:
        return
    if step.action is Action.MANUAL:
        raise Rejected(api.edge, step.manual or "a person has to do this")
    remove = step.action is Action.REMOVE
    for draft in _drafts(api, settings, wanted, remove=remove, only=step.kind):
        if draft.step.name != step.name or draft.step.action not in DOABLE:
            continue
        try:
            _do(api, draft)
        except AuthenticationFailed as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            raise Rejected(api.edge, NO_ADMIN) from error
    if step.kind == SLA.name and not remove:
        _put_first(api)


def _drafts(
    api: Api, settings: AccountSettings, wanted: Blueprint, *, remove: bool, only: str = ""
) -> Iterator[_Draft]:
    if only in {"", FIELD.name, FORM}:
        fields = list(api.listed(FIELD.path, FIELD.plural))
        if only != FORM:
            yield from _fields(wanted, fields, remove=remove)
        if only != FIELD.name and not remove:
            yield from _form(api, settings, wanted, fields)
    if only in {"", VIEW.name}:
        views = list(api.listed(VIEW.path, VIEW.plural))
        for view in wanted.views:
            yield _draft(
                VIEW,
                view.name,
                view.title,
                views,
                records.view_record(view),
                partial(records.view_change, view),
                remove=remove,
            )
    if only in {"", SLA.name}:
        yield from _policies(api, wanted, remove=remove)
    if only in {"", MACRO.name} and (wanted.answers or remove):
        yield from _macros(api, wanted, remove=remove)


def _macros(api: Api, wanted: Blueprint, *, remove: bool) -> Iterator[_Draft]:
    """Words that agents changed stay theirs, unless they are to be removed."""
    there = list(api.listed(MACRO.path, MACRO.plural))
    for answer in wanted.answers:
        found = _ours(there, answer.name)
        theirs = found is not None and macros.changed(found)
        draft = _draft(
            MACRO,
            answer.name,
            answer.title,
            there,
            macros.macro_record(answer),
            partial(macros.macro_change, answer),
            remove=remove,
            loss="agents have changed its words, which go with it" if theirs else "",
        )
        if found is not None and not remove and macros.is_theirs(answer, found):
            manual = replace(draft.step, action=Action.MANUAL, manual=macros.THEIRS)
            draft = _Draft(step=manual, body={})
        yield draft


def _fields(wanted: Blueprint, there: Sequence[Json], *, remove: bool) -> Iterator[_Draft]:
    for field in wanted.fields:
        found = _ours(there, field.name)
        if field.name == EXTERNAL:
            if not remove:
                title = "external_id, the product's own place for it"
                yield _kept(FIELD, field.name, title)
        elif found and not remove and not records.fits(field, found):
            manual = WRONG_TYPE.format(type=found.get("type"))
            step = PlannedStep(
                action=Action.MANUAL,
                kind=FIELD.name,
                name=field.name,
                title=str(found.get("title")),
                manual=manual,
                id=str(found["id"]),
            )
            yield _Draft(step=step, body={})
        else:
            yield _draft(
                FIELD,
                field.name,
                field.title,
                there,
                records.field_record(field),
                partial(records.field_change, field),
                remove=remove,
                loss="what stands in it on every ticket goes with it",
            )


def _draft(
    kind: Kind,
    name: str,
    title: str,
    there: Sequence[Json],
    record: Json,
    change: Callable[[Json], tuple[Json, list[str]]],
    *,
    remove: bool,
    loss: str = "",
) -> _Draft:
    found = _ours(there, name)
    if found is None:
        action = Action.KEEP if remove else Action.CREATE
        step = PlannedStep(action=action, kind=kind.name, name=name, title=title)
        return _Draft(step=step, body={} if remove else {kind.one: record})
    step = PlannedStep(
        action=Action.KEEP,
        kind=kind.name,
        name=name,
        title=str(found.get("title") or title),
        id=str(found["id"]),
    )
    if remove:
        lines = (loss,) if loss else ()
        return _Draft(step=replace(step, action=Action.REMOVE, changes=lines), body={})
    body, told = change(found)
    if body:
        step = replace(step, action=Action.CHANGE, changes=tuple(told))
    return _Draft(step=step, body={kind.one: body})


def _form(
    api: Api, settings: AccountSettings, wanted: Blueprint, fields: Sequence[Json]
) -> Iterator[_Draft]:
    """Let agents see the fields: on the form of the settings, or on the only one there is."""
    forms = _optional(api, f"{BASE}/ticket_forms", "ticket_forms")
    active = [form for form in forms or () if form.get("active") is not False]
    if not active:
        return  # without forms every field is shown
    found = [
        form
        for form in active
        if settings.form in {form["id"], form.get("name"), form.get("raw_name")}
    ]
    if not settings.form and len(active) == 1:
        found = active
    if not found:
        manual = NO_SUCH_FORM if settings.form else NO_FORM
        title = str(settings.form) or "ticket forms"
        step = PlannedStep(action=Action.MANUAL, kind=FORM, name=FORM, title=title, manual=manual)
        yield _Draft(step=step, body={})
        return
    yield _on_form(found[0], wanted, fields)


def _on_form(form: Json, wanted: Blueprint, fields: Sequence[Json]) -> _Draft:
    there = [one for one in form.get("ticket_field_ids") or () if _known(one, fields)]
    more, lines = list[int](), list[str]()
    for field in wanted.fields:
        record = _ours(fields, field.name)
        if field.name == EXTERNAL or (record and record["id"] in there):
            continue
        lines.append(f"+ field {record['title'] if record else field.title}")
        if record:
            more.append(record["id"])
    step = PlannedStep(
        action=Action.CHANGE if lines else Action.KEEP,
        kind=FORM,
        name=FORM,
        title=str(form.get("name")),
        changes=tuple(lines),
        id=str(form["id"]),
    )
    return _Draft(step=step, body={"ticket_form": {"ticket_field_ids": [*there, *more]}})


def _policies(api: Api, wanted: Blueprint, *, remove: bool) -> Iterator[_Draft]:
    there = _optional(api, SLA.path, SLA.plural)
    for policy in wanted.slas:
        if there is None:
            if not remove:
                step = PlannedStep(
                    action=Action.MANUAL,
                    kind=SLA.name,
                    name=policy.name,
                    title=policy.title,
                    manual=NO_SLA,
                )
                yield _Draft(step=step, body={})
            continue
        draft = _draft(
            SLA,
            policy.name,
            policy.title,
            there,
            records.policy_record(policy),
            partial(records.policy_change, policy),
            remove=remove,
        )
        late = draft.step.id and not remove and _behind(there, draft.step.id)
        if late:
            lines = (*draft.step.changes, "place: behind others -> before them (the first counts)")
            draft = replace(draft, step=replace(draft.step, action=Action.CHANGE, changes=lines))
        yield draft


def _behind(there: Sequence[Json], number: str) -> bool:
    """Tell whether a policy of others comes before ours: the first that matches counts."""
    place = next((one.get("position") or 0 for one in there if str(one["id"]) == number), 0)
    return any((one.get("position") or 0) < place for one in there if not marked_as(one))


def _put_first(api: Api) -> None:
    there = list(api.listed(SLA.path, SLA.plural))
    if not any(_behind(there, str(one["id"])) for one in there if marked_as(one)):
        return
    in_order = sorted(there, key=lambda one: (not marked_as(one), one.get("position") or 0))
    api.send("PUT", f"{SLA.path}/reorder", {"sla_policy_ids": [one["id"] for one in in_order]})


def _do(api: Api, draft: _Draft) -> None:
    """Send what a step takes; deleting what is away already is done too."""
    step = draft.step
    if step.kind == FORM:
        api.send("PUT", f"{BASE}/ticket_forms/{step.id}", draft.body)
        return
    kind = KINDS[step.kind]
    if step.action is Action.CREATE:
        api.send("POST", kind.path, draft.body)
    elif step.action is Action.REMOVE:
        try:
            api.send("DELETE", f"{kind.path}/{step.id}")
        except Gone:
            return
    elif draft.body[kind.one]:
        api.send("PUT", f"{kind.path}/{step.id}", draft.body)


def _optional(api: Api, path: str, plural: str) -> list[Json] | None:
    """Read a list that not every plan has; None when this account has none."""
    try:
        return list(api.listed(path, plural))
    except AuthenticationFailed as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
    except Unavailable as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
    return None


def _ours(there: Sequence[Json], name: str) -> Json | None:
    return next((record for record in there if marked_as(record) == name), None)


def _known(number: int, fields: Sequence[Json]) -> bool:
    return any(record["id"] == number for record in fields)


def _kept(kind: Kind, name: str, title: str) -> _Draft:
    step = PlannedStep(action=Action.KEEP, kind=kind.name, name=name, title=title)
    return _Draft(step=step, body={})


def _by_hand(step: PlannedStep) -> PlannedStep:
    manual = "\n".join([NO_ADMIN, *step.changes])
    return replace(step, action=Action.MANUAL, manual=manual, changes=())
