"""Words by which mail systems say that a mail did not arrive, in many languages: patterns only.

A subject alone proves nothing: people write `Undeliverable promises`. It needs words of a report
in the text, a returned mail, or a system's address beside it. Every pattern is bounded.
"""

from __future__ import annotations

import re
from typing import Final

SENDER: Final = re.compile(
    r"(?:mail(?:er)?[-_.]?daemon|post[-_.]?master|bounces?|mdaemon|mail[-_.]?system"
    r"|microsoftexchange[0-9a-f]{4,40}"
    r"|mail[-_.]?delivery(?:[-_.](?:sub)?system)?)"
    r"(?:[+\-=._].*)?",
    re.IGNORECASE,
)
RAW_SENDER: Final = re.compile(
    r"(?:^|[<\s\"'(])(?:mailer-daemon|postmaster)\\?(?:@|>|$)", re.IGNORECASE
)
NAMES: Final = re.compile(
    r"mail delivery (?:sub)?system|mailer[- ]daemon|postmaster|internet mail delivery"
    r"|mail administrator|system administrator|mail router|mail server",
    re.IGNORECASE,
)
GREETED: Final = re.compile(r"[\s*]{0,4}(?:\[[^\[\]]{1,30}\]\s{0,3})?")
"""What stands before the words of a subject: stars, a tag."""
SUBJECT: Final = re.compile(
    r"(?:undeliver(?:able|ed)|(?:permanent |transient |e-?mail |message )?delivery (?:status"
    r"|failure|has failed|report|failed|warning|delayed|is delayed|problem|error)|relayed ?:"
    r"|delivered ?:"
    r"|(?:successful )?mail delivery (?:failed|failure|error|system|warning|problem|status"
    r"|report)"
    r"|failure notice|returned (?:e-?)?mail|e-?mail returned|(?:sorry, )?(?:your )?(?:e-?mail"
    r"|message|mail)"
    r" (?:not (?:be )?delivered|could not be (?:sent|delivered)|delivery|delayed|status"
    r"|rejected|blocked)"
    r"|message (?:not|you sent)|nondeliverable|non[- ]delivery|undelivered|returned to sender"
    r"|warning: (?:message|could not send|e-?mail)|delayed mail|notification: delivery"
    r"|notice: mail"
    r"|mail system error|report: your mail|rejected (?:mail|message)|could not deliver"
    r"|unable to deliver"
    r"|unzustellbar|nicht zustellbar|nicht zugestellt|zustell(?:ung|fehler)|übermittlungsfehler"
    r"|e-?mail (?:konnte )?nicht zugestellt|fehler bei der (?:nachrichten)?zustellung"
    r"|non remis|échec de (?:la )?(?:remise|distribution)|notification d.état de remise"
    r"|remise retardée"
    r"|message non (?:délivré|distribué|remis)|(?:avis|rapport) de non[- ](?:remise"
    r"|distribution)"
    r"|onbestelbaar|niet bezorgd|niet afgeleverd|bezorging (?:vertraagd|mislukt)"
    r"|no se (?:puede|pudo|ha podido) entregar|no entregable|no entregado|mensaje (?:devuelto"
    r"|no entregado)"
    r"|error (?:de|en la) entrega|entrega (?:retrasada|fallida)|correo devuelto"
    r"|imposs?ibile recapitare|mancat[ao] (?:consegna|recapito)|recapito (?:non riuscito"
    r"|ritardato)"
    r"|mancato recapito|consegna (?:fallita|non riuscita)|messaggio non (?:consegnato"
    r"|recapitato)"
    r"|não (?:foi )?(?:possível )?entreg(?:ue|ar)|falha (?:na|de) entrega|entrega (?:atrasada"
    r"|falhou)"
    r"|niedostarczone|nie można dostarczyć|nie dostarczono|nedoručitelné|nelze doručit"
    r"|nedoručen[áo]"
    r"|kan ikke leveres|kunne ikke leveres|kunde inte levereras|ej levererat"
    r"|gick inte att leverera"
    r"|ei voi(?:tu|da) toimittaa|perille toimittamaton|teslim edilemedi|kézbesíthetetlen"
    r"|nelivrat"
    r"|не удается доставить|недоставлен|не доставлено|сообщение не доставлено"
    r"|не може бути доставлено"
    r"|配信不能|配信できません|メール送信エラー|送信エラー|無法傳遞|無法投遞|无法投递|退信|未送达|未傳遞的主旨|无法送达"
    r"|系统退信|배달되지 않음|전송 실패|배달 실패)",
    re.IGNORECASE,
)
WORDS: Final = re.compile(
    r"(?:could not (?:be )?(?:be delivered|deliver)|unable to deliver|was undeliverable"
    r"|user unknown"
    r"|unknown user|did not reach the following|delivery to the following"
    r"|permanent(?:ly)? (?:fatal )?"
    r"(?:delivery )?error|mailbox (?:is )?(?:full|unavailable|not found)|full mailbox"
    r"|no such user"
    r"|returned to you|\b[45]\d\d[ -][245]\.\d{1,3}\.\d{1,3}|undelivered"
    r"|not (?:yet )?(?:been )?delivered"
    r"|quota exceeded|over quota|transcript of session|final-recipient:"
    r"|delivery (?:has )?failed"
    r"|been postponed|will (?:continue|keep) (?:to (?:try|attempt)|trying)|address(?:\(es\)"
    r"|es)? (?:failed|had)"
    r"|delivery problems|delivery is delayed|recipients? (?:does not exist|was rejected"
    r"|rejected)"
    r"|cannot be delivered|has been delivered to the following|to these recipients or groups"
    r"|was blocked by"
    r"|created automatically by (?:mail delivery software|\w{2,20}\.)"
    r"|nicht zugestellt werden|nachrichtenzustellung an folgende"
    r"|zustellung (?:ist )?fehlgeschlagen"
    r"|n['’]a (?:pas )?pu être (?:remis|délivré|distribué|livré)|remise à ces destinataires"
    r"|n['’]a pas été (?:remis|délivré|distribué)|no (?:se )?(?:pudo"
    r"|ha podido) (?:ser )?entrega"
    r"|error de entrega a estos|entrega a estos destinatarios"
    r"|non è stato possibile (?:consegnare|recapitare"
    r"|inviare)|recapito ai seguenti|não p[ôo]de ser entregue|falha na entrega|entrega (?:para"
    r"|a) estes"
    r"|bezorging is (?:mislukt|vertraagd)|kon niet worden (?:afgeleverd|bezorgd)|nie (?:może"
    r"|mogła) zostać"
    r" dostarczon|nelze doručit|nebylo možné doručit|kunde inte levereras|kunne ikke leveres"
    r"|ei voitu toimittaa|teslim edilemedi|не удалось доставить|не (?:было"
    r"|может быть) доставлен"
    r"|无法(?:向以下|传递|投递|送达)|未能(?:送达|投递)|無法(?:傳遞|投遞|送達)|配信(?:に失敗|できません)"
    r"|送信できませんでした|エラーのため|전(?:송|달)(?:하지 못|되지)|배달(?:하지 못|되지))",
    re.IGNORECASE,
)
CODE: Final = re.compile(
    r"\b[45]\d\d[ -][245]\.\d{1,3}\.\d{1,3}\b|\b[45]\.\d\.\d{1,3}\b|\b55[0-4][ -]"
    r"|\buser unknown\b"
    r"|\bunknown user\b|\bno such user\b|\bunknown recipient\b|\brecipient rejected\b",
    re.IGNORECASE,
)
"""An answer of a mail server."""
SUCCEEDED: Final = re.compile(
    r"successful mail delivery|was successfully delivered|recipients or groups is complete"
    r"|has been delivered to the following|zustellung an diese empfänger .{0,40}abgeschlossen",
    re.IGNORECASE,
)
"""What a report of success says."""
LIST_NOTICE: Final = re.compile(
    r"(?:you \S{1,80}@\S{1,80} (?:are|is) not (?:a )?member"
    r"|(?:your )?(?:message|post(?:ing)?|mail) to .{1,80} (?:awaits moderator|has been held)"
    r"|posting (?:to|by|from) .{0,60}(?:non-?member|not allowed|rejected|denied)"
    r"|request to mailing list .{1,80} rejected|majordomo results"
    r"|confirm (?:subscribe|unsubscribe) (?:to|from)|results of your e-?mail commands)",
    re.IGNORECASE,
)
"""What programs that run mailing lists write back."""
LATE: Final = re.compile(
    r"(?:delay|postponed|will (?:continue|keep) (?:to (?:try|attempt)|trying|attempting)"
    r"|will be (?:re)?tried|warning message only|do(?:es)? not need to resend"
    r"|no action is required|not (?:yet )?been delivered (?:yet|after|since)|still trying"
    r"|could not send message for past|verzögert|wird weiter versucht|retard[ée])",
    re.IGNORECASE,
)
FINAL: Final = re.compile(
    r"(?:permanent|giving up|given up|has failed|final|not be retried|no longer|too long"
    r"|stopped trying|could not be delivered|unable to deliver|returned to sender|undeliverable"
    r"|user unknown|unknown user|no such user|failed after)",
    re.IGNORECASE,
)
NOTICE: Final = re.compile(
    r"\{\s*\"(?:notificationType|eventType)\"\s*:\s*\"(Bounce|Complaint|Delivery\w*|Reject)\""
)
ADDRESSED: Final = re.compile(
    r"^(?:>? ?|\s{0,8})(?:<|to:\s*<?|rcpt to:\s*<?|\"?)([^\s<>\"]{1,64}@[^\s<>\"]{1,253}?)"
    r"(?:>|\"|:|$|\s)",
    re.IGNORECASE | re.MULTILINE,
)
ADDRESS: Final = re.compile(r"[^\s<>()\"',:;]{1,64}@[a-z0-9.-]{1,253}", re.IGNORECASE)
LATE_SUBJECT: Final = re.compile(
    r"delayed mail|still being retried|could not send (?:message|mail) for past"
    r"|\b(?:has been |message )?delayed\b|\(delay\)",
    re.IGNORECASE,
)
RETURNED: Final = re.compile(
    r"^(?:[^\n]{0,80}(?:original message|copy of (?:the|your) (?:original )?message"
    r"|returned message|unsent message|message headers?|message details|message (?:text"
    r"|contents?)"
    r"|ursprüngliche nachricht|nachricht lautet)[^\n]{0,80}|Received:[^\n]*|Return-Path:[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
INDENT: Final = re.compile(r"^[> ]{0,4}(?=[A-Za-z-]{2,30}:)")
