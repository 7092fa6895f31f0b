"""The pages say what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.domain.taxonomy import TAXONOMY
from connector.recovery import tags
from connector.recovery.marks import FIELDS
from connector.recovery.settings import SlaSettings

DOCS = Path(__file__).parents[2] / "docs"
RECOVERY = (DOCS / "recovery.md").read_text(encoding="utf-8")
TRIAGE = (DOCS / "triage.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("tag", sorted(tags.ALL - set(tags.SEVERITIES)))
def test_every_tag_is_explained(tag):
    assert f"`{tag}`" in RECOVERY or tag.startswith("amends_cat_")


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_is_listed(field):
    assert f"`{field}`" in RECOVERY


@pytest.mark.parametrize("row", TAXONOMY.values(), ids=lambda row: row.key)
def test_every_category_stands_there_with_its_floor(row):
    assert f"| {row.key} | {row.floor} |" in TRIAGE


@pytest.mark.parametrize("severity", [1, 2, 3, 4])
def test_the_table_of_due_times_is_the_default(severity):
    row = SlaSettings().row(severity)
    line = next(line for line in RECOVERY.splitlines() if line.startswith(f"| {severity} | "))
    hours = row.contact_minutes // 60
    assert line.startswith(f"| {severity} | {hours} ")
    assert f"| {row.contact_ceiling_minutes // 60} hour" in line
    assert f"| {row.resolution_business_days} business days |" in line
    assert line.endswith(f"| {row.resolution_ceiling_days} days |")
