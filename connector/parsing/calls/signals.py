"""A call as a signal: the facts that triage judges, and the words that a ticket shows."""

from __future__ import annotations

import hashlib
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.call import Aspect, Call
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Contact, Fact, Signal
from connector.parsing.calls.found import Heard
from connector.parsing.calls.timeline import Names, summary, timeline

_TRANSFERS: Final = Aspect.TRANSFERS
MAX_LISTED = 40
"""Ids and names kept of one call in its facts."""
MAX_FACT_CHARS = 120
"""A longer id or name is cut in the facts."""


def signal_of(heard: Heard, source: str, practice: Practice, names: Names) -> Signal:
    """Give the signal of a call; its natural key is the phone system's own id."""
    call = heard.call
    return Signal(
        tenant=practice.tenant,
        source=source,
        natural_key=heard.natural_key or f"call|{call.key}",
        locator=heard.locator,
        channel=Channel.PHONE,
        event_time=call.ended_at,
        contact=contact_of(call),
        text="\n".join(told(call, practice.zone, names)),
        facts=facts_of(call) | ({"revises": heard.revises} if heard.revises else {}),
        raw=heard.evidence,
    )


def told(call: Call, zone: ZoneInfo, names: Names) -> list[str]:
    """Tell a call: a summary, then step by step."""
    return [summary(call, names), *timeline(call, zone, names)]


def number_of(call: Call) -> str:
    """Give the number on the other side, in E.164; empty when nobody knows it."""
    return call.caller_e164 if call.from_outside else call.dialled_e164


def contact_of(call: Call) -> Contact:
    """Give who was on the other side: the caller, or whom the practice called."""
    if call.from_outside:
        return Contact(name=call.caller_name, phone=call.caller_e164)
    return Contact(phone=call.dialled_e164)


def facts_of(call: Call) -> dict[str, Fact]:
    """Name what is known of a call; what is not known is left out."""
    known: dict[str, Fact | None] = {
        "call_end": call.outcome._value_,
        "direction": call.direction._value_,
        "call_start": int(call.started_at.timestamp()),
        "call_stop": int(call.ended_at.timestamp()),
        "answered": call.answered_at is not None,
        "line": call.dialled[:MAX_FACT_CHARS] or None,
        "anonymous": call.anonymous or None,
        "wait_s": call.wait_s,
        "call_s": call.talk_s,
        "last_talk_s": call.last_talk_s,
        "transfers": transfers_of(call),
        "recordings_heard": call.same_recording_max,
        "recording_repeats": call.recording_places_max if call.recordings else None,
        "hold_s": call.hold_s_max,
        "ended_by": call.ended_by._value_ or None,
        "voicemail_s": call.voicemail_s,
        "voicemail": True if call.voicemail_box else None,
        "closed_notice": call.closed_notice or None,
        "truncated": call.truncated or None,
        "staff": tuple([_cut(who) for who in call.staff[:MAX_LISTED]]) or None,
        "callid": call.key[:MAX_FACT_CHARS],
    }
    if call.queues:
        known["queue"] = _cut(call.queues[-1].queue)
        known["queues"] = tuple(_cut(stay.queue) for stay in call.queues[:MAX_LISTED])
    return {name: fact for name, fact in known.items() if fact is not None}


def fingerprint(call: Call) -> str:
    """Hash what is told of a call, to see whether a later version says anything new."""
    said = (sorted(facts_of(call).items()), contact_of(call))
    return hashlib.blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def transfers_of(call: Call) -> int | None:
    """Count the transfers; None when there may be more than those that the log shows."""
    known = _TRANSFERS in call.shows or call.transfers
    return len(call.transfers) if known else None


def _cut(text: str) -> str:
    return text[:MAX_FACT_CHARS]
