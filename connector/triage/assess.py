"""The one decision about a signal.

1. Mail that no person wrote is parked; mail that only brought files for another source counts.
2. Words of safety, privacy, rights and law make a ticket, whatever the score or the source; a
   person looks at what may be such words.
3. Who asks to be contacted, by a tick or in words, gets a ticket, whatever the score.
4. Calls are judged by what the phone system saw, survey answers by score and comment, mails by
   default: a ticket unless clearly thanks.
5. A mail in doubt (forged, not understood) is looked at by a person, whatever it says.
6. Categories come from all findings; severity is the highest that any of them asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Assessment, Lane, Reason
from connector.domain.signal import Channel, Signal
from connector.domain.taxonomy import floor_of, rank
from connector.triage.calls import judge_call
from connector.triage.comments import judge_comment, judge_mail, tone_reasons
from connector.triage.doubts import doubt_reason, exported_reason, proof_reasons
from connector.triage.heard import Heard, hear
from connector.triage.lexicon import Lexicon, lexicon
from connector.triage.model.weights import shipped
from connector.triage.opinion import STRENGTH, Opinion, about, plain
from connector.triage.reading import Finding, Reading, read
from connector.triage.safety.features import readable
from connector.triage.safety.judge import judge
from connector.triage.scores import judge_score
from connector.triage.settings import TriageSettings

MAX_CATEGORIES: Final = 6
"""A case has at most so many categories: the ones with the most behind them."""

_AUTOMATIC: Final = frozenset(
    {"bounce", "delay", "report", "auto_reply", "list", "loop", "own", "rate"}
)
_CRITICAL: Final = 4
_HIGH: Final = 3
_MODERATE: Final = 2

# Category and severity of the eight safety groups. Law and press say nothing about the kind.
_SAFETY: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "self_harm": ("clinical.safety", _CRITICAL),
        "violence": ("clinical.safety", _CRITICAL),
        "abuse": ("clinical.safety", _CRITICAL),
        "patient_safety": ("clinical.safety", _CRITICAL),
        "urgent": ("clinical.safety", _CRITICAL),
        "privacy": ("privacy.confidentiality", _HIGH),
        "rights": ("people.rights", _HIGH),
        "legal": ("", _CRITICAL),
    }
)
_CALLBACK: Final = "signal:callback"
_ASKING: Final[Mapping[str, int]] = MappingProxyType({"callback": 1})
"""Signals that ask for something, and the least severity of it."""
_COMPLAINT_WEIGHT: Final = 2
_SAFETY_WEIGHT: Final = 3
_MAX_WEIGHT: Final = 5
_MAX_TERMS: Final = 4


def assess(signal: Signal, settings: TriageSettings) -> Assessment:
    """Decide lane, severity and categories of one signal, with every reason.

    Pure and deterministic: the same signal and settings give the same assessment. Bounded in
    time for any input, and never raises for any Signal.
    """
    words = lexicon(settings)
    # what a phone system wrote is nobody's word: an "emergency" there is a recording's name
    spoken = (signal.subject, signal.reply_text or signal.text) if _spoken(signal) else ("", "")
    reading = read(*spoken, words)
    safety, perhaps = _safety_reasons(reading), _perhaps_grave(reading)
    automatic = _automatic(signal)
    if automatic is not None:
        return _nothing_owed(Lane.PARK, (automatic, *safety, *perhaps), words)
    if (exported := exported_reason(signal.facts)) is not None:
        return _nothing_owed(Lane.COUNT, (exported,), words)
    heard = _hear(signal, reading, words, settings)
    opinion = _judge(signal, reading, heard, settings)
    doubt = doubt_reason(signal.facts)
    lane = _lane(signal, opinion, safety, doubt, reading)
    reasons = (
        *safety,
        *([doubt] if doubt else []),
        *proof_reasons(signal.facts),
        *_consent(signal),
        *opinion.reasons,
        *perhaps,
        *_word_reasons(signal, reading),
    )
    if lane is Lane.COUNT:
        return _nothing_owed(lane, (*reasons, *_thanked(signal, reading)), words, heard)
    reasons = (*reasons, *(heard.about if heard else ()))
    categories = _categories(signal, reading, reasons)
    raised = max((settings.floors.get(key, 0) for key in categories), default=0)
    return Assessment(
        lane=lane,
        severity=max(_severity(categories, reasons), raised),
        categories=categories,
        reasons=reasons,
        score_permille=_permille(heard),
        model=_model(words, heard),
    )


def superseded(assessment: Assessment) -> Assessment:
    """Count a call of which the phone system sent a later version, before it was decided."""
    told = plain("phone.corrected", "a later record tells this call anew")
    calm = tuple(plain(reason.rule, reason.evidence) for reason in assessment.reasons)
    return replace(assessment, lane=Lane.COUNT, severity=0, categories=(), reasons=(told, *calm))


def considered_again(assessment: Assessment, reasons: Sequence[Reason]) -> Assessment:
    """Give the assessment of a call once more is known: the same, with other reasons.

    Where nothing asks for anything any more, the call is counted; severity and categories follow
    the reasons. Words of safety stay what they are.
    """
    if tuple(reasons) == assessment.reasons:
        return assessment
    if not any(reason.severity > 0 for reason in reasons):
        return replace(
            assessment, lane=Lane.COUNT, severity=0, categories=(), reasons=tuple(reasons)
        )
    weights: dict[str, int] = {}
    for reason in reasons:
        if reason.category and reason.severity > 0:
            weights[reason.category] = weights.get(reason.category, 0) + 1
    categories = rank(weights)[:MAX_CATEGORIES]
    return replace(
        assessment,
        severity=_severity(categories, reasons),
        categories=categories,
        reasons=tuple(reasons),
    )


def _permille(heard: Heard | None) -> int | None:
    return heard.score.permille if heard is not None and heard.sure else None


def _model(words: Lexicon, heard: Heard | None = None) -> str:
    rules = f"rules-{words.version} safety-{judge().weights.version}"
    return f"{rules} comments-{shipped().version}" if heard else rules


def _nothing_owed(
    lane: Lane, reasons: Sequence[Reason], words: Lexicon, heard: Heard | None = None
) -> Assessment:
    return Assessment(
        lane=lane,
        severity=0,
        categories=(),
        reasons=tuple(reasons),
        score_permille=_permille(heard),
        model=_model(words, heard),
    )


def _automatic(signal: Signal) -> Reason | None:
    fact = signal.facts.get("automatic")
    if not fact:
        return None
    kind = fact if isinstance(fact, str) and fact in _AUTOMATIC else "other"
    return plain(f"mail.automatic.{kind}")


def _safety_reasons(reading: Reading) -> list[Reason]:
    found = reading.section("safety")
    return [
        Reason(
            rule=f"safety.{group}",
            category=category,
            severity=severity,
            evidence=_said(found[group]),
        )
        for group, (category, severity) in _SAFETY.items()
        if group in found
    ]


def _perhaps_grave(reading: Reading) -> list[Reason]:
    """Give what may be grave, for a person to say; one reason whatever the groups."""
    found = reading.section("perhaps")
    said = dict.fromkeys(_said(found[group]) for group in _SAFETY if group in found)
    return [plain("signal.perhaps_grave", "; ".join(said))] if said else []


def _said(finding: Finding) -> str:
    """Give the person's words, and those of them that the safety model weighed most."""
    terms = [f'"{shown}"' for term in finding.terms[:_MAX_TERMS] if (shown := readable(term))]
    weighed = f" (weighed most: {', '.join(terms)})" if terms else ""
    return f"{finding.evidence}{weighed}"


def _hear(
    signal: Signal, reading: Reading, words: Lexicon, settings: TriageSettings
) -> Heard | None:
    """Ask the comment model about what patients answer or publish; mails need no such figure."""
    if signal.channel is Channel.MAIL and judge_score(signal.facts, settings.scores) is None:
        return None
    return hear(signal, reading, words, settings.comments)


def _judge(
    signal: Signal, reading: Reading, heard: Heard | None, settings: TriageSettings
) -> Opinion:
    if signal.channel is Channel.PHONE:
        return judge_call(signal, settings.phone)
    unfinished = signal.facts.get("survey_status") == "partial"
    if unfinished and signal.facts.get("partial_over") is not True:  # the whole is still to come
        return Opinion(lane=Lane.COUNT, reasons=(plain("comment.partial"),))
    if signal.facts.get("answered") is True:
        return Opinion(lane=Lane.COUNT, reasons=(plain("comment.answered"),))
    score = judge_score(signal.facts, settings.scores)
    if signal.channel is Channel.MAIL and score is None:
        return judge_mail(signal, reading)
    return judge_comment(reading, score, heard)


def _lane(
    signal: Signal,
    opinion: Opinion,
    safety: Sequence[Reason],
    doubt: Reason | None,
    reading: Reading,
) -> Lane:
    """Let doubt put a person in front of everything but words of safety."""
    if doubt is not None:
        return Lane.TICKET if safety else Lane.REVIEW
    lane: Lane = max(opinion.lane, *_demands(signal, safety, reading), key=STRENGTH.index)
    return lane


def _spoken(signal: Signal) -> bool:
    """Say whether the text is a person's; a call's is the phone system's, unless transcribed."""
    return signal.channel is not Channel.PHONE or signal.facts.get("transcript") is True


def _demands(signal: Signal, safety: Sequence[Reason], reading: Reading) -> tuple[Lane, ...]:
    """Lanes that no score can talk down; one at least, so that there is something to compare."""
    asks = _CALLBACK in reading.found and signal.channel is not Channel.PHONE
    if safety or asks or signal.facts.get("wants_contact") is True:
        return (Lane.TICKET,)
    looked_at = reading.section("perhaps") or signal.facts.get("contact_answer_unclear") is True
    return (Lane.REVIEW if looked_at else Lane.COUNT,)


def _consent(signal: Signal) -> list[Reason]:
    wants = signal.facts.get("wants_contact")
    if wants is True:
        return [plain("consent.wants_contact", severity=1)]
    if signal.facts.get("contact_answer_unclear") is True:
        return [plain("consent.unclear")]
    return [plain("consent.no_contact")] if wants is False else []


def _thanked(signal: Signal, reading: Reading) -> list[Reason]:
    """Name the listed staff whom a kind comment names: as the list writes them, nobody else."""
    if not _spoken(signal) or not (reading.count("tone:praise") or reading.count("tone:thanks")):
        return []
    return [plain("signal.thanks_to", name) for name in sorted(reading.section("staff"))]


def _word_reasons(signal: Signal, reading: Reading) -> list[Reason]:
    """Reasons from the person's own words."""
    reasons: list[Reason] = []
    if _spoken(signal):
        reasons += [
            about(f"words.{key}", key, finding.evidence)
            for key, finding in sorted(reading.section("complaint").items())
        ]
        reasons += [
            plain(f"risk.{name}", finding.evidence, severity=_HIGH)
            for name, finding in sorted(reading.section("risk").items())
        ]
        reasons += [
            plain(f"signal.{name}", finding.evidence, severity=_ASKING.get(name, 0))
            for name, finding in sorted(reading.section("signal").items())
        ]
        reasons += tone_reasons(reading)
    if reading.cut:
        reasons.append(plain("input.cut"))
    return reasons


def _categories(signal: Signal, reading: Reading, reasons: Sequence[Reason]) -> tuple[str, ...]:
    weights: dict[str, int] = {}
    complaints = reading.section("complaint")
    for reason in reasons:
        if not reason.category:
            continue
        found = complaints.get(reason.category) if reason.rule.startswith("words.") else None
        count = min(found.count, _MAX_WEIGHT) if found else _SAFETY_WEIGHT
        gain = 1 if reason.rule == "model.topic" else _COMPLAINT_WEIGHT * count
        weights[reason.category] = weights.get(reason.category, 0) + gain
    if not weights and _spoken(signal) and _critical_tone(reading):
        topics = reading.section("topic")
        weights = {key: min(topics[key].count, _MAX_WEIGHT) for key in topics}
    return rank(weights)[:MAX_CATEGORIES]


def _critical_tone(reading: Reading) -> bool:
    """Without any word of blame or wish, a topic alone is not what went wrong."""
    labels = ("tone:blame", "tone:unpraise", "tone:wish", "tone:negation")
    return any(reading.count(label) for label in labels)


def _severity(categories: Sequence[str], reasons: Sequence[Reason]) -> int:
    """Give the highest of floors and rules; two rules that ask for something make it moderate."""
    asking = {reason.rule for reason in reasons if reason.severity > 0}
    together = _MODERATE if len(asking) > 1 else 1
    return max(floor_of(categories), together, *(reason.severity for reason in reasons))
