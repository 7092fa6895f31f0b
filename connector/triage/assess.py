"""The one decision about a signal."""

from __future__ import annotations

from connector.domain.assessment import Assessment
from connector.domain.signal import Signal
from connector.triage.settings import TriageSettings


def assess(signal: Signal, settings: TriageSettings) -> Assessment:
    """Decide lane, severity and categories of one signal, with every reason.

    Pure and deterministic: the same signal and settings give the same assessment. Bounded in
    time for any input, and never raises for any Signal.
    """
    raise NotImplementedError
