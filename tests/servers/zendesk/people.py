"""Routes of users and of files."""

from __future__ import annotations

import secrets
from typing import Any, Final

from servers.weather import Answer, json_answer
from servers.zendesk import render
from servers.zendesk.account import UPLOAD_LIFE
from servers.zendesk.call import Call, answer, empty, routes
from servers.zendesk.errors import invalid, not_found, refusal
from servers.zendesk.model import Attachment, Upload, User, stamp
from servers.zendesk.pages import paged

MAX_UPLOAD_BYTES: Final = 50 * 1024 * 1024
USER_KEYS: Final = frozenset(
    [
        "name",
        "email",
        "phone",
        "role",
        "external_id",
        "tags",
        "suspended",
        "verified",
        "organization_id",
        "skip_verify_email",
        "notes",
        "details",
        "identities",
        "user_fields",
        "locale_id",
        "locale",
        "time_zone",
        "alias",
        "default_group_id",
        "remote_photo_url",
        "signature",
        "custom_role_id",
        "ticket_restriction",
        "moderator",
    ]
)


@routes.on("GET", "/users/me")
def me(call: Call) -> Answer:
    shown = render.user(call.actor, call.base) if call.actor else render.ANONYMOUS
    return answer(200, {"user": shown | {"authenticity_token": "none" if call.actor else None}})


@routes.on("GET", "/users")
def users(call: Call) -> Answer:
    call.user()
    found = [one for one in call.account.users.values() if not one.deleted]
    if role := call.params.get("role"):
        found = [one for one in found if one.role == role]
    return answer(200, paged(call, "users", [render.user(one, call.base) for one in found]))


@routes.on("GET", "/users/search")
def search(call: Call) -> Answer:
    call.user()
    wanted, external = call.params.get("query", "").lower(), call.params.get("external_id")
    found = [
        one
        for one in call.account.users.values()
        if not one.deleted
        and (
            (external is not None and (one.external_id or "").lower() == external.lower())
            or (wanted and wanted.removeprefix("email:") in f"{one.name} {one.email}".lower())
        )
    ]
    return answer(200, paged(call, "users", [render.user(one, call.base) for one in found]))


@routes.on("GET", "/users/show_many")
def show_many(call: Call) -> Answer:
    call.user()
    ids = {int(one) for one in call.params.get("ids", "").split(",") if one.isdigit()}
    found = [one for one in call.account.users.values() if one.id in ids and not one.deleted]
    return answer(200, paged(call, "users", [render.user(one, call.base) for one in found]))


@routes.on("GET", "/users/{user_id}")
def show(call: Call, user_id: int) -> Answer:
    call.user()
    return answer(200, {"user": render.user(call.account.user(user_id), call.base)})


@routes.on("GET", "/users/{user_id}/identities")
def identities(call: Call, user_id: int) -> Answer:
    call.user()
    return answer(200, paged(call, "identities", call.account.user(user_id).identities))


@routes.on("POST", "/users")
def create(call: Call) -> Answer:
    call.user()
    values = _values(call)
    email = values.get("email")
    if email and call.account.user_by_email(email):
        raise invalid(
            "email", f"Email: {email} is already being used by another user", "DuplicateValue"
        )
    return answer(201, {"user": render.user(_made(call, values), call.base)})


@routes.on("POST", "/users/create_or_update")
def create_or_update(call: Call) -> Answer:
    call.user()
    values = _values(call)
    user = _known(call, values)
    if user is None:
        return answer(201, {"user": render.user(_made(call, values), call.base)})
    _change(call, user, values)
    return answer(200, {"user": render.user(user, call.base)})


@routes.on("PUT", "/users/{user_id}")
def update(call: Call, user_id: int) -> Answer:
    call.user()
    user = call.account.user(user_id)
    _change(call, user, _values(call))
    return answer(200, {"user": render.user(user, call.base)})


@routes.on("DELETE", "/users/{user_id}")
def delete(call: Call, user_id: int) -> Answer:
    call.admin()
    user = call.account.user(user_id)
    user.deleted = True
    return answer(200, {"user": render.user(user, call.base)})


def _values(call: Call) -> dict[str, Any]:
    values = call.wrapped("user")
    call.unpermitted += [f"user.{key}" for key in values if key not in USER_KEYS]
    return {key: value for key, value in values.items() if key in USER_KEYS}


def _known(call: Call, values: dict[str, Any]) -> User | None:
    """Match by external id (whatever its case) or e-mail; never by phone."""
    external = values.get("external_id")
    for user in call.account.users.values():
        if external and (user.external_id or "").lower() == str(external).lower():
            return user
    return call.account.user_by_email(values["email"]) if values.get("email") else None


def _made(call: Call, values: dict[str, Any]) -> User:
    if not values.get("name"):
        raise invalid("name", "Name: is too short (minimum one character)", "ValueTooShort")
    account = call.account
    role = values.get("role", "end-user")
    user = account.add_user(name=values["name"], email=values.get("email"), role=role)
    user.external_id = values.get("external_id")
    user.tags = list(values.get("tags") or [])
    user.verified = bool(values.get("verified", user.verified))
    if phone := values.get("phone"):
        user.phone = phone
        user.shared_phone_number = any(
            other.phone == phone for other in account.users.values() if other is not user
        )
        if not user.shared_phone_number:
            account.add_identity(user, "phone_number", phone, primary=True)
    if user.email and not user.verified and not values.get("skip_verify_email"):
        account.mail(user.email, "Verify your email", "verification")
    return user


def _change(call: Call, user: User, values: dict[str, Any]) -> None:
    """Change a user; a further e-mail or phone becomes a second identity, the first one stays."""
    account = call.account
    for name in ("name", "external_id", "tags", "suspended", "verified", "role"):
        if name in values:
            setattr(user, name, values[name])
    email, phone = values.get("email"), values.get("phone")
    known = {one["value"].lower() for one in user.identities}
    if email and email.lower() not in known:
        if account.user_by_email(email):
            raise invalid(
                "email", f"Email: {email} is already being used by another user", "DuplicateValue"
            )
        account.add_identity(user, "email", email, primary=user.email is None)
        user.email = user.email or email
    if phone and phone.lower() not in known:
        if user.phone is None:
            user.phone = phone
        else:
            account.add_identity(user, "phone_number", phone, primary=False)
    user.updated_at = account.now()


# Files


@routes.on("POST", "/uploads")
def upload(call: Call) -> Answer:
    """Answer JSON as text/plain, as the real one does."""
    call.user()
    account = call.account
    name = call.params.get("filename")
    if not name:
        raise refusal(400, "InvalidParameters", "filename is required")
    if len(call.request.body) > MAX_UPLOAD_BYTES:
        raise refusal(413, "AttachmentTooBig", "Attachment is too big")
    earlier = account.uploads.get(call.params.get("token", ""))
    kind = call.request.headers.get("content-type", "application/unknown").partition(";")[0]
    file = Attachment(
        id=account.new_id(),
        file_name=name,
        content_type=kind,
        content=call.request.body,
        created_at=account.now(),
    )
    account.attachments[file.id] = file
    if earlier is None or earlier.used:
        earlier = Upload(token=secrets.token_urlsafe(18), made_at=account.now(), files=[])
        account.uploads[earlier.token] = earlier
    earlier.files.append(file)
    shown = [render.attachment(one, call.base) for one in earlier.files]
    value = {
        "token": earlier.token,
        "expires_at": stamp(account.now() + UPLOAD_LIFE),
        "attachment": shown[-1],
        "attachments": shown,
    }
    return json_answer(201, {"upload": value}, content_type="text/plain; charset=utf-8")


@routes.on("DELETE", "/uploads/{token*}")
def forget(call: Call, token: str) -> Answer:
    call.user()
    if call.account.uploads.pop(token, None) is None:
        raise not_found()
    return empty()


@routes.on("GET", "/attachments/{attachment_id}")
def attachment(call: Call, attachment_id: int) -> Answer:
    call.user()
    if attachment_id not in call.account.attachments:
        raise not_found()
    shown = render.attachment(call.account.attachments[attachment_id], call.base)
    return answer(200, {"attachment": shown})
