"""Messages made to break a reader: nesting, sizes, syntax in a mess; every limit holds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing import mail as mail_module
from connector.parsing.mail import (
    MAX_ATTACHMENTS,
    MAX_SUBJECT_CHARS,
    MAX_TEXT_CHARS,
    canonical_key,
    parse_mail,
)
from connector.parsing.mail_charset import safe_text
from connector.parsing.mail_headers import (
    MAX_ADDRESSES,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_REFERENCES,
    read_headers,
)
from connector.parsing.mail_mime import MAX_DEPTH, MAX_PARTS, MAX_TEXT_BYTES, split_message
from connector.parsing.replies import reply_text


def nested(levels, kind="multipart"):
    if kind == "rfc822":
        return b"Content-Type: message/rfc822\n\n" * levels + b"From: a@x.org\n\nend\n"
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)
    )
    return opening + b"\nwords\n"


@pytest.mark.parametrize("kind", ["multipart", "rfc822"])
def test_absurd_nesting_ends_at_the_limit(kind):
    tree = split_message(nested(1_000, kind))
    depth, part = 0, tree.root
    while part.children:
        depth, part = depth + 1, part.children[0]
    assert depth == MAX_DEPTH
    assert tree.truncated
    assert parse_mail(nested(1_000, kind)).truncated


def test_parts_behind_the_limit_are_not_looked_at():
    raw = b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\n\nx\n" * 100_000 + b"--B--\n"
    mail = parse_mail(raw)
    assert mail.truncated
    assert mail.text.count("x") < MAX_PARTS


def test_more_files_than_the_limit_are_cut():
    part = b"--B\nContent-Type: application/x\n\nx\n"
    raw = b"Content-Type: multipart/mixed; boundary=B\n\n" + part * 400 + b"--B--\n"
    assert len(parse_mail(raw).attachments) == MAX_ATTACHMENTS


def test_headers_are_bounded_in_number_and_size():
    many = read_headers(b"A: b\n" * 100_000)
    assert len(list(many)) == MAX_HEADERS
    assert len(read_headers(b"A: " + b"x" * 1_000_000).raw("a")) == MAX_HEADER_BYTES


def test_addresses_references_and_text_are_bounded():
    mail = parse_mail(
        b"From: a@x.org\nTo: " + b", ".join(b"p%d@x.org" % n for n in range(3_200)) + b"\n"
        b"References: " + b" ".join(b"<%d@x>" % n for n in range(5_000)) + b"\n\n" + b"w " * 400_000
    )
    assert len(mail.recipients) == MAX_ADDRESSES
    assert len(mail.references) == MAX_REFERENCES
    assert len(mail.text) <= MAX_TEXT_CHARS


@pytest.mark.parametrize(
    "value",
    [
        b'"' * 60_000,
        b'"\\"' * 20_000,
        b"(" * 60_000,
        b"<" * 60_000,
        b":" * 60_000 + b";",
        b"=?" * 30_000,
        b"=?a?q?x" * 8_000,
        b"=?a?q?x" * 8_000 + b"?=",
        b"a@" * 30_000,
        b"\\" * 60_000,
        b"; a=" * 15_000,
    ],
)
def test_hostile_header_values_are_read_in_linear_time(value):
    raw = b"From: " + value + b"\nSubject: " + value + b"\nContent-Type: text/plain" + value
    raw += b"\nMessage-ID: " + value + b"\nDate: " + value + b"\n\nwords\n"
    parse_mail(raw)


@given(st.binary(max_size=2_000))
def test_no_bytes_at_all_make_it_fail(raw):
    parse_mail(raw)
    canonical_key(raw)


_PIECES = st.sampled_from(
    b"\n|\r\n|\n\n|--B\n|--B--\n|From: |Content-Type: |text/html|;|multipart/mixed; boundary=B|"
    b"message/rfc822|charset=|=?utf-8?b?|?=|\xff|Content-Transfer-Encoding: base64|Subject: |<div>|"
    b"> |utf-16|\0|a@b".split(b"|")
)


@given(st.lists(_PIECES, max_size=60).map(b"".join))
def test_no_mixture_of_mail_syntax_makes_it_fail(raw):
    mail = parse_mail(raw)
    assert safe_text(mail.text) == mail.text
    mail.text.encode()
    mail.subject.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"\r" * 5_000_000 + b"a",
        b" \n" * 2_000_000,
        b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--Bx\n" * 2_000_000,
        b"Content-Type: multipart/mixed; boundary=B\n\n"
        + (b"--B\nContent-Type: text/html\n\n" + b"<p>" * 5_000) * 450,
        b"Content-Type: multipart/mixed; boundary=B\n\n"
        + (b"--B\nContent-Type: text/html\n\n" + b"<p>x" * 5_000) * 450,
        b"Content-Type: multipart/alternative; boundary=B\n\n"
        + (b"--B\nContent-Type: text/html\n\n" + b"<p>x" * 5_000) * 450,
    ],
)
def test_hostile_bodies_are_bounded(raw):
    assert len(parse_mail(raw).text) <= MAX_TEXT_CHARS


@pytest.mark.parametrize("subject", [b"w\xc3\xb6rd " * 70_000, b"=?utf-8?q?w=C3=B6rd?= " * 25_000])
def test_a_subject_of_half_a_megabyte_is_cut(subject):
    mail = parse_mail(b"From: a@x.org\nSubject: " + subject + b"\n\nwords\n")
    assert mail.subject.startswith("wörd")
    assert len(mail.subject) <= MAX_SUBJECT_CHARS
    assert mail.text == "words"


@pytest.mark.parametrize(
    "date",
    [
        "",
        "0000-00-00",
        "Thu, 19 Nov 99999 10:00:00 +0000",
        "Thu, 19 Nov 2026 10:00:00 +999999",
        "Mon, 31 Feb 2026 10:00:00 +0000",
        "Mon, 23 Feb 2026 25:61:61 +0000",
        "Jan 1 0001",
        "1" * 5_000,
        "\udcff\udcfe",
    ],
)
def test_an_absurd_date_is_none(date):
    raw = f"From: a@x.org\nDate: {date}\n\nwords\n".encode("utf-8", "surrogateescape")
    assert parse_mail(raw).date is None


WHOLE = (
    b"Received: from a by b; Thu, 19 Nov 2026 10:00:05 +0000\r\n"
    b'From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nTo: a@x.org, "B, C" <b@x.org>\r\n'
    b"Subject: Re: =?utf-8?b?V2FydGV6ZWl0ZW4=?=\r\nDate: Thu, 19 Nov 2026 11:00:00 +0100\r\n"
    b'Content-Type: multipart/mixed; boundary="=_B"\r\n\r\n--=_B\r\n'
    b"Content-Type: multipart/alternative; boundary=C\r\n\r\n--C\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1; format=flowed\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nNicht sch=F6n. \r\nGar nicht.\r\n\r\n"
    b"On Thu, 19 Nov 2026 at 10:00, P <p@x.org> wrote:\r\n> Guten Tag\r\n--C\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<div>Nicht<blockquote>Tag</blockquote></div>"
    b"\r\n--C--\r\n--=_B\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@x.org\r\nSubject: In\r\n"
    b"\r\nwords\r\n--=_B\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\neJ8+Ig==\r\n--=_B--\r\n"
)
INSERTED = (
    *(
        b"\n\n",
        b"\r",
        b"--=_B\n",
        b"--C--",
        b"=?utf-8?b?",
        b"\0",
        b"\xff\xfe",
        b'"',
        b"(",
        b"<div>" * 99,
    ),
    *(b"Content-Type: message/rfc822\n\n", b"charset=utf-7;", b"> " * 99, b"On 1 " * 99, b"\x1b$B"),
)


def damaged(chance):
    """The whole message after a few accidents: bytes lost, doubled, changed, put in, turned."""
    raw = WHOLE
    for _ in range(chance.randint(1, 6)):
        first = chance.randrange(len(raw) or 1)
        last = min(len(raw), first + chance.randrange(1, 300))
        piece = raw[first:last]
        middle = chance.choice(
            [b"", piece * chance.choice([2, 99]), bytes([chance.randrange(256)]), piece[::-1]]
            + [chance.choice(INSERTED) + piece] * 2
        )
        raw = raw[:first] + middle + raw[last:]
    return raw


@given(st.integers(0, 2**64))
def test_a_damaged_message_is_still_read(seed):
    raw = damaged(random.Random(seed))
    mail = parse_mail(raw)
    canonical_key(raw)
    (mail.text + mail.subject + mail.sender.name + mail.sender.email).encode()
    assert safe_text(mail.subject) == mail.subject
    assert bool(reply_text(mail.text)) == bool(mail.text.strip())


def test_a_cut_message_keeps_what_it_has():
    for length in range(0, len(WHOLE), 7):
        mail = parse_mail(WHOLE[:length])
        if length > WHOLE.index(b"--C--"):
            assert mail.text.startswith("Nicht schön. Gar nicht.")


def test_tnef_and_messages_are_listed_and_not_mixed_into_the_words():
    mail = parse_mail(WHOLE)
    assert [file.name for file in mail.attachments] == ["message-1.eml", "winmail.dat"]
    assert reply_text(mail.text) == "Nicht schön. Gar nicht."


def test_an_invitation_and_inline_images_are_files_beside_the_words():
    raw = (
        b"From: a@x.org\nContent-Type: multipart/related; boundary=R\n\n--R\n"
        b"Content-Type: multipart/alternative; boundary=A\n\n--A\nContent-Type: text/plain\n\nSee "
        b"you.\n--A\nContent-Type: text/html\n\n<p>See you.<img src=cid:1></p>\n--A\n"
        b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n--A--\n"
        b"--R\nContent-Type: image/png; name=rash.png\nContent-ID: <1>\n"
        b"Content-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--R--\n"
    )
    mail = parse_mail(raw)
    assert mail.text == "See you."
    assert [file.media_type for file in mail.attachments] == ["text/calendar", "image/png"]


def test_of_a_large_body_no_more_is_decoded_than_is_kept():
    raw = b"Content-Transfer-Encoding: base64\n\n" + b"d29yZHMg" * (MAX_TEXT_BYTES // 4)
    part = split_message(raw).root
    assert len(part.text()) == MAX_TEXT_BYTES * 3 // 4
    assert len(part.data()) == MAX_TEXT_BYTES // 4 * 6
    assert len(parse_mail(raw).text) <= MAX_TEXT_CHARS


@given(
    st.lists(
        st.sampled_from([b"\n", b">From ", b"From ", b">", b" ", b"\t", b"word", b"x\n"]),
        max_size=60,
    ).map(b"".join),
    st.integers(1, 12),
)
def test_the_key_of_a_large_body_is_that_of_the_whole(body, kept):
    whole = mail_module._FROM_LINE.sub(b"From ", body).rstrip(b"\n \t")[:kept]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail_module, "_KEY_BODY_BYTES", kept)
        assert mail_module._key_body(body) == whole
