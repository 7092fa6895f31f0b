"""A ticket that is made once, whatever is lost on the way and whoever may be its requester.

The product recognises a repeated create by its Idempotency-Key for two hours: the same key
with the same body gives the same ticket again, with another body it is refused (400).

A suspended requester is refused too (422). Then the ticket is opened in our own name, which
is another body. Were it sent under another key only, a repetition after the person is let in
again would make a second ticket. So it is sent under the *same* key first:

- the product did not keep the refusal: the key now stands for this body, and the first body
  is refused for ever after, which leads to `by_key`;
- it kept the refusal: the first body is refused for ever after with the same answer, and this
  body goes under a second key, made from the first one, in every repetition.

Either way a key stands for one ticket. After two hours the pipeline looks by key first.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from connector.domain.errors import Rejected
from connector.helpdesks.zendesk.api import Api
from connector.helpdesks.zendesk.tables import Json
from connector.http import Answer

SECOND: Final = "-2"
"""What makes the second key of a ticket from its first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A ticket that exists now."""

    ticket: Json
    audit: Json | None
    """What its making left; None when it was found."""
    answer: Answer | None = None
    instead: bool = False
    """True when it is in our own name because its requester was refused."""

    @property
    def found(self) -> bool:
        """True when an earlier attempt had made it."""
        return self.answer is None


def make(api: Api, body: Json, instead: Json | None, key: str) -> Made:
    """Make the ticket of a key; `instead` is the body for a requester who is refused.

    Raises Rejected for what the product refuses and OutcomeUnknown for what it leaves open.
    """
    try:
        return _made(*api.create(body, key), instead=False)
    except Rejected as error:
        if error.status == HTTPStatus.BAD_REQUEST:
            return _standing(api, key, error)
        if instead is None or "requester" not in error.fields:
            raise
    try:
        return _made(*api.create(instead, key), instead=True)
    except Rejected as error:
        if error.status != HTTPStatus.BAD_REQUEST and "requester" not in error.fields:
            raise
    second = key + SECOND
    try:
        return _made(*api.create(instead, second), instead=True)
    except Rejected as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        return _standing(api, key, error)


def _made(written: Json, answer: Answer, *, instead: bool) -> Made:
    return Made(
        ticket=written["ticket"], audit=written.get("audit"), answer=answer, instead=instead
    )


def _standing(api: Api, key: str, error: Rejected) -> Made:
    """Give the ticket for which the key stands already; what refused us if there is none."""
    found = api.by_key(key)
    if not found:
        raise error
    return Made(ticket=found[0], audit=None)
