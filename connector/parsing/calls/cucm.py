"""Cisco Unified Communications Manager: one call detail record to a leg.

Records of one call share the three global ids; a transfer makes three of them (the caller and who
transfers, the consultation, the caller and who gets the call), joined by the ids of call legs.
Names and codes: Cisco, "Call Detail Records Administration Guide", field descriptions and codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import tzinfo
from fnmatch import fnmatchcase
from typing import Final

from connector.domain.call import Aspect, Direction, HangUp, Outcome, TransferKind
from connector.parsing.calls.legs import Leg
from connector.parsing.calls.presets import Preset
from connector.parsing.calls.table_legs import LegMaker, Record, Unusable
from connector.parsing.people import without_controls
from connector.parsing.survey_times import DateOrder

MAX_CHARS: Final = 200
"""Numbers, names and devices are cut to this."""
MAX_EPOCH_DIGITS: Final = 10
PRESET: Final = "cisco_cucm"

_SPLIT: Final = frozenset({"126", "393216"})
"""The call was split for a transfer, a park or a conference; 126 before release 5."""
_BY_TRANSFER: Final = "10"
"""OnBehalfOf: Transfer."""
_BUSY: Final = frozenset({"17"})
_NO_ANSWER: Final = frozenset({"0", "16", "18", "19", "21", "31", "102"})
_QUEUED: Final = "1"
_EXTERNAL_DIGITS: Final = 7
_PHONE = re.compile(r"(?:SEP|ATA|CSF|BOT|TCT|TAB|CIPC|AN|VGC|UPC|SPARK|CTIRD|EP)\w*", re.IGNORECASE)
_VOICEMAIL: Final = ("*um*-vi*", "*unity*", "*voicemail*", "*voice_mail*", "*cuc-*", "*cuc_*")
_BRIDGE: Final = ("b00*", "cfb_*", "conf*")

# The first 50 names of a record have been the same since release 6; some pushers leave the line
# of names out.
_COLUMNS: Final = (
    "cdrRecordType", "globalCallID_callManagerId", "globalCallID_callId", "origLegCallIdentifier",
    "dateTimeOrigination", "origNodeId", "origSpan", "origIpAddr", "callingPartyNumber",
    "callingPartyUnicodeLoginUserID", "origCause_location", "origCause_value",
    "origPrecedenceLevel", "origMediaTransportAddress_IP", "origMediaTransportAddress_Port",
    "origMediaCap_payloadCapability", "origMediaCap_maxFramesPerPacket", "origMediaCap_g723BitRate",
    "origVideoCap_Codec", "origVideoCap_Bandwidth", "origVideoCap_Resolution",
    "origVideoTransportAddress_IP", "origVideoTransportAddress_Port", "origRSVPAudioStat",
    "origRSVPVideoStat", "destLegIdentifier", "destNodeId", "destSpan", "destIpAddr",
    "originalCalledPartyNumber", "finalCalledPartyNumber", "finalCalledPartyUnicodeLoginUserID",
    "destCause_location", "destCause_value", "destPrecedenceLevel",
    "destMediaTransportAddress_IP", "destMediaTransportAddress_Port",
    "destMediaCap_payloadCapability", "destMediaCap_maxFramesPerPacket", "destMediaCap_g723BitRate",
    "destVideoCap_Codec", "destVideoCap_Bandwidth", "destVideoCap_Resolution",
    "destVideoTransportAddress_IP", "destVideoTransportAddress_Port", "destRSVPAudioStat",
    "destRSVPVideoStat", "dateTimeConnect", "dateTimeDisconnect", "lastRedirectDn", "pkid",
    "originalCalledPartyNumberPartition", "callingPartyNumberPartition",
    "finalCalledPartyNumberPartition", "lastRedirectDnPartition", "duration", "origDeviceName",
    "destDeviceName", "origCallTerminationOnBehalfOf", "destCallTerminationOnBehalfOf",
    "origCalledPartyRedirectOnBehalfOf", "lastRedirectRedirectOnBehalfOf",
    "origCalledPartyRedirectReason", "lastRedirectRedirectReason", "destConversationId",
    "globalCallId_ClusterID", "joinOnBehalfOf",
)  # fmt: skip

_ZERO_DURATION: Final = (
    "Calls that nobody answered are logged only when CDR Log Calls with Zero Duration Flag is "
    "True (System, Service Parameters, Cisco CallManager): set it, or callers who gave up are "
    "not heard."
)
_NOT_IN_THEM: Final = "Holds, recordings and menus are not in the records."
CANNOT: Final = (_ZERO_DURATION, _NOT_IN_THEM)
"""What the records cannot show."""


def preset() -> Preset:
    """Give how the files are cut into records; what a record means is `CucmMaker`'s."""
    return Preset.model_validate(
        {
            "title": "Cisco Unified Communications Manager",
            "delimiter": ",",
            "columns": _COLUMNS,
            "recognise": ["globalCallID_callManagerId", "globalCallID_callId", "dateTimeConnect"],
            "late_seconds": 300,
            "shows": [Aspect.TRANSFERS, Aspect.QUEUES, Aspect.HANG_UP],
            "cannot": CANNOT,
            "fields": {"call": "globalCallID_callId", "started": "dateTimeOrigination"},
        }
    )


def maker_with(
    phones: Sequence[str], voicemail: Sequence[str]
) -> Callable[[Preset, tzinfo, DateOrder], CucmMaker]:
    """Give what makes the maker; patterns of further phones, of voicemail devices and numbers."""

    def make(known: Preset, zone: tzinfo, order: DateOrder) -> CucmMaker:
        return CucmMaker(known, zone, order, phones=phones, voicemail=voicemail)

    return make


class CucmMaker(LegMaker):
    """Reads records of CUCM."""

    def __init__(
        self,
        preset: Preset,
        zone: tzinfo,
        order: DateOrder,
        *,
        phones: Sequence[str] = (),
        voicemail: Sequence[str] = (),
    ) -> None:
        """Take the practice's own patterns beside what Cisco's names tell."""
        super().__init__(preset, zone, order)
        self._phones = tuple(pattern.casefold() for pattern in phones)
        self._mailboxes = tuple(pattern.casefold() for pattern in (*voicemail, *_VOICEMAIL))

    def leg(self, record: Record) -> Leg | None:
        """Read one record; None for lines of types and records of another kind."""
        cell = _Cells(record)
        kind = cell("cdrRecordType")
        if kind.upper() in {"INTEGER", "CDRRECORDTYPE", "2"}:
            return None  # the lines of types and names; a record of call quality
        started = cell.epoch("dateTimeOrigination")
        ids = [cell(f"globalCallID_{name}") for name in ("callManagerId", "callId")]
        if not all(ids):
            raise Unusable("The row has no global id of its call.")
        if not started:
            raise Unusable("The row does not say when its call began.")
        connected, ended = cell.epoch("dateTimeConnect"), cell.epoch("dateTimeDisconnect")
        ended = max(ended or connected or started, started)
        connected = min(max(connected, started), ended) if connected else None
        cluster = cell("globalCallId_ClusterID")
        direction = self._between(cell)
        consulting = self._is_phone(cell, "orig") and _by_transfer(cell)
        outcome = Outcome.UNKNOWN if consulting else self._outcome_of(cell, connected)
        queued = cell("wasCallQueued") == _QUEUED
        waited = cell.whole("totalWaitTimeInQueue") if queued else None
        split = {cell("origCause_value"), cell("destCause_value")} & _SPLIT
        return Leg(
            key="|".join([cluster, *ids]),
            links=tuple(
                f"leg|{cluster}|{ids[0]}|{value}"
                for name in ("origLegCallIdentifier", "destLegIdentifier")
                if (value := cell(name)) not in {"", "0"}
            ),
            ident=cell("pkid") or f"{started}|{cell('destLegIdentifier')}|{cell('duration')}",
            started_at=started,
            answered_at=connected if outcome is Outcome.ANSWERED else None,
            ended_at=ended,
            direction=direction,
            caller=cell("callingPartyNumber"),
            dialled=cell("originalCalledPartyNumber") or cell("finalCalledPartyNumber"),
            who="" if consulting else cell("finalCalledPartyNumber"),
            outcome=outcome,
            queue=cell("huntPilotDN") if queued and not consulting else "",
            wait_s=waited,
            talk_s=round(ended - connected) if connected else None,
            ended_by=_ender(cell, direction) if not split else HangUp.UNKNOWN,
            transfer=TransferKind.UNKNOWN if cell("joinOnBehalfOf") == _BY_TRANSFER else None,
            last=False if split else None,
        )

    def _between(self, cell: _Cells) -> Direction:
        caller, called = cell("callingPartyNumber"), cell("finalCalledPartyNumber")
        from_phone, to_phone = self._is_phone(cell, "orig"), self._is_phone(cell, "dest")
        if not from_phone and cell("origDeviceName"):
            return Direction.INBOUND
        if from_phone and not to_phone and cell("destDeviceName") and _external(called):
            return Direction.OUTBOUND
        if from_phone or (caller and not _external(caller)):
            return Direction.INTERNAL
        return Direction.UNKNOWN

    def _is_phone(self, cell: _Cells, side: str) -> bool:
        device = cell(f"{side}DeviceName")
        folded = device.casefold()
        known = any(fnmatchcase(folded, pattern) for pattern in self._phones)
        return known or _PHONE.fullmatch(device) is not None

    def _outcome_of(self, cell: _Cells, connected: float | None) -> Outcome:
        called, device = cell("finalCalledPartyNumber"), cell("destDeviceName")
        names = (called.casefold(), device.casefold())
        if any(fnmatchcase(name, pattern) for name in names if name for pattern in _BRIDGE):
            return Outcome.UNKNOWN
        mailbox = any(fnmatchcase(n, pattern) for n in names if n for pattern in self._mailboxes)
        if connected and mailbox:
            return Outcome.VOICEMAIL_UNCLEAR
        if cell("wasCallQueued") == _QUEUED and (
            not connected or (called == cell("huntPilotDN") and not self._is_phone(cell, "dest"))
        ):
            return Outcome.ABANDONED  # it got no further than the queue
        return Outcome.ANSWERED if connected else _unanswered(cell)


def _unanswered(cell: _Cells) -> Outcome:
    """Tell by the causes why nobody answered."""
    causes = {cell("origCause_value") or "0", cell("destCause_value") or "0"}
    if causes & _BUSY:
        return Outcome.BUSY
    return Outcome.MISSED if causes <= _NO_ANSWER | _SPLIT else Outcome.FAILED


class _Cells:
    """Cells of one record by Cisco's names."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __call__(self, name: str) -> str:
        """Give a text; empty for one that is not there."""
        return without_controls(self._record.get(name.casefold(), "")[:MAX_CHARS]).strip()

    def whole(self, name: str) -> int | None:
        """Give a whole number that is not negative."""
        text = self(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004

    def epoch(self, name: str) -> float | None:
        """Give UTC epoch seconds; None for 0, which is never."""
        text = self(name)
        sound = text.isascii() and text.isdigit() and len(text) <= MAX_EPOCH_DIGITS
        return float(text) if sound and int(text) else None


def _by_transfer(cell: _Cells) -> bool:
    names = ("origCallTerminationOnBehalfOf", "destCallTerminationOnBehalfOf")
    return any(cell(name) == _BY_TRANSFER for name in names)


def _external(number: str) -> bool:
    return sum(char.isdigit() for char in number) >= _EXTERNAL_DIGITS


def _ender(cell: _Cells, direction: Direction) -> HangUp:
    """The side whose cause is not 0 cleared the call; the other one has 0."""
    caller, called = cell("origCause_value") or "0", cell("destCause_value") or "0"
    if direction is Direction.OUTBOUND:
        caller, called = called, caller
    if caller != "0" and called == "0":
        return HangUp.CALLER
    if called != "0" and caller == "0":
        return HangUp.STAFF
    return HangUp.UNKNOWN
