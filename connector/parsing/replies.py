"""What a person wrote now: a mail's text without quotes, reply headers and signature.

A view for rules and summaries, never the record. Words of the writer weigh more than a clean
cut: what stands between and below quotes stays, so does what was sent on to be read, a quote
that has no marks is cut only behind an announcement that programs print and people do not, and
where no own word is left the whole text is given. One pass over the lines; every pattern is
bounded (`reply_words`), so the time is linear.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.parsing.reply_signatures import has_words, without_signature
from connector.parsing.reply_words import (
    ADDRESS,
    ANSWERS_BELOW,
    ATTRIBUTION_START,
    DATE,
    DATED_START,
    ENDS_ATTRIBUTION,
    ENDS_SENTENCE,
    FIRST_PERSON,
    FORWARD,
    FRAMED,
    GROUPWISE,
    INLINE_START,
    LABEL,
    MACHINE_DATE,
    MATCHED_CHARS,
    ONLY_MAILBOX,
    PRINTED_ADDRESS,
    REPLY_ABOVE,
    ROLES,
    RULER,
    SENTENCE_END,
    SEPARATOR,
    TIME,
    WROTE,
)

MAX_LINES = 5_000
"""Lines behind these are taken as they are."""
_ATTRIBUTION_LINES = 5
_HEADER_LINES = 14
_LOOK_AHEAD = 4
_FEW_CHARS = 60
_CORE_ROLES = frozenset({"from", "date", "to", "subject"})
_TWO, _THREE, _ALL = 2, 3, 4
_HINT_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class _Cut:
    """An announcement of a quote: what of its first line is the writer's, and where it ends."""

    end: int
    """The first line behind it."""
    sure: bool
    """Whether only programs write so: what follows is quoted even without marks."""
    own: str = ""


def reply_text(text: str) -> str:
    """Give the person's own words; the whole text when there are none."""
    own = own_words(text)
    return own if any(char.isalnum() for char in own) else text.strip()


def own_words(text: str) -> str:
    """Give the own words alone, which may be nothing."""
    lines = text.splitlines()
    head, rest = lines[:MAX_LINES], lines[MAX_LINES:]
    pieces = _own_pieces(head)
    pieces[-1].extend(rest)
    kept: list[str] = []
    for piece in pieces:
        own = without_signature(piece, first=not has_words(kept))
        while kept and not kept[-1].strip():
            kept.pop()
        if kept and piece and not piece[0].strip():
            kept.append("")
        kept += own[next((i for i, line in enumerate(own) if line.strip()), 0) :]
    return "\n".join(line.rstrip() for line in kept).strip("\n").rstrip()


def is_quoted(line: str) -> bool:
    """Say whether a line carries a quote mark."""
    return line.lstrip()[:1] == ">"


def _own_pieces(lines: list[str]) -> list[list[str]]:
    """Give the runs of own lines between quotes, in order; at least one, maybe empty."""
    pieces: list[list[str]] = [[]]
    index = 0
    while index < len(lines):
        line = lines[index]
        if _may_announce(line) and FORWARD.match(line[:MATCHED_CHARS]):
            pieces[-1].extend(lines[index:])  # it was sent on to be read
            break
        if is_quoted(line) and not GROUPWISE.match(line[:MATCHED_CHARS]):
            index = _behind_quote(lines, index)
            pieces.append([])
            continue
        cut = _announcement(lines, index)
        if cut is None:
            pieces[-1].append(line)
            index += 1
            continue
        if cut.own:
            pieces[-1].append(cut.own)
        if _next_is_quoted(lines, cut.end) or not any(map(has_words, pieces)):
            index = cut.end
        elif not cut.sure:
            pieces[-1].append(line[len(cut.own) :])
            index += 1
        elif _points_below(pieces):
            pieces[-1].extend(lines[index:])
            break
        else:
            _drop_rulers(pieces[-1])
            break
    return pieces


def _points_below(pieces: list[list[str]]) -> bool:
    """Say whether the writer tells that answers stand in the quoted text."""
    own = "\n".join(line for piece in pieces for line in piece)
    return ANSWERS_BELOW.search(own[:_HINT_CHARS]) is not None


def _drop_rulers(lines: list[str]) -> None:
    """Take away rulers and blank lines that stood above a quote."""
    while lines and (not lines[-1].strip() or _is_ruler(lines[-1])):
        lines.pop()


def _is_ruler(line: str) -> bool:
    """Say whether a line is nothing but a ruler, as that of HTML (`---`)."""
    return line.strip() == "---" or RULER.match(line[:MATCHED_CHARS]) is not None


def _behind_quote(lines: list[str], index: int) -> int:
    """Skip a quoted block, with the blank lines inside it."""
    while index < len(lines) and (is_quoted(lines[index]) or not lines[index].strip()):
        if not lines[index].strip() and not _next_is_quoted(lines, index):
            break
        index += 1
    return index


def _next_line(lines: list[str], index: int) -> int:
    """Give the index of the next line that is not blank, a few lines far, or -1."""
    for position in range(index, min(index + _LOOK_AHEAD, len(lines))):
        if lines[position].strip():
            return position
    return -1


def _next_is_quoted(lines: list[str], index: int) -> bool:
    position = _next_line(lines, index)
    return position >= 0 and is_quoted(lines[position])


def _may_announce(line: str) -> bool:
    """Say whether any pattern can match; most lines lack what all announcements have."""
    return (
        ":" in line
        or "@" in line
        or "\uff1a" in line
        or "--" in line
        or "__" in line
        or "\u2010\u2010" in line
        or ">>>" in line
        or "20" in line
        or "above" in line
        or "\u4e0a" in line
        or line.rstrip().endswith("wrote")
        or line[:1].isdigit()
        or INLINE_START.search(line[:MATCHED_CHARS]) is not None
        or RULER.match(line[:MATCHED_CHARS]) is not None
    )


def _announcement(lines: list[str], index: int) -> _Cut | None:
    """Find what announces a quote at a line: attribution, separator or header block."""
    line = lines[index]
    if not line.strip() or not _may_announce(line):
        return None
    found = _separator(lines, index) or _header_cut(lines, index)
    if found is None and len(line) <= MATCHED_CHARS:
        found = _attribution(lines, index)
    return found


# Attributions


def _attribution(lines: list[str], index: int) -> _Cut | None:
    """Find an `On ... wrote:` that begins at this line or within it."""
    first = lines[index]
    starts = [match.start() for match in INLINE_START.finditer(first)][-4:]
    for start in [*reversed([start for start in starts if start]), 0]:
        inline = start > 0
        known = inline or ATTRIBUTION_START.match(first) is not None or _starts_dated(first)
        found = _attribution_from(lines, index, start, known=known)
        if found is not None and (not inline or _is_dated(lines, index, start, found)):
            return found
    return None


def _starts_dated(line: str) -> bool:
    """Say whether a line begins with a date, as attributions do in languages not known here."""
    return DATED_START.match(line) is not None and DATE.search(line[:_FEW_CHARS]) is not None


def _is_dated(lines: list[str], index: int, start: int, cut: _Cut) -> bool:
    """Say whether an attribution within a line has a date: `at 3:59 PM, a@b wrote:` is a rest."""
    return DATE.search(" ".join([lines[index][start:], *lines[index + 1 : cut.end]])) is not None


def _attribution_from(lines: list[str], index: int, start: int, *, known: bool) -> _Cut | None:
    """Join lines to a candidate that begins at a column of the first one, and weigh it."""
    joined = ""
    last = index + (_ATTRIBUTION_LINES if known else 1)
    for position in range(index, min(last, len(lines))):
        piece = lines[position][start if position == index else 0 :].strip()
        unclosed = joined.count("<") > joined.count(">") or joined.count("(") > joined.count(")")
        if not piece and DATE.search(joined) and TIME.search(joined):
            continue
        if is_quoted(piece) and not unclosed:
            return _undotted(lines[index][:start], joined, position)
        if position > index and INLINE_START.match(piece) and DATE.search(piece):
            return None  # the next line announces the quote alone: this one is the writer's
        joined = f"{joined} {piece}"[:MATCHED_CHARS]
        ended = ENDS_ATTRIBUTION.search(piece) is not None
        unclosed = joined.count("<") > joined.count(">") or joined.count("(") > joined.count(")")
        whole = ended and not unclosed
        found = _judged(lines, index, start, joined, position + 1) if whole else None
        if found is not None:
            return found
        if not piece or (whole and not piece.endswith("wrote")):
            break
        if ENDS_SENTENCE.search(piece) and "@" not in joined and not DATE.search(joined):
            break
    return None


def _judged(lines: list[str], index: int, start: int, joined: str, end: int) -> _Cut | None:
    """Weigh what a finished candidate holds; None when people write so too."""
    if FIRST_PERSON.search(joined):
        return None
    known = start > 0 or ATTRIBUTION_START.match(joined.lstrip()) is not None
    date, time, verb = (pattern.search(joined) for pattern in (DATE, TIME, WROTE))
    address = "@" in joined and ADDRESS.search(joined)
    printed = address and PRINTED_ADDRESS.search(joined)
    alone = not start and _stands_alone(lines, index, end)
    sure = (
        (known and date and printed and (verb or time))
        or (alone and verb and date and time and "," in joined)
        or (alone and verb and "<" in joined and address and not _sentences(joined[:_FEW_CHARS]))
    )
    weak = (
        (verb and (date or time or address))
        or (date and (printed or (time and address and _starts_dated(joined.lstrip()))))
        or ONLY_MAILBOX.match(joined.strip())
    )
    if not sure and not (weak and _next_is_quoted(lines, end)):
        return None
    own = lines[index][:start].rstrip(" -")
    if not own and verb and not (known and date):
        own = _sentences(lines[index][: max(lines[index].find("@"), 0)])
    return _Cut(end, sure=bool(sure), own=own)


def _undotted(own: str, joined: str, end: int) -> _Cut | None:
    """Take a line directly above a quote for its attribution, though no colon ends it.

    `2011/4/7 Nathan <a@b>` and `Am 19.11.26 um 10:00 schrieb Jane`.
    """
    addressed = joined.rstrip().endswith(">") and ADDRESS.search(joined)
    told = WROTE.search(joined) and TIME.search(joined)
    if DATE.search(joined) and (addressed or told) and not FIRST_PERSON.search(joined):
        return _Cut(end, sure=False, own=own.rstrip(" -"))
    return None


def _stands_alone(lines: list[str], index: int, end: int) -> bool:
    """Say whether blank lines (or the ends) surround these lines."""
    above = index == 0 or not lines[index - 1].strip()
    return above and (end >= len(lines) or not lines[end].strip())


def _sentences(text: str) -> str:
    """Give the writer's sentences before the name in `I think so. Jane <jane@x> wrote:`."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    own = text[: ends[-1]].rstrip() if ends else ""
    return own if len(own.split()) >= _TWO else ""


# Separators and header blocks


def _separator(lines: list[str], index: int) -> _Cut | None:
    """Find `-----Original Message-----`, `reply above this line` or a ruler above a header."""
    line = lines[index][:MATCHED_CHARS]
    following = _next_line(lines, index + 1)
    if (
        GROUPWISE.match(line)
        or REPLY_ABOVE.match(line)
        or (WROTE.search(line) and FRAMED.match(line))
    ):
        return _Cut(index + 1, sure=True)
    if MACHINE_DATE.match(line) and _stands_alone(lines, index, index + 1):
        return _Cut(index + 1, sure=True)
    if SEPARATOR.match(line):
        size = _header_size(lines, following, marked=True) if following > 0 else 0
        return _Cut(following + size if size else index + 1, sure=True)
    if following > 0 and RULER.match(line):
        size = _header_size(lines, following, marked=True)
        return _Cut(following + size, sure=True) if size else None
    return None


def _header_cut(lines: list[str], index: int) -> _Cut | None:
    size = _header_size(lines, index, marked=False)
    return _Cut(index + size, sure=True) if size else None


def _role(line: str) -> str:
    """Say which header field a line is: a role, `unknown` for other labels, '' for no label."""
    match = LABEL.match(line[:MATCHED_CHARS])
    if match is None:
        return ""
    return ROLES.get("".join(match[1].lower().split()), "unknown")


def _header_size(lines: list[str], index: int, *, marked: bool) -> int:
    """Give the number of lines of a quoted header block (From, Sent, To ...), or 0.

    `marked` says that a separator stands above it. A block with labels that no mail program
    prints is a form that was filled in: its words are the writer's.
    """
    if _role(lines[index]) not in _CORE_ROLES:
        return 0
    values: dict[str, str] = {}
    size = 0
    for line in lines[index : index + _HEADER_LINES]:
        role = _role(line)
        if not line.strip():
            break
        if role == "unknown":
            return 0
        if role:
            values.setdefault(role, line)
        elif size and not _role(lines[index + size - 1]):
            break  # two lines without label are no folded field
        size += 1
    return size if _is_header(values, marked=marked) else 0


def _is_header(values: dict[str, str], *, marked: bool) -> bool:
    count = len(_CORE_ROLES & values.keys())
    if count == _ALL or (marked and count >= _TWO):
        return True
    date = values.get("date", "")
    if count >= _THREE:
        return any(char.isdigit() for char in date)
    everything = " ".join(values.values())
    return count == _TWO and bool(TIME.search(date)) and bool(ADDRESS.search(everything))
