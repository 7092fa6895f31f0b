"""Parameters of Content-Type and Content-Disposition, as senders write them; never raises."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from connector.parsing.mail_charset import decode_text


def parameters(text: str) -> tuple[str, dict[str, str]]:
    """Read `type/sub; a=b; c*0*=utf-8''d`: the value in lower case and its parameters.

    Knows quotes, comments, RFC 2231 pieces and charsets, and RFC 2047 words where they are
    forbidden but usual.
    """
    if not text:
        return "", {}
    value, *rest = _split_parameters(text)
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for item in rest:
        name, equals, content = item.partition("=")
        name = name.strip().lower()
        content = _unquote(content.strip())
        if not equals or not name:
            continue
        base, star, mark = name.partition("*")
        if star:
            number, _, _ = mark.partition("*")
            order = int(number) if number.isdecimal() and len(number) < 4 else 0  # noqa: PLR2004 - RFC 2231 pieces
            pieces.setdefault(base, []).append((order, name.endswith("*"), content))
        else:
            plain.setdefault(name, content)
    for base, parts in pieces.items():
        plain[base] = _join_pieces(sorted(parts, key=lambda part: part[0]))
    value = re.sub(r"\s", "", value.partition("(")[0]).lower()
    return value, plain


def _split_parameters(text: str) -> list[str]:
    """Cut at semicolons outside of quotes."""
    if '"' not in text:
        return text.split(";")
    if "\\" not in text:
        return _split_plain_quotes(text)
    parts: list[str] = []
    start = position = 0
    quoted = False
    while position < len(text):
        char = text[position]
        if quoted and char == "\\":
            position += 1
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return parts


def _split_plain_quotes(text: str) -> list[str]:
    """Cut at semicolons outside of quotes that hold no escapes: every second piece is quoted."""
    parts: list[list[str]] = [[]]
    for number, piece in enumerate(text.split('"')):
        if number:
            parts[-1].append('"')
        first, *others = [piece] if number % 2 else piece.split(";")
        parts[-1].append(first)
        parts.extend([other] for other in others)
    return ["".join(part) for part in parts]


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(
        r"\\(.)", r"\1", text[1:].partition('"')[0] if "\\" not in text else text[1:].rstrip('"')
    )


def _join_pieces(parts: list[tuple[int, bool, str]]) -> str:
    data = b"".join(
        unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
        for _, encoded, text in parts
    )
    if not parts[0][1] or data.count(b"'") < 2:  # noqa: PLR2004 - charset'language'value
        return decode_text(data)
    charset, _, value = data.split(b"'", 2)
    return decode_text(value, label=charset.decode("ascii", "replace"))
