"""How mail programs announce quotes in some twenty languages: patterns, no decisions.

Attributions (`On ... wrote:`), quoted header blocks (`From: / Sent: / To:`), separators, lines
that a device adds, words that point at answers further down. Every pattern is bounded and is
asked of a line cut to `MATCHED_CHARS`, so that no text makes it slow.
"""

from __future__ import annotations

import re
from typing import Final

MATCHED_CHARS: Final = 500
"""So much of a line is looked at; no mail program announces a quote in more."""

WROTE: Final = re.compile(
    r"(?:\b(?:wrote|writes|schrieb|schreibt|geschrieben|[eé]crit|escribi[oó]|escribe|scritto"
    r"|scrisse|scrive|escreveu|escrito|schreef|geschreven|skrev|skrifaði|kirjoitti"
    r"|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?|nap[ií]sala?|napisa(?:o|la)(?:/la)?|írta"
    r"|yazdı|yazmış|scris|написала?|написав|пише|пишет|έγραψε|viết|sent)\b"
    r"|写道|寫道|写了|のメール|さんは書きました|님이 작성|כתב|كتب)",
    re.IGNORECASE,
)
ENDS_ATTRIBUTION: Final = re.compile(r"(?:[:：]|\bwrote(?: ?-{2,})?)[\s*_]{0,9}$", re.IGNORECASE)
ATTRIBUTION_START: Final = re.compile(
    r"[\s*_\-]{0,12}(?:(?:on|at|am|le|el|il|em|op|den|dne|dnia|w dniu|på|pe|ter|fra|från|pada|vào"
    r"|στις|a|mån|man|tir|ons|tor|fre|lör|sön|lun|mar|mer|jeu|ven|sam|dim|в|от)\b[\s,.]"
    r"|\d{1,4}[./\-年 ]|[\"“']?[^\s<>:]{1,40}[^\n]{0,80}<[^<>\s]{1,200}@|在 ?[\d\"“]"
    r"|mon|tue|wed|thu|fri|sat|sun|lun|mié|jue|vie|sáb|dom|ter|qua|qui|sex|gio|sab|wo|do|vr|za|zo"
    r"|вт|ср|чт|пт|сб|вс|пн)",
    re.IGNORECASE,
)
INLINE_START: Final = re.compile(
    r"(?:(?<=[\s\-.!?])|^)(?:On|At|Am|Le|El|Il|Em|Op|Den|Vào|Dnia) (?=[^\n]{0,40}\d)"
)
"""An attribution that begins within a line, behind words of the writer."""
FRAMED: Final = re.compile(r"\s{0,9}[-_]{2,60}[^\n]{1,300}?\s?[-_]{2,60}\s{0,9}$")
"""`---- Jane wrote ----`"""
MACHINE_DATE: Final = re.compile(
    r"\d{4}-\d{2}-\d{2},? \d{1,2}:\d{2} (?:GMT|UTC)[+-]\d{1,2}:?\d{2} [^\n]{1,200}$"
)
"""A date as no person writes it, with a name behind it."""
DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d{2}(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2}(?:\d{2})?(?!\d)"
)
TIME: Final = re.compile(r"(?<![\d:.])[0-2]?\d(?:[:：.h]| h |時|点)[0-5]\d(?![\d.]\d)")
ADDRESS: Final = re.compile(r"[^\s@<>()\[\]\"]{1,64}@[^\s@<>()\[\]\"]{1,255}")
PRINTED_ADDRESS: Final = re.compile(
    rf"[<(\[]\s?(?:mailto:)?(?:[^\n<>()\[\]@]{{0,60}}<)?{ADDRESS.pattern}\s?[>)\]]"
    rf"|{ADDRESS.pattern},?\s+(?:[^\W\d_]{{1,4}} )?{WROTE.pattern}"
    rf"|{WROTE.pattern}\s+{ADDRESS.pattern}\s?:",
    re.IGNORECASE,
)
"""An address as programs print it: in brackets, or beside the verb."""
FIRST_PERSON: Final = re.compile(
    r"\b(?:I|we)\b(?: \w{1,12}){0,3} (?:wrote|sent)\b|\b(?:schrieb|schrieben) (?:ich|wir)\b"
    r"|\b(?:ich|wir)\b[^\n]{0,60}\bgeschrieben\b|\bj['’]ai\b|\bnous avons\b|\bhe escrito\b"
    r"|\b(?:ho|abbiamo) (?:scritto|inviato)\b|\b(?:schreef|heb) (?:ik|wij|we)\b|我(?:们)?写",
    re.IGNORECASE,
)
"""The writer tells of letters of their own."""
ENDS_SENTENCE: Final = re.compile(r"[a-z]{3}[.!?]$|[!?。！？]$")
SENTENCE_END: Final = re.compile(r"[.!?。！？][\"')]?(?:\s+|$)")

SEPARATOR: Final = re.compile(
    r"[\s*_>]{0,12}[-_=]{2,60}\s{0,9}(?:original (?:message|e?-?mail)|reply message"
    r"|urspr[uü]ngliche (?:nachricht|e?-?mail)|original-?nachricht"
    r"|mensaje original|correo original|messaggio originale|message (?:d['’]origine|original)"
    r"|oorspronkelijk bericht|origineel bericht|opprinnelig melding|ursprungligt meddelande"
    r"|oprindelig meddelelse|alkuperäinen viesti|mensagem original|wiadomość oryginalna"
    r"|исходное сообщение|original appointment|原始邮件|原始郵件|邮件原件|郵件原件|原始信件"
    r"|元のメッセージ|원본 메시지)[\s*_]{0,9}(?:[-_=]{2}[^\n]{0,80}|:?)$",
    re.IGNORECASE,
)
REPLY_ABOVE: Final = re.compile(
    r"[\s#*=_>\-]{0,20}(?:please )?(?:(?:type|write|enter|add) your (?:reply|response) above"
    r"|reply above (?:this|the) line|(?:bitte )?antworten sie (?:oberhalb|über) diese[rm]? "
    r"(?:linie|zeile)"
    r"|(?:veuillez )?répond(?:re|ez) au-dessus de cette ligne|responda (?:por encima de|acima d)"
    r"|rispondi sopra questa (?:linea|riga)|(?:reageer|antwoord) boven deze (?:lijn|regel)"
    r"|请在此行上方回复)",
    re.IGNORECASE,
)
FORWARD: Final = re.compile(
    r"[\s*_>]{0,12}(?:[-_=]{2,60}\s{0,9}(?:forwarded (?:message|by)|weitergeleitete nachricht"
    r"|mensaje reenviado|message transf[eé]r[eé]|messaggio inoltrato|doorgestuurd bericht"
    r"|mensagem (?:encaminhada|reencaminhada)|转发的?邮件|轉寄(?:的)?郵件|пересылаемое сообщение"
    r"|vidarebefordrat meddelande|videresendt (?:melding|meddelelse))"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado:"
    r"|inizio messaggio inoltrato:|início da mensagem (?:re)?encaminhada:"
    r"|begin doorgestuurd bericht:|开始转发的邮件)",
    re.IGNORECASE,
)
RULER: Final = re.compile(r"[\s>]{0,12}(?:[_*\-—–=]\s?){5,250}$")

FIELDS: Final = {
    "from": "from von de da van från fra od kimden lähettäjä от 发件人 寄件者 寄件人 差出人"
    " 보낸사람",
    "date": "sent date gesendet datum envoyé envoyéle enviado enviadoel enviadaem enviadoem data"
    " inviato inviatoil verzonden skickat sendt dato fecha wysłano tarih lähetetty отправлено дата"
    " 发送时间 發送時間 寄件日期 傳送日期 日期 时间 送信日時 날짜",
    "to": "to an para à a aan till til do kime vastaanottaja кому 收件人 收件者 宛先 받는사람",
    "subject": "subject betreff asunto objet oggetto onderwerp ämne emne assunto temat konu aihe"
    " тема 主题 主題 主旨 件名 제목",
    "other": "cc cci bcc ccn kopie copia copie kopia 抄送 副本 importance wichtigkeit priority"
    " priorität prioriteit importancia importanza attachments anlagen anhänge adjuntos allegati"
    " bijlagen piècesjointes reply-to antwort-an risposta resent-from organization",
}
"""Which label means which field of a quoted header block; labels without blanks, lower case."""
ROLES: Final = {label: role for role, labels in FIELDS.items() for label in labels.split()}
LABEL: Final = re.compile(
    r"[\s>*_]{0,12}([^\W\d_][^:：\n<>@|]{0,23}?)"
    r"(?:\s[:：]|[\s*_]{0,6}(?:：|:(?:[\s*_]|$)))"
)
"""`Label: value` (`Label :value` in French); which label it is, `ROLES` tells."""

MARK: Final = re.compile(r"[ \t]{0,4}(?:--|—|–|__+|—+)[ \t]{0,9}$")
"""What people and programs put above a signature."""
CONTACT: Final = re.compile(r"@|https?:|www\.|\d[\d /()-]{4,40}\d")
AFTERTHOUGHT: Final = re.compile(
    r"\s{0,9}(?:p\.? ?s\b|p\.? ?d\b|n\.? ?b\b|附言|又及)", re.IGNORECASE
)

_BRANDS: Final = (
    r"(?:iphone|ipad|ios|android|samsung|galaxy|huawei|xiaomi|redmi|oneplus|pixel|outlook|windows"
    r"|yahoo|gmail|gmx|web\.de|mail|blackberry|nokia|motorola|htc|lg|sony|wiko|aol|proton|tutanota"
    r"|k-9|orange|mobile|handy|smartphone|t[eé]l[eé]phone|m[oó]vil|celular|tel[eé]fono|telefono"
    r"|telefoon|gsm|tablet|hey|spark|verizon|t-mobile|mailbox|thunderbird|airmail|polymail|office"
    r"|device|gerät|appareil|dispositivo|apparaat|phone|computer|mac)"
)
DEVICE: Final = re.compile(
    rf"[\s*_\-]{{0,6}}(?:(?:sent|written|composed) (?:from|via|with|using|on|by) "
    rf"(?:my |an? |the |your )?[^\n]{{0,30}}\b{_BRANDS}|sent from (?:my|an?) "
    rf"|(?:get|download) outlook for|von meinem .{{1,40}} gesendet"
    rf"|(?:outlook|mail) für .{{1,20}} beziehen"
    rf"|(?:gesendet|verschickt) (?:von|mit|aus|über) .{{0,30}}{_BRANDS}"
    rf"|diese nachricht wurde von .{{1,60}} gesendet|holen sie sich outlook"
    rf"|envoyé (?:de(?:puis)?|à partir de|avec|par) (?:mon |ma |la |l['’])?.{{0,30}}{_BRANDS}"
    rf"|t[eé]l[eé]charge[rz] outlook|obt[eé]n(?:er|ga)? outlook|obter o outlook|scarica outlook"
    rf"|enviad[oa] (?:desde|do|de|a partir d[eo]|con|com) (?:mi |mis |meu |minha |el |la |o )?"
    rf".{{0,30}}{_BRANDS}"
    rf"|inviato (?:da|dal|con)(?: mio| mia)? ?.{{0,30}}{_BRANDS}"
    rf"|(?:verzonden|verstuurd) (?:vanaf|vanuit|met|van|via) (?:mijn |de )?.{{0,30}}{_BRANDS}"
    rf"|skickat från min|sendt fra min|sent fra min|lähetetty .{{0,30}}{_BRANDS}"
    rf"|wysłane z |отправлено с |发自我的|發自我的|從我的 ?.{{1,20}}(?:傳送|发送)|来自我的"
    rf"|iPhoneから送信|나의 iphone)",
    re.IGNORECASE,
)
ANSWERS_BELOW: Final = re.compile(
    r"\b(?:(?:answers?|comments?|repl(?:y|ies)|responses?|remarks?|notes?|inserted|written|see)\b"
    r"[^.\n]{0,40}\b(?:below|inline|in-line|in (?:red|blue|green|bold|capitals|caps|between))"
    r"|inline below|(?:antwort(?:en)?|anmerkung(?:en)?|kommentare?|siehe|geantwortet)\b[^.\n]{0,40}"
    r"\b(?:unten|im text|weiter unten|in (?:rot|blau|grün|fett))"
    r"|(?:respuestas?|comentarios?|respondo|v(?:er|éase))\b[^.\n]{0,40}"
    r"\b(?:abajo|debajo|en rojo|en azul)"
    r"|(?:réponses?|commentaires?|réponds|voir)\b[^.\n]{0,40}"
    r"(?:ci-dessous|en rouge|en bleu|dans le texte)"
    r"|(?:respostas?|comentários?|respondi|ver|veja)\b[^.\n]{0,40}"
    r"\b(?:abaixo|em baixo|a vermelho|em vermelho)"
    r"|(?:rispost[ae]|commenti|rispondo|vedi)\b[^.\n]{0,40}\b(?:sotto|in rosso|nel testo)"
    r"|(?:antwoord(?:en)?|opmerkingen|reactie|zie)\b[^.\n]{0,40}"
    r"\b(?:hieronder|onder|in (?:het )?rood|blauw)"
    r")\b|见下文|在下面回复|回复如下|見下文|红字|紅字",
    re.IGNORECASE,
)
"""The writer says that answers stand in the quoted text; then nothing of it may be cut."""
