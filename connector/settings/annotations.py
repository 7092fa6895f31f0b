"""What an annotation of a config class says."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr


def is_secret(annotation: Any) -> bool:
    """Tell whether an annotation is a SecretStr or SecretBytes, optional or not."""
    if annotation in {SecretStr, SecretBytes}:
        return True
    return any(is_secret(part) for part in get_args(annotation))


def inner_model(annotation: Any) -> type[BaseModel] | None:
    """Find the one model inside an annotation (`Model`, `Model | None`, `tuple[Model, ...]`)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [model for part in get_args(annotation) if (model := inner_model(part))]
    return found[0] if len(found) == 1 else None
