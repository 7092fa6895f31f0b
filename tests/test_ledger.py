"""The arithmetic of the ledger: one canonical form, and every change is found."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.ledger import (
    GENESIS,
    SCHEMA,
    LedgerEntry,
    canonical,
    commitment,
    entry_hash,
    timestamp,
    verify,
)

AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def chain(length: int) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    prev = GENESIS
    for seq in range(1, length + 1):
        told: dict[str, Any] = {
            "chain_id": "daemon",
            "seq": seq,
            "at": AT + timedelta(seconds=seq),
            "actor": "daemon",
            "action": "signal.stored",
            "case_id": "",
            "body": {"number": seq},
        }
        entries.append(LedgerEntry(**told, prev=prev, hash=entry_hash(prev=prev, **told)))
        prev = entries[-1].hash
    return entries


def test_a_whole_chain_has_no_fault() -> None:
    assert list(verify(chain(50))) == []
    assert list(verify([])) == []


@given(
    victim=st.integers(0, 9),
    edit=st.sampled_from(
        [
            {"actor": "cli:eve"},
            {"action": "case.closed"},
            {"case_id": "C-00000-00000"},
            {"body": {"number": 99}},
            {"at": AT},
            {"chain_id": "command"},
            {"prev": bytes(32)},
            {"hash": bytes(32)},
        ]
    ),
)
def test_every_edit_is_found(victim: int, edit: dict[str, Any]) -> None:
    entries = chain(10)
    edited = replace(entries[victim], **edit)
    if edited != entries[victim]:
        entries[victim] = edited
        assert list(verify(entries)) != []


@given(length=st.integers(2, 12), data=st.data())
def test_a_missing_or_swapped_entry_is_found(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    gone = data.draw(st.integers(0, length - 2))
    assert list(verify(entries[:gone] + entries[gone + 1 :])) != []
    entries[gone], entries[gone + 1] = entries[gone + 1], entries[gone]
    assert list(verify(entries)) != []


def test_a_chain_can_be_checked_from_a_known_place_on() -> None:
    entries = chain(10)
    assert list(verify(entries[4:], prev=entries[3].hash, seq=4)) == []
    assert list(verify(entries[4:])) != []


def test_the_canonical_form_is_the_documented_one() -> None:
    body = {"b": [1, True, None], "a": "Zürich", "c": {"y": 1, "x": 2}}
    assert canonical(body) == '{"a":"Zürich","b":[1,true,null],"c":{"x":2,"y":1}}'.encode()


def test_a_hash_can_be_recomputed_with_the_standard_library_alone() -> None:
    entry = chain(1)[0]
    form = {
        "schema": SCHEMA,
        "chain": "daemon",
        "seq": 1,
        "at": "2026-03-02T09:00:01.123456Z",
        "actor": "daemon",
        "action": "signal.stored",
        "case": "",
        "body": {"number": 1},
    }
    printed = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert entry.hash == hashlib.sha256(bytes(32) + printed.encode()).digest()


@given(body=st.dictionaries(st.text(), plain))
def test_a_body_that_was_stored_as_json_has_the_same_form_again(body: dict[str, Any]) -> None:
    printed = canonical(body)
    assert canonical(json.loads(printed)) == printed


@given(body=st.dictionaries(st.text(), plain), other=st.dictionaries(st.text(), plain))
def test_different_bodies_have_different_forms(body: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(body, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (canonical(body) == canonical(other)) == same


@pytest.mark.parametrize(
    "body",
    [{"share": 0.5}, {"a": [{"b": 1.0}]}, {"when": AT}, {"raw": b"x"}, {1: "x"}, {"s": {1, 2}}],
)
def test_what_does_not_print_alike_everywhere_is_refused(body: Any) -> None:
    with pytest.raises(TypeError):
        canonical(body)


def test_times_are_printed_alike_whatever_zone_they_came_in() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert timestamp(there) == timestamp(AT) == "2026-03-02T09:00:00.123456Z"
    assert timestamp(AT.replace(microsecond=0)) == "2026-03-02T09:00:00.000000Z"


@given(
    salt=st.binary(min_size=16, max_size=16),
    content=st.binary(),
    other=st.binary(),
    more=st.binary(),
)
def test_a_commitment_binds_the_content_and_says_nothing_without_its_salt(
    salt: bytes, content: bytes, other: bytes, more: bytes
) -> None:
    assert (commitment(salt, content) == commitment(salt, other)) == (content == other)
    assert commitment(salt, content) != hashlib.sha256(content).digest()
    assert len(commitment(salt + more, content)) == 32
