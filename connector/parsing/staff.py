"""Staff who report by mail what a patient told them.

The patient is the contact, as far as the report names one; who reports is on record and never
the contact. Lines such as `Patient: Jane Doe` and `What happened: ...` are read in English and
Spanish; a report in free words is a report all the same.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field

from connector.domain.practice import Practice
from connector.domain.signal import Contact, Fact, Signal
from connector.parsing import recipe_fields as fields
from connector.parsing.authenticity import Proof
from connector.parsing.mail import Mail
from connector.parsing.people import email_key
from connector.parsing.recipes import FieldRule, Kind, Recipe, Role
from connector.parsing.survey_scores import fold

_CLOSINGS = frozenset(
    {"thanks", "thank you", "many thanks", "regards", "best regards", "kind regards", "best",
     "sincerely", "cheers", "saludos", "un saludo", "gracias", "muchas gracias", "atentamente"}
)  # fmt: skip


class StaffOptions(BaseModel):
    """Who may report complaints of others by mail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    senders: tuple[str, ...] = Field(
        default=(),
        description="Addresses of staff, or patterns such as *@practice.example. Their mail tells "
        "of a patient; without proof of the sender's domain a person looks at it first.",
    )
    except_senders: tuple[str, ...] = Field(
        default=(), description="Addresses among them that are no staff (forms, machines)."
    )


_LABELS = {
    Role.NAME: (
        "Patient", "Patient name", "Patient's name", "Name of patient", "Name", "Pt", "Pt name",
        "Caller", "Client", "Paciente", "Nombre", "Nombre del paciente", "Nombre de la paciente",
        "Nombre y apellido", "Persona",
    ),
    Role.PHONE: (
        "Phone", "Phone number", "Telephone", "Tel", "Tel no", "Cell", "Cell phone", "Mobile",
        "Call back", "Callback", "Callback number", "Call back number", "Number", "Contact number",
        "Tel\u00e9fono", "N\u00famero", "N\u00famero de tel\u00e9fono", "Celular", "M\u00f3vil",
    ),
    Role.EMAIL: (
        "E-mail", "Email", "Mail", "E-mail address", "Email address", "Patient email", "Correo",
        "Correo electr\u00f3nico", "Email del paciente",
    ),
    Role.DATE: (
        "Date", "When", "Date and time", "Date/time", "Date of call", "Date of visit", "Fecha",
        "Cu\u00e1ndo", "Fecha y hora",
    ),
    Role.LOCATION: ("Location", "Site", "Office", "Clinic", "Sede", "Cl\u00ednica", "Lugar"),
    Role.WANTS_CONTACT: (
        "Wants a call", "Wants contact", "Call them back", "Please call", "Contact patient",
        "Wants a call back", "Wants callback", "Quiere que le llamen", "Llamar al paciente",
    ),
    Role.TEXT: (
        "What happened", "Complaint", "Issue", "Problem", "Concern", "Description", "Details",
        "Summary", "Message", "Reason", "Qu\u00e9 pas\u00f3", "Qu\u00e9 ocurri\u00f3",
        "Qu\u00e9 sucedi\u00f3", "Queja", "Problema", "Motivo", "Descripci\u00f3n", "Mensaje",
    ),
}  # fmt: skip

_FORM = Recipe(
    name="staff-report",
    title="Report by staff",
    kind=Kind.WEB_FORM,
    senders=("staff@practice.example",),
    subjects=(".",),
    fields={
        role: FieldRule(labels=labels, until=(r"^-- ?$",) if role is Role.TEXT else ())
        for role, labels in _LABELS.items()
    },
)


class Staff:
    """The staff of one practice."""

    def __init__(self, options: StaffOptions, practice: Practice) -> None:
        """Take who is staff."""
        self._options = options
        self._region = practice.region
        self._own = frozenset(email_key(own) for own in practice.own_addresses)

    def wrote(self, mail: Mail) -> bool:
        """Say whether the sender is staff, by what the mail claims."""
        sender = email_key(mail.sender.email)
        return self._is_staff(sender) and sender not in self._own

    def _is_staff(self, address: str) -> bool:
        def listed(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(address, pattern.lower()) for pattern in patterns)

        return (
            bool(address)
            and listed(self._options.senders)
            and not listed(self._options.except_senders)
        )

    def signal(self, mail: Mail, signal: Signal, proof: Proof) -> Signal:
        """Make the signal of a report: about the patient, reported by the sender."""
        spoken = replace(mail, text=_above_signature(signal.reply_text or mail.text, mail))
        found = fields.found_fields(_FORM, spoken)
        facts: dict[str, Fact] = {
            **signal.facts,
            "reporter_name": mail.sender.name or mail.sender.email,
            "sender_proof": proof.value,
        }
        if "@" in mail.sender.email:  # mail within a machine (`<root>`) has no address
            facts["reporter"] = mail.sender.email
        if proof is not Proof.VERIFIED:
            facts["doubt"] = "forged" if proof is Proof.FAILED else "staff"
        if Role.LOCATION in found:
            facts["location"] = found[Role.LOCATION]
        wants = fields.yes_or_no_of(found.get(Role.WANTS_CONTACT, ""))
        if wants is not None:
            facts["wants_contact"] = wants
        return replace(
            signal,
            contact=self._patient(found),
            reply_text=found.get(Role.TEXT, "") or signal.reply_text,
            facts=facts,
        )

    def _patient(self, found: dict[Role, str]) -> Contact:
        email = fields.email_of(found.get(Role.EMAIL, ""))
        if self._is_staff(email_key(email)) or email_key(email) in self._own:
            email = ""
        return Contact(
            name=fields.name_of(found.get(Role.NAME, "")),
            email=email,
            phone=fields.phone_of(found.get(Role.PHONE, ""), self._region),
        )


def _above_signature(text: str, mail: Mail) -> str:
    """Cut where the member of staff signs: the number below is their own."""
    name = fold(mail.sender.name)
    lines = text.split("\n")
    for place, line in enumerate(lines):
        folded = fold(line).strip(" ,.!-")
        if place and folded and (folded == name or folded in _CLOSINGS):
            return "\n".join(lines[:place])
    return text
