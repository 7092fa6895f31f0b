"""A made-up phone system that writes what Asterisk writes: channel events and queue_log.

Other numbers, contexts and endpoints than any real log used here: a maze of a practice with
four-digit extensions behind a SIP carrier.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

START = 1_912_345_600.0
"""A moment in 2030."""
LINE = "3035550140"
NOTICE = "custom/if-this-is-an-emergency"


@dataclass(slots=True, eq=False)
class Channel:
    """One leg."""

    name: str
    unique: str
    number: str
    context: str
    exten: str
    caller_name: str = ""
    linked: str = ""
    app: str = ""
    data: str = ""
    dnid: str = ""
    last: tuple[str, str] = ("", "")
    """Application and data that it was in last."""
    with_whom: str = ""
    answered: float = 0.0


@dataclass(slots=True)
class Pbx:
    """Writes lines; `at` is the clock, in epoch seconds."""

    at: float = START
    trunk: str = "SIP/denver-carrier"
    inside: str = "SIP"
    events: frozenset[str] = frozenset()
    """Events that are left out of the log."""
    zone: ZoneInfo | None = None
    """Local times without offset, in whole seconds; None: epoch with microseconds."""
    counter: int = 0
    caller_name: str = "Pat Doe"
    cel: list[tuple[float, str]] = field(default_factory=list)
    queue: list[tuple[float, str]] = field(default_factory=list)
    cdr: list[tuple[float, str]] = field(default_factory=list)
    """A record for each call: 21 columns, local time of `zone`, else of Denver."""
    _bridges: int = 0

    def wait(self, seconds: float) -> None:
        self.at += seconds

    def channel(self, name: str, number: str, context: str, exten: str, **more: str) -> Channel:
        unique = f"{int(self.at)}.{self.counter}"
        full = f"{name}-{self.counter:08x}"
        self.counter += 1
        made = Channel(full, unique, number, context, exten, **more)
        made.linked = made.linked or unique
        self.emit("CHAN_START", made)
        return made

    def caller(self, number: str, exten: str = LINE, name: str = "") -> Channel:
        told = name or self.caller_name
        made = self.channel(self.trunk, number, "pstn-in", exten, caller_name=told)
        made.dnid = exten
        return made

    def phone(self, extension: str, linked: Channel) -> Channel:
        return self.channel(
            f"{self.inside}/{extension}", extension, "clinic-phones", "s", linked=linked.linked
        )

    def emit(self, kind: str, channel: Channel, **extra: object) -> None:
        self.at += 0.0004
        if kind in self.events:
            return
        when = f"{self.at:.6f}"
        if self.zone is not None:
            when = datetime.fromtimestamp(int(self.at), self.zone).strftime("%Y-%m-%d %H:%M:%S")
        row = [
            kind,
            when,
            channel.caller_name,
            channel.number,
            channel.number,
            "",
            channel.dnid,
            channel.exten,
            channel.context,
            channel.name,
            channel.app,
            channel.data,
            "3",
            "",
            channel.unique,
            channel.linked,
            "",
            "",
            "",
            json.dumps(extra, separators=(",", ":")) if extra else "",
        ]
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
        self.cel.append((self.at, text.getvalue()))

    def log(self, call: Channel, queue: str, agent: str, event: str, *params: object) -> None:
        told = "|".join(str(one) for one in params)
        line = f"{int(self.at)}|{call.unique}|{queue}|{agent}|{event}|{told}\n"
        self.queue.append((self.at, line))

    # what an application or a person does

    def starts(self, channel: Channel, app: str, data: str) -> None:
        channel.app, channel.data = channel.last = app, data
        self.emit("APP_START", channel)

    def ends(self, channel: Channel) -> None:
        self.emit("APP_END", channel)
        channel.app = channel.data = ""

    def bridge(self, *members: Channel, technology: str = "simple_bridge") -> str:
        self._bridges += 1
        name = f"b{self._bridges:07d}-0000-4000-8000-{self.counter:012d}"
        for member in members:
            self.emit("BRIDGE_ENTER", member, bridge_id=name, bridge_technology=technology)
        return name

    def leave(self, bridge: str, *members: Channel) -> None:
        for member in members:
            self.emit("BRIDGE_EXIT", member, bridge_id=bridge, bridge_technology="simple_bridge")

    def plays(self, channel: Channel, sound: str, seconds: float = 3.0) -> None:
        self.starts(channel, "Playback", sound)
        self.emit("STREAM_BEGIN", channel, sound=sound, format="gsm", language="en")
        self.wait(seconds)
        self.emit("STREAM_END", channel)
        self.ends(channel)

    def rings(self, caller: Channel, extension: str, seconds: float) -> Channel:
        self.starts(caller, "Dial", f"{self.inside}/{extension},20,tT")
        leg = self.phone(extension, caller)
        caller.with_whom = leg.name
        self.wait(seconds)
        return leg

    def answers(self, caller: Channel, leg: Channel) -> str:
        leg.app, leg.data = "AppDial", "(Outgoing Line)"
        self.emit("ANSWER", leg)
        self.emit("ANSWER", caller)
        caller.answered = caller.answered or self.at
        return self.bridge(leg, caller)

    def gone(self, channel: Channel, by: str = "", cause: int = 16, status: str = "") -> None:
        self.emit("HANGUP", channel, hangupcause=cause, hangupsource=by, dialstatus=status)
        self.emit("CHAN_END", channel)

    def over(self, last: Channel, linked: str = "") -> None:
        if linked:
            last.linked = linked
        self.emit("LINKEDID_END", last)
        self._record(last)

    def _record(self, channel: Channel) -> None:
        begun = float(channel.unique.partition(".")[0])
        zone = self.zone or ZoneInfo("America/Denver")
        times = [
            datetime.fromtimestamp(int(at), zone).strftime("%Y-%m-%d %H:%M:%S") if at else ""
            for at in (begun, channel.answered, self.at)
        ]
        talk = int(self.at - channel.answered) if channel.answered else 0
        texts = ["", channel.number, channel.exten, channel.context]
        texts += [f'"{channel.caller_name}" <{channel.number}>', channel.name, channel.with_whom]
        texts += [*channel.last, *times, str(int(self.at - begun)), str(talk)]
        texts += ["ANSWERED" if channel.answered else "NO ANSWER", "DOCUMENTATION"]
        texts += [channel.unique, "", "", channel.linked, str(len(self.cdr) + 1)]
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(texts)
        self.cdr.append((self.at, text.getvalue()))

    def blind(self, bridge: str, caller: Channel, leg: Channel, to: str) -> None:
        self.emit(
            "BLINDTRANSFER",
            leg,
            extension=to,
            context="clinic-phones",
            bridge_id=bridge,
            transferee_channel_name=caller.name,
            transferee_channel_uniqueid=caller.unique,
        )
        caller.exten, caller.context = to, "clinic-phones"
        self.leave(bridge, caller, leg)
        self.ends(caller)
        self.gone(leg)

    # whole calls

    def talk(self, number: str, extension: str = "2001", ring: float = 4, talk: float = 60) -> str:
        caller = self.caller(number)
        leg = self.rings(caller, extension, ring)
        bridge = self.answers(caller, leg)
        self.wait(talk)
        self.finish(bridge, caller, leg)
        return caller.unique

    def finish(self, bridge: str, caller: Channel, leg: Channel, by: Channel | None = None) -> None:
        who = by or caller
        self.leave(bridge, caller, leg)
        self.gone(leg, who.name)
        self.ends(caller)
        self.gone(caller, who.name, status="ANSWER")
        self.over(caller)

    def maze(self, number: str, stations: Sequence[str], last: float = 80, **more: float) -> str:
        """Answered, passed on from one to the next, the same recording each time."""
        caller = self.caller(number)
        leg = self.rings(caller, stations[0], more.get("ring", 9))
        for station in stations[1:]:
            bridge = self.answers(caller, leg)
            self.wait(more.get("talk", 20))
            self.blind(bridge, caller, leg, station)
            self.plays(caller, NOTICE)
            leg = self.rings(caller, station, 3)
        bridge = self.answers(caller, leg)
        self.wait(last)
        self.finish(bridge, caller, leg)
        return caller.unique

    def abandons(self, number: str, queue: str = "frontline", wait: float = 45) -> str:
        caller = self.caller(number)
        self.emit("ANSWER", caller)
        self.starts(caller, "Queue", f"{queue},tT,,,120")
        self.emit("STREAM_BEGIN", caller, **{"class": "default"})
        self.log(caller, queue, "NONE", "ENTERQUEUE", "", number, 1)
        leg = self.phone("2007", caller)
        self.wait(wait)
        self.gone(leg, cause=0)
        self.emit("STREAM_END", caller)
        self.log(caller, queue, "NONE", "ABANDON", 1, 1, int(wait))
        self.ends(caller)
        self.gone(caller, caller.name, cause=0)
        self.over(caller)
        return caller.unique

    def misses(self, number: str, extension: str = "2001", ring: float = 20) -> str:
        caller = self.caller(number)
        leg = self.rings(caller, extension, ring)
        self.gone(leg, cause=0)
        self.ends(caller)
        self.gone(caller, "dialplan/builtin", status="NOANSWER")
        self.over(caller)
        return caller.unique

    def voicemail(self, number: str, message: float = 20, ring: float = 15) -> str:
        caller = self.caller(number)
        leg = self.rings(caller, "2001", ring)
        self.ends(caller)
        self.starts(caller, "VoiceMail", "2001@clinic,u")
        self.gone(leg, cause=0)
        for sound in ("vm-theperson", "digits/2", "vm-isunavail", "beep")[: 4 if message else 2]:
            self.emit("STREAM_BEGIN", caller, sound=sound, format="gsm", language="en")
            self.wait(1)
            if sound == "beep" or message:
                self.emit("STREAM_END", caller)
        self.wait(message)
        self.ends(caller)
        self.gone(caller, caller.name, cause=0, status="NOANSWER")
        self.over(caller)
        return caller.unique

    def calls_out(self, number: str, *, answered: bool = True, extension: str = "2001") -> str:
        phone = self.channel(f"{self.inside}/{extension}", extension, "clinic-phones", number)
        phone.dnid = number
        self.starts(phone, "Dial", f"{self.trunk}/{number},30")
        far = self.channel(self.trunk, "", "pstn-in", "s", linked=phone.linked)
        far.number = number
        self.wait(6)
        if answered:
            bridge = self.answers(phone, far)
            self.wait(40)
            self.leave(bridge, phone, far)
        self.gone(far, phone.name)
        self.ends(phone)
        self.gone(phone, phone.name, status="ANSWER" if answered else "CANCEL")
        self.over(phone)
        return phone.unique

    # files

    def cel_bytes(self) -> bytes:
        return "".join(line for _, line in sorted(self.cel, key=lambda one: one[0])).encode()

    def cdr_bytes(self) -> bytes:
        return "".join(line for _, line in self.cdr).encode()

    def queue_bytes(self) -> bytes:
        return "".join(line for _, line in sorted(self.queue, key=lambda one: one[0])).encode()
