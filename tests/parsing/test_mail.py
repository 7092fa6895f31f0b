"""Messages as senders, gateways and accidents make them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.parsing.mail import (
    attachment_name,
    canonical_key,
    parse_mail,
    unflow,
)
from connector.parsing.mail_headers import (
    decode_words,
    message_ids,
    parse_mailboxes,
    read_date,
)
from connector.parsing.mail_mime import decode_transfer
from connector.parsing.mail_parameters import parameters

PLAIN = (
    b"Received: from a by b; Thu, 19 Nov 2026 10:00:05 +0000\r\n"
    b"From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.com>\r\n"
    b"To: feedback@practice.example\r\n"
    b"Subject: =?utf-8?b?V2FydGV6ZWl0?=\r\n =?utf-8?b?ZW4=?=\r\n"
    b"Date: Thu, 19 Nov 2026 11:00:00 +0100\r\n"
    b"Message-ID: <m1@example.com>\r\n"
    b"References: <r1@x> <r2@x>\r\n"
    b"In-Reply-To: <r2@x>\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"Zwei Stunden gewartet. Nicht sch=F6n.\r\n"
)


def alternative(plain, html, *, top=b"multipart/alternative"):
    return (
        b"From: a@example.com\r\nContent-Type: %b; boundary=XX\r\n\r\npreamble\r\n"
        b"--XX\r\nContent-Type: text/plain\r\n\r\n%b\r\n"
        b"--XX\r\nContent-Type: text/html\r\n\r\n%b\r\n--XX--\r\n" % (top, plain, html)
    )


def test_an_ordinary_message_says_who_when_and_what():
    mail = parse_mail(PLAIN)
    assert (mail.sender.name, mail.sender.email) == ("Jürgen Müller", "juergen@example.com")
    assert mail.subject == "Wartezeiten"
    assert mail.date == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert mail.text == "Zwei Stunden gewartet. Nicht schön."
    assert mail.message_id == "m1@example.com"
    assert mail.references == ("r1@x", "r2@x")


def test_the_key_survives_transport_and_storage():
    unix = PLAIN.replace(b"\r\n", b"\n")
    relayed = b"Received: from c by d\r\nX-Spam: no\r\n" + PLAIN
    assert canonical_key(PLAIN) == canonical_key(unix) == canonical_key(relayed)
    assert canonical_key(PLAIN) == canonical_key(PLAIN + b"\r\n\r\n")


def test_the_key_is_frozen():
    assert canonical_key(PLAIN) == (
        "m1@example.com 78963fbfa31e951955382e0e1f8b3493bd70685c73366c1f155d6cda08b6c98a"
    )


def test_texts_without_headers_differ_by_their_words():
    assert canonical_key(b"It went well.\n") != canonical_key(b"It went badly.\n")
    assert canonical_key(b"Note: good.\nAll well\n") != canonical_key(b"Note: good.\nNot well\n")


def test_another_content_under_the_same_id_is_another_message():
    assert canonical_key(PLAIN) != canonical_key(PLAIN.replace(b"Zwei", b"Drei"))
    assert canonical_key(PLAIN).split()[0] == canonical_key(PLAIN.replace(b"Z", b"D")).split()[0]


def test_plain_text_is_preferred_to_html():
    assert parse_mail(alternative(b"Plain words", b"<p>Rich words</p>")).text == "Plain words"


def test_html_is_read_when_plain_text_is_empty_or_a_mere_hint():
    rich = b"<p>" + b"I waited for two hours. " * 20 + b"</p>"
    assert parse_mail(alternative(b" \r\n", rich)).text.startswith("I waited")
    assert parse_mail(alternative(b"See the HTML version", rich)).text.startswith("I waited")


def test_texts_of_a_mixed_message_are_joined_and_files_listed():
    raw = (
        b"From: a@example.com\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\nFirst.\n--B\n"
        b'Content-Type: image/png; name="=?utf-8?q?Ausschlag_l=C3=A4nglich?=.png"\n'
        b"Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--B\n\nSecond.\n--B--\n"
    )
    mail = parse_mail(raw)
    assert mail.text == "First.\n\nSecond."
    [file] = mail.attachments
    assert (file.name, file.media_type) == ("Ausschlag länglich.png", "image/png")
    assert file.content == b"\x89PNG\r\n\x1a\n"


def test_a_file_above_the_limit_is_listed_without_its_content():
    raw = (
        b"From: a@example.com\nContent-Type: application/pdf\n"
        b"Content-Disposition: attachment; filename=../../etc/report.pdf\n\n" + b"x" * 2_000
    )
    [file] = parse_mail(raw, max_attachment_bytes=1_000).attachments
    assert (file.name, file.content, file.withheld) == ("report.pdf", b"", "oversize")


def test_the_words_of_a_message_that_only_carries_another_are_those_of_the_other():
    raw = b"From: staff@example.com\nContent-Type: message/rfc822\n\n" + PLAIN
    mail = parse_mail(raw)
    assert mail.text.startswith("Zwei Stunden")
    assert mail.embedded_ids == ("m1@example.com",)
    assert len(mail.attachments) == 1


def test_nul_surrogates_and_overrides_never_reach_the_text():
    raw = b"From: a@example.com\nSubject: A\0B=?utf-8?q?=ED=A0=80?=\n\nx\0y \xe2\x80\xaeback\n"
    mail = parse_mail(raw)
    assert "\0" not in mail.subject + mail.text
    assert "\u202e" not in mail.text
    (mail.subject + mail.text).encode()


def test_encoded_words_cut_within_a_character_are_joined():
    assert decode_words(b"=?utf-8?q?sch=C3?= =?utf-8?q?=B6n?= =?utf-8?q?_da?=") == "schön da"
    assert decode_words(b"=?utf-8?q?unfinished") == "=?utf-8?q?unfinished"
    assert decode_words(b"plain =?iso-8859-1?Q?=E4?= end") == "plain ä end"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Jane Doe <jane@Example.com>", [("Jane Doe", "jane@example.com")]),
        ('"Doe, Jane" <jane@example.com>', [("Doe, Jane", "jane@example.com")]),
        ("=?utf-8?q?Doe=2C_Jane?= <j@x.org>", [("Doe, Jane", "j@x.org")]),
        ("jane@example.com (Jane Doe)", [("Jane Doe", "jane@example.com")]),
        ("Jane jane@example.com", [("Jane", "jane@example.com")]),
        ("A <a@x.org>, B <b@x.org>", [("A", "a@x.org"), ("B", "b@x.org")]),
        ("undisclosed-recipients:;", []),
        ("Team: a@x.org, b@x.org;", [("", "a@x.org"), ("", "b@x.org")]),
        ("<@relay.example:jane@example.com>", [("", "jane@example.com")]),
        ("Jane <jane@exam\n ple.com>", [("Jane", "jane@example.com")]),
        ('"unclosed <jane@example.com>', [('"unclosed', "jane@example.com")]),
        ("Jane <jane@example.com", [("Jane", "jane@example.com")]),
        ("Moderator <moderator>", [("Moderator", "")]),
        ("", []),
    ],
)
def test_addresses_are_found_as_people_and_programs_write_them(written, expected):
    assert [(box.name, box.email) for box in parse_mailboxes(written.encode())] == expected


def test_a_sender_within_a_machine_has_no_domain():
    assert parse_mail(b"From: Cron <root>\n\nx\n").sender.email == "root"
    assert parse_mail(b"From: <not one word>\n\nx\n").sender.email == ""


def test_ids_are_bare_and_unfolded():
    assert message_ids("<a@b> <c\n @d>") == ["a@b", "c@d"]
    assert message_ids("a@b") == ["a@b"]
    assert message_ids("") == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Thu, 19 Nov 2026 11:00:00 +0100 (CET)", datetime(2026, 11, 19, 10, tzinfo=UTC)),
        ("19 Nov 26 10:00", datetime(2026, 11, 19, 10, tzinfo=UTC)),
        ("Thu, 19 Nov 2026 10:00:00 EST", datetime(2026, 11, 19, 15, tzinfo=UTC)),
        ("yesterday", None),
        ("Thu, 99 Foo 2026 99:99:99 +9999", None),
        ("", None),
    ],
)
def test_dates_are_utc_or_nothing(written, expected):
    assert read_date(written) == expected


def test_a_missing_date_is_taken_from_the_last_relay():
    mail = parse_mail(PLAIN.replace(b"Date: Thu", b"X-Date: Thu"))
    assert mail.date == datetime(2026, 11, 19, 10, 0, 5, tzinfo=UTC)


def test_parameters_in_pieces_and_charsets_are_joined():
    value, found = parameters(
        "Attachment; filename*0*=utf-8''sch%C3%B6n; filename*1=er.pdf; size=12"
    )
    assert value == "attachment"
    assert found == {"filename": "schöner.pdf", "size": "12"}
    assert parameters('text/plain; name="a;b.txt"')[1] == {"name": "a;b.txt"}


@pytest.mark.parametrize(
    ("body", "encoding", "expected"),
    [
        (b"aGVs\nbG8", "base64", b"hello"),
        (b"aGVsbG8", "BASE64; x", b"hello"),
        (b"aGVs!bG8=", "base64", b"hello"),
        (b"aGVsbG8=aGVsbG8=", "base64", b"hellohello"),
        (b"sch=C3=B6n=\n er", "quoted-printable", b"sch\xc3\xb6n er"),
        (b"100=", "quoted-printable", b"100"),
        (b"begin 644 a\n%:&5L;&\\\n`\nend\n", "x-uuencode", b"hello"),
        (b"as it is", "8bit", b"as it is"),
        (b"as it is", "nonsense", b"as it is"),
    ],
)
def test_damaged_transfer_encodings_are_undone_as_far_as_possible(body, encoding, expected):
    assert decode_transfer(body, encoding) == expected


@pytest.mark.parametrize("ends", [b"\r", b"\n", b"\r\r\n"])
def test_any_line_ends_will_do(ends):
    assert parse_mail(PLAIN.replace(b"\r\n", ends)).subject == "Wartezeiten"


def test_a_damaged_header_line_does_not_hide_the_headers_behind_it():
    raw = b"From: a@example.com\nthis was cut\nSubject: Kept\nTo: b@example.com\n\nWords\n"
    mail = parse_mail(raw)
    assert (mail.subject, mail.text) == ("Kept", "Words")


def test_text_without_headers_is_all_words():
    assert parse_mail(b"Dear all,\nit went well.\n").text == "Dear all,\nit went well."


def test_a_lost_boundary_is_guessed():
    raw = alternative(b"Plain words", b"<p>x</p>").replace(b"; boundary=XX", b"")
    assert parse_mail(raw).text == "Plain words"


def test_an_unclosed_multipart_keeps_its_last_part():
    raw = alternative(b"Plain words", b"<p>x</p>", top=b"multipart/mixed")[:-8]
    assert parse_mail(raw).text == "Plain words\n\nx"


def test_flowed_lines_are_joined_and_quotes_stay_quotes():
    assert unflow("I waited for \ntwo hours.\n> you said \n> soon\n-- \nJane") == (
        "I waited for two hours.\n> you said soon\n-- \nJane"
    )


def test_file_names_are_base_names_without_hidden_characters():
    assert attachment_name("C:\\Users\\jane\\scan.pdf") == "scan.pdf"
    assert attachment_name("a\0b\u202efdp.exe") == "a\ufffdbfdp.exe"
    assert attachment_name("..") == ""
    long = attachment_name("x" * 500 + ".pdf")
    assert len(long) == 150
    assert long.endswith(".pdf")


def test_a_line_of_blanks_within_the_header_does_not_end_it():
    raw = (
        b"From: jane@example.com\nSubject: =?UTF-8?B?dmlzaXQ=?=\n \nMIME-Version: 1.0\n"
        b"Content-Type: text/html\n\n<p>I waited.</p>\n"
    )
    assert parse_mail(raw).text == "I waited."
    form = b"From: jane@example.com\nSubject: visit\n \nName: Jane\nDate: Monday\n\nI waited.\n"
    assert parse_mail(form).text.startswith("Name: Jane\nDate: Monday")


def test_a_text_file_shown_within_the_mail_is_read_and_is_a_file():
    raw = (
        b"From: jane@example.com\nContent-Type: multipart/mixed; boundary=B\n\n--B\n\nSee below.\n"
        b'--B\nContent-Type: text/plain; name="story.txt"\n'
        b'Content-Disposition: inline; filename="story.txt"\n\nI waited.\n--B--\n'
    )
    found = parse_mail(raw)
    assert found.text == "See below.\n\nI waited."
    assert [one.name for one in found.attachments] == ["story.txt"]


def test_a_report_that_stands_among_the_status_fields_is_the_text():
    raw = (
        b"From: postmaster@mx.example\nContent-Type: multipart/report; boundary=B\n\n--B\n"
        b"Content-Type: message/delivery-status\n\nThis message was undeliverable:\n\nfull\n"
        b"--B\nContent-Type: message/rfc822\n\nSubject: x\n\nDear Jane\n--B--\n"
    )
    assert parse_mail(raw).text.startswith("This message was undeliverable:")
