"""What tells one response from another before it is read: form, address, whether it speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from connector.domain.response import FORM_BYTES
from connector.parsing.people import email_address
from connector.parsing.survey_scores import Scale, fold
from connector.parsing.survey_words import yes_or_no
from connector.parsing.surveys import Layout

CONTENT_VERSION: Final = 2
"""Raised when contents are made in another way: known ones are no edits then."""


def form_of(layout: Layout) -> bytes:
    """Digest how contents are made: other scales, words or columns give other contents."""
    consent = layout.wants_contact
    parts = (
        CONTENT_VERSION,
        [
            [
                _scale(asked.scale),
                [[name, _scale(one)] for name, one in sorted(asked.scales.items())],
            ]
            for asked in layout.scores
        ],
        [sorted(consent.yes), sorted(consent.no), sorted(consent.missing)] if consent else None,
        [len(layout.comments), len(layout.names), layout.email >= 0, layout.phone >= 0],
        [name for name, _ in layout.labels],
        [sorted(meanings.items()) for _, meanings in layout.status],
    )
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=FORM_BYTES).digest()


def _scale(scale: Scale | None) -> list[object]:
    if scale is None:
        return []
    labels, missing = sorted(scale.labels.items()), sorted(scale.missing)
    return [scale.kind, scale.worst, scale.best, labels, missing]


def email_of(layout: Layout, cells: Sequence[str]) -> str:
    """Give the address of who answered; empty without one."""
    return email_address(cells[layout.email]) if layout.email >= 0 else ""


def updated_of(layout: Layout, cells: Sequence[str]) -> datetime | None:
    """Give when the row was changed last, UTC; None when it is not told."""
    return layout.updated.read(cells) if layout.updated else None


def speaks(layout: Layout, cells: Sequence[str]) -> bool:
    """Say whether there are words or a wish to be called, however far the response came."""
    if any(cells[one.column.index].strip() for one in layout.comments):
        return True
    consent = layout.wants_contact
    given = cells[consent.index].strip() if consent else ""
    if consent is None or not given or fold(given) in consent.missing:
        return False
    return yes_or_no(given, consent.yes, consent.no) is not False
