"""Notification mails: the patient whom a service tells about speaks, not the service.

A mail whose sender and subject fit a recipe becomes what it tells of: a review, an answer to a
survey, a web form, a voicemail. The contact is the patient or nobody, never the service's
address. What cannot be read is marked (`doubt`) for a person to look at; nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from connector.domain.errors import ConfigError
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Contact, Fact, Signal
from connector.parsing import recipe_fields as fields
from connector.parsing.authenticity import Proof
from connector.parsing.mail import Mail
from connector.parsing.people import email_key
from connector.parsing.recipes import (
    ANYBODY,
    Kind,
    Name,
    Recipe,
    Role,
    compiled,
    from_folder,
    shipped,
)
from connector.parsing.survey_scores import Score
from connector.parsing.survey_times import DateOrder

AHEAD: Final = timedelta(days=1)
"""A date that lies so far behind the mail's own is none."""
MONTH_FIRST: Final = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "PH", "CA"})
"""Where 03/04/2025 is the fourth of March."""

_CHANNELS: Final[Mapping[Kind, Channel]] = MappingProxyType(
    {
        Kind.REVIEW: Channel.REVIEW,
        Kind.SURVEY: Channel.SURVEY,
        Kind.WEB_FORM: Channel.MAIL,
        Kind.VOICEMAIL: Channel.PHONE,
        Kind.MISSED_CALL: Channel.PHONE,
    }
)

_CALLS: Final = frozenset({Kind.VOICEMAIL, Kind.MISSED_CALL})
_THREAD: Final = frozenset({"references", "tokens"})
"""What would join many patients' notices into one case."""


class NotificationOptions(BaseModel):
    """Which recipes are used for notification mails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[Name, ...] = Field(
        default=(), description="Shipped recipes that are not to be used, by name."
    )
    senders: Mapping[Name, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Under which addresses a service sends here, by recipe: "
        '{ asterisk = ["pbx@practice.example"] }. They replace the recipe\'s own.',
    )
    folder: Path | None = Field(
        default=None, description="A folder with recipes of your own, one TOML file each."
    )
    recipes: tuple[Recipe, ...] = Field(
        default=(), description="Recipes of your own, written here; see docs/notifications.md."
    )

    def chosen(self) -> tuple[Recipe, ...]:
        """Give the recipes in force, those for certain senders first.

        Raises ConfigError for a folder that cannot be read and for names that do not exist.
        """
        known = dict(shipped())
        unknown = sorted(set(self.off) - set(known))
        known |= {one.name: one for one in (from_folder(self.folder) if self.folder else ())}
        known |= {one.name: one for one in self.recipes}
        unknown += sorted(set(self.senders) - set(known))
        if unknown:
            raise ConfigError(
                [f"mail.notifications: no recipe is named {name}" for name in unknown]
            )
        ours = {one.name for one in self.recipes}
        ready = [
            one.model_copy(update={"senders": self.senders.get(one.name, one.senders)})
            for one in known.values()
            if one.name in ours or one.name not in self.off
        ]
        return tuple(sorted(ready, key=lambda one: (one.for_anybody, one.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail that fits a recipe, with what could be read."""

    recipe: Recipe
    found: Mapping[Role, str]
    """Raw text by role; blank fields are left out."""
    doubt: str
    """Empty, or why a person has to look, as a code: `fields: rating`, `subject`."""


class Notifications:
    """The recipes in force for one source."""

    def __init__(self, recipes: Sequence[Recipe], practice: Practice) -> None:
        """Take recipes in the order in which they are tried."""
        self._recipes = tuple(recipes)
        self._practice = practice
        self._own = frozenset(email_key(own) for own in practice.own_addresses)

    def notice(self, mail: Mail) -> Notice | None:
        """Say which recipe a mail fits; None: it is no notification.

        A listed sender with a subject that no recipe of theirs knows is a notice in doubt: the
        service may have changed its words.
        """
        sender = email_key(mail.sender.email)
        doubtful: Notice | None = None
        for recipe in self._recipes:
            if not _sent_by(sender, recipe) or _any(recipe.other_subjects, mail.subject):
                continue
            if not _told_by(recipe, mail):
                if not recipe.for_anybody and doubtful is None:
                    doubtful = Notice(recipe=recipe, found={}, doubt="subject")
                continue
            found = fields.found_fields(recipe, mail)
            missing = fields.missing_fields(recipe, found)
            if not missing:
                return Notice(recipe=recipe, found=found, doubt="")
            if not recipe.for_anybody and (doubtful is None or doubtful.doubt == "subject"):
                doubt = f"fields: {', '.join(missing)}"
                doubtful = Notice(recipe=recipe, found=found, doubt=doubt)
        return None if doubtful is None or self.other(mail) else doubtful

    def other(self, mail: Mail) -> bool:
        """Say whether this is known as a service's other mail (invoices, advice)."""
        sender = email_key(mail.sender.email)
        return any(
            _sent_by(sender, recipe)
            and not recipe.for_anybody
            and _any(recipe.other_subjects, mail.subject)
            for recipe in self._recipes
        )

    def signal(self, notice: Notice, mail: Mail, signal: Signal, proof: Proof) -> Signal:
        """Make the signal of a notice out of the mail's own."""
        recipe, found = notice.recipe, notice.found
        if recipe.for_anybody:
            proof = Proof.UNVERIFIED  # whoever the sender is, nobody said that it is this service
        doubt = "forged" if proof is Proof.FAILED else notice.doubt
        facts = self._facts(notice, signal, proof)
        if doubt:
            facts["doubt"] = doubt
        text, own = _words(recipe, found, mail, plain=bool(notice.doubt))
        if recipe.kind in _CALLS:
            facts |= self._call_facts(recipe, found)
        return replace(
            signal,
            channel=_CHANNELS[recipe.kind],
            event_time=self._when(recipe, found, signal.event_time),
            contact=self._contact(recipe, found, mail),
            text=text,
            reply_text=own,
            facts=facts,
        )

    def _facts(self, notice: Notice, signal: Signal, proof: Proof) -> dict[str, Fact]:
        """Keep what is known of the mail, without its thread: it joins many patients' notices."""
        recipe, found = notice.recipe, notice.found
        facts: dict[str, Fact] = {
            name: fact for name, fact in signal.facts.items() if name not in _THREAD
        }
        facts |= {
            "recipe": recipe.name,
            "notification": recipe.kind.value,
            "sender_proof": proof.value,
        }
        rating = fields.rating_of(found[Role.RATING], recipe) if Role.RATING in found else None
        if rating is not None:
            facts |= _score_facts(rating, recipe)
        for role in (Role.LOCATION, Role.FORM, Role.MAILBOX):
            if role in found:
                facts[role.value] = found[role]
        link = fields.link_of(found.get(Role.LINK, ""))
        if link:
            facts["link"] = link
        facts |= _consent_facts(found.get(Role.WANTS_CONTACT, ""))
        return facts

    @staticmethod
    def _call_facts(recipe: Recipe, found: Mapping[Role, str]) -> dict[str, Fact]:
        if recipe.kind is Kind.MISSED_CALL:
            return {"call_end": "missed"}
        facts: dict[str, Fact] = {"call_end": "voicemail"}
        seconds = fields.seconds_of(found.get(Role.DURATION, ""))
        if seconds is not None:
            facts["message_s"] = seconds
        if Role.TEXT in found:
            facts["transcript"] = True
        return facts

    def _when(
        self, recipe: Recipe, found: Mapping[Role, str], mailed: datetime | None
    ) -> datetime | None:
        """Prefer the service's own date, unless it lies behind the mail's."""
        rule = recipe.fields.get(Role.DATE)
        if rule is None or Role.DATE not in found:
            return mailed
        when = fields.date_of(found[Role.DATE], rule.formats, self._local(recipe))
        if when is None or (mailed is not None and when > mailed + AHEAD):
            return mailed
        return when

    def _local(self, recipe: Recipe) -> fields.Local:
        month_first = self._practice.region.upper() in MONTH_FIRST
        return fields.Local(
            region=self._practice.region,
            zone=ZoneInfo(recipe.zone) if recipe.zone else self._practice.zone,
            order=DateOrder.MONTH_FIRST if month_first else DateOrder.DAY_FIRST,
        )

    def _contact(self, recipe: Recipe, found: Mapping[Role, str], mail: Mail) -> Contact:
        """Say who the patient is, from the fields; the service's address is nobody's."""
        numbered = found.get(Role.PHONE, "")
        name = fields.name_of(found.get(Role.NAME, "")) or (
            fields.caller_name_of(numbered) if recipe.kind in _CALLS else ""
        )
        email = fields.email_of(found.get(Role.EMAIL, ""))
        if not email and recipe.reply_to == "patient":
            email = mail.reply_to.email
            name = name or fields.name_of(mail.reply_to.name)
        if email_key(email) in {*self._own, email_key(mail.sender.email)}:
            email = ""
        phone = fields.phone_of(numbered, self._practice.region)
        return Contact(name=name, email=email, phone=phone)


def _sent_by(sender: str, recipe: Recipe) -> bool:
    return bool(sender) and any(
        pattern == ANYBODY or fnmatchcase(sender, pattern.lower()) for pattern in recipe.senders
    )


def _told_by(recipe: Recipe, mail: Mail) -> bool:
    """Say whether subject and text are those of a notification."""
    if not _any(recipe.subjects, mail.subject):
        return False
    return not recipe.bodies or _any(recipe.bodies, mail.text[: fields.MAX_SEARCHED_CHARS])


def _any(patterns: Sequence[str], text: str) -> bool:
    return any(compiled(pattern).search(text) is not None for pattern in patterns)


def _score_facts(score: Score, recipe: Recipe) -> dict[str, Fact]:
    """Name the score as surveys do (triage/scores.py reads them alike)."""
    scale = recipe.scale
    given: Fact | None = score.given or score.value
    if scale is None or given is None:
        return {}
    facts: dict[str, Fact] = {"score": given, "score_kind": scale.kind.value}
    if score.problem:
        facts["score_problem"] = score.problem
    else:
        facts |= {"score_min": scale.worst, "score_max": scale.best}
    return facts


def _consent_facts(answer: str) -> dict[str, Fact]:
    if not answer:
        return {}
    wants = fields.yes_or_no_of(answer)
    if wants is None:
        return {"contact_answer_unclear": True}
    return {"wants_contact": wants, **({} if wants else {"consent_no": True})}


def _words(
    recipe: Recipe, found: Mapping[Role, str], mail: Mail, *, plain: bool
) -> tuple[str, str]:
    """Give the text (all that was said) and the person's own words in it."""
    if plain:
        return mail.text, ""
    own = "\n\n".join(found[role] for role in (Role.TITLE, Role.TEXT) if role in found)
    if recipe.kind in _CALLS and not own:
        return mail.text, _said_by_the_machine(recipe, found)
    head = [
        f"{role.value.replace('_', ' ').capitalize()}: {found[role]}"
        for role in (Role.FORM, Role.LOCATION, Role.RATING, Role.DATE, Role.LINK)
        if role in found
    ]
    return "\n".join([*head, "", own]).strip(), own


def _said_by_the_machine(recipe: Recipe, found: Mapping[Role, str]) -> str:
    caller = found.get(Role.PHONE, "") or "an unknown caller"
    lines = [f"Voicemail from {caller}, without a transcript: listen to the recording."]
    if recipe.kind is Kind.MISSED_CALL:
        lines = [f"Missed call from {caller}: nobody took it."]
    lines += [
        f"{role.value.capitalize()}: {found[role]}"
        for role in (Role.MAILBOX, Role.DURATION, Role.DATE)
        if role in found
    ]
    return "\n".join(lines)
