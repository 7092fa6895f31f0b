"""`amends audit` verifies, exports, and puts both on record."""

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from servers.lived_state import PLANTED, live
from servers.standins import DeskSettings
from servers.tampering import recompute, tamper

from connector.audit.checkpoint import parse
from connector.domain.errors import Unavailable
from connector.store import ledger
from connector.store.store import Store

TEXT = """\
state_dir = "{state}"
[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
[[sources]]
kind = "lines"
name = "words"
path = "/nowhere"
[helpdesk]
kind = "desk"
url = "https://desk.clinic.example"
token_file = "{secret}"
"""


def a_config(home):
    secret = home / "token"
    secret.write_text("tok-9f8e7d6c", encoding="utf-8")
    secret.chmod(0o600)
    path = home / "config.toml"
    path.write_text(TEXT.format(state=home / "state", secret=secret), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def config(tmp_path):
    return a_config(tmp_path)


@pytest.fixture
def lived(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("SUDO_USER", "alice")
    lived = live(tmp_path / "state")
    capfd.readouterr()  # what was logged meanwhile
    yield lived
    lived.store.close()


def commands(lived):
    """What the command chain has."""
    with lived.store.read() as connection:
        return list(ledger.entries(connection, ledger.COMMAND_CHAIN))


class TestVerify:
    """`amends audit verify`."""

    def test_a_whole_record_is_told_with_a_checkpoint_and_goes_on_record(
        self, amends, lived, config
    ):
        code, out, err = amends("audit", "verify", "-c", config)
        assert (code, err) == (0, "")
        assert "whole: self-consistent" in out
        checkpoint = parse(out.splitlines()[-1])
        assert checkpoint.instance == lived.store.instance
        (entry,) = commands(lived)
        assert (entry.actor, entry.action) == ("cli:alice", "audit.verified")
        assert entry.body["ok"] is True
        assert entry.body["chains"] == checkpoint.plain()["chains"]

    def test_json_is_one_line_that_serves_as_checkpoint(self, amends, lived, config, tmp_path):
        _, out, _ = amends("audit", "verify", "-c", config, "--json")
        assert len(out.splitlines()) == 1
        assert json.loads(out)["ok"] is True
        kept = tmp_path / "kept.jsonl"
        kept.write_text(out + out, encoding="utf-8")
        code, out, _ = amends("audit", "verify", "-c", config, "--against", kept)
        assert code == 0
        assert "agrees with 2 checkpoints, up to" in out
        assert commands(lived)[-1].body["checkpoints"] == 2

    def test_a_tampered_entry_is_named_and_the_code_is_74(self, amends, lived, config):
        tamper(lived.store.state_dir, "UPDATE ledger SET actor = 'x' WHERE seq = 5")
        code, out, err = amends("audit", "verify", "-c", config)
        assert code == 74
        assert "amends: chain daemon: entry 5 was changed after it was written" in err
        assert "whole" not in out
        assert commands(lived)[-1].body["ok"] is False

    def test_json_lists_faults_and_the_code_is_74(self, amends, lived, config):
        tamper(lived.store.state_dir, "UPDATE ledger SET actor = 'x' WHERE seq = 5")
        code, out, _ = amends("audit", "verify", "-c", config, "--json")
        assert code == 74
        found = json.loads(out)
        assert found["ok"] is False
        assert found["faults"][0]["chain"] == "daemon"
        assert found["faults"][0]["entry"] == 5

    def test_a_recomputed_ledger_is_found_by_a_line(self, amends, lived, config):
        _, out, _ = amends("audit", "verify", "-c", config, "--no-record")
        line = out.splitlines()[-1]
        tamper(
            lived.store.state_dir,
            "DELETE FROM ledger WHERE action = 'daemon.started'",
            recompute,
        )
        assert amends("audit", "verify", "-c", config, "--no-record")[0] == 0
        code, _, err = amends("audit", "verify", "-c", config, "--against", line)
        assert code == 74
        assert "that a checkpoint saw" in err

    @pytest.mark.usefixtures("lived")
    def test_checkpoints_may_come_by_standard_input(self, amends, config, monkeypatch):
        _, out, _ = amends("audit", "verify", "-c", config)
        monkeypatch.setattr(sys, "stdin", io.StringIO(out))
        code, out, _ = amends("audit", "verify", "-c", config, "--against", "-")
        assert code == 0
        assert "agrees with 1 checkpoints" in out

    @pytest.mark.usefixtures("lived")
    def test_a_file_of_checkpoints_without_any_is_an_alarm(self, amends, config, tmp_path):
        empty = tmp_path / "empty"
        empty.touch()
        code, _, err = amends("audit", "verify", "-c", config, "--against", empty)
        assert (code, err) == (74, f"amends: {empty}: there is no checkpoint in it\n")

    @pytest.mark.usefixtures("lived")
    def test_a_file_that_is_not_there_is_told(self, amends, config):
        code, _, err = amends("audit", "verify", "-c", config, "--against", "/nowhere/kept")
        assert (code, err) == (74, "amends: /nowhere/kept: No such file or directory\n")

    def test_without_a_record_nothing_is_written(self, amends, lived, config):
        assert amends("audit", "verify", "-c", config, "--no-record")[0] == 0
        assert commands(lived) == []

    def test_many_faults_are_some_lines(self, amends, lived, config):
        tamper(lived.store.state_dir, "UPDATE ledger SET actor = 'x'")
        _, _, err = amends("audit", "verify", "-c", config)
        assert len(err.splitlines()) == 21
        assert "more faults; --json lists them" in err

    def test_a_state_that_is_not_there_is_not_made(self, amends, config, tmp_path):
        code, _, err = amends("audit", "verify", "-c", config)
        assert code == 74
        assert "start the daemon once" in err
        assert not (tmp_path / "state").exists()


class TestExport:
    """`amends audit export`."""

    def test_both_forms_are_written_for_their_owner_only(self, amends, lived, config, tmp_path):
        code, out, err = amends(
            "audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path
        )
        assert (code, err) == (0, "")
        for form in ("jsonl", "html"):
            path = tmp_path / f"{lived.case_id}.{form}"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert hashlib.sha256(path.read_bytes()).hexdigest() in out
        assert b"America/New_York" in (tmp_path / f"{lived.case_id}.html").read_bytes()

    def test_it_is_on_record_with_hashes_and_purpose_but_without_words(
        self, amends, lived, config, tmp_path
    ):
        amends(
            *("audit", "export", "-c", config, "--case", lived.case_id.lower(), "-o", tmp_path),
            *("--purpose", "asked by Philippa Quillfeather"),
        )
        (entry,) = commands(lived)
        assert (entry.actor, entry.action) == ("cli:alice", "audit.exported")
        assert entry.case_id == lived.case_id
        text = (tmp_path / f"{lived.case_id}.jsonl").read_bytes()
        assert entry.body["files"]["jsonl"] == hashlib.sha256(text).hexdigest()
        assert entry.body["redaction"] == "none"
        assert "Philippa" not in str(entry.body)
        assert amends("audit", "verify", "-c", config)[0] == 0

    def test_exported_again_it_is_the_same(self, amends, lived, config, tmp_path):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            amends("audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path / name)
        for form in ("jsonl", "html"):
            one, two = (tmp_path / name / f"{lived.case_id}.{form}" for name in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()

    def test_who_exported_before_is_told_on_demand(self, amends, lived, config):
        options = ("audit", "export", "-c", config, "--case", lived.case_id, "-o", "-")
        amends(*options, "--format", "jsonl", "--purpose", "first time")
        _, out, _ = amends(*options, "--format", "html", "--with", "accesses")
        assert "alice (command line)" in out
        assert "Exported with all words" in out
        assert "first time" in out

    def test_a_redacted_one_has_no_words(self, amends, lived, config, tmp_path):
        amends(
            *("audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path),
            *("--redact", "full"),
        )
        for form in ("jsonl", "html"):
            text = (tmp_path / f"{lived.case_id}.{form}").read_text(encoding="utf-8").lower()
            assert [word for word in PLANTED if word.lower() in text] == []
        assert commands(lived)[-1].body["redaction"] == "full"

    def test_one_form_goes_to_a_file_of_any_name(self, amends, lived, config, tmp_path):
        path = tmp_path / "for-the-auditor.jsonl"
        code, out, _ = amends(
            *("audit", "export", "-c", config, "--case", lived.case_id, "-o", path),
            *("--format", "jsonl", "--json"),
        )
        assert code == 0
        told = json.loads(out)
        assert told["files"][0]["path"] == str(path)
        assert told["files"][0]["bytes"] == path.stat().st_size
        assert told["faults"] == []

    def test_the_helpdesks_history_is_asked_for_on_demand(self, amends, lived, config, monkeypatch):
        lived.desk.say(lived.ticket().id, "I called and said sorry.")
        monkeypatch.setattr(DeskSettings, "open", lambda *_: lived.helpdesk)
        options = ("audit", "export", "-c", config, "--case", lived.case_id, "-o", "-")
        _, out, _ = amends(*options, "--format", "html", "--with", "history")
        assert "I called and said sorry." in out

    def test_a_helpdesk_that_does_not_answer_leaves_no_files_and_no_record(
        self, amends, lived, config, tmp_path, monkeypatch
    ):
        class Down:
            def history(self, _):
                raise Unavailable("helpdesk", "HTTP 503")

            def close(self):
                pass

        monkeypatch.setattr(DeskSettings, "open", lambda *_: Down())
        code, _, err = amends(
            *("audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path),
            *("--with", "history"),
        )
        assert (code, err) == (75, "amends: helpdesk: HTTP 503\n")
        assert list(tmp_path.glob("C-*")) == []
        assert commands(lived) == []

    def test_nothing_is_overwritten(self, amends, lived, config, tmp_path):
        there = tmp_path / f"{lived.case_id}.html"
        there.write_text("mine", encoding="utf-8")
        code, _, err = amends(
            "audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path
        )
        assert (code, err) == (74, f"amends: {there}: File exists\n")
        assert there.read_text(encoding="utf-8") == "mine"
        assert not (tmp_path / f"{lived.case_id}.jsonl").exists()

    def test_a_link_is_not_followed(self, amends, lived, config, tmp_path):
        (tmp_path / f"{lived.case_id}.html").symlink_to(tmp_path / "elsewhere")
        code, _, _ = amends(
            "audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path
        )
        assert code == 74
        assert not (tmp_path / "elsewhere").exists()

    @pytest.mark.usefixtures("lived")
    def test_a_case_that_is_not_there_is_a_wrong_use(self, amends, config, tmp_path):
        code, _, err = amends("audit", "export", "-c", config, "--case", "../C-1", "-o", tmp_path)
        assert code == 64
        assert "there is no case ../C-1" in err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "state", "token"]

    @pytest.mark.parametrize("output", ["-", "/nowhere/dir"])
    def test_two_forms_need_a_directory(self, amends, lived, config, output):
        code, _, err = amends(
            "audit", "export", "-c", config, "--case", lived.case_id, "-o", output
        )
        assert code == 64
        assert "--format" in err

    def test_faults_are_told_after_the_files_were_written(self, amends, lived, config, tmp_path):
        tamper(lived.store.state_dir, "UPDATE ledger SET actor = 'x' WHERE action = 'case.opened'")
        code, _, err = amends(
            "audit", "export", "-c", config, "--case", lived.case_id, "-o", tmp_path
        )
        assert code == 74
        assert "was changed after it was written" in err
        assert b"Not as amends wrote it" in (tmp_path / f"{lived.case_id}.html").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")
def test_root_exports_to_where_only_root_can_write(monkeypatch):
    """The files are made before root becomes the owner of the state."""
    monkeypatch.setenv("SUDO_USER", "alice")
    with tempfile.TemporaryDirectory() as name:  # pytest's own is closed to other users
        home = Path(name)
        home.chmod(0o755)
        lived = live(home / "state")
        lived.store.close()
        for path in (home / "state", *(home / "state").iterdir()):
            os.chown(path, 4_123_456, 4_123_456)
        out = home / "out"
        out.mkdir(mode=0o700)
        done = subprocess.run(
            [
                *(sys.executable, "-c", PROGRAM, str(Path(__file__).resolve().parents[1])),
                *("--debug", "audit", "export", "-c", a_config(home)),
                *("--case", lived.case_id, "-o", out),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert {path.suffix for path in out.iterdir()} == {".jsonl", ".html"}
        assert {path.stat().st_uid for path in (home / "state").iterdir()} == {4_123_456}
        store = Store(home / "state", role="reader", actor="test")
        with store.read() as connection:
            (entry,) = ledger.entries(connection, ledger.COMMAND_CHAIN)
        assert entry.actor == "cli:alice"


# What is imported late comes first: this Python may lie where another user cannot read it.
PROGRAM = """
import _strptime, encodings.unicode_escape, sys
sys.path.insert(0, sys.argv[1])
import pytest
from servers.kinds import register
register(pytest.MonkeyPatch())
from connector.cli import main
sys.exit(main(sys.argv[2:]))
"""
