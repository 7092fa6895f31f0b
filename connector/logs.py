"""The log: one line an event, and nothing of a patient in it.

Every line is an event code with known keys. A key that is not on the list is
withheld (its name is told, its value is not); in every text that passes, mail
addresses and phone numbers are masked; an exception is told by its type and
the place where it was raised, never by its message, unless it is one of ours,
whose messages hold no words by rule.

The lines of libraries are told by logger and place alone, because their text
may quote what was read.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from pydantic import BaseModel, ConfigDict, Field
from structlog.typing import EventDict, Processor, WrappedLogger

from connector.redaction import Fold, allow, tell_exception

PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""syslog priorities by level, for `journalctl -p`."""

QUIET_LIBRARIES = ("urllib3", "imapclient", "requests", "schedule", "alembic", "sqlalchemy")
"""Their debug lines hold addresses and bodies: they never go below WARNING."""


class LogSettings(BaseModel):
    """What the log looks like; it is written to standard error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important level that is written."
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="json: one object a line; console: for reading; auto: console on a "
        "terminal, else json.",
    )
    fold_minutes: int = Field(
        default=10,
        ge=0,
        le=1_440,
        description="The same warning or error is written once in so many minutes, with the "
        "number of times it was left out; 0: always.",
    )


@dataclass(frozen=True, slots=True)
class Restore:
    """Undoes `configure`; for tests and for programs that embed the daemon."""

    steps: tuple[Callable[[], object], ...]

    def __call__(self) -> None:
        """Give logging, warnings and exception hooks back as they were."""
        for step in reversed(self.steps):
            step()


def configure(
    settings: LogSettings,
    *,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Restore:
    """Send structlog, logging, warnings and uncaught exceptions to one stream.

    `clock` is monotonic seconds (for folding), `now` aware UTC (for `ts`).
    """
    target = sys.stderr if stream is None else stream
    env = os.environ if environ is None else environ
    console = settings.format == "console" or (settings.format == "auto" and target.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=_chain(settings, clock, now, _renderer(target, env, console=console)),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Factory(target),
        cache_logger_on_first_use=False,
    )
    return Restore((structlog.reset_defaults, *_capture_logging(), *_capture_exceptions()))


def get(room: str) -> structlog.typing.FilteringBoundLogger:
    """Give a logger that says which room speaks; call it as `log.info("event_code", key=...)`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return logger


def _chain(
    settings: LogSettings,
    clock: Callable[[], float],
    now: Callable[[], datetime],
    renderers: list[Processor],
) -> list[Processor]:
    def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        text = now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"ts": text, **event}

    return [
        structlog.contextvars.merge_contextvars,
        tell_exception,
        structlog.stdlib.add_log_level,
        allow,
        Fold(window_s=settings.fold_minutes * 60, clock=clock),
        stamp,
        *renderers,
    ]


def _renderer(target: TextIO, environ: Mapping[str, str], *, console: bool) -> list[Processor]:
    if console:
        colors = target.isatty() and not environ.get("NO_COLOR")
        return [structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="ts", pad_event_to=24)]
    json = structlog.processors.JSONRenderer(ensure_ascii=True)
    if not _is_journal(target, environ):
        return [json]

    def prefixed(logger: WrappedLogger, method: str, event: EventDict) -> str:
        priority = PRIORITIES.get(str(event.get("level")), 6)
        return f"<{priority}>{json(logger, method, event)!s}"

    return [prefixed]


def _is_journal(target: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether the stream is the journal's own socket, as systemd.exec(5) asks."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(target.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


class _Factory:
    """Makes the one logger that writes lines."""

    def __init__(self, stream: TextIO) -> None:
        self._lines = _Lines(stream)

    def __call__(self, *_args: object) -> _Lines:
        return self._lines


class _Lines:
    """Writes whole lines; a log that cannot be written never stops the work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, message: str) -> None:
        """Write one line; errors (disk full, reader gone, stream closed) are given up on."""
        with self._lock:
            try:
                self._stream.write(message + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


class _Bridge(logging.Handler):
    """Tells the lines of libraries by logger and place."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            logging.getLevelNamesMapping().get(level.upper(), logging.WARNING),
            "library_message",
            logger=record.name,
            place=f"{record.module}:{record.lineno}",
            exc_info=error,
        )


def _capture_logging() -> list[Callable[[], object]]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in QUIET_LIBRARIES}
    root.handlers[:] = [_Bridge()]
    root.setLevel(logging.WARNING)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    shown = warnings.showwarning
    logging.captureWarnings(capture=True)

    def restore() -> None:
        root.handlers[:] = before
        root.setLevel(level)
        for name, old in levels.items():
            logging.getLogger(name).setLevel(old)
        logging.captureWarnings(capture=False)
        warnings.showwarning = shown

    return [restore]


def _capture_exceptions() -> list[Callable[[], object]]:
    main, thread, unraisable = sys.excepthook, threading.excepthook, sys.unraisablehook

    def tell_main(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            main(kind, error, trace)
        else:
            structlog.get_logger().critical("uncaught_exception", exc_info=error)

    def tell_thread(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else ""
        structlog.get_logger().critical(
            "uncaught_exception", worker=name, exc_info=args.exc_value or True
        )

    def tell_unraisable(args: Any) -> None:
        structlog.get_logger().error("unraisable_exception", exc_info=args.exc_value or True)

    def restore() -> None:
        sys.excepthook, threading.excepthook = main, thread
        sys.unraisablehook = unraisable

    sys.excepthook, threading.excepthook = tell_main, tell_thread
    sys.unraisablehook = tell_unraisable
    return [restore]
