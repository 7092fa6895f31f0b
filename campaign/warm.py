"""Loaded once by the process from which daemons are forked: lists and templates stay loaded."""

from zoneinfo import ZoneInfo

from connector.domain.practice import Practice
from connector.pipeline.rehearsal import rehearse
from connector.pipeline.rules import Rules
from connector.pipeline.settings import PipelineSettings
from connector.recovery.settings import RecoverySettings
from connector.triage.settings import TriageSettings

rehearse(
    Rules(
        practice=Practice(tenant="warm", name="Warm", zone=ZoneInfo("UTC")),
        triage=TriageSettings(),
        recovery=RecoverySettings(body="full"),
        pipeline=PipelineSettings(),
        prepare=lambda _change: b"{}",
    )
)
