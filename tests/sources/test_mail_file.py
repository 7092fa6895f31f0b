"""Saved mail in every form in which admins keep it."""

from __future__ import annotations

import mailbox
import os
from zoneinfo import ZoneInfo

import pytest

from connector.domain.errors import Unavailable
from connector.domain.practice import Practice
from connector.domain.signal import Signal, Unreadable
from connector.parsing.mail_signal import MailOptions, MailReader
from connector.report.inspection import describe
from connector.sources.mail_file import MailFileSettings, MailFileSource
from connector.testing.source import SourceContract, drain
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="practice", name="Practice", zone=ZoneInfo("UTC"))


def message(number, body="I waited for two hours."):
    return (
        f"From: Patient {number} <p{number}@example.com>\r\nSubject: Feedback {number}\r\n"
        f"Message-ID: <{number}@example.com>\r\n\r\n{body}\r\n"
    ).encode()


def opened(path, **more):
    return MailFileSettings(name="saved", path=path, settle_seconds=0, **more).open(PRACTICE)


def fingerprint(top):
    return tuple(
        (str(path), path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted([top, *top.rglob("*")])
    )


class FolderWorld:
    def __init__(self, path):
        self.path = path
        self.count = 0

    def open(self):
        return opened(self.path)

    def put(self, content):
        self.count += 1
        (self.path / f"{self.count:04}.eml").write_bytes(content)

    def put_good(self, number):
        self.put(message(number))

    def put_broken(self, number):
        self.put(b"\n" * number)

    def fingerprint(self):
        return fingerprint(self.path)


class MboxWorld(FolderWorld):
    def __init__(self, path):
        super().__init__(path)
        (path / "all.mbox").write_bytes(b"")

    def open(self):
        return opened(self.path / "all.mbox")

    def put(self, content):
        with (self.path / "all.mbox").open("ab") as file:
            file.write(b"From p@example.com Thu Nov 19 10:00:00 2026\n" + content + b"\n\n")

    def put_broken(self, number):
        self.put(b"\0" * number)


class TestFolder(SourceContract):
    @pytest.fixture
    def world(self, tmp_path):
        return FolderWorld(tmp_path)


class TestMbox(SourceContract):
    @pytest.fixture
    def world(self, tmp_path):
        return MboxWorld(tmp_path)


def test_a_single_message_is_located_by_the_path_that_was_given(tmp_path):
    path = tmp_path / "one.eml"
    path.write_bytes(message(1))
    items, cursor = drain(opened(path))
    assert [item.locator for item in items] == [str(path)]
    assert items[0].contact.email == "p1@example.com"
    assert drain(opened(path), cursor)[0] == []


def test_files_with_any_extension_in_any_folder_below_are_messages(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_bytes(message(1))
    (tmp_path / "a").write_bytes(message(2))
    (tmp_path / ".hidden").write_bytes(message(3))
    items, _ = drain(MailFileSettings.for_inspection(tmp_path).open(PRACTICE))
    assert sorted(item.locator for item in items) == [f"{tmp_path}/a", f"{tmp_path}/sub/b.txt"]


def test_a_text_without_headers_is_read_as_words(tmp_path):
    (tmp_path / "reply.txt").write_bytes(b"Thank you all, it went well.\n\n> quoted\n")
    [item] = drain(opened(tmp_path))[0]
    assert item.text.startswith("Thank you all")
    assert item.reply_text == "Thank you all, it went well."


def test_a_maildir_is_read_from_new_and_cur_only(tmp_path):
    box = mailbox.Maildir(tmp_path / "Maildir", create=True)
    box.add(message(1))
    (tmp_path / "Maildir" / "tmp" / "half").write_bytes(b"From: half")
    (tmp_path / "Maildir" / "dovecot-uidlist").write_bytes(b"3 V1 N2\n")
    items, cursor = drain(opened(tmp_path / "Maildir"))
    assert [type(item) for item in items] == [Signal]
    [new] = (tmp_path / "Maildir" / "new").iterdir()
    new.rename(tmp_path / "Maildir" / "cur" / f"{new.name}:2,S")
    moved, _ = drain(opened(tmp_path / "Maildir"), cursor)
    assert [item.natural_key for item in moved] in ([], [items[0].natural_key])


def test_messages_of_an_mbox_are_numbered_and_unquoted(tmp_path):
    path = tmp_path / "feedback"
    box = mailbox.mbox(path)
    box.add(message(1, "First.\n\nFrom now on I go elsewhere."))
    box.add(message(2))
    box.close()
    items, _ = drain(opened(path))
    assert [item.locator for item in items] == [f"{path}#1", f"{path}#2"]
    assert "\nFrom now on" in items[0].text


def test_an_mbox_named_file_within_a_folder_gives_its_messages(tmp_path):
    box = mailbox.mbox(tmp_path / "export.mbox")
    box.add(message(1))
    box.add(message(2))
    box.close()
    items, _ = drain(opened(tmp_path))
    assert [item.locator for item in items] == [f"{tmp_path}/export.mbox#{n}" for n in (1, 2)]


def test_a_half_written_last_message_of_an_mbox_is_read_again_when_it_is_whole(tmp_path):
    world = MboxWorld(tmp_path)
    world.put_good(1)
    world.put_good(2)
    path = tmp_path / "all.mbox"
    whole = path.read_bytes()
    path.write_bytes(whole[:-15])
    _, cursor = drain(world.open())
    path.write_bytes(whole)
    items, cursor = drain(world.open(), cursor)
    assert [item.contact.email for item in items] == ["p2@example.com"]
    assert items[0].text == "I waited for two hours."
    assert drain(world.open(), cursor)[0] == []


def test_a_compacted_mbox_is_read_anew_under_the_same_keys(tmp_path):
    world = MboxWorld(tmp_path)
    for number in range(3):
        world.put_good(number)
    items, cursor = drain(world.open())
    (tmp_path / "all.mbox").write_bytes(b"")
    for number in (1, 2, 3):
        world.put_good(number)
    again, _ = drain(world.open(), cursor)
    assert [i.natural_key for i in again][:2] == [i.natural_key for i in items][1:]


def test_the_same_message_has_one_key_as_file_and_in_an_mbox(tmp_path):
    world = MboxWorld(tmp_path)
    world.put(message(1, "First.\n\n>From now on I go elsewhere.").replace(b"\r\n", b"\n"))
    (tmp_path / "one.eml").write_bytes(message(1, "First.\r\n\r\nFrom now on I go elsewhere."))
    [in_mbox] = drain(world.open())[0]
    [alone] = drain(opened(tmp_path / "one.eml"))[0]
    assert in_mbox.natural_key == alone.natural_key


def test_a_file_that_may_still_be_written_waits_with_all_behind_it(tmp_path):
    path = tmp_path / "one.eml"
    path.write_bytes(message(1))
    settings = MailFileSettings(name="saved", path=tmp_path, settle_seconds=5)
    reader = MailReader.for_source("saved", PRACTICE, MailOptions())
    changed = path.stat().st_ctime
    early = MailFileSource(settings, reader, now=lambda: changed + 1)
    late = MailFileSource(settings, reader, now=lambda: changed + 6)
    assert drain(early)[0] == []
    assert len(drain(late)[0]) == 1


def test_an_old_file_moved_into_the_folder_is_news(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one.eml").write_bytes(message(1))
    _, cursor = drain(opened(folder))
    old = tmp_path / "old.eml"
    old.write_bytes(message(2))
    os.utime(old, (1_000_000_000, 1_000_000_000))
    old.rename(folder / "old.eml")
    items, _ = drain(opened(folder), cursor)
    assert [item.contact.email for item in items] == ["p2@example.com"]


def test_of_an_oversize_message_the_beginning_is_read(tmp_path):
    path = tmp_path / "big.eml"
    path.write_bytes(message(1, "Words first.\r\n" + "x" * 2_000_000))
    [item] = drain(opened(path, mail=MailOptions(max_message_bytes=1_500_000)))[0]
    assert item.facts["oversize"] == path.stat().st_size
    assert len(item.raw) == 1_048_576
    assert item.text.startswith("Words first.")


def test_an_empty_saved_message_is_shown_to_a_human(tmp_path):
    path = tmp_path / "empty.eml"
    path.write_bytes(b"")
    [item] = drain(opened(path))[0]
    assert isinstance(item, Unreadable)


def test_a_missing_path_is_an_outage_and_a_plain_sentence(tmp_path):
    source = opened(tmp_path / "nothing")
    with pytest.raises(Unavailable, match="no such file"):
        drain(source)
    [problem] = source.probe()
    assert "no such file" in problem


def test_a_named_pipe_is_told_and_not_waited_for(tmp_path):
    path = tmp_path / "pipe.eml"
    os.mkfifo(path)
    source = opened(path)
    with pytest.raises(Unavailable, match="a pipe, socket or device"):
        drain(source)
    [problem] = source.probe()
    assert "a pipe, socket or device" in problem


def test_a_folder_for_exports_that_is_not_there_is_told_by_check(tmp_path):
    (tmp_path / "a.eml").write_bytes(b"From: a@example.com\n\nx\n")
    settings = MailFileSettings.model_validate(
        {
            "name": "saved",
            "path": str(tmp_path / "a.eml"),
            "mail": {
                "trusted_authserv": ["mx.example"],
                "exports": [
                    {"name": "calls", "senders": ["x@pbx.example"], "folder": str(tmp_path / "no")}
                ],
            },
        }
    )
    (problem,) = settings.open(PRACTICE).probe()
    assert problem == f"{tmp_path}/no: is no folder that amends may write into (export calls)."


def test_inspection_names_the_recipe_and_moves_no_export(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    lent = MailOptions.model_validate(
        {
            "trusted_authserv": ["mx.example"],
            "exports": [
                {"name": "calls", "senders": ["x@pbx.example"], "folder": str(exports)},
            ],
        }
    )
    box = tmp_path / "box.mbox"
    box.write_bytes(
        b"From a@example.com Tue Mar  3 17:00:00 2026\n"
        b"From: businessprofile-noreply@google.com\nSubject: Jane left a review for Clinic\n\n"
        b"Jane, you got a new 1-star review\n\n"
        b"From a@example.com Tue Mar  3 17:00:00 2026\n"
        b"Authentication-Results: mx.example; dmarc=pass header.from=pbx.example\n"
        b"From: x@pbx.example\nSubject: Calls\nContent-Type: text/csv; name=calls.csv\n"
        b"Content-Disposition: attachment; filename=calls.csv\n\ntime,caller\n\n"
    )
    settings = MailFileSettings.for_inspection(box).model_copy(update={"mail": lent})
    (batch,) = settings.open(PRACTICE).read(None)
    review, calls = (
        describe(item, kind="mail_file", given=str(box), settings=TriageSettings())
        for item in batch.items
    )
    assert (review["recipe"], review["channel"]) == ("google_business", "review")
    assert calls["recipe"] is None
    assert calls["assessment"]["lane"] == "count"
    assert list(exports.iterdir()) == []
    (batch,) = MailFileSettings(name="saved", path=box, mail=lent).open(PRACTICE).read(None)
    assert len(list(exports.iterdir())) == 1
