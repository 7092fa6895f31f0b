"""The demo's phone system: what Asterisk writes into its channel log, call by call.

The first one is the call of the source story: answered, passed on three times, the same
recording each time, and the caller hangs up; nobody wrote a word about it.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field

from connector.demo.clock import Clock

LINE = "2125550100"
NOTICE = "custom/emergency-911"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One call as the log has it when it is over."""

    title: str
    """How the demo calls it."""
    lines: tuple[str, ...]


@dataclass(slots=True)
class _Pen:
    """Writes the events of one call; `at` is its clock."""

    at: float
    counter: int
    number: str
    lines: list[str] = field(default_factory=list)
    bridges: int = 0

    def leg(self, name: str) -> tuple[str, str]:
        """Make a channel: its name and its id."""
        self.counter += 1
        return f"PJSIP/{name}-{self.counter:08x}", f"{int(self.at)}.{self.counter}"

    def event(
        self,
        kind: str,
        leg: tuple[str, str],
        linked: str,
        *,
        app: str = "",
        data: str = "",
        exten: str = LINE,
        **extra: object,
    ) -> None:
        """Write one event."""
        self.at += 0.001
        outside = leg[1] == linked
        number = self.number if outside else leg[0].partition("/")[2].partition("-")[0]
        row = [kind, f"{self.at:.6f}", "", number, number, "", LINE if outside else "", exten]
        row += ["from-trunk" if outside else "phones", leg[0], app, data, "3", "", leg[1], linked]
        row += ["", "", "", json.dumps(extra, separators=(",", ":")) if extra else ""]
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row)
        self.lines.append(text.getvalue())


def calls(clock: Clock) -> list[Ring]:
    """Give the calls in the order in which they end."""
    start = clock.epoch(minutes_ago=20)
    first = clock.digits * 100
    return [
        _maze(_Pen(start, first, "2125550133")),
        _missed(_Pen(start + 300, first + 20, "2125550177"), "nobody answers"),
        _missed(_Pen(start + 420, first + 40, "2125550177"), "the same caller tries again"),
        _answered(_Pen(start + 500, first + 60, "2125550188"), "answered by the front desk"),
        _closed(_Pen(start + 700, first + 80, "2125550199")),
    ]


def _maze(pen: _Pen) -> Ring:
    caller = pen.leg("trunk")
    linked = caller[1]
    pen.event("CHAN_START", caller, linked)
    for station, following in (("101", "102"), ("102", "103"), ("103", "104"), ("104", "")):
        member, bridge = _talk(pen, caller, station, ring_s=9)
        pen.at += 85 if not following else 20
        if not following:
            break
        pen.event(
            "BLINDTRANSFER",
            member,
            linked,
            extension=following,
            context="phones",
            bridge_id=bridge,
            transferee_channel_name=caller[0],
            transferee_channel_uniqueid=linked,
        )
        _part(pen, caller, member, bridge)
        _gone(pen, member, linked, "")
        pen.event("STREAM_BEGIN", caller, linked, app="Playback", data=NOTICE, sound=NOTICE)
        pen.at += 4
        pen.event("STREAM_END", caller, linked, app="Playback", data=NOTICE)
    _part(pen, caller, member, bridge)
    _gone(pen, member, linked, caller[0])
    return _over(pen, caller, caller[0], "passed on three times, the same recording each time")


def _missed(pen: _Pen, title: str) -> Ring:
    caller = pen.leg("trunk")
    pen.event("CHAN_START", caller, caller[1])
    member = pen.leg("101")
    pen.event("CHAN_START", member, caller[1])
    pen.at += 40
    _gone(pen, member, caller[1], "")
    return _over(pen, caller, "dialplan/builtin", title, status="NOANSWER")


def _answered(pen: _Pen, title: str) -> Ring:
    caller = pen.leg("trunk")
    pen.event("CHAN_START", caller, caller[1])
    member, bridge = _talk(pen, caller, "101", ring_s=6)
    pen.at += 120
    _part(pen, caller, member, bridge)
    _gone(pen, member, caller[1], caller[0])
    return _over(pen, caller, caller[0], title)


def _closed(pen: _Pen) -> Ring:
    caller = pen.leg("trunk")
    pen.event("CHAN_START", caller, caller[1])
    notice = "custom/office-closed"
    pen.event("STREAM_BEGIN", caller, caller[1], app="Playback", data=notice, sound=notice)
    pen.at += 7
    pen.event("STREAM_END", caller, caller[1], app="Playback", data=notice)
    title = "hears that the office is closed; the call ends"
    return _over(pen, caller, "dialplan/builtin", title)


def _talk(
    pen: _Pen, caller: tuple[str, str], station: str, *, ring_s: float
) -> tuple[tuple[str, str], str]:
    linked = caller[1]
    member = pen.leg(station)
    pen.bridges += 1
    bridge = f"demo-{pen.counter}-{pen.bridges}"
    pen.event("CHAN_START", member, linked)
    pen.at += ring_s
    pen.event("ANSWER", member, linked, app="AppDial")
    for leg in (member, caller):
        pen.event("BRIDGE_ENTER", leg, linked, bridge_id=bridge, bridge_technology="simple_bridge")
    return member, bridge


def _part(pen: _Pen, caller: tuple[str, str], member: tuple[str, str], bridge: str) -> None:
    for leg in (caller, member):
        pen.event("BRIDGE_EXIT", leg, caller[1], bridge_id=bridge)


def _gone(pen: _Pen, leg: tuple[str, str], linked: str, by: str, *, status: str = "") -> None:
    pen.event("HANGUP", leg, linked, hangupcause=16, hangupsource=by, dialstatus=status)
    pen.event("CHAN_END", leg, linked)


def _over(
    pen: _Pen, caller: tuple[str, str], by: str, title: str, *, status: str = "ANSWER"
) -> Ring:
    _gone(pen, caller, caller[1], by, status=status)
    pen.event("LINKEDID_END", caller, caller[1])
    return Ring(title=title, lines=tuple(pen.lines))
