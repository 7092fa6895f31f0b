"""What a map for a file could be: every column, what it would mean, and the TOML for it.

Examples of answers are masked where they may be a person's, so that a proposal can be shown
around; choices that many give are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.parsing.survey_columns import Column, Role
from connector.parsing.survey_mapping import UNSAID, Mapped, Polarity, Status
from connector.parsing.survey_meaning import By, Understood
from connector.parsing.survey_scores import fold, score_of
from connector.parsing.survey_times import DateOrder, orders_of

MAX_EXAMPLES: Final = 3
"""Different answers that are shown of each column."""
MAX_EXAMPLE_CHARS: Final = 40
MAX_QUESTION_CHARS: Final = 70
"""So much of a question stands beside a line of TOML."""

_PLAIN: Final = frozenset(
    {Role.ID, Role.SCORE, Role.STATUS, Role.COMPLETE, Role.SUBMITTED_AT, Role.UPDATED_AT}
    | {Role.LANGUAGE, Role.WANTS_CONTACT, Role.VISIT_DATE}
)
"""Roles whose answers name nobody."""
_LEFT_OUT: Final = frozenset(Role) - {Role.ID, Role.SCORE, Role.SUBMITTED_AT, Role.IGNORE}
"""Roles of columns that JSON may leave out, because nobody answered."""
_FEW: Final = 6
"""A question with so few different answers is a choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedColumn:
    """One column, and what it would mean."""

    column: Column
    mapped: Mapped | None
    """None: nothing is known about it."""
    by: By | None
    """Who says so."""
    filled: int
    """Rows of the sample in which it is not blank."""
    examples: tuple[str, ...]
    """A few different answers, masked where they may be a person's."""
    doubt: str
    """What a person has to check, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A map for one file."""

    place: str
    """The file, and the name within a ZIP."""
    recipe: str
    title: str
    """Name of the tool, for people."""
    shape: str
    header_rows: int
    sampled: int
    """Rows that were looked at."""
    order: DateOrder | None
    """How days and months are written, where the sample proves it."""
    assumed: DateOrder | None
    """How they would be read where the sample leaves it open, else None."""
    columns: tuple[ProposedColumn, ...]

    @property
    def useful(self) -> bool:
        """Say whether there would be anything to hear."""
        roles = {one.mapped.role for one in self.columns if one.mapped}
        return bool(roles & {Role.SCORE, Role.COMMENT})


def propose(
    place: str,
    understood: Understood,
    sample: Sequence[Sequence[str]],
    *,
    usual: DateOrder = DateOrder.MONTH_FIRST,
    sparse: bool = False,
) -> Proposal:
    """Make the proposal from a header and some rows, each as wide as it.

    `usual`: how 03/04/2025 would be read; `sparse`: a file may leave out blank columns.
    """
    meanings = {one.column.index: one for one in understood.meanings}
    times = [
        row[one.column.index]
        for one in understood.meanings
        if one.mapped.role in {Role.SUBMITTED_AT, Role.UPDATED_AT}
        for row in sample
    ]
    orders = orders_of(times)
    columns = []
    for column in understood.columns:
        values = [row[column.index].strip() for row in sample]
        filled = [value for value in values if value]
        meaning = meanings.get(column.index)
        mapped = meaning.mapped if meaning else None
        if mapped and sparse and len(filled) < len(values) and mapped.role in _LEFT_OUT:
            mapped = mapped.model_copy(update={"optional": True})
        if column.blank and not filled:
            continue
        columns.append(
            ProposedColumn(
                column=column,
                mapped=mapped,
                by=meaning.by if meaning else None,
                filled=len(filled),
                examples=_examples(filled, mapped),
                doubt=_doubt(mapped, meaning.by, filled) if mapped and meaning else "",
            )
        )
    return Proposal(
        place=place,
        recipe=understood.recipe.name,
        title=understood.recipe.title,
        shape=understood.shape,
        header_rows=understood.header_rows,
        sampled=len(sample),
        order=orders.proven,
        assumed=(understood.recipe.date_order or usual) if orders.open else None,
        columns=tuple(columns),
    )


def _examples(filled: Sequence[str], mapped: Mapped | None) -> tuple[str, ...]:
    """Show a few answers; those of choices and of roles that name nobody as they are."""
    distinct = list(dict.fromkeys(filled))
    choice = len(distinct) <= _FEW and len(filled) > 2 * len(distinct)
    plain = choice or (mapped is not None and mapped.role in _PLAIN)
    return tuple(_cut(value if plain else masked(value)) for value in distinct[:MAX_EXAMPLES])


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_EXAMPLE_CHARS else flat[: MAX_EXAMPLE_CHARS - 3] + "..."


def masked(text: str) -> str:
    """Keep the first letter of each word and the signs between; hide the rest, digits too."""
    shown, first = [], True
    for letter in text[: 4 * MAX_EXAMPLE_CHARS]:
        if not letter.isalnum():
            shown.append(letter)
            first = True
            continue
        shown.append(letter if first and letter.isalpha() else "*")
        first = False
    return "".join(shown)


def _doubt(mapped: Mapped, by: By, filled: Sequence[str]) -> str:
    """Say what a person has to check."""
    if by is not By.GUESS:
        return ""
    if mapped.role is Role.ID:
        return "does it stay the same in every export?"
    if mapped.role is Role.WANTS_CONTACT and mapped.yes:
        return "does 1 mean yes, and 2 no?"
    return _doubt_of_score(mapped, filled)


def _doubt_of_score(mapped: Mapped, filled: Sequence[str]) -> str:
    scale = mapped.scale() if mapped.role is Role.SCORE else None
    if scale is None:
        return ""
    if any(score_of(value, scale).problem for value in filled):
        return "some answers are not on this scale"
    figures = any(value[:1].isdigit() for value in filled)
    if mapped.kind in UNSAID and figures:
        return f"is {scale.best} the best answer, and not {scale.worst}?"
    return ""


def toml_of(proposal: Proposal, *, name: str, path: str, kind: str = "survey_file") -> str:
    """Write the source as TOML; columns that nothing is known about stand as comments."""
    return "\n".join([*_source(proposal, name, path, kind), *_map(proposal)]) + "\n"


def _source(proposal: Proposal, name: str, path: str, kind: str) -> Iterator[str]:
    yield "[[sources]]"
    yield f"kind = {quoted(kind)}"
    yield f"name = {quoted(name)}"
    yield f"path = {quoted(path)}"
    yield f"vendor = {quoted(proposal.recipe)}  # {_comment(proposal.title)}"
    if proposal.order is not None:
        yield f"date_order = {quoted(proposal.order.value)}"
    elif proposal.assumed is not None:
        shown = "March 4" if proposal.assumed is DateOrder.MONTH_FIRST else "April 3"
        yield (
            f"date_order = {quoted(proposal.assumed.value)}  # CHECK: is 03/04/2026 {shown}? "
            "No day above twelve proves it."
        )
    yield ""


def _map(proposal: Proposal) -> Iterator[str]:
    yield "[sources.map]"
    known = []
    for one in proposal.columns:
        if one.mapped is None or one.by is By.RECIPE:
            if one.mapped and one.mapped.role is not Role.IGNORE:
                known.append(f"{one.column.name} ({one.mapped.role})")
            continue
        beside = [_comment(one.column.question)] if one.column.question != one.column.name else []
        beside += [f"CHECK: {one.doubt}"] if one.doubt else []
        line = f"{quoted(_name_of(one.column, proposal))} = {value_of(one.mapped)}"
        yield f"{line}  # {'; '.join(beside)}" if beside else line
    left = [one for one in proposal.columns if one.mapped is None]
    if known:
        yield f"# Known by the recipe: {_comment(', '.join(known), 1_000)}"
    if left:
        yield '# Nothing is known about these: give each a role, or "ignore".'
    for one in left:
        yield f'#{quoted(_name_of(one.column, proposal))} = "ignore"'


def _name_of(column: Column, proposal: Proposal) -> str:
    """Name a column so that only it is meant: by its ImportId, else as in the header."""
    others = [one.column for one in proposal.columns if one.column.index != column.index]
    code = column.code
    if code and not any(fold(code) in other.aliases for other in others):
        return code
    return column.name


def value_of(mapped: Mapped) -> str:
    """Write a meaning as TOML: the role alone, or a table with what differs from the usual."""
    parts: dict[str, str] = {"role": mapped.role.value}
    if mapped.kind is not None:
        parts["kind"] = mapped.kind.value
    if mapped.direction is not None:
        parts["direction"] = mapped.direction.value
    ends = {"lowest": mapped.lowest, "highest": mapped.highest}
    if mapped.role is Role.COMMENT and mapped.polarity is not Polarity.OPEN:
        parts["polarity"] = mapped.polarity.value
    names = ("yes", "no", "missing", *(status.value for status in Status))
    lists = {name: tuple(getattr(mapped, name, ())) for name in names}
    if len(parts) == 1 and not any(lists.values()) and not mapped.optional:
        return quoted(mapped.role.value)
    written = [f"{name} = {quoted(word)}" for name, word in parts.items()]
    written += [f"{name} = {end}" for name, end in ends.items() if end is not None]
    written += ["optional = true"] if mapped.optional else []
    written += [
        f"{name} = [{', '.join(map(quoted, words))}]" for name, words in lists.items() if words
    ]
    return "{ " + ", ".join(written) + " }"


def quoted(text: str) -> str:
    """Write a basic string of TOML: JSON's escapes are TOML's, but for one sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str, limit: int = MAX_QUESTION_CHARS) -> str:
    """Make a text fit for the end of a line: one line, no control characters, not too long."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    flat = " ".join(plain.split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def described(proposal: Proposal) -> Mapping[str, object]:
    """Give the proposal as plain values, for JSON."""
    return {
        "place": proposal.place,
        "recipe": proposal.recipe,
        "tool": proposal.title,
        "layout": proposal.shape,
        "header_rows": proposal.header_rows,
        "sampled_rows": proposal.sampled,
        "date_order": proposal.order.value if proposal.order else None,
        "date_order_assumed": proposal.assumed.value if proposal.assumed else None,
        "columns": [
            {
                "name": one.column.name,
                "question": one.column.question,
                "code": one.column.code or None,
                "role": one.mapped.role.value if one.mapped else None,
                "kind": one.mapped.kind.value if one.mapped and one.mapped.kind else None,
                "by": one.by.value if one.by else None,
                "filled": one.filled,
                "examples": list(one.examples),
                "check": one.doubt or None,
            }
            for one in proposal.columns
        ],
    }
