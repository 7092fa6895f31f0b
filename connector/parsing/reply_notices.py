"""Legal notices that companies put under every mail; they speak of secrets where nobody else does.

A paragraph counts as a notice only at the end, with two of their phrases and no first person:
`I received this mail in error, it holds another patient's results` is a complaint.
"""

from __future__ import annotations

import re
from typing import Final

from connector.parsing.reply_words import MARK, MATCHED_CHARS, RULER

MAX_NOTICE_CHARS: Final = 4_000
"""A longer paragraph is no notice."""
MAX_NOTICES: Final = 6
"""So many paragraphs are looked at, from the end."""
_TWO: Final = 2

_PHRASES: Final = re.compile(
    r"confidentiality (?:notice|note|statement)|legal (?:notice|disclaimer)|legally privileged"
    r"|privileged(?:,| and| or| and/or) confidential|confidential(?:,| and| or| and/or) "
    r"(?:may be )?(?:legally )?(?:privileged|proprietary|intended|protected)"
    r"|(?:contains?|contain|are|is) (?:strictly )?confidential|not the (?:intended"
    r"|named) (?:recipient|addressee)"
    r"|intended (?:only |solely |exclusively )?for (?:the )?(?:sole )?(?:use|addressee|named"
    r"|individual|person"
    r"|recipient|intended)|received this (?:e-?mail|message|communication"
    r"|transmission)[^.]{0,30}"
    r" (?:in error|by mistake)|notify the sender|delete (?:it|this|the) |destroy all copies"
    r"|unauthori[sz]ed (?:use|disclosure|review|copying|access)|protected health information"
    r"|\bhipaa\b"
    r"|vertrauliche|nicht der (?:richtige|beabsichtigte|vorgesehene) (?:adressat|empfänger)"
    r"|irrtümlich erhalten|informieren sie bitte (?:sofort )?den absender|vernichten sie diese"
    r"|confidentiel|n['’]êtes pas le destinataire|par erreur|destinés? exclusivement"
    r"|avertir l['’]expéditeur"
    r"|información confidencial|no es (?:usted )?el destinatario|por error"
    r"|dirigid[oa] exclusivamente"
    r"|informazioni (?:riservate|confidenziali)|non (?:siete|è) il destinatario|per errore"
    r"|esclusivamente"
    r"|informações confidenciais|não (?:é|for) o destinatário|por engano|vertrouwelijk"
    r"|ten onrechte"
    r"|uitsluitend bestemd|niet de (?:geadresseerde|beoogde)|保密|收件人",
    re.IGNORECASE,
)
_FIRST_PERSON: Final = re.compile(
    r"\b(?:I|[Mm]y|[Mm]e|[Ii]ch|[Mm]ir|[Mm]ich|[Mm]eine?[nrms]?|[Jj]['’e]|[Mm]on|[Mm]oi|[Yy]o"
    r"|[Mm]i|[Mm]is|[Ii]o|[Mm]io|[Mm]ia|[Ee]u|[Mm]eus?|[Mm]inha|[Ii]k|[Mm]ijn)\b|我"
)
_GREEN: Final = re.compile(
    r"[^\w\n]{0,5}(?:please )?(?:consider|think of|think about) the environment before"
    r"|bitte denken sie an die umwelt|pensez à l['’]environnement"
    r"|antes de imprimir|prima di stampare|denk aan het milieu",
    re.IGNORECASE,
)


def without_notices(lines: list[str]) -> list[str]:
    """Cut legal notices off the end; lines stay as they are where there is none."""
    for _ in range(MAX_NOTICES):
        end = len(lines)
        while end and not lines[end - 1].strip():
            end -= 1
        start = end
        while start and not _parts(lines[start - 1]):
            start -= 1
        if not start or not is_notice("\n".join(lines[start:end])):
            return lines
        while start and _parts(lines[start - 1]):
            start -= 1
        lines = lines[:start]
    return lines


def is_notice(paragraph: str) -> bool:
    """Say whether a paragraph is a legal notice, or asks to save paper."""
    if len(paragraph) > MAX_NOTICE_CHARS or _FIRST_PERSON.search(paragraph):
        return False
    if _GREEN.match(paragraph):
        return True
    folded = " ".join(paragraph.split())
    return len({match[0].lower() for match in _PHRASES.finditer(folded)}) >= _TWO


def _parts(line: str) -> bool:
    """Say whether a line parts paragraphs: nothing in it, or a ruler."""
    return (
        not line.strip()
        or MARK.match(line) is not None
        or RULER.match(line[:MATCHED_CHARS]) is not None
    )
