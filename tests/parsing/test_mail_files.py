"""Files that come with mail: passed on, held back, left out, taken over for another source."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from base64 import b64encode
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.domain.assessment import Lane
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.parsing import file_types, mail_exports
from connector.parsing.file_types import danger_of
from connector.parsing.mail_exports import put
from connector.parsing.mail_signal import MailOptions, MailReader
from connector.triage.assess import assess
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="practice", name="Practice", zone=ZoneInfo("UTC"))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(500)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(200)
PROOF = "Authentication-Results: mx.example; dmarc=pass header.from=pbx.example\n"


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


def tarred(*names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return out.getvalue()


def part(name, content, media="application/octet-stream", more=""):
    disposition = "" if more else f'Content-Disposition: attachment; filename="{name}"\n'
    body = b64encode(content).decode()
    lines = "\n".join(body[at : at + 76] for at in range(0, len(body), 76))
    return (
        f'Content-Type: {media}; name="{name}"\n{disposition}{more}'
        f"Content-Transfer-Encoding: base64\n\n{lines}\n"
    )


def mail(*parts, head="From: Jane <jane@example.com>\nSubject: Photos\n"):
    text = "Content-Type: text/plain\n\nSee the files. I waited for two hours.\n"
    body = "".join(f"--b\n{one}" for one in (text, *parts))
    return f"{head}Content-Type: multipart/mixed; boundary=b\n\n{body}--b--\n"


def read(text, *, looking=False, **options):
    reader = MailReader.for_source(
        "box", PRACTICE, MailOptions.model_validate(options), looking=looking
    )
    signal = reader.item(text.encode(), "box:1")
    assert isinstance(signal, Signal)
    return signal


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("setup.exe", EXE, "a program"),
        ("invoice.pdf.exe", EXE, "a program named like a document"),
        ("scan.jpg.js", b"var x", "a script named like a document"),
        ("photo.jpg", EXE, "a program"),
        ("photo", b"\x7fELF" + bytes(60), "a program"),
        ("INVOICE.PDF.SCR ", b"x", "a program named like a document"),
        ("invoice\uff0eexe", b"x", "a program"),
        ("run.txt", b"#!/bin/sh\nrm -rf /\n", "a script"),
        ("link.lnk", b"x", "a script"),
        ("budget.xlsm", b"x", "an office file with macros"),
        ("budget.xlsx", zipped(xl__vbaProject_dot_bin=b"x"), "an office file with macros"),
        (
            "letter.doc",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le"),
            "an office file with macros",
        ),
        ("scan.iso", b"x", "a disk image"),
        ("scan.pdf", bytes(0x8001) + b"CD001" + bytes(10), "a disk image"),
        ("files.zip", zipped(readme_dot_txt=b"x", setup_dot_exe=EXE), "an archive with a program"),
        ("files.zip", zipped(inner_dot_zip=b"x"), "an archive within an archive"),
        ("files.tar", tarred("a.txt", "b.sh"), "an archive with a script"),
        ("files.zip", b"PK\x03\x04 broken", "an archive that cannot be looked into"),
        ("files.rar", b"Rar!\x1a\x07\x01\x00", "an archive that cannot be looked into"),
        ("notes.txt", b"7z\xbc\xaf\x27\x1c", "an archive that cannot be looked into"),
        ("statement.html", b"<html><script>location='x'</script>", "a script"),
        ("logo.svg", b'<svg xmlns="x" onload="go()">', "a script"),
    ],
)
def test_what_could_run_is_held_back(name, content, why):
    assert danger_of(name, content).startswith(why)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(100)),
        ("scan.pdf", PDF),
        ("letter.docx", zipped(word__document_dot_xml=b"<w/>", word__media__i_dot_png=PNG)),
        ("photos.zip", zipped(a_dot_jpg=b"\xff\xd8\xff", b_dot_png=PNG)),
        ("message.wav", b"RIFF$\x00\x00\x00WAVEfmt "),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)),
        ("page.html", b"<html><body>My letter</body></html>"),
        ("dr.smith.letter.txt", b"Dear all"),
        ("part-2", b"plain words"),
    ],
)
def test_what_patients_send_is_passed_on(name, content):
    assert danger_of(name, content) == ""


def test_an_encrypted_archive_is_held_back():
    content = bytearray(zipped(a_dot_txt=b"x"))
    content[content.find(b"PK\x01\x02") + 8] |= 1
    assert danger_of("a.zip", bytes(content)) == "an archive that cannot be looked into"


@pytest.mark.parametrize(("limit", "why"), [(3, ""), (2, "an archive that cannot be looked into")])
def test_an_archive_of_too_many_names_is_held_back(monkeypatch, limit, why):
    monkeypatch.setattr(file_types, "MAX_ARCHIVE_NAMES", limit)
    assert danger_of("a.zip", zipped(a=b"", b=b"", c=b"")) == why
    assert danger_of("a.tar", tarred("a", "b", "c")) == why


def test_an_archive_with_a_huge_list_of_names_is_not_read(monkeypatch):
    monkeypatch.setattr(file_types, "MAX_DIRECTORY_BYTES", 10)
    assert danger_of("a.zip", zipped(a=b"")) == "an archive that cannot be looked into"


@given(st.text(max_size=60), st.binary(max_size=400))
def test_no_file_breaks_the_look(name, content):
    for start in (b"", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        assert isinstance(danger_of(name, start + content), str)


def test_a_dangerous_file_is_named_with_its_hash_and_its_content_stays_out():
    signal = read(mail(part("invoice.pdf.exe", EXE), part("scan.pdf", PDF, "application/pdf")))
    held, passed = signal.attachments
    assert (held.withheld, held.content) == ("a program named like a document", b"")
    assert (passed.withheld, passed.content) == ("", PDF)
    assert signal.facts["held_back"][0].startswith("invoice.pdf.exe: a program named like")
    assert signal.raw


def test_a_program_in_an_attached_mail_holds_that_mail_back():
    inner = mail(part("setup.exe", EXE)).replace("=b\n", "=c\n").replace("--b", "--c")
    signal = read(mail(f"Content-Type: message/rfc822\n\n{inner}\n"))
    assert signal.attachments[0].withheld == "a mail with a program in it"


def test_an_attached_mail_without_danger_goes_on():
    inner = mail(part("scan.pdf", PDF)).replace("=b\n", "=c\n").replace("--b", "--c")
    signal = read(mail(f"Content-Type: message/rfc822\n\n{inner}\n"))
    assert signal.attachments[0].withheld == ""


def test_a_practice_may_hold_back_more():
    signal = read(mail(part("page.html", b"<html>")), files={"hold_back": [".html"]})
    assert signal.attachments[0].withheld == "held back by the practice"


def test_logos_of_signatures_are_left_out_and_photos_are_not():
    inline = 'Content-Disposition: inline; filename="image001.png"\nContent-ID: <i1@x>\n'
    photo = b"\xff\xd8\xff\xe0" + bytes(40_000)
    signal = read(
        mail(
            part("image001.png", PNG, "image/png", inline),
            part("IMG_1.jpg", photo, "image/jpeg", inline.replace("image001.png", "IMG_1.jpg")),
            part("small.png", PNG + b"1", "image/png"),
        )
    )
    assert [file.name for file in signal.attachments] == ["IMG_1.jpg", "small.png"]
    assert signal.facts["decoration"] == 1


def test_the_same_file_twice_goes_on_once():
    signal = read(mail(part("a.pdf", PDF), part("b.pdf", PDF)))
    assert [file.name for file in signal.attachments] == ["a.pdf"]


def test_logos_alone_do_not_turn_thanks_into_a_doubt():
    inline = "Content-ID: <i1@x>\n"
    text = mail(part("logo.png", PNG, "image/png", inline)).replace(
        "See the files. I waited for two hours.", "Thank you so much!"
    )
    assert assess(read(text), TriageSettings()).lane is Lane.COUNT


# Exports


HEAD = (
    "From: PBX <reports@pbx.example>\nSubject: Daily call report\nAuto-Submitted: auto-generated\n"
)
CSV = b"time,caller\n2026-03-03 10:00,2125550142\n"


def options(place, **rule):
    return {
        "trusted_authserv": ["mx.example"],
        "exports": [
            {"name": "calls", "senders": ["reports@pbx.example"], "folder": str(place)} | rule
        ],
    }


def test_an_export_of_a_verified_sender_lies_in_the_folder_under_its_hash(tmp_path):
    text = PROOF + mail(part("report 03-03.csv", CSV, "text/csv"), head=HEAD)
    signal = read(text, **options(tmp_path))
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == CSV
    assert signal.facts["exported"] == (file.name,)
    assert file.name.startswith("calls-")
    assert file.suffix == ".csv"
    assert signal.attachments[0].withheld == "in another source's folder"
    assert assess(signal, TriageSettings()).lane is Lane.COUNT
    inode = file.stat().st_ino
    read(text, **options(tmp_path))
    assert [one.stat().st_ino for one in tmp_path.iterdir()] == [inode]


def test_looking_writes_nothing(tmp_path):
    text = PROOF + mail(part("report.csv", CSV), head=HEAD)
    assert read(text, looking=True, **options(tmp_path)).facts["exported"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("proof", "name", "content", "why"),
    [
        ("", "report.csv", CSV, "the sender is unverified"),
        (PROOF.replace("pass", "fail"), "report.csv", CSV, "the sender is failed"),
        (PROOF, "report.xlsx", CSV, "no file of a listed kind"),
        (PROOF, "report.csv", EXE, "a file is not what its name says"),
        (PROOF, "report.csv", b"", "a file is empty"),
        (PROOF, "report.csv", CSV * 10, "a file is too large"),
    ],
)
def test_an_export_that_is_not_taken_is_told_to_a_person(tmp_path, proof, name, content, why):
    text = proof + mail(part(name, content), head=HEAD)
    signal = read(text, **options(tmp_path, max_bytes=250))
    assert list(tmp_path.iterdir()) == []
    assert signal.facts["doubt"] == f"export: {why}"
    assessment = assess(signal, TriageSettings())
    assert assessment.lane is Lane.REVIEW
    assert why in {reason.evidence for reason in assessment.reasons}


def test_a_folder_that_is_gone_is_told_to_a_person_with_the_file(tmp_path):
    signal = read(PROOF + mail(part("report.csv", CSV), head=HEAD), **options(tmp_path / "gone"))
    assert signal.facts["doubt"].startswith("export: the folder cannot be written: no such file")
    assert signal.attachments[0].content == CSV


def test_another_senders_csv_is_an_attachment_like_any(tmp_path):
    signal = read(PROOF + mail(part("report.csv", CSV)), **options(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert signal.attachments[0].content == CSV


@pytest.mark.parametrize(
    "rule",
    [
        {"senders": ["*"]},
        {"senders": ["*@*.example"]},
        {"folder": "relative/path"},
        {"suffixes": ["csv"]},
        {"name": "../x"},
    ],
)
def test_a_rule_that_would_take_too_much_is_refused(tmp_path, rule):
    with pytest.raises(ValidationError):
        MailOptions.model_validate(options(tmp_path, **rule))


def test_exports_without_a_trusted_server_are_refused(tmp_path):
    with pytest.raises(ValidationError, match="no sender can be verified"):
        MailOptions.model_validate({**options(tmp_path), "trusted_authserv": []})


def test_nothing_in_the_folder_is_ever_written_over(tmp_path):
    target = tmp_path / "elsewhere"
    (tmp_path / "x.csv").symlink_to(target)
    assert put(tmp_path, "x.csv", CSV) is False
    assert not target.exists()
    (tmp_path / "y.csv").write_bytes(b"older")
    assert put(tmp_path, "y.csv", CSV) is False
    assert (tmp_path / "y.csv").read_bytes() == b"older"


def test_a_crash_before_the_end_leaves_no_half_file_under_a_visible_name(tmp_path, monkeypatch):
    def lost(_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(mail_exports.os, "fsync", lost)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path, "x.csv", CSV)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_hard_links_gets_the_file_by_renaming(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(mail_exports.os, "link", refused)
    assert put(tmp_path, "x.csv", CSV) is True
    assert Path(tmp_path / "x.csv").read_bytes() == CSV
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]
