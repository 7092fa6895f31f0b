"""Automatic mail as the world prints it, and what people write that looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.parsing.automatic import Surroundings, classify
from connector.parsing.mail import parse_mail

PRINTED = Path(__file__).parent / "printed" / "reports.txt"

SUBJECTS = (
    "Auto: Re: your visit",
    "Auto Response: visit",
    "AutoReply: visit",
    "Auto-Reply: visit",
    "[Auto-Reply] visit",
    "[Autoreply] visit",
    "(Auto-reply) visit",
    "Automated response: visit",
    "Automatic Response visit",
    "Out of Office AutoReply: visit",
    "Out of the Office: visit",
    "Out-of-Office: visit",
    "OOO: visit",
    "OOTO Re: visit",
    "Out of office",
    "I am out of office",
    "I am out of the office until 12/01/2026.",
    "Jane Doe is out of the office.",
    "Jane Doe/NYC/ACME is out of the office.",
    "AUTO: Jane Doe is out of the office (returning 11/30/2026)",
    "Jane Doe ist außer Haus.",
    "Jane Doe ist außer Haus (Rückkehr am 30.11.2026)",
    "Jane Doe/Berlin/ACME ist außer Haus",
    "Automatische Antwort: Besuch",
    "Abwesend: Besuch",
    "Abwesenheit: Besuch",
    "Abwesenheitsagent: Besuch",
    "Urlaubsbenachrichtigung",
    "Eingangsbestätigung",
    "Absence du bureau : visite",
    "Absent du bureau : visite",
    "Réponse automatique : visite",
    "Message d'absence",
    "Absent(e) : visite",
    "Jane Doe est absente (retour le 30/11/2026)",
    "Jane Doe est absent(e).",
    "Accusé de réception : visite",
    "Respuesta automática: visita",
    "Respuesta Automatica: visita",
    "Fuera de la oficina: visita",
    "Fuera de oficina",
    "Ausente: visita",
    "Jane Doe está fuera de la oficina (vuelve el 30/11/2026)",
    "Resposta automática: consulta",
    "Fora do escritório: consulta",
    "Ausência temporária: consulta",
    "Risposta automatica: visita",
    "Fuori sede: visita",
    "Fuori ufficio: visita",
    "Jane Doe è fuori sede.",
    "Automatisch antwoord: bezoek",
    "Afwezig: bezoek",
    "Afwezigheidsmelding: bezoek",
    "Jane Doe is afwezig.",
    "Autosvar: besøg",
    "Frånvaro: besök",
    "Frånvarobesked",
    "Fraværende: besøg",
    "Automaattinen vastaus: käynti",
    "Automatická odpověď: návštěva",
    "Mimo kancelář: návštěva",
    "Nieobecność: wizyta",
    "Poza biurem: wizyta",
    "Автоматический ответ: визит",
    "Автоответ: визит",
    "Вне офиса: визит",
    "Otomatik yanıt: ziyaret",
    "Ofis dışında: ziyaret",
    "自动回复: 就诊",
    "自動回覆: 就診",
    "自动回复：就诊",
    "自動応答",
    "自動返信: 診察",
    "자동 회신: 진료",
    "부재중 자동응답",
    "不在通知",
    "Vacation reply",
    "Return Receipt (displayed) - visit",
    "Your email requires verification verify#abc123",
)
"""Each alone is proof: only machines begin so."""

HEADERS = (
    ("Subject: Away until May 5", "X-Mailer: vacation 1.2.7.0"),
    ("Subject: Re: visit", "Auto-Submitted: auto-replied"),
    ("Subject: Re: visit", 'Auto-Submitted: auto-replied; owner-email="a@b"'),
    ("Subject: Re: visit", "Auto-Submitted: auto-notified"),
    ("Subject: Re: visit", "Auto-submitted: vacation"),
    ("Subject: Re: visit", "X-Autoreply: YES"),
    ("Subject: Re: visit", "X-Autorespond: visit"),
    ("Subject: Re: visit", "X-Autorespond:"),
    ("Subject: Re: visit", "X-Auto-Reply: 1"),
    ("Subject: Re: visit", "X-Autoresponder-Revision: 1"),
    ("Subject: Re: visit", "Precedence: auto_reply"),
    ("Subject: Re: visit", "X-Precedence: auto_reply"),
    ("Subject: Re: visit", "X-AutoReply-From: a@b"),
    ("Subject: Re: visit", "X-Mail-Autoreply: x"),
    ("Subject: Re: visit", "X-Vacation: yes"),
    ("Subject: Re: visit", "X-Away-Message: x"),
    ("Subject: Re: visit", "X-Generated-By: autoresponder"),
    ("Subject: Re: visit", "X-Mailer: vacation"),
    ("Subject: Re: visit", "Delivered-To: Autoresponder"),
    ("Subject: Re: visit", "X-Delivered-By: autorespond"),
    ("Subject: Re: visit", "Precedence: junk", "X-Mailer: qmail-autoresponder"),
    ("Subject: Re: visit", "X-Gm-Auto: 1", "Precedence: bulk", "X-Autoreply: yes"),
    ("Subject: visit", "X-Auto-Response-Suppress: All", "Auto-Submitted: auto-generated"),
    ("Subject: [Request received] visit", "Auto-Submitted: auto-generated"),
    ("Subject: Ticket Received - visit", "X-Auto-Response-Suppress: All"),
    ("Subject: We have received your request (#123)", "Precedence: auto_reply"),
    ("Subject: [AutoReply] visit", "X-RT-Loop-Prevention: example.com"),
    (
        "Subject: [example.com #12] AutoReply: visit",
        "RT-Ticket: example.com #12",
        "RT-Originator: x@y",
        "Managed-BY: RT 5.0",
    ),
    ("Subject: Accepted: Visit @ Thu Nov 19", "Content-Type: text/calendar; method=REPLY"),
    ("Subject: Declined: Visit", 'Content-Type: text/calendar; method="REPLY"; charset=utf-8'),
    ("Subject: Please confirm (conf#abc)", "X-AskVersion: 2.5"),
    ("Subject: [Boxtrapper] Your email requires verification", "X-Boxtrapper: abc"),
)

ABSENCES = (
    ("Subject: Vacation", "I am on vacation until May 5. I will answer your mail when I return."),
    ("Subject: away from my mail", "I am away from the office and will reply when I return."),
    ("Subject: Away from the office", "I am out of the office with limited access to e-mail."),
    ("Subject: Urlaub", "Ich bin bis zum 5. Mai nicht im Büro und antworte nach meiner Rückkehr."),
    ("Subject: Re: visit\nReturn-Path: <>", "I'm out of the office until Monday."),
    ("Subject: AW: Besuch\nReturn-Path: <>", "Ich bin zur Zeit im Urlaub."),
    ("Subject: RE: visite\nReturn-Path: <>", "Je suis en congés jusqu'au 5 mai."),
    ("Subject: Ferie\nIn-Reply-To: <1@p.example>", "Sono in ferie fino al 5 maggio."),
    ("Subject: Accepted: Visit @ Thu\nContent-Type: text/calendar; method=REPLY", ""),
    ("Subject: Read: visit", "Your message\n\n  Subject: x\n\nwas read on 11/19/2026 10:00 AM."),
    ("Subject: Gelesen: Besuch", "Ihre Nachricht\n  Betreff: Besuch\nwurde gelesen."),
)

REPORTS = [
    tuple(part.partition("\n")[::2])
    for part in PRINTED.read_text(encoding="utf-8").split("======== ")[1:]
]
"""(what it is, the message), as mail systems print them."""

PEOPLE = (
    (
        "Subject: Undelivered medication",
        "My prescription was not delivered. Nobody called.\nJane jane@example.com",
    ),
    ("Subject: Delivery problem", "The kit could not be delivered, mailbox full of ads."),
    ("Subject: Delivery failed again", "The pharmacy was unable to deliver my insulin."),
    ("Subject: Returned mail", "Your letter was returned to me because of a wrong address."),
    ("Subject: Message not delivered to the doctor", "I left a message and it was not delivered."),
    ("Subject: Unzustellbar", "Mein Befund konnte nicht zugestellt werden, so die Post."),
    (
        "Subject: Away on my honeymoon and no pills",
        "I am away until Monday and my pills were refused.",
    ),
    ("Subject: Vacation", "I am on vacation and need my results, please answer by mail."),
    ("Subject: Urlaub", "Ich bin im Urlaub krank geworden und niemand ging ans Telefon."),
    ("Subject: Out of office hours line", "Nobody answers out of office hours."),
    (
        "Subject: My doctor is out of the office",
        "My doctor is out of the office until May and I have no pills",
    ),
    ("Subject: Dr Lee is out of the office again", "She is out of the office again, third time."),
    ("Subject: Absent doctor", "He was absent."),
    ("Subject: Auto accident and no help", "I came after the accident and waited."),
    ("Subject: Automatic door hurt me", "The automatic door closed on me."),
    ("Subject: Automated phone system", "Your automated response system is awful."),
    ("Subject: Read: your sign is wrong", "It says open at 8."),
    ("Subject: Accepted: my claim, then denied", "You accepted it, then denied it."),
    ("Subject: Declined: my card", "My card was declined twice. You charged me anyway."),
    ("Subject: Your request form is broken", "x"),
    ("Subject: We have received your bill", "It is wrong by 200."),
    ("Subject: Ticket received for parking at your lot", "I got a parking ticket at your place."),
    ("Subject: Thank you for contacting me but nobody called back as promised at all", "x"),
    ("Subject: Ausente el médico", "No estaba."),
    ("Subject: Accusé de réception du courrier perdu", "Vous avez perdu mon courrier."),
    ("Subject: Eingangsbestätigung fehlt", "Ich habe keine erhalten."),
    ("Subject: Holidays and no doctor", "Closed all week."),
    ("Subject: Re: Automatic reply: Your visit", "I still wait."),
    ("Subject: AW: Abwesenheitsnotiz", "Ich warte noch."),
    ("Subject: Fwd: Undeliverable: my results", "See below, why? 550 5.1.1 doc@p.example"),
    (
        "Subject: Rejected message from the portal",
        "Your portal rejected my message, says jane@p.example.",
    ),
    ("Subject: Re: visit\nX-Auto-Response-Suppress: DR, OOF, AutoReply", "I waited."),
    ("Subject: visit\nX-Auto-Response-Suppress: All\nX-MS-Has-Attach:", "I waited."),
    ("Subject: visit\nX-MS-Exchange-Inbox-Rules-Loop: staff@p.example", "I waited."),
    (
        (
            "Subject: visit\nList-Id: <feedback-group.p.example>\nPrecedence: list\n"
            "List-Post: <mailto:feedback-group@p.example>\nX-Mailer: iPhone Mail (20A362)"
        ),
        "I waited.",
    ),
    ("Subject: Re: visit\nSender: owner-patients@lists.example\nPrecedence: bulk", "I waited."),
    ("Subject: visit\nX-Mailer: Apple Mail (2.3)\nX-Autoreply: no", "I waited."),
    ("Subject: visit\nAuto-Submitted: no", "x"),
    ("Subject: [Clinic] Out of office hours", "Nobody."),
    ("Subject: You are not a member of our plan, I was told", "x"),
    ("Subject: Your message to me was rejected by my insurance", "x"),
    ("Subject: visit\nX-Autogenerated: no", "x"),
    (
        "Subject: Delivered: wrong medication",
        "You delivered the wrong pills to me and to bob@example.com",
    ),
    ("Subject: Relayed: wrong advice", "x"),
    ("Subject: Non remis : mon dossier", "Mon dossier n'a pas été remis."),
    ("Subject: Entrega fallida de mi medicina", "No se pudo entregar."),
    (
        "Subject: Declined: Visit @ Thu\nContent-Type: multipart/mixed; boundary=B",
        (
            "--B\n\nLast time I waited for two hours and nobody said a word.\n"
            "--B\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n--B--"
        ),
    ),
    (
        "Subject: Digest\nSender: list-admin@l.example\nContent-Type: multipart/digest; boundary=B",
        "--B\n\nFrom: jane@example.com\n\nI waited.\n--B--",
    ),
)


def found(headers, body, sender="From: Jane Doe <jane@example.com>\n"):
    rest = "To: help@practice.example\nDate: Thu, 19 Nov 2026 10:00:00 +0000"
    raw = f"{sender}{headers}\n{rest}\n\n{body}\n".encode()
    return classify(parse_mail(raw), Surroundings(), raw)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_of_a_machine_is_known_but_not_a_persons_answer_to_it(subject):
    assert found(f"Subject: {subject}", "Text.").kind == "auto_reply"
    assert found(f"Subject: Re: {subject}", "Text.") is None


@pytest.mark.parametrize("headers", HEADERS)
def test_a_responder_of_any_make_is_known(headers):
    assert found("\n".join(headers), "Text.").kind == "auto_reply"


@pytest.mark.parametrize(("headers", "body"), ABSENCES)
def test_what_people_may_write_is_an_answer_with_a_second_sign(headers, body):
    assert found(headers, body).kind == "auto_reply"


@pytest.mark.parametrize(("kind", "text"), REPORTS)
def test_a_report_of_any_mail_system_is_known(kind, text):
    raw = text.encode()
    finding = classify(parse_mail(raw), Surroundings(), raw)
    assert finding.kind == kind
    if kind == "bounce" and "jane@" in text:
        assert any(one.startswith("jane@") for one in finding.bounce.recipients)


@pytest.mark.parametrize(("headers", "body"), PEOPLE)
def test_a_person_who_writes_like_a_machine_is_heard(headers, body):
    assert found(headers, body) is None
