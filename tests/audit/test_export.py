"""An export tells one case completely, the same each time, and can be checked by anybody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from servers.lived_state import BEGIN, PLANTED, a_complaint, close_ticket
from servers.tampering import tamper

from connector.audit.export import Redaction, export_case
from connector.audit.page import MAX_SHOWN_CHARS
from connector.audit.verify import verify
from connector.domain.errors import LedgerError
from connector.domain.signal import Channel, Contact, Unreadable
from connector.domain.ticket import TicketEvent
from connector.pipeline import summary
from connector.pipeline.retention import retain
from connector.store.store import Store
from connector.testing.builders import a_practice

DOCS = Path(__file__).resolve().parents[2] / "docs" / "audit.md"


def exported(state, case_id, **how):
    store = Store(state, role="reader", actor="test")
    return export_case(store, case_id, a_practice(), **how)


def lines_of(made):
    return [json.loads(line) for line in made.jsonl.splitlines()]


def of_type(made, kind):
    return [line for line in lines_of(made) if line["type"] == kind]


def checked(tmp_path, jsonl):
    """Run the program from the docs, without amends on its path."""
    program = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    file = tmp_path / "case.jsonl"
    file.write_bytes(jsonl)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program[1], file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_same_case_gives_the_same_bytes(state, case_id):
    one, two = exported(state, case_id), exported(state, case_id)
    assert one == two
    assert one.faults == ()


def test_the_original_and_every_word_sent_are_in_the_json_lines(state, case_id):
    made = exported(state, case_id, purpose="survey")
    signals, contents = of_type(made, "signal"), of_type(made, "content")
    assert len(signals) == 2
    raw = next(line for line in contents if line["content"] == signals[0]["contents"]["raw"])
    assert base64.b64decode(raw["body_base64"]) == a_complaint(1).raw
    assert signals[0]["text"] == a_complaint(1).text
    assert signals[0]["contact"]["phone"] == "+493055501234"
    ops = [line["op"] for line in of_type(made, "change")]
    assert ops == ["open", "note", "note", "note", "update"]
    assert all(line["text"] for line in of_type(made, "change") if line["op"] != "update")
    assert lines_of(made)[0]["purpose"] == "survey"


def test_every_step_of_the_case_is_in_it_and_no_other_cases(state, case_id):
    actions = [line["action"] for line in of_type(exported(state, case_id), "entry")]
    assert actions[:4] == ["signal.stored", "signal.assessed", "case.opened", "clock.started"]
    assert actions.count("signal.stored") == actions.count("signal.assessed") == 2
    assert "clock.contact_due_passed" in actions
    assert "account.counted" not in actions
    assert "signal.unreadable" not in actions


def test_anybody_can_check_it_without_amends(state, case_id, tmp_path):
    made = exported(state, case_id)
    assert checked(tmp_path, made.jsonl) == (0, "everything in this file fits together\n")


def test_a_redacted_one_can_be_checked_too(state, case_id, tmp_path):
    made = exported(state, case_id, redaction=Redaction.FULL)
    assert checked(tmp_path, made.jsonl) == (0, "everything in this file fits together\n")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (b'"severity":3', b'"severity":1', "was changed"),
        (b'"actor":"daemon"', b'"actor":"nobody"', "was changed"),
        (b'"salt":"', b'"salt":"00', "was altered"),
        (b'{"type":"link"', b"", "everything"),
        (b'"type":"end","lines":', b'"type":"end","lines":1', "not complete"),
    ],
)
def test_whoever_changes_the_file_is_found_out(state, case_id, tmp_path, before, after, told):
    changed = exported(state, case_id).jsonl.replace(before, after)
    code, out = checked(tmp_path, changed)
    assert told in out
    assert (code == 0) == (told == "everything")


def test_a_file_that_was_cut_is_found_out(state, case_id, tmp_path):
    lines = exported(state, case_id).jsonl.splitlines(keepends=True)
    assert checked(tmp_path, b"".join(lines[:-2] + lines[-1:]))[0] == 1
    assert "not complete" in checked(tmp_path, b"".join(lines[:-1]))[1]


EVENTS = (
    TicketEvent(
        id="7",
        at=BEGIN,
        actor="pq.quill@mail.example",
        kind="public_reply",
        text="I am Philippa Quillfeather of Marzipanweg",
        data={"from": "Philippa", "files": "knee-xray-quill.png"},
    ),
    TicketEvent(id="8", at=BEGIN, actor="dr.oak", kind="status", data={"to": "4417-88-zebra"}),
    TicketEvent(id="9", at=BEGIN, actor="pq.quill@mail.example", kind="note", text="x"),
)


class TestRedaction:
    """Facts stay, words go."""

    def test_no_planted_identifier_is_left(self, state, case_id):
        full = exported(state, case_id, history=EVENTS)
        for word in PLANTED:
            assert word.encode() in full.jsonl + full.html
        made = exported(state, case_id, history=EVENTS, redaction=Redaction.FULL)
        for form in (made.jsonl, made.html):
            text = form.decode().lower()
            assert [word for word in PLANTED if word.lower() in text] == []
            assert "waited three hours" not in text
            assert "charged twice" not in text
        assert base64.b64encode(b"Quillfeather")[:12] not in made.jsonl

    def test_no_salt_is_left_by_which_guessed_words_could_be_confirmed(self, state, case_id):
        made = exported(state, case_id, redaction=Redaction.FULL)
        full = exported(state, case_id)
        salts = [line["salt"] for line in of_type(full, "content") if line["salt"]]
        assert salts
        assert not any(salt.encode() in made.jsonl + made.html for salt in salts)
        assert not any("sha256" in line for line in of_type(made, "content"))

    def test_commitments_entries_rules_and_times_stay(self, state, case_id):
        made = exported(state, case_id, redaction=Redaction.FULL)
        full = exported(state, case_id)
        assert of_type(made, "entry") == of_type(full, "entry")
        kept = [line["commitment"] for line in of_type(made, "content")]
        assert kept == [line["commitment"] for line in of_type(full, "content")]
        rules = [reason["rule"] for reason in of_type(made, "signal")[0]["assessment"]["reasons"]]
        assert "words.visit.wait" in rules
        assert of_type(made, "signal")[0]["contact"] == {
            "name": "***",
            "email": "***",
            "phone": "***",
        }

    def test_people_of_the_helpdesk_are_numbered(self, state, case_id):
        made = exported(state, case_id, history=EVENTS, redaction=Redaction.FULL)
        actors = [line["actor"] for line in of_type(made, "helpdesk_event")]
        assert actors == ["person 1", "person 2", "person 1"]


class Elements(HTMLParser):
    """Collects elements, and what they would fetch."""

    def __init__(self):
        super().__init__()
        self.tags = []
        self.fetched = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in {"src", "srcset", "action"}]
        if tag in {"link", "script", "iframe", "object", "embed", "img", "form", "base"}:
            self.fetched.append(tag)


class TestPage:
    """The page for people."""

    def test_it_needs_nothing_from_elsewhere_and_runs_nothing(self, state, case_id):
        page = exported(state, case_id).html.decode()
        elements = Elements()
        elements.feed(page)
        assert elements.fetched == []
        assert "default-src 'none'" in page
        assert "url(" not in page
        assert "@import" not in page

    def test_what_patients_wrote_is_text(self, state, case_id):
        page = exported(state, case_id).html.decode()
        assert "<script" not in page
        assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page

    @pytest.mark.parametrize("field", ["subject", "text", "name", "locator"])
    def test_no_field_can_leave_its_place(self, lived, field):
        evil = "</div></style><script>1</script>\u202e\x00\"'><b>{{ 7*7 }}"
        changes = {"natural_key": "<evil>", "facts": {evil: evil}, "attachments": ()}
        if field == "name":
            changes["contact"] = Contact(name=evil, email="evil@mail.example")
        else:
            changes[field] = evil
        changes.setdefault("contact", Contact(name="Eve Il", email="evil@mail.example"))
        lived.hear(a_complaint(66, **changes))
        with lived.store.read() as connection:
            ids = connection.exec_driver_sql("SELECT id FROM cases ORDER BY opened_at").all()
        page = export_case(lived.store, ids[-1][0], lived.practice).html.decode()
        assert evil not in page
        assert "<script" not in page
        assert "<b>" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;" in page
        assert "49" not in re.findall(r"\{\{ (\S+) \}\}", page)

    def test_times_are_the_practices_with_utc_beside(self, state, case_id):
        page = exported(state, case_id).html.decode()
        assert "Mon 2 Mar 2026, 14:30:02 CET" in page
        assert "2026-03-02 13:30:02 UTC" in page
        assert "Europe/Berlin" in page

    def test_a_ticket_address_that_is_no_page_is_no_link(self, lived):
        page = export_case(lived.store, lived.case_id, lived.practice).html.decode()
        assert 'href="memory:' not in page

    def test_the_helpdesks_words_are_compared_with_what_was_sent(self, lived):
        lived.desk.say(lived.ticket().id, "I called and said sorry.")
        events = tuple(lived.helpdesk.history(lived.ticket()))
        page = export_case(lived.store, lived.case_id, lived.practice, history=events).html.decode()
        assert "The words are those that were sent as number 1." in page
        assert page.count("I called and said sorry.") == 1
        assert page.count("APOLOGIZE") == 1

    def test_the_notice_of_a_day_is_exported_too(self, lived):
        lived.hear(
            Unreadable(
                tenant="practice", source="feedback", locator="x", problem="is no mail", raw=b"y"
            )
        )
        assert summary.summarize(lived.store, lived.rules)
        lived.work()
        with lived.store.read() as connection:
            notice = connection.exec_driver_sql("SELECT id FROM cases WHERE kind = 'notice'").all()
            assert verify(connection, instance=lived.store.instance, at=BEGIN).ok
        made = export_case(lived.store, notice[0][0], lived.practice)
        assert "it was made for staff" in made.html.decode()
        assert made.faults == ()

    def test_a_very_long_text_is_cut_on_the_page_only(self, lived):
        words = "I waited and waited. " * 2_000
        lived.hear(
            a_complaint(5, natural_key="<long>", text=words, reply_text=words, attachments=())
        )
        made = export_case(lived.store, lived.case_id, lived.practice)
        assert "cut here; the JSON lines have all of it" in made.html.decode()
        assert len(words) > MAX_SHOWN_CHARS
        assert any(line.get("text") == words for line in of_type(made, "signal"))


def test_half_a_character_does_not_stop_an_export(lived, tmp_path):
    lived.hear(a_complaint(6, natural_key="<half>", subject="half \ud800", attachments=()))
    made = export_case(lived.store, lived.case_id, lived.practice)
    assert of_type(made, "signal")[-1]["subject"] == "half \ufffd"
    assert checked(tmp_path, made.jsonl)[0] == 0


def test_a_call_without_words_is_exported(lived):
    lived.hear(
        a_complaint(
            8,
            natural_key="call-1",
            channel=Channel.PHONE,
            contact=Contact(phone="+493099988877"),
            subject="",
            text="",
            reply_text="",
            attachments=(),
            facts={"outcome": "abandoned", "wait_s": 900, "callback": False},
        )
    )
    with lived.store.read() as connection:
        ids = connection.exec_driver_sql("SELECT id FROM cases ORDER BY opened_at").all()
    for row in ids:
        assert export_case(lived.store, row[0], lived.practice).faults == ()


def test_after_retention_the_story_stays_and_the_words_are_gone(lived, tmp_path):
    close_ticket(lived)
    lived.clock.advance(400 * 86_400)
    retain(lived.store, 365)
    made = export_case(lived.store, lived.case_id, lived.practice)
    assert made.faults == ()
    text = (made.jsonl + made.html).decode().lower()
    assert [word for word in PLANTED if word.lower() in text] == []
    assert {line["state"] for line in of_type(made, "content")} == {"erased"}
    assert of_type(made, "entry")[-1]["action"] == "content.erased"
    assert "The words were erased" in made.html.decode()
    assert "Words erased, of this case too" in made.html.decode()
    assert checked(tmp_path, made.jsonl)[0] == 0


class TestTampering:
    """What is not as amends wrote it stands at the top."""

    @pytest.mark.parametrize(
        ("act", "sentence"),
        [
            (
                "UPDATE ledger SET actor = 'x' WHERE action = 'case.opened'",
                "was changed after it was written",
            ),
            ("UPDATE ledger SET body = '{' WHERE action = 'case.opened'", "cannot be read"),
            ("UPDATE content SET body = x'00' WHERE kind = 'raw'", "(raw) is altered"),
            ("UPDATE content SET body = 'text' WHERE kind = 'body'", "(body) is altered"),
            ("UPDATE content SET body = x'5b5d' WHERE kind = 'signal'", "words cannot be read"),
            ("UPDATE content SET body = x'7b7d' WHERE kind = 'change'", "words cannot be read"),
            ("UPDATE content SET body = x'ff' WHERE kind = 'assessment'", "words cannot be read"),
            ("DELETE FROM content WHERE kind = 'raw'", "(raw) is gone"),
        ],
    )
    def test_it_is_told_and_the_rest_is_exported(self, state, case_id, act, sentence):
        tamper(state, act)
        made = exported(state, case_id)
        assert any(sentence in fault for fault in made.faults)
        assert lines_of(made)[0]["faults"] == list(made.faults)
        assert sentence in made.html.decode()


def test_there_is_no_export_of_a_case_that_is_not_there(state):
    with pytest.raises(LedgerError, match="no case C-XXXXX-XXXXX"):
        exported(state, "C-XXXXX-XXXXX")


def test_the_last_line_binds_all_others(state, case_id):
    made = exported(state, case_id)
    *others, last = made.jsonl.splitlines(keepends=True)
    assert json.loads(last) == {
        "type": "end",
        "lines": len(others),
        "sha256": hashlib.sha256(b"".join(others)).hexdigest(),
    }
