"""From the header of a file, the recipes and the admin's map to the layout of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from connector.parsing.survey_columns import LABELS, Column, Role, find
from connector.parsing.survey_mapping import ANY_FILLED, Status
from connector.parsing.survey_meaning import Meaning, Refusal, Understood, Wishes, understand
from connector.parsing.survey_recipes import ColumnRule
from connector.parsing.survey_scores import fold
from connector.parsing.survey_words import COMPLETE_WORDS, NO_WORDS, YES_WORDS
from connector.parsing.surveys import (
    Asked,
    Commented,
    Consent,
    Layout,
    TimeColumn,
)


def lay_out(head: Sequence[Sequence[str]], wishes: Wishes) -> Layout | Refusal:
    """Make the layout from the first rows of a file (three are enough, more for guesses)."""
    understood = understand(head, wishes)
    if isinstance(understood, Refusal):
        return understood
    return layout_of(understood, wishes)


def layout_of(understood: Understood, wishes: Wishes) -> Layout:
    """Make the layout of a file whose header is understood."""
    return _Builder(understood, wishes).layout()


class _Builder:
    """Puts a layout together from meanings."""

    def __init__(self, understood: Understood, wishes: Wishes) -> None:
        self._understood = understood
        self._meant = sorted(understood.meanings, key=lambda one: one.column.index)
        self._given = understood.meanings
        self._recipe = understood.recipe
        self._wishes = wishes

    def layout(self) -> Layout:
        """Make the layout."""
        columns = self._understood.columns
        told = {one.column.index for one in self._meant}
        filled = [column.index for column in columns if not column.blank]
        consent = self._one(Role.WANTS_CONTACT)
        phone = self._one(Role.PHONE)
        updated = self._one(Role.UPDATED_AT)
        return Layout(
            recipe=self._recipe.name,
            shape=self._understood.shape,
            header_rows=self._understood.header_rows,
            columns=columns,
            needed=max(filled, default=-1) + 1,
            key=self._key(),
            key_codes=self._key_codes(),
            added=self._understood.added,
            status=self._statuses(),
            scores=tuple(_asked(one, columns) for one in self._all(Role.SCORE)),
            comments=tuple(
                Commented(column=one.column, polarity=one.mapped.polarity)
                for one in self._all(Role.COMMENT)
            ),
            wants_contact=_consent(consent) if consent else None,
            names=tuple(one.column for one in self._all(Role.NAME)),
            email=self._index(Role.EMAIL),
            phone=phone.column.index if phone else -1,
            region=(phone.mapped.region if phone else "") or self._wishes.region,
            submitted=tuple(
                self._time(one) for one in self._given if one.mapped.role is Role.SUBMITTED_AT
            ),
            updated=self._time(updated) if updated else None,
            labels=tuple(
                (role.value, one.column.index)
                for role in (*LABELS, Role.TAG)
                for one in self._all(role)
            ),
            unmapped=tuple(
                column for column in columns if column.index not in told and not column.blank
            ),
        )

    def _all(self, role: Role) -> list[Meaning]:
        return [one for one in self._meant if one.mapped.role is role]

    def _one(self, role: Role) -> Meaning | None:
        return next(iter(self._all(role)), None)

    def _index(self, role: Role) -> int:
        one = self._one(role)
        return one.column.index if one else -1

    def _key(self) -> tuple[int, ...]:
        """Give a place to every part that the recipe knows, so that keys keep their form."""
        parts = {one.part: one.column.index for one in self._all(Role.ID)}
        if not parts:
            return ()
        rules = any(isinstance(one.mapped, ColumnRule) for one in self._all(Role.ID))
        size = max(self._recipe.key_parts if rules else 0, *parts)
        return tuple(parts.get(part, -1) for part in range(1, size + 1))

    def _key_codes(self) -> tuple[str, ...]:
        """Give what the parts of the key are in codes, as many as there are parts."""
        codes = {
            one.part: one.mapped.code
            for one in self._all(Role.ID)
            if isinstance(one.mapped, ColumnRule)
        }
        return tuple(codes.get(part, "") for part in range(1, len(self._key()) + 1))

    def _statuses(self) -> tuple[tuple[int, Mapping[str, Status]], ...]:
        """Collect every column whose values tell the status, whatever else it is."""
        counted = self._behind()
        found: list[tuple[int, Mapping[str, Status]]] = []
        for one in self._meant:
            meanings = dict(one.mapped.statuses())
            if one.mapped.role is Role.COMPLETE:
                usual = {fold(word): Status.COMPLETE for word in COMPLETE_WORDS}
                rest = {ANY_FILLED: Status.PARTIAL, "": Status.PARTIAL}
                meanings = {**rest, **usual, **meanings}
            if meanings and (not one.mapped.behind or one.column.index in counted):
                found.append((one.column.index, meanings))
        return tuple(found)

    def _behind(self) -> set[int]:
        """Give the columns that stand first behind an answer, where that matters."""
        counted: set[int] = set()
        open_answer = False
        for one in self._meant:
            if one.mapped.role in {Role.SCORE, Role.COMMENT}:
                open_answer = True
            elif one.mapped.behind and open_answer:
                counted.add(one.column.index)
                open_answer = False
        return counted

    def _time(self, one: Meaning) -> TimeColumn:
        named = one.mapped.zone or one.column.zone or self._recipe.zone
        return TimeColumn(
            index=one.column.index,
            zone=_zone(named) if named else self._wishes.zone,
            order=self._wishes.proven_order
            or one.mapped.date_order
            or self._wishes.date_order
            or self._wishes.earlier_order
            or self._recipe.date_order
            or self._wishes.usual_order,
            missing=frozenset(fold(word) for word in one.mapped.missing),
        )


_UTC = frozenset({"Z", "z", "UTC", "GMT", "Etc/UTC"})


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo("UTC" if name in _UTC else name)
    except (ValueError, OSError, KeyError):
        return None


def _consent(one: Meaning) -> Consent:
    """Make the consent column; what the column's own words say goes first."""
    yes = frozenset(fold(word) for word in one.mapped.yes)
    no = frozenset(fold(word) for word in one.mapped.no)
    return Consent(
        index=one.column.index,
        yes=(YES_WORDS - no) | yes,
        no=(NO_WORDS - yes) | no,
        missing=frozenset(fold(word) for word in one.mapped.missing),
    )


def _asked(one: Meaning, columns: Sequence[Column]) -> Asked:
    """Make a score column; its scale may depend on another column."""
    by = [column for name in one.mapped.kind_from for column in find(name, columns)]
    kinds = one.mapped.kinds if by else {}
    scales = {
        fold(value): scale
        for value, kind in kinds.items()
        if (scale := one.mapped.scale(kind)) is not None
    }
    return Asked(
        column=one.column,
        scale=one.mapped.scale(),
        low_at_most=one.mapped.low_at_most,
        kind_index=by[0].index if by else -1,
        scales=scales,
    )
