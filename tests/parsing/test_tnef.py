"""Mail of Outlook whose words and files came packed in winmail.dat."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.mail import parse_mail
from connector.parsing.rtf import decompressed, rtf_to_text
from connector.parsing.tnef import MAX_FILES, read_tnef

HELLO = bytes.fromhex(  # the example of MS-OXRTFCP
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c09002062770"
    "5b06c647d0a800fa0"
)


def block(attribute, content, level=1):
    return (
        struct.pack("<BHHI", level, attribute, 6, len(content))
        + content
        + struct.pack("<H", sum(content) & 0xFFFF)
    )


def properties(*found):
    out = struct.pack("<I", len(found))
    for kind, prop, value in found:
        out += struct.pack("<HH", kind, prop)
        if prop >= 0x8000:
            out += b"\0" * 16 + struct.pack("<II", 0, 5)
        if kind == 3:
            out += struct.pack("<I", value)
        else:
            out += struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def tnef(*blocks):
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(blocks)


def file(name, data, long_name=""):
    long = block(0x9005, properties((0x1F, 0x3707, f"{long_name}\0".encode("utf-16-le"))), level=2)
    return (
        block(0x9002, b"\0" * 14, level=2)
        + block(0x8010, name + b"\0", level=2)
        + block(0x800F, data, level=2)
        + (long if long_name else b"")
    )


def mail(container, text="", name="winmail.dat", kind="application/ms-tnef"):
    body = base64.encodebytes(container).decode()
    return parse_mail(
        (
            "From: Jane Doe <jane@example.com>\nSubject: visit\nMIME-Version: 1.0\n"
            f'Content-Type: multipart/mixed; boundary="B"\n\n--B\n\n{text}\n--B\n'
            f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n\n'
            f"{body}\n--B--\n"
        ).encode()
    )


def test_words_and_files_of_a_container_are_those_of_the_mail():
    packed = tnef(
        block(0x9007, struct.pack("<II", 1252, 0)),
        block(0x9003, properties((3, 0x8001, 7), (0x1E, 0x1000, b"J\xfcrgen waited.\r\n\0"))),
        file(b"SCAN~1.PDF", b"%PDF-1", "Scan of my bill.pdf"),
        file(b"photo.jpg", b"\xff\xd8\xff"),
    )
    found = mail(packed)
    assert found.text == "J\u00fcrgen waited."
    assert [one.name for one in found.attachments] == ["Scan of my bill.pdf", "photo.jpg"]
    assert found.attachments[0].content == b"%PDF-1"


def test_the_text_beside_a_container_counts_and_the_container_goes():
    found = mail(tnef(block(0x800C, b"packed\0"), file(b"a.txt", b"x")), "I waited.")
    assert found.text == "I waited."
    assert [one.name for one in found.attachments] == ["a.txt"]


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        ((block(0x800C, b"old style\0"),), "old style"),
        ((block(0x9003, properties((0x1F, 0x1000, "unicode\0".encode("utf-16-le")))),), "unicode"),
        ((block(0x9003, properties((0x0102, 0x1013, b"<p>Hello <b>you</b></p>"))),), "Hello you"),
        (
            (
                block(
                    0x9003,
                    properties((3, 0x3FDE, 65001), (0x0102, 0x1013, "<p>Jürgen</p>".encode())),
                ),
            ),
            "Jürgen",
        ),
        ((block(0x9003, properties((0x0102, 0x1009, HELLO))),), "hello world"),
    ],
)
def test_a_body_of_any_kind_is_read(blocks, text):
    assert mail(tnef(*blocks)).text == text


def test_a_container_without_files_stays_a_file_and_so_does_what_is_none():
    assert [one.name for one in mail(tnef(block(0x800C, b"x"))).attachments] == ["winmail.dat"]
    assert [one.name for one in mail(b"no container").attachments] == ["winmail.dat"]
    named = mail(tnef(file(b"a.txt", b"x")), kind="application/octet-stream")
    assert [one.name for one in named.attachments] == ["a.txt"]


def test_a_large_file_in_a_container_is_named_without_its_content():
    raw = (
        "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(tnef(file(b"a.bin", b"x" * 2_000))).decode()
    )
    found = parse_mail(raw.encode(), max_attachment_bytes=100).attachments[0]
    assert (found.name, found.content, found.withheld) == ("a.bin", b"", "oversize")


def test_rich_text_gives_its_words():
    assert decompressed(HELLO, 10_000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    text = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\pard J\'fcrgen waited\par two "
        rb"\u8364?hours{\*\generator x;}\line \{end\}}"
    )
    assert rtf_to_text(text) == "J\u00fcrgen waited\ntwo \u20achours\n{end}"
    html = (
        rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 I waited.\htmlrtf\par}"
        rb"\htmlrtf0 {\*\htmltag72 </p>}}"
    )
    assert rtf_to_text(html) == "I waited."


@pytest.mark.parametrize(
    "data",
    [
        tnef(*(file(b"a", b"") for _ in range(5_000))),
        tnef(block(0x9003, struct.pack("<I", 0xFFFFFFFF) + b"\x03\0\x01\0" * 50_000)),
        tnef(block(0x9003, struct.pack("<IHHI", 1, 0x101E, 0x1000, 0xFFFFFFFF))),
        tnef(struct.pack("<BHHI", 1, 0x800C, 6, 0xFFFFFFFF)),
        tnef(
            block(
                0x9003,
                properties(
                    (0x0102, 0x1009, struct.pack("<II4sI", 9, 2**31, b"LZFu", 0) + b"\xff" * 99_999)
                ),
            )
        ),
        tnef(block(0x9003, properties((0x0102, 0x1009, b"\0" * 8 + b"MELA" + b"{" * 99_999)))),
    ],
)
def test_a_hostile_container_is_read_within_bounds(data):
    found = read_tnef(data)
    assert found is not None
    assert len(found.files) <= MAX_FILES


@given(st.binary(max_size=300), st.integers(0, 120))
def test_no_bytes_can_break_it(noise, at):
    whole = tnef(block(0x9003, properties((0x1E, 0x1000, b"words\0"))), file(b"a", b"x", "b"))
    read_tnef(whole[:at] + noise + whole[at:])
    rtf_to_text(decompressed(HELLO[:16] + noise, 1_000))
    rtf_to_text(noise)
    mail(whole[:at] + noise)
