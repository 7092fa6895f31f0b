"""What happens in the demo: invented people, and what must become of what they said."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from connector.demo.clock import Clock

TICKET, JOINS, LOOK, COUNTED, PARKED, KNOWN = (
    "ticket",
    "joins",
    "second look",
    "counted",
    "parked",
    "known",
)
BOX = "feedback@riverside.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that arrives while the daemon watches."""

    title: str
    """How the demo calls it."""
    expect: str
    """ticket | joins | second look | counted | parked | known."""
    words: str
    """Words that must be found in exactly one place of the helpdesk, or in none."""
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How many tickets all of it must make, and how many items must come to each end."""

    tickets: int
    items: int


def mails(clock: Clock) -> list[Mail]:
    """The mails in the order of their arrival."""
    made = [
        _complaint(clock),
        _billing(clock),
        _second_of_the_same(clock),
        _thanks(clock),
        _out_of_office(clock),
        _threat(clock),
        _html_only(clock),
        _spanish(clock),
        _privacy(clock),
        _unsure(clock),
        _bounce(clock),
        _with_attachment(clock),
    ]
    twice = made[1]
    again = Mail(
        title="the billing mail, delivered a second time",
        expect=KNOWN,
        words=twice.words,
        raw=twice.raw,
    )
    return [*made, again]


def _mail(clock: Clock, who: str, subject: str, text: str, number: int) -> EmailMessage:
    message = EmailMessage()
    message["From"] = who
    message["To"] = f"Feedback <{BOX}>"
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.before(minutes=30 - number))
    message["Message-ID"] = f"<demo-{number}-{clock.run}@mail.example>"
    message.set_content(text)
    return message


def _complaint(clock: Clock) -> Mail:
    words = "nobody has called me back about my blood test"
    text = (
        "Hello,\n\nI was promised a call on Monday, and it is Thursday now: "
        f"{words}.\nI have phoned three times and was told to wait.\n\nMaria Lopez\n"
    )
    mail = _mail(clock, "Maria Lopez <maria.lopez@patient.example>", "No call back", text, 1)
    return Mail(title="no call back (Maria Lopez)", expect=TICKET, words=words, raw=bytes(mail))


def _billing(clock: Clock) -> Mail:
    words = "you have charged my card twice for one appointment"
    text = (
        f"Dear team,\n\nI looked at my statement and {words}, and the billing line "
        "hung up on me. Please refund it.\n\nGeorge Abbot\n+1 212 555 0142\n"
    )
    mail = _mail(clock, "George Abbot <g.abbot@patient.example>", "Charged twice", text, 2)
    return Mail(title="charged twice (George Abbot)", expect=TICKET, words=words, raw=bytes(mail))


def _second_of_the_same(clock: Clock) -> Mail:
    words = "still no word from you about the results"
    text = f"It is me again: {words}. This is very disappointing.\n\nMaria\n"
    mail = _mail(clock, "Maria Lopez <maria.lopez@patient.example>", "Again", text, 3)
    return Mail(title="a second mail of Maria Lopez", expect=JOINS, words=words, raw=bytes(mail))


def _thanks(clock: Clock) -> Mail:
    words = "Thank you so much for the wonderful care"
    text = f"{words} my mother received yesterday. Everybody was so kind.\n\nHarold Finch\n"
    mail = _mail(clock, "Harold Finch <h.finch@patient.example>", "Thank you", text, 4)
    return Mail(title="thanks (Harold Finch)", expect=COUNTED, words=words, raw=bytes(mail))


def _out_of_office(clock: Clock) -> Mail:
    words = "I am out of the office until the third"
    mail = _mail(
        clock,
        "Priya Shah <priya@patient.example>",
        "Automatic reply: your appointment",
        f"{words} and will answer when I am back.\n",
        5,
    )
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    return Mail(title="an out-of-office answer", expect=PARKED, words=words, raw=bytes(mail))


def _threat(clock: Clock) -> Mail:
    words = "I do not want to live like this any more"
    text = (
        f"I have asked for help for weeks and nobody answers. {words}. "
        "I am thinking of ending my life.\n\nAlex Doyle\n"
    )
    mail = _mail(clock, "Alex Doyle <alex.doyle@patient.example>", "please", text, 6)
    return Mail(
        title="a threat to safety (Alex Doyle)", expect=TICKET, words=words, raw=bytes(mail)
    )


def _html_only(clock: Clock) -> Mail:
    words = "The receptionist was rude to my daughter"
    mail = EmailMessage()
    mail["From"] = '"Nora Berg" <nora.berg@patient.example>'
    mail["To"] = BOX
    mail["Subject"] = "=?utf-8?q?Behaviour_at_the_desk_=E2=80=93_not_good?="
    mail["Date"] = format_datetime(clock.before(minutes=20))
    mail["Message-ID"] = f"<demo-7-{clock.run}@mail.example>"
    mail.set_content(
        "<html><head><style>p{color:#333}</style></head><body><p>Good morning,</p>"
        f"<p>{words} and <b>rolled her eyes</b> when she asked for help.</p>"
        "<p>Nora&nbsp;Berg</p><img src='https://tracker.example/p.gif'></body></html>",
        subtype="html",
    )
    return Mail(title="HTML only (Nora Berg)", expect=TICKET, words=words, raw=bytes(mail))


def _spanish(clock: Clock) -> Mail:
    words = "esperé dos horas en la sala"
    text = (
        f"Buenos días:\n\nEl martes {words} y nadie me explicó nada. "
        "Es una falta de respeto, quiero hablar con el gerente.\n\nJosé Núñez\n"
    )
    mail = _mail(clock, "José Núñez <jose.nunez@patient.example>", "Queja por la espera", text, 8)
    return Mail(title="Spanish (José Núñez)", expect=TICKET, words=words, raw=bytes(mail))


def _privacy(clock: Clock) -> Mail:
    words = "the envelope held the letter of another patient"
    text = f"I opened your letter today: {words}, with her address. Who has mine?\n\nRuth Cole\n"
    mail = _mail(clock, "Ruth Cole <ruth.cole@patient.example>", "Wrong letter", text, 9)
    return Mail(
        title="somebody else's letter (Ruth Cole)", expect=TICKET, words="", raw=bytes(mail)
    )


def _unsure(clock: Clock) -> Mail:
    words = "Perhaps another colour for the lobby"
    text = f"Thank you, everybody was kind and helpful. {words}?\n\nTom\n"
    mail = _mail(clock, "Tom Hale <tom.hale@patient.example>", "hm", text, 10)
    return Mail(title="unsure (Tom Hale)", expect=LOOK, words=words, raw=bytes(mail))


def _bounce(clock: Clock) -> Mail:
    mail = _mail(
        clock,
        "Mail Delivery System <MAILER-DAEMON@mx.example>",
        "Undelivered Mail Returned to Sender",
        "This is the mail system. I'm sorry to have to inform you that your message could "
        "not be delivered.\n\n<old.address@patient.example>: user unknown\n",
        11,
    )
    mail["Return-Path"] = "<>"
    return Mail(title="a bounce", expect=PARKED, words="inform you that your", raw=bytes(mail))


def _with_attachment(clock: Clock) -> Mail:
    words = "your website says you are open on Saturdays"
    text = f"I drove forty miles because {words}. You were closed. See the picture.\n\nIda Moss\n"
    mail = _mail(clock, "Ida Moss <ida.moss@patient.example>", "Closed on Saturday", text, 12)
    mail.add_attachment(
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, maintype="image", subtype="png", filename="door.png"
    )
    return Mail(title="with a picture (Ida Moss)", expect=TICKET, words=words, raw=bytes(mail))


_COLUMNS = {
    "RecordedDate": ("Recorded Date", "recordedDate"),
    "ResponseId": ("Response ID", "_recordId"),
    "Status": ("Response Type", "status"),
    "Finished": ("Finished", "finished"),
    "RecipientFirstName": ("Recipient First Name", "recipientFirstName"),
    "RecipientEmail": ("Recipient Email", "recipientEmail"),
    "Q1": ("How likely are you to recommend us (0-10)?", "QID1"),
    "Q2": ("What could we do better?", "QID2_TEXT"),
    "Q3": ("May we contact you?", "QID3"),
}
"""Names, questions and ImportIds: Qualtrics writes them as three header rows."""
SURVEY_MAP = {
    "Q1": {"role": "score", "kind": "nps"},
    "Q2": "comment",
    "Q3": "wants_contact",
}
"""What the questions mean; all other columns are Qualtrics' own."""
_ANSWERS = (
    ("12", 1, "I was passed from desk to desk and nobody could tell me why", "Sam Field", ""),
    ("20", 10, "All fine", "Lena Ray", ""),
    ("31", 9, "Please call me about the referral that never arrived", "Omar Haddad", "Yes"),
    ("44", 2, "The portal logged me out again and again", "", ""),
)
EDITED = "I was passed from desk to desk, and my form was lost on the way"
_LATER = ("52", 10, "Quick and friendly", "Ann Wu", "")
CALL_EXPECT = (TICKET, TICKET, JOINS, COUNTED, TICKET)
SURVEY_EXPECT = (TICKET, COUNTED, TICKET, TICKET)
AGAIN_EXPECT = (JOINS, COUNTED)
"""Of the second export: an answer that its writer changed, and a new one; the rest is known."""


def survey(clock: Clock, *, again: bool = False) -> str:
    """Print an export: a low score, a good one, a wish to be called, an anonymous low one.

    The same `again` has one answer changed and one more.
    """
    day = clock.before(minutes=60).strftime("%Y-%m-%d")
    answers = list(_ANSWERS)
    if again:
        minute, score, _, name, contact = answers[0]
        answers = [(minute, score, EDITED, name, contact), *answers[1:], _LATER]
    rows = csv.writer(out := io.StringIO(), lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerow([question for question, _ in _COLUMNS.values()])
    rows.writerow([json.dumps({"ImportId": name}) for _, name in _COLUMNS.values()])
    for number, (minute, score, comment, name, contact) in enumerate(answers, start=1):
        address = f"{name.lower().replace(' ', '.')}@patient.example" if name else ""
        when, known = f"{day} 09:{minute}:00", f"R_{clock.run}{number}"
        rows.writerow([when, known, 0, 1, name, address, score, comment, contact])
    return out.getvalue()


def expected(clock: Clock) -> Expectation:
    """Count what all of it must come to."""
    ends = [mail.expect for mail in mails(clock)]
    ends += [*CALL_EXPECT, *SURVEY_EXPECT, *AGAIN_EXPECT]
    return Expectation(
        tickets=sum(end in {TICKET, LOOK} for end in ends),
        items=sum(end != KNOWN for end in ends),
    )
