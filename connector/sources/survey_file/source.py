"""The kind `survey_file`: its configuration; everything else is what exports have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from connector.domain.practice import Practice
from connector.sources._exports.settings import ExportOptions
from connector.sources._exports.source import ExportSource

SurveyFile = ExportSource
"""Surveys need nothing of their own."""


class SurveyFileSettings(ExportOptions):
    """One survey whose tool writes its responses into a file or a folder."""

    kind: Literal["survey_file"] = "survey_file"

    def open(self, practice: Practice) -> ExportSource:
        """Make the source; nothing is opened yet."""
        return ExportSource(self, practice)

    @classmethod
    def for_inspection(cls, path: Path, *, name: str = "inspect") -> Self:
        """Read one export, or a folder of them, at once, guessing what the columns mean."""
        return cls(kind="survey_file", name=name, path=path, guess=True, settle_seconds=0)
