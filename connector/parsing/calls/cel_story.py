"""From the events of one call to what one caller lived through.

Who speaks with whom is told by the bridges: two real channels in one
bridge, or in two bridges with both halves of a Local channel between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from connector.domain.call import HangUp, Outcome, TransferKind
from connector.parsing.calls import channels
from connector.parsing.calls.bridges import Bridges
from connector.parsing.calls.cel_groups import extras
from connector.parsing.calls.cel_rows import Row
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.sounds import is_system_sound, sound_name
from connector.parsing.calls.story import Story

_QUEUE_APPS: Final = frozenset({"queue"})
_VOICEMAIL_APPS: Final = frozenset({"voicemail", "minivmrecord"})
_QUIET_APPS: Final = _QUEUE_APPS | _VOICEMAIL_APPS | {"voicemailmain", "vmauthenticate", "park"}
_MENU_APPS: Final = frozenset({"background", "waitexten", "read", "playback", "controlplayback"})
_PLAYING_APPS: Final = frozenset({"background", "playback", "controlplayback"})
_DIAL_RESULTS: Final[Mapping[str, Outcome]] = {
    "NOANSWER": Outcome.MISSED,
    "CANCEL": Outcome.MISSED,
    "BUSY": Outcome.BUSY,
    "CHANUNAVAIL": Outcome.FAILED,
    "CONGESTION": Outcome.FAILED,
}
_CAUSE_BUSY: Final = 17
_ENDS: Final = frozenset({"HANGUP", "CHAN_END", "LINKEDID_END"})
_TELLING: Final = frozenset({"LINKEDID_END", "BLINDTRANSFER", "ATTENDEDTRANSFER"})
_MISSED: Final = Outcome.MISSED
_CALLER: Final = HangUp.CALLER


Events: TypeAlias = list[tuple[float, Row]]
"""Rows with their times (epoch seconds), in order."""


@dataclass(slots=True)
class Cut:
    """The events of a call as one caller sees them; nobody changes it."""

    events: Events
    begun: Row
    """The first row of the caller's channel."""
    began: float
    """When it was (epoch seconds)."""
    kinds: frozenset[str]
    """Kinds of events that occur."""
    others: frozenset[str]
    """Channels that began the call, this one among them: each may be a caller."""


class CelReader:
    """Reads the events of one group for one caller."""

    def __init__(self, cut: Cut, phones: Phones) -> None:
        """Take the events and what is known of phones."""
        self._phones = phones
        self._cut = cut
        self._others = cut.others
        self._events = cut.events
        self._begun = begun = cut.begun
        self._unique, self._channel = begun[14], begun[9]
        self._story = Story(began=cut.began)
        self._bridges = Bridges(self._channel)
        self._ringing: dict[str, tuple[float, str]] = {}
        self._numbers: dict[str, str] = {}
        self._was_partner: set[str] = set()
        self._streams = "STREAM_BEGIN" in cut.kinds
        self._tells_transfers = not _TELLING.isdisjoint(cut.kinds)
        self._over = False
        self._last_sound = ""
        self._left: tuple[float, str] | None = None

    def read(self) -> Story:
        """Tell the story.

        `app` and `data` are what the caller's channel did last: events that change nothing there
        and for which there is no handler, a third of all, cost this loop alone.
        """
        story, unique = self._story, self._unique
        app = data = ""
        for at, row in self._events:
            kind = row[0]
            if row[14] != unique:
                handler = _OTHERS.get(kind)
            else:
                if kind in _ENDS or (row[10] == app and row[11] == data):
                    if story.queue:
                        self._key(row)
                else:
                    before, app, data = app, row[10], row[11]
                    if kind != "APP_END":
                        self._goes_on(at, row, before)
                handler = _OWN.get(kind)
            if handler is not None and not self._over:
                handler(self, at, row)
        story.last = self._events[-1][0]
        return story

    def _key(self, row: Row) -> None:
        """Look whether the caller pressed a key to leave the queue."""
        if len(row[7]) == 1 and row[7] != self._begun[7]:
            self._story.queue_key = row[7] in "0123456789*#"

    def _goes_on(self, at: float, row: Row, before: str) -> None:
        """Look at what the caller's channel does now: the next queue may begin without an event."""
        app, story = row[10].lower(), self._story
        if story.queue and before.lower() in _QUEUE_APPS and app != "appqueue":
            story.leaves(at)
        if app in _QUEUE_APPS:
            story.enters(at, row[11].partition(",")[0])
        elif app in _VOICEMAIL_APPS:
            story.voicemail(at, _box(row[11]))
        elif app in _MENU_APPS:
            story.menu()
        if row[8] and channels.is_closed(row[8], self._phones):
            story.closed_notice = True

    def starts(self, at: float, row: Row) -> None:
        """Another channel came into being: a phone begins to ring."""
        if row[14] == row[15] or channels.technology(row[9]) == "LOCAL":
            return
        self._ringing[row[9]] = (at, row[3])
        self._story.ring(at)

    def answers(self, at: float, row: Row) -> None:
        """Another channel was answered."""
        del at
        self._ringing.pop(row[9], None)
        self._numbers[row[9]] = row[3]

    def enters_bridge(self, at: float, row: Row) -> None:
        """Somebody may speak with the caller from now on."""
        if row[9] not in self._numbers:
            self._numbers[row[9]] = row[3]
        self.caller_enters_bridge(at, row)

    def caller_enters_bridge(self, at: float, row: Row) -> None:
        """The caller may speak with somebody from now on."""
        self._ringing.pop(row[9], None)
        self._bridges.enter(row[9], _bridge(row))
        self._talk(at)

    def exits_bridge(self, at: float, row: Row) -> None:
        """Somebody may be gone."""
        self._bridges.exit(row[9])
        self._talk(at)

    def _talk(self, at: float) -> None:
        partner = self._bridges.partner(self._story.partner)
        if partner:
            if partner not in self._was_partner:
                self._infer_transfer(at, partner)
            self._was_partner.add(partner)
            who = self._who_is(partner)
            self._story.talks(at, partner, who)
        elif self._story.partner:
            self._left = (at, self._story.partner)
            self._story.pauses(at)

    def _who_is(self, channel: str) -> str:
        return channels.person(channel, self._numbers.get(channel, ""), self._phones)

    def _infer_transfer(self, at: float, partner: str) -> None:
        """Find a transfer after consultation in a log without transfers: one person for another."""
        if self._tells_transfers or self._left is None or self._story.stage not in {"talk", "hold"}:
            return
        left_at, before = self._left
        if at - left_at <= 1.0 and partner not in self._was_partner:
            by = self._who_is(before)
            to = self._who_is(partner)
            self._story.transferred(at, TransferKind.ATTENDED, by, to, answered=True)

    def transfers_blind(self, at: float, row: Row) -> None:
        """Somebody passed the caller on without asking."""
        extra = extras(row)
        transferee = str(extra.get("transferee_channel_uniqueid", ""))
        named = str(extra.get("transferee_channel_name", ""))
        if transferee not in {"", self._unique} and not self._bridges.behind(named):
            return
        own = row[14] == self._unique
        by = "" if own else channels.person(row[9], row[3], self._phones)
        to = str(extra.get("extension", ""))
        self._story.transferred(at, TransferKind.BLIND, by, to, answered=False)

    def transfers_attended(self, at: float, row: Row) -> None:
        """Somebody passed the caller on after speaking with whoever gets the call."""
        extra = extras(row)
        transferee = str(extra.get("transferee_channel_uniqueid", ""))
        if transferee != self._unique and transferee in self._others:
            return  # it is about another caller of the same group
        target = str(extra.get("transfer_target_channel_name", "")).replace("N/A", "")
        partner = self._bridges.partner(self._story.partner)
        with_whom = partner if partner and partner != row[9] else target
        to = self._who_is(with_whom)
        by = channels.person(row[9], row[3], self._phones)
        answered = bool(partner) and partner != row[9]
        self._story.transferred(at, TransferKind.ATTENDED, by, to, answered=answered)

    def parks(self, at: float, row: Row) -> None:
        """The caller was parked."""
        del row
        self._story.parks(at)

    def streams(self, at: float, row: Row) -> None:
        """Something is played to the caller: music is a hold, a file a recording."""
        extra = extras(row)
        if "class" in extra:
            if row[10].lower() in _QUEUE_APPS and self._story.stage == "transfer":
                self._story.enters(at, row[11].partition(",")[0])  # passed on into a queue
            elif self._story.partner or self._just_left(at):
                self._story.holds_begin(at)
            return
        self._sound(at, str(extra.get("sound", "")), row[10].lower())

    def _just_left(self, at: float) -> bool:
        """Say whether the person is consulting somebody else: nobody passed the caller on."""
        story = self._story
        return (
            self._left is not None
            and story.stage in {"talk", "hold"}
            and not story.queue
            and at - self._left[0] <= 1.0
        )

    def _sound(self, at: float, sound: str, app: str) -> None:
        self._last_sound = sound
        if app in _VOICEMAIL_APPS:
            self._story.message_known = True
            self._story.records_end(at)
            return
        name = sound_name(sound)
        if not name or app in _QUIET_APPS or is_system_sound(name):
            return
        if channels.is_closed_recording(name, self._phones):
            self._story.closed_notice = True
        self._story.plays(at, name)

    def stream_ends(self, at: float, row: Row) -> None:
        """What was played to the caller ended."""
        self._story.holds_end(at)
        if row[10].lower() in _VOICEMAIL_APPS and self._last_sound == "beep":
            self._story.beeps(at)

    def app_starts(self, at: float, row: Row) -> None:
        """The dialplan does something with the caller."""
        if not self._streams and row[10].lower() in _PLAYING_APPS:
            for sound in row[11].partition(",")[0].split("&"):
                self._sound(at, sound, row[10].lower())

    def app_ends(self, at: float, row: Row) -> None:
        """The dialplan is done with it."""
        app = row[10].lower()
        if app in _QUEUE_APPS:
            self._story.leaves(at)
        elif app in _VOICEMAIL_APPS:
            self._story.records_end(at)

    def hangs_up(self, at: float, row: Row) -> None:
        """The caller's line ended."""
        extra = extras(row)
        result = _DIAL_RESULTS.get(str(extra.get("dialstatus", "")))
        self._story.hangs_up(at, self._who(str(extra.get("hangupsource", ""))), result)
        self._over = True

    def other_hangs_up(self, at: float, row: Row) -> None:
        """Another line ended: a phone that rang, or one that was spoken with."""
        rang = self._ringing.pop(row[9], None)
        if rang is not None:
            busy = extras(row).get("hangupcause") == _CAUSE_BUSY
            self._story.unanswered(
                at,
                channels.person(row[9], rang[1] or row[3], self._phones),
                max(0, round(at - rang[0])),
                Outcome.BUSY if busy else _MISSED,
            )
        elif row[9] in self._was_partner and not self._tells_transfers:
            self._infer_blind(at, row, str(extras(row).get("hangupsource", "")))

    def _infer_blind(self, at: float, row: Row, source: str) -> None:
        """Find a blind transfer in a log without transfers: the system took the person away."""
        story = self._story
        if source or self._left is None or story.partner:
            return
        if self._left[1] != row[9] or story.stage not in {"talk", "hold"}:
            return
        if not any(
            when >= at and other[14] == self._unique and other[0] not in _GONE
            for when, other in self._events
        ):
            return
        by = channels.person(row[9], row[3], self._phones)
        story.transferred(at, TransferKind.BLIND, by, self._next_extension(at), answered=False)

    def _next_extension(self, at: float) -> str:
        return next(
            (row[7] for when, row in self._events if when >= at and row[14] == self._unique), ""
        )

    def channel_ends(self, at: float, row: Row) -> None:
        """The caller's channel is gone; the log has no HANGUP."""
        del row
        self._story.hangs_up(at, HangUp.UNKNOWN, None)
        self._over = True

    def other_ends(self, at: float, row: Row) -> None:
        """Another channel is gone."""
        del at
        self._bridges.exit(row[9])

    def _who(self, source: str) -> HangUp:
        if not source:
            return HangUp.UNKNOWN
        if source == self._channel:
            return _CALLER
        return (
            HangUp.STAFF if "/" in source and not source.startswith("dialplan") else HangUp.SYSTEM
        )


_GONE: Final = frozenset({"HANGUP", "CHAN_END", "LINKEDID_END", "APP_END", "BRIDGE_EXIT"})
_Handler: TypeAlias = Callable[[CelReader, float, Row], None]
_OWN: Final[Mapping[str, _Handler]] = {
    "CHAN_END": CelReader.channel_ends,
    "HANGUP": CelReader.hangs_up,
    "APP_START": CelReader.app_starts,
    "APP_END": CelReader.app_ends,
    "BRIDGE_ENTER": CelReader.caller_enters_bridge,
    "BRIDGE_EXIT": CelReader.exits_bridge,
    "BLINDTRANSFER": CelReader.transfers_blind,
    "ATTENDEDTRANSFER": CelReader.transfers_attended,
    "PARK_START": CelReader.parks,
    "STREAM_BEGIN": CelReader.streams,
    "STREAM_END": CelReader.stream_ends,
}
"""What events of the caller's channel mean."""
_OTHERS: Final[Mapping[str, _Handler]] = {
    "CHAN_START": CelReader.starts,
    "CHAN_END": CelReader.other_ends,
    "ANSWER": CelReader.answers,
    "HANGUP": CelReader.other_hangs_up,
    "BRIDGE_ENTER": CelReader.enters_bridge,
    "BRIDGE_EXIT": CelReader.exits_bridge,
    "BLINDTRANSFER": CelReader.transfers_blind,
    "ATTENDEDTRANSFER": CelReader.transfers_attended,
}
"""What events of other channels mean for the caller."""


def _bridge(row: Row) -> str:
    """Give the id of a bridge in which people speak; '' for a holding bridge (parking lot)."""
    text = row[19]
    if text.startswith('{"bridge_id":"') and '"holding_bridge"' not in text:
        return text[14 : text.find('"', 14)]  # as Asterisk writes it: half the time of JSON
    extra = extras(row)
    if extra.get("bridge_technology") == "holding_bridge":
        return ""
    return str(extra.get("bridge_id", "")) or row[15]


def _box(data: str) -> str:
    """Give the first mailbox of the application's data: `101@default,u` is 101."""
    return data.partition(",")[0].partition("&")[0].partition("@")[0]
