"""The page says what the rules do."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from connector.domain.assessment import Lane
from connector.triage.calls import _ENDS
from connector.triage.settings import PhoneLimits, SafetyGroup
from connector.triage.tokens import MAX_CHARS, MAX_TOKENS

PAGE = (Path(__file__).parents[2] / "docs" / "triage.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*get_args(SafetyGroup), *_ENDS])
def test_every_safety_group_and_end_of_a_call_is_named(name):
    assert name in PAGE


@pytest.mark.parametrize("lane", Lane)
def test_every_lane_is_explained(lane):
    assert f"| {lane.value} | " in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"{MAX_CHARS:,} characters and {MAX_TOKENS:,} words" in PAGE


@pytest.mark.parametrize(
    "name", [name for name, one in PhoneLimits.model_fields.items() if type(one.default) is int]
)
def test_the_phone_limits_are_the_defaults(name):
    assert f"`{name}` ({PhoneLimits.model_fields[name].default:,})" in PAGE
