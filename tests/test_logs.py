"""What the log says, and what it never says."""

import io
import json
import logging
import sys
import threading
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from connector import logs
from connector.domain.errors import Unavailable
from connector.logs import LogSettings
from connector.redaction import KEYS, MAX_LIST, MAX_TEXT, Fold, mask

CANARIES = ("Zelda Quux", "zelda.quux@mail.example", "+1 (555) 201-7788", "5552017788", "biopsy")
STORY = " ".join(CANARIES)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.s = 0.0

    def __call__(self):
        return self.s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def written(clock):
    """Configure the log onto a text buffer; give the buffer, and the world back afterwards."""
    stream = io.StringIO()
    restore = logs.configure(
        LogSettings(level="debug"), stream=stream, environ={}, clock=clock, now=lambda: NOW
    )
    yield stream
    restore()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_event_and_known_keys(written):
    logs.get("delivery").info("ticket_confirmed", case="C-4KX2A-9QWER", ticket="812", attempt=1)
    assert lines(written) == [
        {
            "ts": "2026-03-01T12:00:00.000Z",
            "level": "info",
            "event": "ticket_confirmed",
            "room": "delivery",
            "case": "C-4KX2A-9QWER",
            "ticket": "812",
            "attempt": 1,
        }
    ]


def test_an_unknown_key_is_named_and_its_value_withheld(written):
    structlog.get_logger().info("signal_stored", text=STORY, count=3, **{STORY: 1})
    (line,) = lines(written)
    assert line["withheld"] == ["?", "text"]
    assert line["count"] == 3


def test_an_event_that_is_no_code_is_not_told(written):
    structlog.get_logger().info(f"got a mail from {STORY}")
    assert lines(written)[0]["event"] == "unnamed_event"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("from zelda.quux@mail.example now", "from [address] now"),
        ("from <zelda%40mail.example>", "from <[address]>"),
        ("call +1 (555) 201-7788!", "call [number]!"),
        ("call 555.201.7788", "call [number]"),
        ("tel:+15552017788", "tel:[number]"),
        ("555 201 7788 555 201 7789", "[number]"),
        ("2026-03-01 5552017788", "[number]"),
        ("555\u20132017788", "[number]"),
        ("49301234567890123456789012", "[number]"),
    ],
)
def test_addresses_and_numbers_are_masked_in_any_text(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "C-12345-67890",
        "2026-03-01T12:00:00Z",
        "2026-03-01 12:00:00",
        "192.168.100.200",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        "3f0c12345678901a",
        "HTTP 503 after 30 s",
        "line 812",
        "[tls] port 993",
    ],
)
def test_ids_times_and_hosts_stay_as_they_are(text):
    assert mask(text) == text


def test_texts_and_lists_are_cut(written):
    structlog.get_logger().info("x", problem="a" * 5_000, sources=["s"] * 500)
    (line,) = lines(written)
    assert len(line["problem"]) == MAX_TEXT
    assert len(line["sources"]) == MAX_LIST


def test_values_of_other_types_are_told_by_their_type(written):
    structlog.get_logger().info(
        "x", problem={"text": STORY}, reason=STORY.encode(), due_at=NOW, path=Path("/srv/a"),
        limit=float("inf"), sources=[object()], kind=None,
    )  # fmt: skip
    (line,) = lines(written)
    assert line["problem"] == "[dict]"
    assert line["reason"] == "[bytes]"
    assert line["due_at"] == "2026-03-01T12:00:00+00:00"
    assert line["path"] == "/srv/a"
    assert line["limit"] == "inf"
    assert line["sources"] == ["[object]"]
    assert line["kind"] is None


def test_an_exception_is_told_by_type_cause_and_place(written):
    def parse(words):
        raise ValueError(words)

    try:
        try:
            parse(STORY)
        except ValueError as error:
            raise KeyError(STORY) from error
    except KeyError:
        structlog.get_logger().exception("item_failed")
    (line,) = lines(written)
    assert line["error"] == "KeyError < ValueError"
    assert line["place"].startswith("tests/test_logs.py:")
    assert "problem" not in line


def test_an_error_of_ours_says_its_sentence_masked(written):
    log = structlog.get_logger()
    log.error("source_down", exc_info=Unavailable("feedback", "refused for zelda@mail.example"))
    assert lines(written)[0]["problem"] == "feedback: refused for [address]"


def test_lines_of_libraries_are_told_by_logger_and_place(written):
    logging.getLogger("urllib3.connectionpool").debug("GET /?q=%s", STORY)
    logging.getLogger("imapclient.imaplib").debug(STORY)
    logging.getLogger("anything").warning("retrying %s", STORY)
    logging.getLogger("anything").error(STORY, exc_info=ValueError(STORY))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(STORY, stacklevel=1)
    told = lines(written)
    assert [line["event"] for line in told] == ["library_message"] * 3
    assert told[0]["logger"] == "anything"
    assert told[0]["place"].startswith("test_logs:")
    assert told[1]["error"] == "ValueError"
    assert told[2]["logger"] == "py.warnings"


def test_a_thread_that_dies_is_told_without_its_message(written):
    def die():
        raise RuntimeError(STORY)

    thread = threading.Thread(target=die, name="source-feedback")
    thread.start()
    thread.join()
    (line,) = lines(written)
    assert (line["event"], line["level"]) == ("uncaught_exception", "critical")
    assert line["worker"] == "source-feedback"
    assert line["error"] == "RuntimeError"


def test_what_ends_the_program_is_told_without_its_message(written):
    error = RuntimeError(STORY)
    sys.excepthook(RuntimeError, error, None)
    sys.unraisablehook(type("Args", (), {"exc_value": error, "err_msg": STORY, "object": STORY})())
    assert [line["event"] for line in lines(written)] == [
        "uncaught_exception",
        "unraisable_exception",
    ]


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_path_into_the_log_lets_a_patient_through(style):
    stream = io.StringIO()
    restore = logs.configure(LogSettings(level="debug", format=style), stream=stream, environ={})
    try:
        log = structlog.get_logger()
        log.info(STORY)
        log.info("an_event", text=STORY, subject=STORY, contact=STORY, **{STORY: STORY})
        log.bind(name=STORY).warning("an_event", args=(STORY,))
        with structlog.contextvars.bound_contextvars(patient=STORY):
            log.error("an_event", problem={"a": STORY}, reason=[{"a": STORY}])
        log.error("an_event", exc_info=ValueError(STORY))
        log.error("an_event", exc_info=(ValueError, ValueError(STORY), None))
        log.info("an_event", exception=STORY, stack_info=STORY)
        log.info("event %s", STORY)
        logging.getLogger("x").critical("%s", STORY, stack_info=True)
        logging.getLogger(__name__).error(STORY, extra={"patient": STORY})
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(STORY, stacklevel=1)
        sys.excepthook(ValueError, ValueError(STORY), None)
        try:
            int(STORY)
        except ValueError:
            log.exception("an_event")
            logging.getLogger("y").exception(STORY)
    finally:
        restore()
    assert stream.getvalue().count("\n") > 10
    for canary in CANARIES:
        assert canary not in stream.getvalue()


@pytest.mark.parametrize("key", sorted(KEYS - {"repeated"}))
def test_even_a_known_key_lets_no_address_and_no_number_through(written, key):
    structlog.get_logger().info("an_event", **{key: STORY})
    assert "zelda.quux@" not in written.getvalue()
    assert "201-7788" not in written.getvalue()
    assert "2017788" not in written.getvalue()


def test_the_same_trouble_is_written_once_in_ten_minutes_with_a_count(written, clock):
    log = structlog.get_logger()
    for attempt in range(60):
        log.error("source_down", source="feedback", attempt=attempt, retry_after_s=attempt)
        log.error("source_down", source="phones")
        clock.s += 11
    feedback = [line for line in lines(written) if line["source"] == "feedback"]
    assert [line.get("repeated") for line in feedback] == [None, 54]
    assert feedback[1]["attempt"] == 55


def test_news_is_never_folded(written):
    for _ in range(3):
        structlog.get_logger().info("ticket_confirmed")
    assert len(lines(written)) == 3


def test_folding_remembers_a_bounded_number_of_troubles(clock):
    fold = Fold(window_s=600, clock=clock)
    for number in range(5_000):
        fold(None, "error", {"event": "x", "level": "error", "case": number})
    assert len(fold._seen) == 1_000


def test_the_journal_gets_a_priority_before_each_line(tmp_path):
    with (tmp_path / "stderr").open("w+") as stream:
        status = (tmp_path / "stderr").stat()
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        restore = logs.configure(LogSettings(), stream=stream, environ=environ)
        structlog.get_logger().info("a")
        structlog.get_logger().error("b")
        restore()
        stream.seek(0)
        first, second = stream.read().splitlines()
    assert first.startswith("<6>{")
    assert second.startswith("<3>{")


def test_a_file_that_only_inherited_the_journals_variable_gets_none(tmp_path):
    with (tmp_path / "stderr").open("w+") as stream:
        restore = logs.configure(LogSettings(), stream=stream, environ={"JOURNAL_STREAM": "1:2"})
        structlog.get_logger().info("a")
        restore()
        stream.seek(0)
        assert stream.read().startswith("{")


def test_a_log_that_cannot_be_written_does_not_stop_the_work():
    stream = io.StringIO()
    restore = logs.configure(LogSettings(), stream=stream, environ={})
    stream.close()
    structlog.get_logger().error("still_running")
    restore()


def test_a_level_below_the_configured_one_is_not_written():
    stream = io.StringIO()
    restore = logs.configure(LogSettings(level="warning"), stream=stream, environ={})
    structlog.get_logger().info("x")
    structlog.get_logger().warning("y")
    restore()
    assert "y" in stream.getvalue()
    assert '"x"' not in stream.getvalue()


def test_configuring_can_be_undone():
    before = (sys.excepthook, threading.excepthook, warnings.showwarning)
    handlers = list(logging.getLogger().handlers)
    restore = logs.configure(LogSettings(), stream=io.StringIO(), environ={})
    assert sys.excepthook is not before[0]
    restore()
    assert (sys.excepthook, threading.excepthook, warnings.showwarning) == before
    assert logging.getLogger().handlers == handlers


@given(st.text(max_size=2_000))
def test_any_text_is_masked_without_error_and_within_its_limit(text):
    assert len(mask(text)) <= MAX_TEXT


@given(st.from_regex(r"\+?[1-9][0-9]{9,14}", fullmatch=True), st.sampled_from(" ,;:()!?\"'/"))
def test_every_plain_number_between_other_signs_is_masked(number, sign):
    assert number.lstrip("+") not in mask(f"a{sign}{number}{sign}b")


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.none() | st.integers() | st.text(max_size=20) | st.binary() | st.floats(),
        max_size=4,
    )
)
def test_every_line_is_one_valid_object(values):
    stream = io.StringIO()
    restore = logs.configure(LogSettings(), stream=stream, environ={})
    try:
        structlog.get_logger().bind(**values).info("x")
    except TypeError:  # a key that collides with an argument of the logger itself
        return
    finally:
        restore()
    (line,) = stream.getvalue().split("\n")[:-1]
    line.encode("ascii")
    json.loads(line)
