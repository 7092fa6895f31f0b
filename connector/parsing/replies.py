"""What a person wrote now: a mail's text without quotes, reply headers and signature.

A view for rules and summaries, never the record. When in doubt words are kept: text between or
below quotes stays (people answer inline), and where next to nothing is left the whole text is
given. One pass over the lines; every pattern is linear.
"""

from __future__ import annotations

import re

MAX_LINES = 5_000
"""Lines behind these are taken as they are."""
MIN_REPLY_CHARS = 8
"""A shorter reply is no view of its own: the whole text is given instead."""
_ATTRIBUTION_LINES = 4
_ATTRIBUTION_CHARS = 500
_SIGNATURE_LINES = 15

_WROTE = re.compile(
    r"(?:\b(?:wrote|writes|schrieb|geschrieben|[eé]crit|escribi[oó]|scritto|scrisse|escreveu"
    r"|schreef|geschreven|skrev|skrifaði|kirjoitti|napisał(?:\(a\)|a)?|napsal\(?a?\)?|nap[ií]sala?"
    r"|írta|yazdı|yazmış|scris|написала?|написав|пише|пишет|έγραψε|viết|schreibt)\b"
    r"|写道|寫道|のメール|さんは書きました|님이 작성|כתב|كتب)",
    re.IGNORECASE,
)
_ENDS_ATTRIBUTION = re.compile(r"(?:[:：]|wrote ?-{2,})[\s*_]*$", re.IGNORECASE)
_STARTS_ATTRIBUTION = re.compile(
    r"[\s*_\-]{0,12}(?:(?:on|am|le|el|il|em|op|den|dne|dnia|w dniu|på|pe|ter|fra|från|pada|vào|στις"
    r"|a|mån|man|tir|ons|tor|fre|lör|sön|lun|mar|mer|jeu|ven|sam|dim|в|от)\b[\s,.]"
    r"|\d{1,4}[./\-年 ]|[\"“']?[^\s<>:]{1,40}.{0,80}<[^<>\s]{1,200}@|在 "
    r"|mon|tue|wed|thu|fri|sat|sun)",
    re.IGNORECASE,
)
_DATE_ONLY_ATTRIBUTION = re.compile(
    r"\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} (?:GMT|UTC)[+-]\d{1,2}:\d{2} .{1,200}$"
)
_DATE_OR_ADDRESS = re.compile(
    r"\b(?:19|20)\d{2}(?!\d)|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}(?!\d)|[^\s@<>]{1,64}@[^\s@<>]"
)
_ENDS_SENTENCE = re.compile(r"[a-z]{3}[.!?]$|[!?]$")

_SEPARATOR = re.compile(
    r"[\s*_>]*[-_=]{2,}\s*(?:original (?:message|email)|reply message"
    r"|urspr[uü]ngliche (?:nachricht|mail)"
    r"|original-?nachricht|mensaje original|messaggio originale|message d['’]origine"
    r"|message original"
    r"|oorspronkelijk bericht|opprinnelig melding|ursprungligt meddelande|oprindelig meddelelse"
    r"|alkuperäinen viesti|mensagem original|wiadomość oryginalna|исходное сообщение"
    r"|original appointment|原始邮件|邮件原件|元のメッセージ|원본 메시지)[^\n]{0,80}$",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"[\s*_>]*(?:[-_=]{2,}\s*(?:forwarded (?:message|by)|weitergeleitete nachricht"
    r"|mensaje reenviado"
    r"|message transf[eé]r[eé]|messaggio inoltrato|doorgestuurd bericht|mensagem encaminhada"
    r"|пересылаемое сообщение|vidarebefordrat meddelande|videresendt (?:melding|meddelelse))"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:|début du message réexpédié)",
    re.IGNORECASE,
)
_RULER = re.compile(r"[\s>]*(?:[_*\-—–=]\s?){5,}\s*$")
_HEADER = re.compile(
    r"[\s>*_]{0,8}(from|von|de|da|van|från|fra|od|kimden|lähettäjä|от|发件人|差出人|보낸 ?사람|"
    r"sent|date|gesendet|datum|envoy[eé]|enviado(?: el)?|data|inviato|verzonden|skickat|sendt|dato|"
    r"fecha|"
    r"wysłano|tarih|lähetetty|отправлено|дата|发送时间|日期|送信日時|날짜|"
    r"to|an|para|[aà]|aan|till|til|do|kime|vastaanottaja|кому|收件人|宛先|받는 ?사람|cc|kopie|"
    r"subject|betreff|asunto|objet|oggetto|onderwerp|ämne|emne|assunto|temat|konu|aihe|тема|主题|件名|제목|"
    r"reply-to|risposta)\s{0,3}[*_]{0,2}\s{0,3}[:：][*_]{0,2}(?:\s|$)",
    re.IGNORECASE,
)
_FROM_WORDS = frozenset(
    {"from", "von", "de", "da", "van", "från", "fra", "od", "kimden", "lähettäjä", "от", "发件人"}
    | {"差出人", "보낸사람"}
)
_MARK = re.compile(r"[ \t]{0,4}(?:--|—|–|-- ?|__+|—+)[ \t]*$")
_DEVICE = re.compile(
    r"[\s*_\-]{0,6}(?:sent (?:from|via|with|on) (?:my|the|a |an |yahoo|gmail|outlook|mail|iphone"
    r"|ipad|samsung|android|blackberry|windows|proton|mobile|aol|hey|spark|t-mobile|verizon)"
    r"|get outlook for|von meinem .{1,40} gesendet|gesendet (?:von|mit)"
    r"|envoy[eé] (?:de(?:puis)?|à partir de) mon|envoyé de|enviado (?:desde|do|de) "
    r"|inviato da(?:l mio)? "
    r"|verzonden (?:vanaf|met|van)|verstuurd vanaf|skickat från min|sendt fra min|sent fra min"
    r"|lähetetty |wysłane z |отправлено с |发自我的|iPhoneから送信|나의 iphone)",
    re.IGNORECASE,
)
_FIELDS_WITH_SENDER, _FIELDS_WITHOUT_SENDER = 2, 3
_DEVICE_CHARS = 90
_MATCHED_CHARS = 300


def reply_text(text: str) -> str:
    """Give the person's own words; the whole text when (almost) nothing would be left."""
    own = own_words(text)
    return own if len("".join(own.split())) >= MIN_REPLY_CHARS else text.strip()


def own_words(text: str) -> str:
    """Give the own words alone, which may be nothing."""
    lines = [line.rstrip() for line in text.splitlines()]
    head, rest = lines[:MAX_LINES], lines[MAX_LINES:]
    kept = _without_quotes(head)
    kept = _without_signature(kept + rest)
    return _joined(kept)


def _joined(lines: list[str]) -> str:
    """Join lines, blank runs at the ends cut."""
    return "\n".join(lines).strip("\n").rstrip()


def is_quoted(line: str) -> bool:
    """Say whether a line carries a quote mark."""
    return line.lstrip()[:1] == ">"


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if _FORWARD.match(line[:_MATCHED_CHARS]):
            return kept + lines[index:]  # it was sent on to be read
        if is_quoted(line):
            index = _behind_quote(lines, index)
            continue
        size = _attribution_size(lines, index)
        if size:
            quoted = _next_is_quoted(lines, index + size)
            if not quoted and any(item.strip() for item in kept):
                return kept
            index += size
            continue
        if _hard_cut(lines, index):
            if any(item.strip() for item in kept):
                return kept
            index = _behind_header_block(lines, index)
            continue
        kept.append(line)
        index += 1
    return kept


def _behind_quote(lines: list[str], index: int) -> int:
    """Skip a quoted block, with the blank lines and wrapped short ends inside it."""
    while index < len(lines) and (is_quoted(lines[index]) or not lines[index].strip()):
        if not lines[index].strip() and not _next_is_quoted(lines, index):
            break
        index += 1
    return index


def _next_is_quoted(lines: list[str], index: int) -> bool:
    """Say whether the next line that is not blank is quoted; looks three lines far."""
    for line in lines[index : index + 3]:
        if line.strip():
            return is_quoted(line)
    return False


def _attribution_size(lines: list[str], index: int) -> int:
    """Give the number of lines of an `On ... wrote:` that begins here, or 0."""
    first = lines[index]
    if not first.strip() or len(first) > _ATTRIBUTION_CHARS:
        return 0
    if _DATE_ONLY_ATTRIBUTION.match(first):
        return 1 if _ends_within(lines, index) == 0 else _ends_within(lines, index)
    starts = _STARTS_ATTRIBUTION.match(first) is not None
    joined = ""
    for size in range(1, _ATTRIBUTION_LINES + 1):
        piece = lines[index + size - 1] if index + size <= len(lines) else ""
        if (size > 1 and not starts) or not piece.strip() or is_quoted(piece):
            return 0
        joined = f"{joined} {piece}"[:_ATTRIBUTION_CHARS]
        if _has_mark(piece) and _ENDS_ATTRIBUTION.search(piece) and _WROTE.search(joined):
            sure = _DATE_OR_ADDRESS.search(joined) and (starts or "@" in joined)
            return size if sure or _next_is_quoted(lines, index + size) else 0
        if _ENDS_SENTENCE.search(piece):
            return 0
    return 0


def _has_mark(line: str) -> bool:
    """Say whether the patterns for attributions and header lines can match; most lines cannot."""
    return ":" in line or "\uff1a" in line or "--" in line


def _ends_within(lines: list[str], index: int) -> int:
    """Give the size of a dated header that ends with `>:` on one of the next two lines."""
    for size in (1, 2, 3):
        if index + size <= len(lines) and lines[index + size - 1].rstrip().endswith(":"):
            return size
    return 0


def _hard_cut(lines: list[str], index: int) -> bool:
    line = lines[index][:_MATCHED_CHARS]
    if _SEPARATOR.match(line):
        return True
    if _RULER.match(line):
        following = next(
            (i for i in range(index + 1, index + 4) if i < len(lines) and lines[i].strip()), -1
        )
        return following > 0 and _header_block_size(lines, following) > 0
    return _header_block_size(lines, index) > 0


def _header_block_size(lines: list[str], index: int) -> int:
    """Give the number of lines of a quoted header block (From, Sent, To ...), or 0."""
    if not _has_mark(lines[index]) or _HEADER.match(lines[index]) is None:
        return 0
    names = set()
    size = misses = 0
    for line in lines[index : index + 12]:
        match = _HEADER.match(line)
        if match is None:
            misses += 1
            if misses > 1 or not line.strip():
                break
        else:
            misses = 0
            names.add(match[1].lower().replace(" ", ""))
        size += 1
    needed = _FIELDS_WITH_SENDER if names & _FROM_WORDS else _FIELDS_WITHOUT_SENDER
    return size if len(names) >= needed else 0


def _behind_header_block(lines: list[str], index: int) -> int:
    """Go behind separator, blanks and headers of a forwarded text that stands at the top."""
    position = index
    if not _header_block_size(lines, position):
        position += 1
        while position < len(lines) and not lines[position].strip():
            position += 1
    if position < len(lines):
        position += _header_block_size(lines, position)
    return max(position, index + 1)


def _without_signature(lines: list[str]) -> list[str]:
    """Cut what stands under a signature mark near the end, and lines that a device added."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    lines = lines[:end]
    for index in range(max(1, end - _SIGNATURE_LINES), end):
        if _MARK.match(lines[index]) and any(line.strip() for line in lines[:index]):
            lines = lines[:index]
            break
    kept = [line for line in lines if not _added_by_device(line)]
    return kept if any(line.strip() for line in kept) else lines


def _added_by_device(line: str) -> bool:
    """Tell `Sent from my iPhone` from a sentence that begins so."""
    return len(line) <= _DEVICE_CHARS and ", " not in line and _DEVICE.match(line) is not None
