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
    r"|yazdı|yazmış|scris|написала?|написав|пише|пишет|έγραψε|viết|pisze|pisał|napísal(?:\(a\)|a)?"
    r"|escriu|ha escrit|napisao|menulis|quoting|zitat von|citando(?: a)?|citat (?:från|fra|af)"
    r"|sent)\b"
    r"|写道|寫道|写了|のメール|さんは書きました|작성|님이 씀|כתב|מאת|كتب|كتابة)",
    re.IGNORECASE,
)
BIDI: Final = "\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
"""Marks without width that programs put around names in scripts that run to the left."""
ENDS_ATTRIBUTION: Final = re.compile(
    rf"(?:[:：]|\bwrote(?: ?-{{2,}})?)[\s*_{BIDI}]{{0,9}}$", re.IGNORECASE
)
ATTRIBUTION_START: Final = re.compile(
    r"[\s*_\-]{0,12}(?:(?:on|at|am|le|el|il|em|op|den|dne|dnia|w dniu|på|pe|ter|fra|från|pada|vào"
    r"|στις|a|mån|man|tir|ons|tor|fre|lör|sön|lun|mar|mer|jeu|ven|sam|dim|в|от)\b[\s,.]"
    r"|\d{1,4}[./\-年 ]|[\"“']?[^\s<>:]{1,40}[^\n]{0,80}<[^<>\s]{1,200}@|在 ?[\d\"“]"
    r"|(?:ma|ti|ke|to|pe|la|su) \d{1,2}\.|quoting|zitat von|citando|citat|wiadomość napisana|kl\."
    r"|בתאריך|في|mon|tue|wed|thu|fri|sat|sun|lun|mié|jue|vie|sáb|dom|ter|qua|qui|sex|gio|sab|wo|do|vr|za|zo"
    r"|вт|ср|чт|пт|сб|вс|пн)",
    re.IGNORECASE,
)
DATED_START: Final = re.compile(
    r"[\s*_\"“'\-]{0,12}(?:[^\W\d_]{1,14}[.,]{0,2}\s{1,2})?\d{1,4}[./\-年년 ][^\n]{0,40}\d"
)
"""A line that begins with a date, maybe behind a weekday of any language."""
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
ONLY_MAILBOX: Final = re.compile(
    rf"\s{{0,9}}(?:[\"“][^\"“”\n]{{1,80}}[\"”]|[^\s<>@]{{1,40}}(?: [^\s<>@]{{1,40}}){{0,2}}) ?"
    rf"<{ADDRESS.pattern}> ?[:：]\s{{0,9}}$"
)
"""`"Jane Doe" <jane@example.com>:`, at most three words before the address."""
FIRST_PERSON: Final = re.compile(
    r"\b(?:I|we)\b(?: \w{1,12}){0,3} (?:wrote|sent)\b|\b(?:schrieb|schrieben) (?:ich|wir)\b"
    r"|\b(?:ich|wir)\b[^\n]{0,60}\bgeschrieben\b|\bj['’]ai\b|\bnous avons\b|\bhe escrito\b"
    r"|\b(?:ho|abbiamo) (?:scritto|inviato)\b|\b(?:schreef|heb) (?:ik|wij|we)\b|我(?:们)?写",
    re.IGNORECASE,
)
"""The writer tells of letters of their own."""
ENDS_SENTENCE: Final = re.compile(r"[a-z]{3}[.!?]$|[!?。！？]$")
SENTENCE_END: Final = re.compile(r"[.!?。！？][\"')]?(?:\s+|$)")

DASH: Final = "\\-_=\u2010-\u2015\u2500"
"""Signs of which rulers are made, for use within a character class."""
SEPARATOR: Final = re.compile(
    rf"[\s*_>]{{0,12}}[{DASH}]{{2,60}}[\s*]{{0,9}}(?:original (?:message|e?-?mail)"
    r"|repl(?:y|ied) message"
    r"|urspr[uü]ngliche (?:nachricht|e?-?mail)|original-?nachricht"
    r"|(?:mensaje|correo) original|messaggio originale"
    r"|(?:message|mail|e-?mail|courriel) (?:d['’]origine|original)"
    r"|oorspronkelijk bericht|origineel bericht|opprinnelig melding|ursprungligt meddelande"
    r"|oprindelig meddelelse|(?:original|oprindelig) besked|alkuperäinen viesti|mensagem original"
    r"|wiadomość oryginalna|oryginalna wiadomość|původní (?:e-?mail|zpráva)|pôvodná správa"
    r"|eredeti üzenet|mesaj(?:ul)? original|(?:orijinal|özgün) (?:mesaj|ileti)|missatge original"
    r"|izvorna poruka|izvirno sporočilo|αρχικό μήνυμα"
    r"|(?:исходное|оригинальное) (?:сообщение|письмо)"
    r"|вихідне повідомлення|הודעה מקורית|الرسالة الأصلية|original appointment|thư gốc"
    r"|原始邮件|原始郵件|邮件原件|郵件原件|原始信件|回复的原邮件|回覆的原郵件"
    r"|元のメッセージ|원본 메(?:시|세)지)[\s*_]{0,9}"
    rf"(?:[{DASH}]{{2}}[^\n]{{0,80}}|:?)$"
    r"|[\s*_>]{0,12}-{4,40}(?:\s|&nbsp;){0,3}original(?:\s|&nbsp;){0,3}-{4,40}\s{0,9}$"
    r"|[\s*_>]{0,12}message du \d\d/\d\d/\d{2,4} \d\d[:h]\d\d\s{0,9}$",
    re.IGNORECASE,
)
GROUPWISE: Final = re.compile(r">{3} (?=[^\n]{0,300}\d[:.]\d\d)[^\n]{5,300} >{3}\s{0,9}$")
"""`>>> Jane Doe <jane@example.com> 11/19/2026 10:00 AM >>>`, above words without marks."""
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
    rf"[\s*_>]{{0,12}}(?:[{DASH}]{{2,60}}\s{{0,9}}(?:forwarded (?:message|by)"
    r"|weitergeleitete nachricht|mensaje reenviado|message transf[eé]r[eé]"
    r"|messaggio inoltrato|doorgestuurd bericht"
    r"|mensagem (?:encaminhada|reencaminhada)|转发的?邮件|轉寄(?:的)?郵件|пересылаемое сообщение"
    r"|vidarebefordrat meddelande|videresendt (?:melding|meddelelse|besked)|przekazana wiadomość"
    r"|přeposlaná zpráva|továbbított üzenet|edelleenlähetetty viesti|välitetty viesti"
    r"|yönlendirilen (?:mesaj|ileti)|iletilmiş mesaj|mesaj redirecționat|переслане повідомлення"
    r"|転送メッセージ|전달된 메(?:시|세)지|הודעה שהועברה|رسالة مُعاد توجيهها)"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado:"
    r"|inizio messaggio inoltrato:|início da mensagem (?:re)?encaminhada:"
    r"|begin doorgestuurd bericht:|vidarebefordrat brev:|videresendt besked:"
    r"|开始转发的邮件|開始轉寄|転送されたメッセージ:|начало переадресованного сообщения:"
    r"|początek przekazywanej wiadomości:)",
    re.IGNORECASE,
)
RULER: Final = re.compile(r"[\s>]{0,12}(?:[_*\-—–=]\s?){5,250}$")

FIELDS: Final = {
    "from": "from von de da van från fra od kimden gönderen lähettäjä feladó dela dari από от"
    " від відкого šalje pošiljatelj từ מאת من 发件人 寄件者 寄件人 差出人 보낸사람 보낸이",
    "date": "sent date gesendet gesendetam datum envoyé envoyéle enviado enviadoel enviadaem"
    " enviadoem enviat data inviato inviatoil verzonden verzondenop skickat sendt dato fecha"
    " wysłano tarih gönderildi gönderilmetarihi lähetetty päivämäärä päiväys odesláno odoslané"
    " poslano elküldve dátum trimis dikirim tanggal στάλθηκε ημερομηνία отправлено дата надіслано"
    " đãgửi ngày נשלח תאריך التاريخ تاريخالإرسال 发送时间 發送時間 发送日期 寄件日期 傳送日期 日期"
    " 时间 送信日時 日時 日付 날짜 보낸날짜",
    "to": "to an para à a aan till til do za kime alıcı vastaanottaja komu címzett către kepada"
    " pera προς кому đến tới אל إلى 收件人 收件者 宛先 받는사람",
    "subject": "subject betreff asunto objet oggetto ogg onderwerp ämne emne assunto assumpte temat"
    " konu aihe předmět predmet tárgy subiect subjek perihal θέμα тема chủđề נושא الموضوع"
    " 主题 主題 主旨 件名 제목",
    "other": "cc cci bcc ccn kopie copia copie copieà kopia kopi copy copiado kopija másolat"
    " копия копія 抄送 副本 참조 importance wichtigkeit priority"
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
