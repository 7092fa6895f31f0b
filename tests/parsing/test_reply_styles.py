"""Own words are never lost, whatever mail program quotes in whatever language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.replies import own_words, reply_text

ATTRIBUTIONS = (
    "On Thu, Nov 19, 2026 at 10:00 AM Practice Team <info@practice.example> wrote:",
    "On 19 Nov 2026, at 10:00, Practice Team <info@practice.example> wrote:",
    "On Thursday, November 19, 2026 at 10:00:41 AM EST, Practice <info@practice.example> wrote:",
    "---- On Thu, 19 Nov 2026 10:00:43 +0100 Practice <info@practice.example> wrote ----",
    "Am Do., 19. Nov. 2026 um 10:00 Uhr schrieb Praxis Team <info@praxis.example>:",
    "Am 19.11.2026 um 10:00 schrieb Praxis <info@praxis.example>:",
    "El jue, 19 nov 2026 a las 10:00, Consulta (<info@consulta.example>) escribió:",
    "El 19/11/2026 a las 10:00, Consulta <info@consulta.example> escribió:",
    "Le jeu. 19 nov. 2026 à 10:00, Cabinet <info@cabinet.example> a écrit :",
    "Le 19 novembre 2026 à 10:00, Cabinet <info@cabinet.example> a écrit :",
    "Em qui., 19 de nov. de 2026 às 10:00, Clínica <info@clinica.example> escreveu:",
    "Em 19/11/2026 10:00, Clínica <info@clinica.example> escreveu:",
    "Il giorno gio 19 nov 2026 alle ore 10:00 Studio <info@studio.example> ha scritto:",
    "Il 19/11/2026 10:00, Studio <info@studio.example> ha scritto:",
    "Op do 19 nov. 2026 om 10:00 schreef Praktijk <info@praktijk.example>:",
    "Op 19 nov. 2026, om 10:00 heeft Praktijk <info@praktijk.example> het volgende geschreven:",
    "诊所 <info@clinic.example> 于2026年11月19日周四 10:00写道：",
    "在 2026-11-19 10:00:00，诊所 <info@clinic.example> 写道：",
    (
        "On Thu, Nov 19, 2026 at 10:00 AM A very long practice name with departments <\n"
        "info@practice.example> wrote:"
    ),
)
HEADER_BLOCKS = (
    (
        "From: Practice <info@practice.example>\nSent: Thursday, November 19, 2026 10:00 AM\n"
        "To: Jane Doe <jane@example.com>\nSubject: Your visit"
    ),
    (
        "*From:* Practice <info@practice.example>\n*Sent:* Thursday, November 19, 2026 10:00 AM\n"
        "*To:* Jane\n*Cc:* Desk; Other\n*Subject:* Your visit"
    ),
    (
        "Von: Praxis <info@praxis.example>\nGesendet: Donnerstag, 19. November 2026 10:00\n"
        "An: Jana Doe\nBetreff: Ihr Besuch"
    ),
    (
        "De: Consulta <info@consulta.example>\nEnviado el: jueves, 19 de noviembre de 2026 10:00\n"
        "Para: Juana\nAsunto: Su visita"
    ),
    (
        "De : Cabinet <info@cabinet.example>\nEnvoyé : jeudi 19 novembre 2026 10:00\n"
        "À : Jeanne\nObjet : Votre visite"
    ),
    (
        "De: Clínica <info@clinica.example>\n"
        "Enviada em: quinta-feira, 19 de novembro de 2026 10:00\n"
        "Para: Joana\nAssunto: A sua consulta"
    ),
    (
        "Da: Studio <info@studio.example>\nInviato: giovedì 19 novembre 2026 10:00\n"
        "A: Gianna\nOggetto: La sua visita"
    ),
    (
        "Van: Praktijk <info@praktijk.example>\nVerzonden: donderdag 19 november 2026 10:00\n"
        "Aan: Janneke\nOnderwerp: Uw bezoek"
    ),
    "发件人: 诊所 <info@clinic.example>\n发送时间: 2026年11月19日 10:00\n收件人: 王芳\n主题: 就诊",
    "发件人：诊所 <info@clinic.example>\n发送时间：2026年11月19日 10:00\n收件人：王芳\n主题：就诊",
)
SEPARATORS = (
    "-----Original Message-----",
    "-------- Original message --------",
    "-----Ursprüngliche Nachricht-----",
    "-----Mensaje original-----",
    "-----Message d'origine-----",
    "-----Mensagem original-----",
    "-----Messaggio originale-----",
    "-----Oorspronkelijk bericht-----",
    "------------------ 原始邮件 ------------------",
    "________________________________",
    "##- Please type your reply above this line -##",
)
QUOTED = (
    "Dear Ms Doe,",
    "QQ thank you for your visit QQ",
    "QQ were you content with it? QQ",
    "Kind regards",
)
SIGNATURES = ("", "\n\n-- \nJane Doe\n+49 30 1234567", "\n\nSent from my iPhone", "\n\n--\nJane")
OWN = (
    "I waited for two hours.",
    "On 12.03.2024 at 10:00 I wrote to info@practice.example:\nnobody answered.",
    "On Monday the nurse wrote:\nplease wait.",
    "From: the first minute on I was ignored.",
    "To: the point: it hurt.",
    "Sent on the 5th of May and still no answer.",
    "My appointment with dr.lee@practice.example was on 12.03.2024 at 10:00 and this happened:",
    "--\nAlso the nurse was rude to my child.\n--",
    "P.S. It was cold.",
    "Ich habe am 12.03.2024 um 10:00 an info@praxis.example geschrieben:\nniemand antwortete.",
    "Von: Anfang an war es unfreundlich.",
    "Le 12/03/2024 à 10:00 j'ai écrit à info@cabinet.example :\nsans réponse.",
    "De: principio a fin, un desastre.",
    "El médico no me escuchó.",
    "Da: subito mi hanno ignorata.",
    "O médico não me ouviu, e depois foi embora.",
    "Op maandag schreef ik een brief:\ngeen antwoord.",
    "我等了两个小时。",
    "医生写道：请等。\n可是没有人来。",
    "Yes",
    "1. cold\n2. rude\n3. late",
    "Name: Jane\nDate: 12.03.2024 10:00\nEmail: jane@example.com\nMessage: it hurt.",
)

own_texts = st.lists(st.sampled_from(OWN), min_size=1, max_size=3, unique=True).map("\n\n".join)
quotes = st.lists(st.sampled_from(QUOTED), min_size=1, max_size=4).map("\n".join)


def words(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def marked(text, mark="> "):
    return "\n".join(mark + line for line in text.splitlines())


def is_kept(own, found):
    """Every line of the writer is there, in order (what a device or a ruler added may go)."""
    lines = iter(words(found))
    return all(line in lines for line in words(own) if line not in {"--", "---"})


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_an_attribution_of_any_language_announces_a_quote(attribution):
    letter = "\n".join(QUOTED)
    for quote in (marked(letter), f"\n{marked(letter)}", f"\n{letter}"):
        assert own_words(f"I waited.\n\n{attribution}\n{quote}\n") == "I waited."
    assert own_words(f"{attribution}\n{marked(letter)}\n\nI waited.\n") == "I waited."


@pytest.mark.parametrize("block", HEADER_BLOCKS)
@pytest.mark.parametrize("separator", ["", *SEPARATORS])
def test_a_header_block_of_any_language_announces_a_quote(block, separator):
    letter = "\n".join(QUOTED)
    text = f"I waited.\n\n{separator}\n{block}\n\n{letter}\n"
    assert own_words(text) == "I waited."
    assert own_words(f"{separator}\n{block}\n\n{marked(letter)}\n\nI waited.\n") == "I waited."


@given(own_texts, st.sampled_from(ATTRIBUTIONS), quotes, st.sampled_from(SIGNATURES))
def test_words_above_a_quote_are_kept_and_the_quote_is_not(own, attribution, quote, signature):
    for body in (marked(quote), f"\n{marked(quote, '>')}", f"\n{quote}"):
        found = own_words(f"{own}{signature}\n\n{attribution}\n{body}\n")
        assert is_kept(own, found)
        assert "QQ" not in found


@given(
    own_texts, st.sampled_from(SEPARATORS), st.sampled_from(HEADER_BLOCKS), quotes, st.booleans()
)
def test_words_above_a_quoted_header_are_kept(own, separator, block, quote, has_separator):
    above = f"{separator}\n" if has_separator else ""
    found = own_words(f"{own}\n\n{above}{block}\n\n{quote}\n")
    assert is_kept(own, found)
    assert "QQ" not in found


@given(
    st.lists(st.tuples(quotes, own_texts), min_size=1, max_size=4),
    st.sampled_from(["", *ATTRIBUTIONS]),
    st.sampled_from(["> ", ">", ">> ", " > "]),
)
def test_answers_between_and_below_quotes_are_kept(pairs, attribution, mark):
    inner = "\n\n".join(f"{marked(quote, mark)}\n\n{own}" for quote, own in pairs)
    found = own_words(f"{attribution}\n{inner}\n")
    for _, own in pairs:
        assert is_kept(own, found)
    assert "QQ" not in found


@given(own_texts, own_texts, st.sampled_from(["*", "#", "-", "_", "=", "~"]), st.integers(1, 30))
def test_rulers_of_the_writer_cost_no_words(above, below, sign, count):
    text = f"{above}\n\n{sign * count}\n\n{below}\n"
    assert is_kept(above, own_words(text))
    assert is_kept(below, own_words(text))


@given(own_texts)
def test_a_text_without_quotes_stays_as_it_is(own):
    assert is_kept(own, own_words(own))
    assert is_kept(own, reply_text(f"{own}\n"))


@pytest.mark.parametrize(
    "text",
    [
        (
            "New message from the website\n\nFrom: Jane\nEmail: jane@example.com\n"
            "Date: 12.03.2026 10:00\nSubject: Complaint\nMessage: I waited for two hours"
        ),
        (
            "A patient wrote\n\nFrom: Jane Doe <jane@example.com>\nSubject: Complaint\n\n"
            "Message Body:\nI waited for two hours"
        ),
        (
            "Neue Anfrage\nDatum: 12.03.2026 10:00\nName: Jane Doe\nBetreff: Beschwerde\n"
            "Telefon: 030 1234567\n\nI waited for two hours"
        ),
    ],
)
def test_a_filled_in_form_is_no_quoted_header(text):
    assert "I waited for two hours" in own_words(text)


def test_words_on_the_line_of_an_attribution_are_kept():
    quote = "\n> QQ\n"
    dated = "On Wed, Apr 4, 2012 at 3:59 PM, me@domain.com wrote:"
    assert own_words(f"It hurt, a lot --- {dated}{quote}") == "It hurt, a lot"
    assert own_words(f"It hurt. On Monday too. {dated}{quote}") == "It hurt. On Monday too."
    assert own_words(f"I think so. Jane Doe <jane@x.org> wrote:{quote}") == "I think so."


def test_who_says_that_answers_stand_below_loses_none():
    for hint in (
        "Please see my answers below in red.",
        "Meine Antworten stehen unten in Rot, Antworten siehe unten",
        "Mes réponses sont ci-dessous.",
        "Mis respuestas están abajo.",
        "Le mie risposte sono sotto.",
        "As minhas respostas estão abaixo.",
        "Mijn antwoorden staan hieronder.",
        "回复如下",
    ):
        text = f"{hint}\n\n-----Original Message-----\n{HEADER_BLOCKS[0]}\n\nWere you?\nNot at all."
        assert "Not at all." in own_words(text)


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from Yahoo Mail on Android",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Enviado desde mi iPhone",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour Android",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "发自我的iPhone",
    ],
)
def test_what_a_device_adds_is_no_word_of_the_writer(line):
    assert own_words(f"I waited.\n\n{line}\n") == "I waited."
    assert own_words(f"I waited.\n{line}\n\n{ATTRIBUTIONS[0]}\n> QQ\n") == "I waited."


@pytest.mark.parametrize(
    "line",
    [
        "Sent on the 5th of May and still no answer",
        "Enviado desde el hospital a casa sin ayuda",
        "Inviato dal medico al pronto soccorso",
        "Envoyé de service en service toute la nuit",
        "Sent from my doctor to the hospital and back.",
    ],
)
def test_a_sentence_that_begins_like_a_device_is_kept(line):
    assert line in own_words(f"I waited.\n\n{line}\n")


def test_an_afterthought_under_the_signature_is_kept():
    text = "I waited.\n\n-- \nJane Doe\nBerlin\n\nP.S. The nurse hit my child."
    assert own_words(text) == "I waited.\n\nP.S. The nurse hit my child."


def test_sentences_under_a_ruler_are_no_signature():
    kept = "I waited.\n\n--\nAlso the nurse was rude to me.\nJane"
    assert own_words(kept) == kept
    assert own_words("I waited.\n\n--\nJane Doe\nMain Street 5\n030 1234567") == "I waited."
    assert own_words("I waited.\n\n-- \nJane\n\n> QQ\n\nNo, never.") == "I waited.\n\nNo, never."


@pytest.mark.parametrize("reply", ["No", "Yes.", "Danke!", "好", "5"])
def test_a_short_answer_is_an_answer(reply):
    assert reply_text(f"{reply}\n\n{ATTRIBUTIONS[0]}\n> Were you unhappy?") == reply


@pytest.mark.parametrize("text", ["> all of it\n> is quoted", ":-)\n> QQ", "--\n> QQ"])
def test_without_any_own_word_the_whole_text_is_given(text):
    assert reply_text(text) == text
