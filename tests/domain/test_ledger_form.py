"""The form that is hashed, part by part (see also tests/test_ledger.py)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.ledger import Plain, canonical, entry_hash


@given(st.text(), st.integers(), st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_the_hash_covers_the_canonical_form_of_the_whole_entry(
    words: str, seq: int, body: dict[str, Plain]
) -> None:
    parts = {"chain_id": words, "seq": seq, "actor": words, "action": words, "case_id": words}
    form = {
        "schema": 1,
        "chain": words,
        "seq": seq,
        "at": "2026-11-21T20:00:00.000000Z",
        "actor": words,
        "action": words,
        "case": words,
        "body": body,
    }
    at = datetime(2026, 11, 21, 20, tzinfo=UTC)
    expected = hashlib.sha256(bytes(32) + canonical(form)).digest()
    assert entry_hash(prev=bytes(32), at=at, body=body, **parts) == expected
