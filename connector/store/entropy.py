"""Where salts and keys come from; injected, so that a test can repeat a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Entropy: TypeAlias = Callable[[int], bytes]
"""Gives that many unpredictable bytes (os.urandom in production)."""
