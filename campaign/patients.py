"""Patients who write and call, and the truth about what each of them said, in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from email.message import EmailMessage

FIRST = ("Ada", "Ben", "Cora", "Dan", "Eve", "Finn", "Gail", "Hugo", "Ines", "Jack", "Kim", "Leo")
LAST = ("Archer", "Baker", "Carver", "Dyer", "Farmer", "Glover", "Hunter", "Mason", "Potter")


@dataclass(slots=True)
class Truth:
    """What must be found in the helpdesk at the end."""

    threads: list[list[str]] = field(default_factory=list)
    """One list of words for each failure: the first opens the ticket, the others follow."""
    silent: list[str] = field(default_factory=list)
    """Words that must not be found anywhere: thanks, automatic answers."""
    calls: int = 0
    """Tickets of callers, one for each number."""


@dataclass(slots=True)
class Happening:
    """One thing that happens in the world."""

    kind: str
    """mail | call | survey."""
    data: bytes


def world(seed: int, people: int) -> tuple[list[Happening], Truth]:
    """Make what happens, in order, and its truth."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
    truth = Truth()
    streams: list[list[Happening]] = []
    for number in range(people):
        draw = chance.random()
        if draw < 0.12:  # noqa: PLR2004 - shares of a day's mail
            streams.append(_thanks(seed, number, truth))
        elif draw < 0.25:  # noqa: PLR2004 - likewise
            streams.append(_caller(seed, number, chance, truth))
        elif draw < 0.4:  # noqa: PLR2004 - likewise
            streams.append(_respondent(seed, number, truth))
        else:
            streams.append(_writer(seed, number, chance, truth))
    return _interleaved(streams, chance), truth


def _word(seed: int, number: int, turn: int) -> str:
    return f"zq{seed}x{number}x{turn}qz"


def _writer(seed: int, number: int, chance: random.Random, truth: Truth) -> list[Happening]:
    name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}"
    words, mails = [], []
    for turn in range(chance.choice((1, 1, 2, 3))):
        word = _word(seed, number, turn)
        words.append(word)
        text = f"I am very disappointed, nobody called me back. {word}\n\n{name}\n"
        mails.append(_mail(seed, number, turn, name, "complaint", text))
        if chance.random() < 0.15:  # noqa: PLR2004 - some servers deliver twice
            mails.append(mails[-1])
    truth.threads.append(words)
    return mails


def _thanks(seed: int, number: int, truth: Truth) -> list[Happening]:
    word = _word(seed, number, 0)
    truth.silent.append(word)
    text = f"Thank you so much for the wonderful, kind care! {word}\n\nHope\n"
    return [_mail(seed, number, 0, f"Hope {LAST[number % len(LAST)]}", "thank you", text)]


def _caller(seed: int, number: int, chance: random.Random, truth: Truth) -> list[Happening]:
    truth.calls += 1
    happenings = []
    for turn in range(chance.choice((1, 2))):
        begin = 1_795_000_000 + number * 1_000 + turn * 300
        call = f"{begin}.{seed % 1000}{number:04d}{turn}"
        caller = f"212555{number:04d}"
        lines = (
            f"{begin}|{call}|400|NONE|ENTERQUEUE||{caller}|1\n"
            f"{begin + 120}|{call}|400|NONE|ABANDON|1|1|120\n"
        )
        happenings.append(Happening("call", lines.encode()))
    return happenings


def _respondent(seed: int, number: int, truth: Truth) -> list[Happening]:
    word = _word(seed, number, 0)
    truth.threads.append([word])
    row = f"R{seed}-{number},2,nobody could tell me why {word},Sam {number}X,s{number}@p.example\n"
    return [Happening("survey", row.encode())]


def _mail(  # each argument is a part of the mail
    seed: int, number: int, turn: int, name: str, subject: str, text: str
) -> Happening:
    mail = EmailMessage()
    mail["From"] = f"{name} <p{number}@patient.example>"
    mail["To"] = "feedback@practice.example"
    mail["Subject"] = subject
    mail["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    mail["Message-ID"] = f"<{seed}.{number}.{turn}@patient.example>"
    mail.set_content(text)
    return Happening("mail", bytes(mail).replace(b"\n", b"\r\n"))


def _interleaved(streams: list[list[Happening]], chance: random.Random) -> list[Happening]:
    """Mix the streams by chance; the order within each stays."""
    waiting = [stream[:] for stream in streams if stream]
    mixed = []
    while waiting:
        stream = chance.choice(waiting)
        mixed.append(stream.pop(0))
        if not stream:
            waiting.remove(stream)
    return mixed
