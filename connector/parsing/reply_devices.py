"""Lines that telephones, mail programs and virus scanners put under what a person wrote.

A brand or a device must stand in the line, behind words that announce it: people write `Sent
from my desk`, too. Patterns are bounded and asked of short lines only.
"""

from __future__ import annotations

import re
from typing import Final

DEVICE_CHARS: Final = 110
"""No program adds a longer line of its own."""

_BRANDS: Final = (
    r"(?:iphone|ipad|ios|android|samsung|galaxy|huawei|honor|xiaomi|redmi|oppo|vivo|oneplus|pixel"
    r"|realme|outlook|windows|yahoo|gmail|gmx|web\.de|libero|uol|e?-?mail|blackberry|nokia|motorola"
    r"|htc|lg|sony|xperia|wiko|aol|proton(?:mail)?|tutanota|tuta|k-9|orange|telekom|t-online|mobile"
    r"|handy|smartphone|t[eé]l[eé]phone|m[oó]vil|celular|tel[eé]fono|telefono|telefoon|gsm|tablet|hey"
    r"|spark|verizon|t-mobile|at&t|mailbox|thunderbird|airmail|polymail|edison|boxer|canary|nine"
    r"|bluemail|typeapp|mymail|newton|superhuman|mailspring|fastmail|zoho|office|device|gerät"
    r"|appareil|dispositivo|apparaat|phone|computer|mac|app(?:li(?:cation|cazione))?|aplicativo)"
)
_SENT: Final = (
    r"(?:this (?:e-?mail|message) was )?(?:sent|written|composed) (?:from|via|with|using|on|by) "
    rf"(?:my |an? |the |your )?[^\n]{{0,40}}\b{_BRANDS}|sent from (?:my|an?) "
    r"|von meinem .{1,40} gesendet|diese nachricht wurde von .{1,60} gesendet"
    rf"|(?:gesendet|verschickt) (?:von|mit|aus|über) .{{0,30}}{_BRANDS}"
    r"|envoyé (?:de(?:puis)?|à partir d['’e]|avec|par) ?(?:mon |ma |la |l['’])?"
    rf".{{0,30}}{_BRANDS}"
    r"|provenance : courrier pour windows"
    rf"|enviad[oa] (?:desde|do|de|da|via|a partir d[eo]|con|com|no|pelo) (?:mi |mis |meu |minha "
    rf"|el |la |o )?.{{0,30}}{_BRANDS}"
    rf"|inviato (?:da|dal|con|tramite)(?: mio| mia)? ?.{{0,30}}{_BRANDS}"
    rf"|(?:verzonden|verstuurd) (?:vanaf|vanuit|met|van|via) (?:mijn |de )?.{{0,30}}{_BRANDS}"
    rf"|skickat från min|skicka(?:ts?|des) från .{{0,30}}{_BRANDS}"
    rf"|send?t fra (?:min |.{{0,30}}{_BRANDS})|lähetetty .{{0,30}}{_BRANDS}|wysłane z "
    r"|od(?:esláno|oslané) ze? .{0,30}(?:iphon|ipad|android|telef|mobil|pošt|outlook)"
    rf"|{_BRANDS}['’]?u?[mn]?d[ae]n gönderildi|отправлено (?:с|из) |надіслано з "
    r"|发自我的|發自我的|從我的 ?.{1,20}(?:傳送|发送)|来自我的|发送自 .{1,30}"
    rf"|(?:{_BRANDS}|windows 版のメール) ?から送信|(?:나의|내) .{{1,20}}에서 보냄"
)
_OUTLOOK: Final = (
    r"(?:get|download|holen sie sich|t[eé]l[eé]charge[rz]|obtenir|obt[eé]n(?:er|ga)?"
    r"|descarg[au]e?r?|obter|obtenha|baix(?:e|ar)|scarica|ottieni|ottenere|hämta|hent|få|hanki|pobierz"
    r"|získat|stiahnuť|скачать|获取|取得|下載)(?: o| aplikację| het| the)?(?: new)? ?"
    r"(?:outlook|aol app|yahoo mail)\b(?=.{0,60}(?:ios|android|windows|mac|app|$))"
    r"|(?:outlook|mail) (?:für|voor) .{1,20} (?:beziehen|downloaden)"
    r"|yahoo mail: search, organize, conquer"
)
_SCANNERS: Final = r"\b(?:avast|avg|norton|eset|kaspersky|mcafee|bitdefender)\b"
_SCANNED: Final = (
    r"(?:virus-free|virenfrei|sans virus|libre de virus|livre de vírus|privo di virus|virusvrij)"
    rf"[^\n]{{0,12}}{_SCANNERS}"
    r"|(?:this e-?mail (?:message )?(?:has been|was) (?:checked|scanned)|diese e-?mail wurde)"
    rf"[^\n]{{0,40}}{_SCANNERS}"
    r"|(?:l['’]absence de virus dans ce|el software de antivirus|este e-?mail foi|questa e-?mail è)"
    rf"[^\n]{{0,60}}{_SCANNERS}"
)
DEVICE: Final = re.compile(rf"[\s*_\-\[(]{{0,6}}(?:{_SENT}|{_OUTLOOK}|{_SCANNED})", re.IGNORECASE)
"""The beginning of a line that a program added."""
EXCUSE: Final = re.compile(
    rf"[\s*_\-]{{0,6}}sent from my (?:\w{{1,12}} ){{0,2}}{_BRANDS}\s?[.,;:!\-–—]\s?(?:please |"
    r"kindly |so )?(?:excuse|pardon|forgive|ignore|sorry|apologi[sz]e|apologies)\b",
    re.IGNORECASE,
)
"""`Sent from my iPhone, please excuse typos`"""
STRONG: Final = re.compile(
    r"\b(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|outlook|yahoo|gmail|gmx|web\.de|nokia"
    r"|blackberry|proton ?mail|avast|avg|norton|eset|kaspersky|mcafee|bitdefender)\b",
    re.IGNORECASE,
)
"""Names that stand in lines of programs which end with a full stop, as most do not."""
JOINING: Final = re.compile(
    r" (?:to|and|but|und|aber|et|mais|y|pero|e|ma|mas|en|maar|without|ohne|sans|sin|sem|senza) ",
    re.IGNORECASE,
)
"""Words that make a sentence of such a line."""
ADDRESS_ONLY: Final = re.compile(r"\s{0,9}[<(]?(?:https?://|www\.)\S{1,300}\s{0,9}$", re.IGNORECASE)
"""Nothing but an address of the web, which such lines are followed by."""
