"""The composition root: settings in, a wired application out; nothing else knows all the parts."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import structlog

from connector.domain.errors import ConfigError, EdgeError
from connector.domain.ledger import canonical
from connector.domain.signal import Batch, Cursor
from connector.helpdesks.base import Helpdesk
from connector.pipeline import patterns, recovering
from connector.pipeline.casework import Casework
from connector.pipeline.delivery import Delivery
from connector.pipeline.intake import Intake, Pulled
from connector.pipeline.paging import Pager
from connector.pipeline.promises import Promises
from connector.pipeline.rehearsal import rehearse
from connector.pipeline.rules import Rules
from connector.pipeline.sync import Sync
from connector.recovery import sites
from connector.recovery.drafts.book import Fault
from connector.recovery.drafts.review import Scope
from connector.recovery.drafts.shelf import Shelf, examine
from connector.report.status import Status, gather
from connector.settings import Settings
from connector.sources.base import ReadsEarlier, Source, SourceSettings
from connector.store import outbox
from connector.store.store import Role, Store

log = structlog.get_logger()

ENOUGH_STEPS = 1_000_000
"""`once` ends after so many changes, whatever happens."""
ONCE_WAITS_S = 3_600.0
"""`once` waits no longer for our share of the helpdesk's limits; what is left waits on disk."""


def open_store(settings: Settings, role: Role, actor: str) -> Store:
    """Open the state that the settings name."""
    return Store(settings.state_dir, role=role, actor=actor, on_network=settings.state_on_network)


def config_version(settings: Settings) -> str:
    """Name the configuration in force: 16 hex digits; secrets do not enter it."""
    plain = settings.model_dump(mode="json", exclude={"log", "metrics"})
    return hashlib.sha256(canonical(_textual(plain))).hexdigest()[:16]


def scopes_of(settings: Settings) -> tuple[Scope, ...]:
    """Give the practice as a whole and each of its sites, as they are in force."""
    practice = settings.practice.build()
    there = (
        Scope(practice=here, recovery=recovery, name=name)
        for name in settings.sites
        for here, recovery in [sites.at(name, practice, settings.recovery, settings.sites)]
    )
    return (Scope(practice=practice, recovery=settings.recovery), *there)


def shelf_of(settings: Settings) -> Shelf:
    """Read the texts to patients. Raises ConfigError for those that must not be used."""
    return Shelf(settings.recovery.drafts.folder, scopes_of(settings), tell=_told)


def _told(faults: Sequence[Fault]) -> None:
    if not faults:
        log.info("drafts_taken")
    for fault in faults:
        log.warning("drafts_refused", path=fault.file, problem=f"line {fault.line}: {fault.what}")


def status_of(settings: Settings, store: Store) -> Status:
    """Look at the state as these settings see it."""
    return gather(
        store,
        tenant=settings.practice.tenant,
        helpdesk=settings.helpdesk.name,
        silence_hours={source.name: source.silence_hours for source in settings.sources},
        compared={source.name: source.compared for source in settings.sources},
        refused_drafts=_refused_drafts(settings),
    )


def _refused_drafts(settings: Settings) -> int:
    """Count what keeps the practice's own texts, as they stand on disk, from being used."""
    if settings.recovery.drafts.folder is None:
        return 0
    _, faults = examine(settings.recovery.drafts.folder, scopes_of(settings))
    return sum(fault.level == "problem" for fault in faults)


@dataclass(slots=True)
class Application:
    """All parts of one daemon, wired; used by `run`, `once` and `check`."""

    settings: Settings
    store: Store
    sources: list[tuple[SourceSettings, Source]]
    rules: Rules
    casework: Casework
    delivery: Delivery
    sync: Sync
    promises: Promises
    pager: Pager
    reload: Callable[[], Settings] | None = None
    """Reads the configuration anew; None where there is no file."""

    @property
    def source_names(self) -> list[str]:
        """Names of all configured sources."""
        return [config.name for config, _ in self.sources]

    def pause_reason(self) -> str:
        """Say why nothing new should be read now, or give an empty text."""
        if not self.store.roomy():
            return "disk_full"
        with self.store.read() as connection:
            if outbox.undone(connection) > self.settings.pipeline.high_water:
                return "backlog"
        return ""

    def intake(
        self, config: SourceSettings, source: Source, heartbeat: Callable[[], None]
    ) -> Intake:
        """Make the first stage for one source."""
        return Intake(
            self.store,
            source,
            tenant=self.settings.practice.tenant,
            kind=config.kind,
            pause=self.pause_reason,
            heartbeat=heartbeat,
        )

    def reopen_source(self, name: str) -> Source:
        """Open a source anew beside the one that is stuck; the caller closes that one."""
        for place, (config, _) in enumerate(self.sources):
            if config.name == name:
                self.sources[place] = (config, config.open(self.rules.practice))
                return self.sources[place][1]
        raise KeyError(name)

    def renew_source(self, name: str) -> Source | None:
        """Open a source anew if its part of the configuration changed on disk; else None."""
        fresh = self._fresh()
        for place, (config, _) in enumerate(self.sources):
            again = next((one for one in fresh.sources if one.name == name), None)
            if config.name == name and again is not None and again != config:
                self.sources[place] = (again, again.open(self.rules.practice))
                return self.sources[place][1]
        return None

    def renew_helpdesk(self) -> Helpdesk | None:
        """Open the helpdesk anew if its part of the configuration changed on disk; else None."""
        fresh = self._fresh().helpdesk
        if fresh == self.settings.helpdesk or fresh.name != self.settings.helpdesk.name:
            return None
        self.settings = self.settings.model_copy(update={"helpdesk": fresh})
        return fresh.open(self.rules.practice)

    def _fresh(self) -> Settings:
        """Read the configuration anew; a faulty one changes nothing."""
        try:
            return self.reload() if self.reload else self.settings
        except ConfigError:
            return self.settings

    def close(self) -> None:
        """Let go of everything; callable from any thread."""
        for _, source in self.sources:
            source.close()
        self.delivery.helpdesk.close()
        self.store.close()


def build(
    settings: Settings,
    *,
    actor: str = "daemon",
    reload: Callable[[], Settings] | None = None,
) -> Application:
    """Open the state as the one daemon and wire all parts. Raises ConfigError, StateError.

    `reload` reads the configuration anew when credentials are refused (they may have been
    changed on disk); systemd's own credentials stay as they were at the start.
    """
    practice = settings.practice.build()
    sources = [(config, config.open(practice)) for config in settings.sources]
    helpdesk = settings.helpdesk.open(practice)
    rules = Rules(
        practice=practice,
        triage=settings.triage,
        recovery=settings.recovery,
        pipeline=settings.pipeline,
        prepare=helpdesk.prepare,
        ticket_mark=helpdesk.capabilities.ticket_mark,
        sites=settings.sites,
        shelf=shelf_of(settings),
        version=config_version(settings),
    )
    rehearse(rules)
    store = open_store(settings, "daemon", actor)
    try:
        delivery = Delivery(
            store,
            helpdesk,
            settle_s=settings.helpdesk.settle_seconds,
            draw=random.SystemRandom().random,
        )
        delivery.recover()
        store.write(lambda tx: tx.record("daemon.started", config=rules.version))
    except BaseException:
        store.close()
        raise
    app = Application(
        settings=settings,
        store=store,
        sources=sources,
        rules=rules,
        casework=Casework(store, rules),
        delivery=delivery,
        sync=Sync(store, lambda: delivery.helpdesk, rules),
        promises=Promises(store, lambda: rules, settings.paging.routes),
        pager=Pager(store, settings.paging, practice),
        reload=reload,
    )
    delivery.renew = app.renew_helpdesk
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceReport:
    """What one pass did."""

    pulled: dict[str, Pulled]
    failed: dict[str, EdgeError]
    """Sources that could not be read."""
    concluded: int
    attempts: int
    waiting: int
    """Changes that still have to reach the helpdesk."""


class _Earlier:
    """A source for one pass: what lies before its cursor since a day, then everything new."""

    def __init__(self, source: Source, since: date) -> None:
        self.name = source.name
        self._source = source
        self._since = since

    def read(self, after: Cursor | None) -> Iterator[Batch]:
        """Yield the earlier items first, then go on behind the last cursor."""
        if isinstance(self._source, ReadsEarlier):
            for batch in self._source.read_earlier(after, self._since):
                after = batch.cursor
                yield batch
        yield from self._source.read(after)

    def settle(self, locators: Sequence[str]) -> None:
        """Pass on."""
        self._source.settle(locators)

    def close(self) -> None:
        """Pass on."""
        self._source.close()


def once(app: Application, *, since: date | None = None) -> OnceReport:
    """Read every source to its end, conclude all items, deliver what is due; then stop.

    With `since`, sources that can do so bring what arrived since that day again; what is
    known stays known.
    """
    pulled: dict[str, Pulled] = {}
    failed: dict[str, EdgeError] = {}
    for config, source in app.sources:
        read = source if since is None else _Earlier(source, since)
        try:
            pulled[config.name] = app.intake(config, read, lambda: None).pull()
        except EdgeError as error:
            failed[config.name] = error
    concluded = 0
    while count := app.casework.step():
        concluded += count
    recovering.step(app.store, app.settings.practice.tenant, app.source_names)
    app.promises.tick()
    patterns.look(app.store, app.rules)
    while app.pager.step():
        pass
    attempts = 0
    ends = time.monotonic() + ONCE_WAITS_S
    while attempts < ENOUGH_STEPS and time.monotonic() < ends:
        if app.delivery.step():
            attempts += 1
        elif pause_s := app.delivery.held_back_s():
            time.sleep(pause_s)
        else:
            break
    with app.store.read() as connection:
        waiting = outbox.undone(connection)
    return OnceReport(
        pulled=pulled, failed=failed, concluded=concluded, attempts=attempts, waiting=waiting
    )


def _textual(value: object) -> object:
    """Print floats as text, so that the configuration has one canonical form."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {str(key): _textual(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [_textual(inner) for inner in value]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    return value
