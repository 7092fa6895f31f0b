"""People: how they can be reached and whether two names may be one person.

Families and switchboards share numbers and addresses, so everything in here
rather finds too little than too much: a doubtful number is no number, a
doubtful pair of names is not compatible (their cases are linked, not joined).
No function raises; all are linear in the length of their bounded input.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

MAX_PHONE_CHARS = 64
"""A longer text is no phone number."""
MAX_EMAIL_CHARS = 254
"""Longest address that fits into SMTP's path (RFC 5321, errata 1690)."""
MAX_NAME_CHARS = 200
"""A longer name is cut."""

_FLOAT_TAIL = re.compile(r"^(\d{7,15})\.0+$")
_SCIENTIFIC = re.compile(r"^[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+$")
_PHONE_SCHEME = re.compile(r"^(?:tel|sips?|callto):", re.IGNORECASE)
_EXTENSION = re.compile(r"[;,#]|\b(?:ext|extension|x)\b|(?<=\d)\s*x\s*(?=\d)", re.IGNORECASE)
_DOMAIN = re.compile(r"^(?:\[[0-9A-Fa-f:.]+\]|[^\s@\[\]<>()\",;:\\]+)$")
_LOCAL = re.compile(r"^(?:\"[^\"\r\n]+\"|[^\s@<>()\[\]\",;:\\]+)$")


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TITLES = _word_set(
    "mr mrs ms miss mx dr prof professor sir madam herr frau monsieur madame mme sr sra srta "
    "rev fr md dds dmd phd rn dipl mba esq"
)
_FEMALE_TITLES = _word_set("mrs ms miss madam frau madame mme sra srta")
_MALE_TITLES = _word_set("mr sir herr monsieur sr")
_GENERATIONS = _word_set("jr junior senior ii iii iv 2nd 3rd")
_SEVERAL = re.compile(r"&|\+|/|\b(?:and|und|et|y|family|familie|household)\b", re.IGNORECASE)
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_WORDS = re.compile(r"[^\W_]+")

# Short forms that people sign with; both columns fold to the first name of the row.
_NICKNAMES: dict[str, str] = {
    short: full
    for full, shorts in {
        "alexander": "alex sasha",
        "alexandra": "alexa",
        "andrew": "andy drew",
        "anthony": "tony",
        "barbara": "barb",
        "benjamin": "ben",
        "catherine": "kathy cathy katherine kathryn kate katie",
        "charles": "charlie chuck",
        "christopher": "chris",
        "daniel": "dan danny",
        "david": "dave",
        "deborah": "deb debbie debra",
        "donald": "don",
        "edward": "ed eddie",
        "elizabeth": "liz beth betty lizzie eliza",
        "francis": "frank",
        "gregory": "greg",
        "james": "jim jimmy jamie",
        "jennifer": "jen jenny",
        "jeffrey": "jeff",
        "jonathan": "jon",
        "john": "johnny jack",
        "joseph": "joe joey",
        "joshua": "josh",
        "kenneth": "ken kenny",
        "lawrence": "larry",
        "margaret": "maggie peggy meg",
        "matthew": "matt",
        "michael": "mike mick",
        "nicholas": "nick",
        "patricia": "patty trish pat",
        "peter": "pete",
        "philip": "phil phillip",
        "rebecca": "becky becca",
        "richard": "rick dick ricky rich",
        "robert": "bob rob bobby robbie",
        "ronald": "ron",
        "samuel": "sam",
        "stephen": "steve steven",
        "susan": "sue susie",
        "theodore": "ted",
        "thomas": "tom tommy",
        "timothy": "tim",
        "victoria": "vicky",
        "william": "bill will billy liam",
    }.items()
    for short in shorts.split()
}


def fold_space(text: str) -> str:
    """Make one line of a text: every run of white space becomes one blank, ends are cut."""
    return " ".join(text.split())


def without_controls(text: str) -> str:
    """Drop control, format (bidi overrides, zero width) and surrogate characters.

    White space controls (tab, line ends) become blanks.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )


def phone_e164(text: str, region: str) -> str:
    """Give the number in E.164 (`+14155552671`), or '' when the text holds no possible number.

    `region` is the ISO 3166 code for numbers written without a country. Understood: float
    artefacts of spreadsheets (`4155552671.0`), a text marker in front (`'+49 ...`), `tel:` and
    `sip:` addresses; an extension is cut off. No number: bare extensions, emergency and other
    short numbers, numbers in scientific notation (digits are lost), one repeated digit.
    """
    text = fold_space(without_controls(text[: MAX_PHONE_CHARS + 1])).lstrip("'")
    if not text or len(text) > MAX_PHONE_CHARS or _SCIENTIFIC.match(text):
        return ""
    text = _PHONE_SCHEME.sub("", text).split("@", 1)[0]
    text = _FLOAT_TAIL.sub(r"\1", text)
    text = _EXTENSION.split(text, maxsplit=1)[0]
    if sum(char.isdigit() for char in text) < 7:  # noqa: PLR2004 - shortest subscriber number
        return ""
    try:
        number = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if (
        phonenumbers.is_possible_number_with_reason(number)
        != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        return ""
    if len(set(str(number.national_number))) == 1:
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def phone_forms(number: str) -> tuple[str, ...]:
    """Give a number in E.164 and in the other forms in which staff write it down, E.164 first.

    Products compare numbers as texts: `+17205550161` does not find `(720) 555-0161`. Anything that
    is no E.164 number is given back as it is.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return (number,)
    style = phonenumbers.PhoneNumberFormat
    national, international = (
        str(phonenumbers.format_number(parsed, form))
        for form in (style.NATIONAL, style.INTERNATIONAL)
    )
    digits = "".join(char for char in national if char.isdigit())
    forms = (number, number.removeprefix("+"), digits, national, international)
    return tuple(dict.fromkeys(forms))


def email_address(text: str) -> str:
    """Give the bare address, its domain in lower case, or '' when the text holds none.

    Takes `a@b`, `<a@b>`, `Name <a@b>` and `mailto:a@b?subject=x`.
    """
    text = without_controls(text).strip()
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1].strip()
    if text[:7].lower() == "mailto:":
        text = text[7:].split("?", 1)[0]
    if len(text) > MAX_EMAIL_CHARS:
        return ""
    local, at, domain = text.rpartition("@")
    domain = domain.rstrip(".").lower()
    if not at or not _LOCAL.match(local) or not _DOMAIN.match(domain):
        return ""
    if ".." in domain or domain.startswith((".", "-")):
        return ""
    return f"{local}@{domain}"


def email_key(address: str) -> str:
    """Give what two spellings of one address share: all in lower case.

    RFC 5321 lets the local part differ by case; no mail provider that patients use does.
    """
    return address.casefold()


def clean_name(text: str) -> str:
    """Give a name as one line without quotes around it or hidden characters, bounded."""
    name = fold_space(without_controls(text[: MAX_NAME_CHARS * 4]))
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name[:MAX_NAME_CHARS].rstrip()


def _ascii_fold(text: str) -> str:
    """Lower case without accents (`Müller` and `Muller` are one spelling)."""
    text = text.casefold().replace("\u00f8", "o").replace("\u0142", "l")
    parts = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parts if not unicodedata.combining(char))


def _given_first(name: str) -> str:
    """Turn `Smith, John` into `John Smith`; a comma before a suffix or degree stays one."""
    before, comma, after = name.partition(",")
    first_after = (_WORDS.findall(after) or [""])[0]
    if not comma or first_after in _TITLES or first_after in _GENERATIONS | {"sr"}:
        return name
    return f"{after} {before}"


def _split_name(name: str) -> tuple[list[str], frozenset[str], frozenset[str]]:
    """Give the words of a name in order, its titles, and its generation marks."""
    folded = _given_first(_APOSTROPHES.sub("", _ascii_fold(name)))
    words = [word for word in _WORDS.findall(folded) if not word.isdigit()]
    if len(words) > 1 and words[-1] == "sr":  # John Smith Sr.; Spanish `Sr.` stands in front
        words[-1] = "senior"
    words = [{"junior": "jr", "2nd": "ii", "3rd": "iii"}.get(word, word) for word in words]
    generations = frozenset(word for word in words if word in _GENERATIONS)
    titles = frozenset(word for word in words if word in _TITLES)
    return [word for word in words if word not in titles | generations], titles, generations


def _same_word(one: str, other: str) -> bool:
    return _NICKNAMES.get(one, one) == _NICKNAMES.get(other, other)


def _initial_of(one: str, other: str) -> bool:
    return (len(one) == 1 or len(other) == 1) and one[0] == other[0]


def _all_fit(few: list[str], many: list[str]) -> bool:
    """Say whether every word of the shorter name has its own partner in the longer one.

    Full words are paired first, so that an initial cannot take a full word's partner.
    """
    left = list(many)
    unpaired = []
    for word in few:
        partner = next((other for other in left if _same_word(word, other)), None)
        if partner is None:
            unpaired.append(word)
        else:
            left.remove(partner)
    if len(unpaired) == len(few):
        return False
    for word in unpaired:
        partner = next((other for other in left if _initial_of(word, other)), None)
        if partner is None:
            return False
        left.remove(partner)
    return True


def _titles_clash(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(
        (one & _FEMALE_TITLES and other & _MALE_TITLES)
        or (one & _MALE_TITLES and other & _FEMALE_TITLES)
    )


def compatible_names(a: str, b: str) -> bool:
    """Say whether two names under one address may be one person; when in doubt, False.

    True: case, accents, titles, order (`Smith, John`), initials (`J. Smith`), middle names,
    common short forms (`Bob Smith`). A lone word fits only the given name of a fuller name,
    for families share the other one. False: no name at all on one side (also an address in
    place of a name), a couple and one of the two, Mr and Mrs, Jr and no Jr, two initials
    alone. Symmetric; a name with at least one word is compatible with itself.
    """
    a, b = clean_name(a), clean_name(b)
    if "@" in a or "@" in b:
        return False
    few, many = sorted((_split_name(a), _split_name(b)), key=lambda parts: len(parts[0]))
    if not few[0]:
        return False
    if _ascii_fold(a) == _ascii_fold(b):
        return True
    doubtful = (
        bool(_SEVERAL.search(a) or _SEVERAL.search(b))
        or few[2] != many[2]
        or _titles_clash(few[1], many[1])
    )
    if doubtful:
        return False
    if len(few[0]) == 1:
        return len(few[0][0]) > 1 and _same_word(few[0][0], many[0][0])
    return _all_fit(few[0], many[0])
