import tomllib

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from connector.settings.lines import key_lines

TEXT = '''\
# a comment = 1
state_dir = "/x"   # here

[practice]
name = """
Harbor
zone = "not a key"
"""
own = [
  "a",
  # "[not.a.table]"
  "b",
]
[[sources]]
kind = "imap"
"odd key" = 1
[sources.mapping]
text = "What went [wrong]?"
[[sources]]
kind = "lines"
a.b = 1
[[sources.rules]]
x = { y = 1 }
[[sources.rules]]
'''


def test_every_key_is_found_where_it_stands():
    lines = key_lines(TEXT)
    assert lines["state_dir"] == 2
    assert lines["practice"] == 4
    assert lines["practice.name"] == 5
    assert "practice.zone" not in lines
    assert lines["practice.own"] == 9
    assert lines["sources[0]"] == 14
    assert lines["sources[0].kind"] == 15
    assert lines['sources[0]."odd key"'] == 16
    assert lines["sources[0].mapping.text"] == 18
    assert lines["sources[1].kind"] == 20
    assert lines["sources[1].a.b"] == 21
    assert lines["sources[1].rules[0].x.y"] == 23
    assert lines["sources[1].rules[1]"] == 24


def test_windows_line_ends_count_as_one():
    assert key_lines("a = 1\r\n\r\nb = '''\r\nx\r\n'''\r\nc = 2\r\n") == {"a": 1, "b": 3, "c": 6}


KEYS = st.text(min_size=1, max_size=6).filter(lambda key: key.isprintable())
VALUES = st.recursive(
    st.integers(-9, 9) | st.text(alphabet=st.characters(codec="utf-8"), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_any_valid_file_is_cut_without_error(data, multiline):
    try:
        text = tomli_w.dumps(data, multiline_strings=multiline)
        tomllib.loads(text)
    except (UnicodeEncodeError, tomllib.TOMLDecodeError):
        return
    lines = key_lines(text)
    assert set(lines.values()) <= set(range(1, text.count("\n") + 2))
    assert len({path for path in lines if "." not in path and "[" not in path}) <= len(data) or any(
        mark in key for key in data for mark in ".["
    )
