"""Everything that decides about signals, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connector.domain.practice import Practice
from connector.pipeline.owing import Prepare
from connector.pipeline.settings import PipelineSettings
from connector.recovery import sites
from connector.recovery.drafts.shelf import Shelf
from connector.recovery.settings import RecoverySettings
from connector.recovery.sites import SiteSettings
from connector.triage.settings import TriageSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that decides; all of it is configuration."""

    practice: Practice
    triage: TriageSettings
    recovery: RecoverySettings
    pipeline: PipelineSettings
    prepare: Prepare
    ticket_mark: str = ""
    """How the helpdesk marks the subjects of its mails (`Capabilities.ticket_mark`)."""
    sites: Mapping[str, SiteSettings] = field(default_factory=dict)
    """Places of the practice that promise something of their own, by name."""
    shelf: Shelf = field(default_factory=Shelf)
    """Gives the texts to patients in force."""
    version: str = ""
    """Hash of the configuration in force; goes into the ledger beside each decision."""

    def at(self, site: str) -> Rules:
        """Give the rules as they are at a site; unknown and empty names change nothing."""
        if site not in self.sites:
            return self
        practice, recovery = sites.at(site, self.practice, self.recovery, self.sites)
        return replace(self, practice=practice, recovery=recovery)
