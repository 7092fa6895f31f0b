"""Texts of the practice: understood, checked, or refused with file, line and cure."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recovery.builders import PRACTICE, USUAL

from connector.domain.errors import ConfigError
from connector.domain.taxonomy import TAXONOMY
from connector.recovery.drafts import gsm
from connector.recovery.drafts.book import CHANNELS, LANGUAGES, builtin, read
from connector.recovery.drafts.review import Scope, of_sheet, review
from connector.recovery.drafts.sheet import FACTS, PIECES, Sheet, SheetError, parse
from connector.recovery.drafts.shelf import LOOK_EVERY_S, Shelf

REACHED = Scope(practice=replace(PRACTICE, phone="+1 303 555 0142"), recovery=USUAL)
DECENT = "Thank you for telling us. Reference {{ reference }}"


def parsed(source, key="en/email"):
    return parse(key, source, allowed=FACTS | PIECES, file="email.txt")


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def told(folder: Path) -> str:
    book, faults = read(folder)
    return "\n".join(str(fault) for fault in (*faults, *review(book, [REACHED])))


@pytest.mark.parametrize("sheet", builtin().sheets.values(), ids=lambda sheet: sheet.key)
def test_our_own_texts_pass_in_all_their_forms(sheet):
    nobody = Scope(practice=PRACTICE, recovery=USUAL)
    assert [str(fault) for fault in of_sheet(sheet, [REACHED, nobody])] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", TAXONOMY)
def test_every_category_has_words_for_every_channel(category, language):
    for channel in CHANNELS:
        text = builtin().text(language, channel, category, {"practice": "P", "phone": "1"})
        assert text
        assert "{" not in text


def test_our_text_messages_fit():
    assert review(builtin(), [REACHED]) == []


def test_a_long_name_is_a_warning_with_its_cure():
    long = Scope(practice=replace(REACHED.practice, name="The " * 20), recovery=USUAL)
    found = review(builtin(), [long])
    assert {fault.level for fault in found} == {"warning"}
    assert "sms_sender" in found[0].cure


def test_a_name_that_tells_the_specialty_is_a_warning():
    telling = Scope(practice=replace(REACHED.practice, name="Bay Oncology"), recovery=USUAL)
    assert "specialty" in str(review(builtin(), [telling])[0])


@pytest.mark.parametrize(
    ("text", "units", "limit"),
    [
        ("a" * 159, 159, 159),
        ("\u20ac" * 10, 20, 159),
        ("\u00f1\u00e9\u00bf", 3, 159),
        ("\u00e1", 1, 70),
        ("\U0001f642", 2, 70),
    ],
)
def test_letters_of_a_text_message_are_counted_as_the_network_does(text, units, limit):
    assert gsm.length(text) == (units, limit)


def test_names_are_written_with_letters_that_every_message_holds():
    assert gsm.plain("Cl\u00ednica Ni\u00f1o, \u00c1rea") == "Clinica Ni\u00f1o, Area"


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("Dear\n{{ name }}", 2, "unknown placeholder: 'name'"),
        ("a\nb\n{{ phone", 3, "no template"),
        ("{% for x in range(10**9) %}x{% endfor %}", 1, "not allowed here (for)"),
        ("{{ 'x' * 10**9 }}", 1, "not allowed here (mul)"),
        ("{{ practice.__class__ }}", 1, "not allowed here (getattr)"),
        ("{{ practice | upper }}", 1, "not allowed here (filter)"),
        ("{{ cycler() }}", 1, "not allowed here (call)"),
        ("{% include 'x' %}", 1, "not allowed here (include)"),
        ("{% set phone = 1 %}", 1, "not allowed here (assign)"),
        ("{% macro a() %}{% endmacro %}", 1, "not allowed here (macro)"),
        ("{% if phone == 'x' %}a{% endif %}", 1, "not allowed here (compare)"),
        ("{% if phone %}" * 5 + "{% endif %}" * 5, 1, "ifs in each other"),
        ("{% if phone %}" * 500, 1, "no template"),
        ("{{ " + "(" * 3_000, 1, "no template"),
        ("{{ " + "9" * 6_000 + " }}", 1, ""),
        ("x" * 9_000, 1, "larger than"),
    ],
)
def test_what_is_no_plain_text_with_placeholders_is_refused(source, line, said):
    with pytest.raises(SheetError) as refused:
        parsed(source)
    assert said in refused.value.what
    assert refused.value.line == line
    assert refused.value.cure


def test_a_sentence_cannot_hold_a_sentence(tmp_path):
    put(tmp_path, "en/say.visit.wait.txt", "{{ say }}")
    assert "unknown placeholder: 'say'" in told(tmp_path)


@given(st.text(alphabet="{}%# iftelsnd phone\n'\"()*", max_size=80))
def test_any_text_is_understood_or_refused(source):
    try:
        sheet = parsed(source)
    except SheetError:
        return
    text, places = sheet.lines({"phone": "1"})
    assert len(text) == len(places)
    assert sheet.fill({"phone": "1"}) == text.strip()


def test_an_if_has_both_its_forms():
    sheet = parsed(
        "{% if phone %}Call {{ phone }}{% elif not due %}no{% else %}by {{ due }}{% endif %}."
    )
    assert sheet.fill({"phone": "7"}) == "Call 7."
    assert sheet.fill({"due": "noon"}) == "by noon."
    assert sheet.fill({}) == "no."


def test_a_bad_phrase_is_told_with_file_line_phrase_and_cure(tmp_path):
    put(tmp_path, "en/email.txt", f"Subject: Hello\n\n{DECENT}\n\nWe will refund you.\n")
    with pytest.raises(ConfigError) as refused:
        Shelf(tmp_path, [REACHED])
    (fault,) = refused.value.faults
    assert fault.startswith(f"{tmp_path}/en/email.txt:5: holds a promise")
    assert "'refund'" in fault
    assert "promise only what you do" in fault


@pytest.mark.parametrize(
    "form",
    [
        "{% if site %}x{% else %}We guarantee it.{% endif %}",
        "{% if not phone %}We guarantee it.{% endif %}",
    ],
)
def test_a_bad_phrase_in_a_form_that_is_seldom_seen_is_found(tmp_path, form):
    put(tmp_path, "en/letter.txt", DECENT + form)
    assert "guarantee" in told(tmp_path)


def test_a_general_text_names_no_fault_because_it_goes_with_care_too(tmp_path):
    put(tmp_path, "en/email.txt", "That was our mistake. {{ reference }}")
    put(tmp_path, "en/email.visit.wait.txt", "That was our mistake. {{ reference }}")
    found = told(tmp_path)
    assert "en/email.txt:1" in found
    assert "email.visit.wait.txt" not in found


def test_a_public_answer_gives_nobody_away(tmp_path):
    put(tmp_path, "es/public.txt", "Gracias por su visita.")
    assert "es/public.txt:1: holds a hint that the writer is a patient" in told(tmp_path)


@pytest.mark.parametrize("name", ["reference", "due", "say", "write"])
def test_a_public_answer_has_nothing_of_a_case(tmp_path, name):
    put(tmp_path, "en/public.txt", f"Thank you for writing. {{{{ {name} }}}}")
    assert f"unknown placeholder: '{name}'" in told(tmp_path)


def test_a_text_message_that_is_too_long_tells_why(tmp_path):
    put(
        tmp_path,
        "es/sms.txt",
        "{{ sender }}: ll\u00e1menos, por favor. " + "Queremos ayudarle. " * 3,
    )
    assert "because of '\u00e1'" in told(tmp_path)


def test_what_may_be_empty_is_asked_for(tmp_path):
    put(tmp_path, "en/letter.txt", "Please ask for {{ contact }}.")
    assert "unfilled placeholder: 'contact' is not set" in told(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("en/email.txt", b"\x89PNG\r\n\x1a\n\x00\xff", "not UTF-8 text (line"),
        ("en/email.txt", b"a\0b", "is no text"),
        ("en/email.txt", b" \n", "is empty"),
        ("en/email.txt", b"x" * 20_000, "larger than 8192 bytes"),
        ("en/emial.txt", b"x", "a name that says no text"),
        ("en/email.visit.wiat.txt", b"x", "a name that says no text"),
        ("en/say.txt", b"x", "a name that says no text"),
        ("fr/email.txt", b"x", "is not a language"),
        ("email.txt", b"x", "is not a language"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, name, content, said):
    put(tmp_path, name, content)
    found = told(tmp_path).replace(
        "email.txt:1: is not UTF-8 text;", "email.txt:1: is not UTF-8 text (line;"
    )
    assert said in found
    assert found.startswith(str(tmp_path))


def test_a_link_in_a_circle_a_pipe_and_a_folder_are_told(tmp_path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "email.txt").symlink_to("email.txt")
    os.mkfifo(tmp_path / "en" / "sms.txt")
    (tmp_path / "en" / "letter.txt").mkdir()
    (tmp_path / "es").symlink_to("es")
    found = told(tmp_path)
    assert "en/email.txt:1: is a symbolic link that leads in a circle" in found
    assert "en/sms.txt:1: is no regular file" in found
    assert "en/letter.txt:1: is no regular file" in found
    assert "es:1: is a symbolic link that leads in a circle" in found


def test_a_folder_that_is_not_there_is_told(tmp_path):
    assert "cannot be read: No such file" in told(tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it_is_told(tmp_path):
    put(tmp_path, "en/email.txt", DECENT).chmod(0)
    assert "cannot be read: Permission denied" in told(tmp_path)


def test_backups_and_hidden_files_are_passed_over(tmp_path):
    put(tmp_path, "en/.email.txt.swp", b"\xff")
    put(tmp_path, "en/email.txt~", b"\xff")
    put(tmp_path, ".git/config", b"\xff")
    assert told(tmp_path) == ""


def test_one_of_the_category_goes_before_the_general_and_ours(tmp_path):
    put(tmp_path, "en/email.txt", f"General. {DECENT}")
    put(tmp_path, "en/email.visit.wait.txt", f"Special. {DECENT}")
    book = Shelf(tmp_path, [REACHED]).book()
    assert book.text("en", "email", "visit.wait", {}).startswith("Special")
    assert book.text("en", "email", "billing.money", {}).startswith("General")
    assert book.text("es", "email", "visit.wait", {}) == builtin().text(
        "es", "email", "visit.wait", {}
    )
    assert book.version("visit.wait") != book.version("billing.money")
    assert book.version("visit.wait") != builtin().version("visit.wait")


def test_a_file_that_changes_later_is_taken_and_a_bad_one_is_not(tmp_path):
    put(tmp_path, "en/email.txt", f"First. {DECENT}")
    said: list[int] = []
    now = [0.0]
    shelf = Shelf(tmp_path, [REACHED], tell=lambda bad: said.append(len(bad)), clock=lambda: now[0])

    def subject(after_s):
        now[0] += after_s
        return shelf.book().text("en", "email", "visit.wait", {}).split(".")[0]

    put(tmp_path, "en/email.txt", f"Second one. {DECENT}")
    assert subject(LOOK_EVERY_S - 1) == "First"
    assert subject(1) == "Second one"
    put(tmp_path, "en/email.txt", "We guarantee it.")
    assert subject(LOOK_EVERY_S) == "Second one"
    assert subject(LOOK_EVERY_S) == "Second one"
    assert said == [1]
    (tmp_path / "en" / "email.txt").unlink()
    assert subject(LOOK_EVERY_S).startswith("Subject: We would like")
    assert said == [1, 0]
    assert shelf.faults == ()


def test_a_folder_that_vanishes_leaves_the_last_good_texts(tmp_path):
    folder = tmp_path / "words"
    put(folder, "en/email.txt", f"First. {DECENT}")
    now = [0.0]
    shelf = Shelf(folder, [REACHED], clock=lambda: now[0])
    folder.rename(tmp_path / "elsewhere")
    now[0] += LOOK_EVERY_S
    assert shelf.book().text("en", "email", "visit.wait", {}).startswith("First")
    assert len(shelf.faults) == 1


def test_lines_are_counted_through_values():
    sheet = parsed("{{ practice }}\n{{ phone }}\nWe guarantee it.")
    assert isinstance(sheet, Sheet)
    assert [fault.line for fault in of_sheet(sheet, [REACHED])] == [3]
