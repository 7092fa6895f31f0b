"""Who speaks in a mail: its sender, the patient of a notification, or the patient of a report.

And what comes with it: exports for other sources, files for the helpdesk, files held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.domain.practice import Practice
from connector.domain.signal import Fact, Signal
from connector.parsing.authenticity import Proof, proof_of
from connector.parsing.mail import Mail
from connector.parsing.mail_exports import Exports
from connector.parsing.mail_files import FileOptions, with_safe_files
from connector.parsing.notifications import NotificationOptions, Notifications
from connector.parsing.staff import Staff, StaffOptions

_OURS = frozenset({"own.loop_header", "own.message_id"})
"""What amends and the practice's systems sent themselves stays parked, whatever it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Knows the services and the staff of one practice."""

    notifications: Notifications
    staff: Staff
    trusted: tuple[str, ...]
    """Authserv-ids whose results count."""
    exports: Exports
    files: FileOptions

    @classmethod
    def of(
        cls,
        practice: Practice,
        notifications: NotificationOptions,
        staff: StaffOptions,
        exports: Exports,
        files: FileOptions,
        trusted: Sequence[str],
    ) -> Hearing:
        """Make it of the options. Raises ConfigError for recipes that cannot be used."""
        return cls(
            notifications=Notifications(notifications.chosen(), practice),
            staff=Staff(staff, practice),
            trusted=tuple(trusted),
            exports=exports,
            files=files,
        )

    def proof(self, mail: Mail) -> Proof:
        """Say what is known of the sender's domain."""
        return proof_of(mail.headers, mail.sender.email, self.trusted)

    def heard(self, mail: Mail, signal: Signal) -> Signal:
        """Give the signal with the patient as the one who speaks, and its files sorted."""
        rule = self.exports.rule_for(mail)
        if rule is not None and signal.facts.get("auto_rule") not in _OURS:
            brought = without_automatic(signal)
            told = self.exports.delivered(mail, brought, rule, self.proof(mail))
        else:
            told = self._told(mail, signal)
        return with_safe_files(mail, told, self.files)

    def _told(self, mail: Mail, signal: Signal) -> Signal:
        """Let the patient speak, where another one tells of them; any other mail as it is."""
        rule = str(signal.facts.get("auto_rule", ""))
        if rule in _OURS:
            return signal
        notice = self.notifications.notice(mail)
        if notice is not None and not (rule == "own.address" and notice.recipe.for_anybody):
            told = self.notifications.signal(notice, mail, signal, self.proof(mail))
            return without_automatic(told)
        if notice is None and not rule and self.notifications.other(mail):
            parked: dict[str, Fact] = {"automatic": "list", "auto_rule": "service.other"}
            return replace(signal, facts={**signal.facts, **parked})
        if not rule and self.staff.wrote(mail):
            return self.staff.signal(mail, signal, self.proof(mail))
        return signal


def without_automatic(signal: Signal) -> Signal:
    """Let a machine's mail count: it tells of a person."""
    facts = {
        name: fact
        for name, fact in signal.facts.items()
        if name not in {"automatic", "auto_rule"} and not name.startswith("bounced_")
    }
    return replace(signal, facts=facts)
