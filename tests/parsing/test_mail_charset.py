"""Bytes whose label is missing, unknown or a lie."""

from __future__ import annotations

import pytest

from connector.parsing.mail import parse_mail
from connector.parsing.mail_charset import GUESSED_BYTES, codec_name, decode_text, guess_charset


def test_raw_eight_bit_headers_take_the_charset_of_the_body():
    header = "From: Юля <julia@example.com>\nSubject: Ждём\n"
    raw = f"{header}Content-Type: text/plain; charset=koi8-r\n\nЖдём\n"
    mail = parse_mail(raw.encode("koi8-r"))
    assert (mail.sender.name, mail.subject, mail.text) == ("Юля", "Ждём", "Ждём")


def test_raw_eight_bit_headers_without_any_charset_are_western():
    mail = parse_mail(b"From: J\xfcrgen <j@example.com>\nSubject: Fr\xf6sche\n\nx\n")
    assert (mail.sender.name, mail.subject) == ("Jürgen", "Frösche")


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("koi8-r", "Я ждал два часа и никто не пришёл. Врач был очень груб."),
        ("cp1251", "Я чекав дві години і ніхто не прийшов. Лікар був грубий."),
        ("cp1253", "Περίμενα δύο ώρες και κανείς δεν ήρθε. Ο γιατρός ήταν αγενής."),
        ("cp932", "二時間待ちましたが、誰も来ませんでした。医者は失礼でした。"),
        ("gb18030", "我等了两个小时，没有人来。医生很粗鲁，我不会再来了。"),
        ("cp949", "두 시간을 기다렸지만 아무도 오지 않았습니다."),
        ("cp1252", "Ich habe zwei Stunden gewartet, müde und übel. Schöne Grüße."),
        ("cp1252", "J'ai été très déçu, à côté de l'entrée."),
        ("cp1252", "“Two hours” – that’s what it took."),
    ],
)
def test_a_body_without_a_charset_is_read_in_its_script(charset, words):
    raw = f"From: a@example.com\nSubject: {words}\n\n{words}\n".encode(charset)
    mail = parse_mail(raw)
    assert (mail.subject, mail.text) == (words, words)


def test_a_lying_charset_does_not_spoil_utf8():
    raw = b"From: a@example.com\nContent-Type: text/plain; charset=big5\n\nsch\xc3\xb6n\n"
    assert parse_mail(raw).text == "schön"


@pytest.mark.parametrize("label", ["X-UNKNOWN", "punycode", "unicode_escape", "rot13", "", "\0"])
def test_an_impossible_charset_falls_back(label):
    assert codec_name(label) == ""
    assert decode_text(b"sch\xf6n", label) == "schön"


def test_a_part_without_a_charset_is_read_like_the_message_around_it():
    words = "Я ждал два часа и никто не пришёл"
    raw = (
        f"From: Юля <julia@example.com>\nContent-Type: multipart/alternative; boundary=B\n\n"
        f"--B\nContent-Type: text/plain\n\n\n--B\nContent-Type: text/html\n\n"
        f"<p>{words}</p>\n--B--\n"
    )
    mail = parse_mail(raw.encode("cp1251"))
    assert (mail.sender.name, mail.text) == ("Юля", words)


def test_a_few_foreign_bytes_are_no_foreign_script():
    assert guess_charset("müde, übel, größer".encode("cp1252")) == ""
    assert guess_charset(b"\xe9\xe8") == ""
    assert guess_charset("schön".encode()) == ""


def test_what_is_cut_within_a_character_is_still_utf8():
    data = ("Я ждал два часа. " * 400).encode()
    assert guess_charset(data[1:]) == ""
    assert guess_charset(b"x" + data) == ""
    assert len(data) > GUESSED_BYTES
