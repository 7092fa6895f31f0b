"""The shape of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from connector.domain.practice import Practice
from connector.helpdesks.base import HelpdeskSettings
from connector.logs import LogSettings
from connector.metrics import MetricsSettings
from connector.paging.settings import PagingSettings
from connector.pipeline.canary import CanarySettings
from connector.pipeline.settings import PipelineSettings
from connector.recovery.settings import RecoverySettings
from connector.recovery.sites import SiteSettings
from connector.sources.base import SourceSettings
from connector.triage.settings import TriageSettings

_REGION_MISTAKES = {"UK": "GB", "EN": "GB", "UAE": "AE"}
"""Codes that people write for ISO 3166."""


SiteName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class PracticeSettings(BaseModel):
    """Facts about the practice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str = Field(
        default="main",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$",
        description="Short id of the practice; part of every key, so never change it later.",
    )
    name: str = Field(
        min_length=1, max_length=100, description="Name of the practice as patients know it."
    )
    zone: ZoneInfo = Field(
        description="Time zone of the practice, such as America/New_York: times in files that "
        "name no zone are read in it, due times are shown in it."
    )
    region: str = Field(
        default="US",
        description="Country (ISO 3166, two letters) of phone numbers written without one.",
    )
    phone: str = Field(
        default="", max_length=40, description="The number that patients may call back."
    )
    own_addresses: frozenset[str] = Field(
        default=frozenset(),
        description="Mail addresses of the practice and its helpdesk: mail from them is parked, "
        "because it would go round in a loop.",
    )

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        code = value.strip().upper()
        if code in phonenumbers.SUPPORTED_REGIONS:
            return code
        guess = _REGION_MISTAKES.get(code, "")
        cure = f"did you mean {guess}?" if guess else "use two letters such as US, GB or DE"
        raise ValueError(f"no such country; {cure}")

    @field_validator("own_addresses")
    @classmethod
    def _lower_case(cls, value: frozenset[str]) -> frozenset[str]:
        addresses = frozenset(address.strip().lower() for address in value)
        if not all(0 < address.find("@") < len(address) - 1 for address in addresses):
            raise ValueError("an entry is no mail address")
        return addresses

    def build(self) -> Practice:
        """Make the value that every room gets."""
        return Practice(
            tenant=self.tenant,
            name=self.name,
            zone=self.zone,
            region=self.region,
            phone=self.phone,
            own_addresses=self.own_addresses,
        )


class Settings(BaseModel):
    """Everything that an admin may set; made by `load`, or by hand in tests and demos."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state_dir: Path = Field(
        default=Path("/var/lib/amends"),
        description="Where database, lock and installation key live; mode 0700.",
    )
    state_on_network: bool = Field(
        default=False,
        description="Run although the state is on a network file system, where locks do not "
        "hold: only if nobody else can ever use it there.",
    )
    practice: PracticeSettings = Field(description="Facts about the practice.")
    sources: tuple[SerializeAsAny[SourceSettings], ...] = Field(
        min_length=1, description="Where patients are heard; each by its `kind`."
    )
    helpdesk: SerializeAsAny[HelpdeskSettings] = Field(
        description="Where the support team works; by its `kind`."
    )
    triage: TriageSettings = Field(
        default_factory=TriageSettings, description="What counts as a failure."
    )
    recovery: RecoverySettings = Field(
        default_factory=RecoverySettings, description="What is owed, by when, in which words."
    )
    sites: dict[SiteName, SiteSettings] = Field(
        default_factory=dict,
        description="Places of the practice with hours, owners or a zone of their own, by name.",
    )
    paging: PagingSettings = Field(
        default_factory=PagingSettings,
        description="Ways to tell people outside the helpdesk, also when it is down.",
    )
    pipeline: PipelineSettings = Field(
        default_factory=PipelineSettings, description="How signals become tickets."
    )
    canary: CanarySettings = Field(
        default_factory=CanarySettings, description="A daily ticket that tries the helpdesk."
    )
    log: LogSettings = Field(default_factory=LogSettings, description="What the log looks like.")
    metrics: MetricsSettings = Field(
        default_factory=MetricsSettings, description="Where figures can be fetched."
    )

    @model_validator(mode="after")
    def _known_sites(self) -> Self:
        for route in self.paging.routes:
            unknown = sorted(route.sites - set(self.sites))
            if unknown:
                raise ValueError(f"paging route {route.name}: no such site: {unknown[0]}")
        heard = {source.name for source in self.sources}
        for name, site in self.sites.items():
            unknown = sorted(site.sources - heard)
            if unknown:
                raise ValueError(f"site {name}: there is no source {unknown[0]}")
        return self

    @field_validator("sources")
    @classmethod
    def _at_home(
        cls, value: tuple[SourceSettings, ...], info: ValidationInfo
    ) -> tuple[SourceSettings, ...]:
        """Let sources that keep files of their own (tokens) know where."""
        home = info.data.get("state_dir")
        return value if home is None else tuple(source.at_home(home) for source in value)

    _warnings: tuple[str, ...] = PrivateAttr(default=())
    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works but could be better (a secret in plain text ...), one sentence each."""
        return self._warnings

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each given key came from, by dotted path; keys not named are defaults."""
        return self._origins

    def with_notes(self, *, warnings: tuple[str, ...], origins: Mapping[str, str]) -> Settings:
        """Give the same settings with what `load` learnt on the way."""
        copy = self.model_copy()
        copy._warnings = warnings  # noqa: SLF001  (our own class's private attribute)
        copy._origins = dict(origins)  # noqa: SLF001  (likewise)
        return copy
