"""Subjects and words by which automatic answers are known: patterns, no decisions.

A subject counts at its very beginning only (behind `[tags]`), because `Re: Automatic reply: ...`
is a person who answers a machine. What people write, too, needs a second sign.
"""

from __future__ import annotations

import re
from typing import Final

_ANSWERS: Final = (
    r"auto(?:matic|mated)?[- ]?(?:re(?:ply|sponse|sponder?|spons)|answer)\b|auto\s*:"
    r"|autoantwort|automatische (?:antwort|antwoord|r[üu]ckmeldung)|automatisch(?:e)? antwoord"
    r"|r[eé]ponse automatique|r[eé]pondeur automatique"
    r"|auto-?svar|automatiskt? (?:svar|beskjed)|automaattinen (?:vastaus|poissaoloviesti)"
    r"|(?:respuesta|resposta|risposta) autom[aà-á]tica|auto-?(?:respuesta|resposta)"
    r"|risponditore"
    r"|odpowied[zź] automatyczna|automatyczna odpowied[zź]|autoodpowied[zź]"
    r"|automatick[aá] odpov[eě][dď]|automatikus v[aá]lasz|r[aă]spuns automat"
    r"|otomatik (?:yan.t|cevap)|αυτόματη απάντηση|resposta automàtica"
    r"|автоответ|автоматический ответ|автоматична відповідь|автоматски одговор"
    r"|自動(?:応答|返信|回覆|回复|答复)|自动(?:回复|答复|应答)|자동 ?(?:회신|응답)"
    r"|부재중 (?:자동|메시지|알림)"
    r"|不在(?:通知|のお知らせ|応答)|休假自动|תשובה אוטומטית|رد تلقائي|ตอบกลับอัตโนมัติ"
    r"|thư trả lời tự động"
)
_ABSENCES: Final = (
    r"(?:out[- ]of[- ](?:the[- ])?office|fuera de (?:la )?oficina|fuori (?:sede|ufficio))"
    r"(?=\W*$| ?:| (?:auto|reply|notice|notification|message|until|re:|response))"
    r"|i(?:['’]m| am| will be)? (?:currently )?out of (?:the )?office"
    r"(?=\W*$| until| from| return| back)"
    r"|(?:ooo|ooto)(?: ?:| re:)|vacation (?:reply|response|notice|message|auto)\b"
    r"|(?:abwesend|abwesenheit|au(?:ß|ss)er haus|im urlaub|absent(?:e|\(e\))?(?: du bureau)?"
    r"|ausente|ausencia|assente|fora do escrit[oó]rio|afwezig(?:heid)?|fr[aå]nvaro"
    r"|frav[æa]rende|frav[æa]r"
    r"|mimo kancel[aá]ř|nieobecno[sś][cć]|poza biurem|вне офиса|ofis dışında|poissa"
    r"|távollét) ?:"
    r"|abwesenheits(?:notiz|assistent|nachricht|meldung|agent|info\w*)"
    r"|urlaubs(?:benachrichtigung"
    r"|nachricht|meldung|notiz)|afwezigheids(?:bericht|melding|assistent)|fr[aå]nvaro(?:besked"
    r"|meddelande|assistent)|frav[æa]rs(?:besked|melding|assistent)|poissaolo(?:viesti"
    r"|ilmoitus)"
    r"|absence du bureau|(?:message|notification|avis) d['’]absence"
    r"|aus[eê]ncia (?:temporária|do escritório)|mensaje de ausencia|messaggio di assenza"
)
_RECEIVED: Final = (
    r"thank you for contacting\b.{0,40}$|(?:request|ticket|case|message|e-?mail"
    r"|inquiry) received"
    r"(?=\W*$| ?[:\-–#(\]])|we(?:['’]ve| have) received your (?:request|message|e-?mail|inquiry"
    r"|enquiry|ticket|support)|your (?:support )?(?:request|ticket|case|e-?mail"
    r"|inquiry)\b.{0,40}"
    r"(?:has been|was) (?:received|created|opened|logged)"
    r"|(?:eingangs|empfangs|ontvangst)(?:bestätigung|bevestiging)(?=\W*$| ?[:\-–#(\[])"
    r"|accus[eé] de r[eé]ception(?=\W*$| ?[:\-–#(\[])|acuse de recibo(?=\W*$| ?[:\-–#(\[])"
    r"|conferma di (?:ricezione|lettura)(?=\W*$| ?[:\-–#(\[])"
    r"|confirma[çc][ãa]o de (?:recebimento|leitura|rece[pç][çc]?[ãa]o)(?=\W*$| ?[:\-–#(\[])"
    r"|return receipt \(displayed\)|your e-?mail requires verification|[^:\n]{0,80}\bverify#\w"
    r"|[^:\n]{0,80}\(conf#\w"
)
SURE: Final = re.compile(rf"(?:{_ANSWERS}|{_ABSENCES}|{_RECEIVED})", re.IGNORECASE)
"""Only machines begin so."""
NAMED: Final = re.compile(
    r"(?P<who>[^:\n]{1,80}?) (?:is (?:currently )?out of (?:the )?office"
    r"|ist (?:nicht im (?:büro"
    r"|haus)"
    r"|au(?:ß|ss)er haus|abwesend)|est absente?(?:\(e\))?(?: du bureau)?"
    r"|está (?:fuera de la oficina"
    r"|ausente|fora do escritório)|è (?:fuori (?:sede|ufficio)|assente)|is (?:afwezig"
    r"|niet aanwezig)"
    r"|är inte på kontoret|er ikke på kontoret)\b(?P<back> ?\(r[a-zé]{3,12} [^\n]{1,40}\))?",
    re.IGNORECASE,
)
"""`Jane Doe is out of the office`: of a machine, where the sender's name stands there."""
WEAK: Final = re.compile(
    r"(?:(?:on |annual )?(?:vacation|holidays?|leave)\b|away\b|out of office\b|urlaub\b|abwesen"
    r"|(?:en )?vacances\b|cong[eé]s?\b|vacaciones\b|ferie\b|f[eé]rias\b|vakantie\b|semester\b"
    r"|absen[tc]|ausen|fuera de\b|re: |aw: |sv: |rif: |res: )",
    re.IGNORECASE,
)
"""How subjects of absence may begin, of people too."""
ABSENT: Final = re.compile(
    r"\b(?:i(?:['’]m| am| will be)? (?:currently |presently )?(?:be )?"
    r"(?:out of (?:the |my )?office|on (?:vacation|annual leave|(?:maternity|parental"
    r"|sick) leave|holiday)"
    r"|away (?:from (?:the|my)|until|on))|limited access to (?:my )?e-?mail"
    r"|(?:read|answer|respond|reply)[^.\n]{0,50} (?:when|upon|after|as soon as) (?:i|my) return"
    r"|automatic(?:ally)? (?:generated )?(?:reply|response|answer)|auto-?re(?:ply|sponse"
    r"|sponder)"
    r"|ich bin (?:derzeit |zur zeit |momentan |bis |vom |ab |im |nicht )[^\n]{0,80}"
    r"(?:urlaub|abwesend|büro|haus|erreichbar)|je suis (?:actuellement )?(?:absente?"
    r"|en (?:congés?|vacances))"
    r"|(?:me encuentro|estoy|estaré) (?:fuera de (?:la )?oficina|de vacaciones|ausente)"
    r"|(?:sono|sarò) (?:attualmente )?(?:assente|in ferie|fuori (?:sede|ufficio))"
    r"|(?:estou|estarei) (?:ausente|de férias|fora do escritório)"
    r"|ik ben (?:momenteel |van |tot )?[^.\n]{0,60}(?:afwezig|(?:met|op) vakantie"
    r"|niet op kantoor)"
    r"|jag är (?:på semester|inte på kontoret|bortrest))\b"
    r"|我(?:正在)?休假|不在办公室|休暇を(?:頂|いただ)",
    re.IGNORECASE,
)
"""Words of an absence, as they stand at the beginning of an answer."""
READ_LATER: Final = re.compile(
    r"out of (?:the |my )?office|access to (?:my )?e-?mail|(?:when|upon|after|as soon as) (?:i"
    r"|my)"
    r" return|auto|nicht im büro|nach meiner rückkehr|à mon retour|a mi regreso"
    r"|al mio (?:rientro|ritorno)"
    r"|no meu (?:regresso|retorno)|na mijn terugkeer|wanneer ik terug",
    re.IGNORECASE,
)
"""Words of an answer that nobody writes to a practice about themselves."""
CALENDAR: Final = re.compile(
    r"(?:accepted|declined|tentative(?:ly accepted)?|zugesagt|angenommen|abgelehnt"
    r"|mit vorbehalt"
    r"|vorläufig(?: zugesagt)?|accept[eé]|refus[eé]|provisoire|aceptad[ao]|rechazad[ao]"
    r"|provisional"
    r"|aceit[eoa]|recusad[ao]|tentativ[ao]|accettat[oa]|rifiutat[oa]|provvisori[oa]"
    r"|geaccepteerd"
    r"|geweigerd|voorlopig|接受|已接受|已拒绝|拒绝|暂定) ?[:：]",
    re.IGNORECASE,
)
INVITED: Final = re.compile(
    r"(?:has|have) (?:accepted|declined|tentatively|replied)|invitation|einladung|invitación"
    r"|convite|invito|uitnodiging|邀请",
    re.IGNORECASE,
)
"""What a calendar writes under an answer to an invitation."""
READ: Final = re.compile(
    r"(?:not )?(?:read|gelesen|ungelesen|lu|leído|lido|lida|letto|gelezen|已读|開封済み?) ?[:：]",
    re.IGNORECASE,
)
WAS_READ: Final = re.compile(
    r"(?:was|were) (?:read|deleted without being read|opened)|wurde (?:gelesen"
    r"|am .{4,40} gelesen)"
    r"|a été lu|fue leído|se leyó|foi lid[ao]|è stato letto|is gelezen|已于.{1,40}(?:阅读|读取)",
    re.IGNORECASE,
)
TAGS: Final = re.compile(r"(?:\s{0,3}\[[^\[\]]{1,80}\]){1,4}\s{0,3}(?=[^\s:\-–])")
"""Tags of tickets and lists before the subject itself."""
MACHINE_MAILER: Final = re.compile(
    r"auto-?(?:respon|reply|answer)|\bvacation\b|out-?of-?office", re.IGNORECASE
)
