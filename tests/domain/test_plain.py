"""Text from outside made harmless to print."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.plain import one_line, printable

HIDDEN = (
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\ufeff\u00ad\x1b\x00"
)


def test_marks_that_turn_or_hide_words_go():
    assert printable(f"pay{HIDDEN} me") == "pay me"


def test_every_kind_of_line_break_is_a_line_feed():
    assert printable("a\r\nb\rc\u2028d\u2029e\x0bf\x0cg\x85h") == "a\nb\nc\nd\ne\nf\ng\nh"


def test_names_in_any_script_stay():
    for name in ("Zoë Ørsted", "Николай", "李雷", "محمد", "नेहा", "👩‍⚕️"[0]):
        assert printable(name) == name


@given(st.text())
def test_nothing_is_left_that_a_terminal_or_a_reader_could_stumble_over(text):
    shown = printable(text)
    assert printable(shown) == shown
    assert not [
        char for char in shown if char != "\n" and unicodedata.category(char) in {"Cc", "Cs"}
    ]
    assert not set(shown) & set(HIDDEN)
    shown.encode("utf-8")


@given(st.text(max_size=500), st.integers(3, 80))
def test_one_line_is_one_line_of_that_length(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.splitlines() in ([], [line])
    assert line == line.strip()


def test_what_was_cut_says_so():
    assert one_line("abcdefghij", 6) == "abc..."
    assert one_line("ab" + "\u200b" * 1000 + "c", 10) == "ab..."
    assert one_line("ab cd", 6) == "ab cd"
