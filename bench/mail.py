"""Messages and replies of other projects: what is read wrong, which words are lost, how fast.

The messages lie beside this project (`../shared/corpora/mail`), with the answers that their own
projects expect. All readers are asked the same; what those projects state without knowing it
themselves (an address that is none, signs that they could not decode) is not counted.
"""

from __future__ import annotations

import base64
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure, rate
from bench.mail_peers import Read, naive, readers, repliers
from bench.measure import child, peak_mb, tell
from bench.sizes import Sizes

CORPUS: Final = Path(__file__).parents[1].parent / "shared" / "corpora" / "mail"
FROM_WRONG, SUBJECT_WRONG, REPLY_EQUAL, AUTOMATIC = 0.01, 0.02, 0.75, 0.97
SLOWEST_S: Final = 2.0
BIG_BYTES: Final = 36_000_000
"""So much of a file, base64-encoded, makes a message of 50 MB."""
_Case = dict[str, Any]


def run(sizes: Sizes) -> list[Figure]:
    """Ask all libraries in one process, one after the other; the large message in others."""
    if not CORPUS.is_dir():
        told = "no messages beside this project"
        return [Figure(name="mail parsing", ours="not measured", beside=told, ratio="", target="")]
    found = child("bench.mail", "corpus", str(sizes.mail_rounds))
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "big.eml")
        big = child("bench.mail", "make", place)
        ours, plain = (child("bench.mail", name, place)["mb"] for name in ("ours", "naive"))
    return [
        *(_wrong(found, question, limit) for question, limit in _LIMITS),
        *(_differs(found, question) for question in ("Body", "Files")),
        _equal(found),
        _lost(found),
        _automatic(found),
        _flagged(found),
        _speed(found),
        Figure(
            name="slowest message of all",
            ours=f"{found['slowest_s']:.3f} s, {found['failed']} failed",
            beside="",
            ratio="",
            target=f"{SLOWEST_S:.0f} s, none failed",
            met=found["slowest_s"] <= SLOWEST_S and not found["failed"],
        ),
        Figure(
            name=f"a message of {big['size_mb']:.0f} MB: peak above its own size",
            ours=f"{ours:.0f} MB",
            beside=f"stdlib compat32 {plain:.0f} MB",
            ratio=f"{plain / ours:.1f}",
            target="at most the standard library's",
            met=ours <= plain,
        ),
    ]


_LIMITS = (("From", FROM_WRONG), ("Subject", SUBJECT_WRONG))


def _wrong(found: _Case, question: str, limit: float) -> Figure:
    asked, wrong = found["asked"][question], found["wrong"][question]
    best = min(count for name, count in wrong.items() if name != "ours")
    return Figure(
        name=f"{question} wrong of {asked} messages",
        ours=str(wrong["ours"]),
        beside=_listed(wrong),
        ratio=f"{best / wrong['ours']:.1f}" if wrong["ours"] else "",
        target=f"{limit:.0%}",
        met=wrong["ours"] <= limit * asked,
    )


def _differs(found: _Case, question: str) -> Figure:
    """Projects disagree on joined texts and on what is a file: compared, without a target."""
    wrong = found["wrong"][question]
    best = min(count for name, count in wrong.items() if name != "ours")
    return Figure(
        name=f"{question} unlike the statement, of {found['asked'][question]} messages",
        ours=str(wrong["ours"]),
        beside=_listed(wrong),
        ratio=f"{best / wrong['ours']:.1f}" if wrong["ours"] else "",
        target="",
    )


def _equal(found: _Case) -> Figure:
    asked, equal = found["replies"], found["equal"]
    least = min(found["projects"].items(), key=lambda one: one[1][1] / one[1][0])
    best = max([0, *(count for name, count in equal.items() if name != "ours")])
    return Figure(
        name=f"reply text equal of {asked} texts",
        ours=f"{equal['ours']} ({equal['ours'] / asked:.0%}); least: {least[0]} "
        f"{least[1][1]} of {least[1][0]}",
        beside=_listed(equal),
        ratio=f"{equal['ours'] / best:.2f}" if best else "",
        target=f"{REPLY_EQUAL:.0%}",
        met=equal["ours"] >= REPLY_EQUAL * asked,
    )


def _lost(found: _Case) -> Figure:
    lost = found["lost"]
    return Figure(
        name=f"texts with own words lost of {found['replies']}",
        ours=str(lost["ours"]),
        beside=_listed(lost),
        ratio="",
        target="none",
        met=lost["ours"] == 0,
    )


def _automatic(found: _Case) -> Figure:
    asked, seen = found["automatic_asked"], found["automatic_seen"]
    return Figure(
        name=f"bounces and automatic replies recognised of {asked}",
        ours=f"{seen} ({seen / asked:.1%})",
        beside="",
        ratio="",
        target=f"{AUTOMATIC:.0%}",
        met=seen >= AUTOMATIC * asked,
    )


def _flagged(found: _Case) -> Figure:
    """Unlabelled messages are mostly people's; reports and receipts are among them."""
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found["flagged"].items()))
    return Figure(
        name=f"taken for automatic of {found['unlabelled']} without a label",
        ours=kinds,
        beside="",
        ratio="",
        target="",
    )


def _speed(found: _Case) -> Figure:
    count, ours, plain = found["messages"], found["ours_s"], found["naive_s"]
    return Figure(
        name=f"{count} messages parsed (processor time)",
        ours=rate(count, ours),
        beside=f"stdlib compat32, bodies decoded: {rate(count, plain)}",
        ratio=f"{plain / ours:.2f}",
        target="1",
        met=ours <= plain,
    )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if name != "ours")


# In the child


def cases(kind: str) -> Iterator[tuple[_Case, bytes]]:
    """Give the cases of a kind with their bytes."""
    for listing in sorted(CORPUS.glob("*/expect.jsonl")):
        for line in listing.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case["kind"] == kind:
                yield case, (listing.parent / case["file"]).read_bytes()


def _folded(text: str | None) -> str:
    return " ".join((text or "").split())


def _states_sender(case: _Case) -> bool:
    """Leave out what is no address: a snapshot of a library that took the name for a part of it."""
    return "from_addr" in case and " " not in (case["from_addr"] or "")


def _expected(subject: str | None) -> re.Pattern[str]:
    """Take U+FFFD for any words: there the project that states the subject could not decode."""
    return re.compile(".+".join(re.escape(part) for part in re.split("\ufffd+", _folded(subject))))


def _own(text: str) -> Counter[str]:
    """Count the words of an expected reply outside of quotes and rulers."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(">"))
    words = (word for line in lines for word in line.split())
    return Counter(word for word in words if any(char.isalnum() for char in word))


def _answers(raws: list[tuple[_Case, bytes]], reader: Callable[[bytes], Read]) -> Counter[str]:
    """Count the wrong answers of one reader; a message that it cannot read is wrong."""
    wrong = Counter({"From": 0, "Subject": 0, "Body": 0, "Files": 0})
    for case, raw in raws:
        try:
            found = reader(raw)
        except Exception:  # noqa: BLE001 - a library that fails is counted, not followed
            found = Read(sender="\0", subject="\0", body="\0", files=-1)
        if _states_sender(case):
            wrong["From"] += found.sender.lower() != (case["from_addr"] or "").lower()
        if "subject" in case:
            wrong["Subject"] += _expected(case["subject"]).fullmatch(_folded(found.subject)) is None
        if case.get("plain_body"):
            wrong["Body"] += "".join(case["plain_body"].split()) not in "".join(found.body.split())
        if "attachment_count" in case:
            wrong["Files"] += found.files != case["attachment_count"]
    return wrong


def _replies(reply: Callable[[str], str]) -> tuple[int, int, int]:
    """Count texts, equal replies and those that lack words of the writer."""
    asked = equal = lost = 0
    for case, raw in cases("text"):
        if "reply_text" not in case:
            continue
        asked += 1
        try:
            found = reply(raw.decode("utf-8", "replace")) or ""
        except Exception:  # noqa: BLE001 - a library that fails is counted, not followed
            found = ""
        equal += _folded(found) == _folded(case["reply_text"])
        lost += bool(_own(case["reply_text"]) - Counter(found.split()))
    return asked, equal, lost


def _by_project(reply: Callable[[str], str]) -> dict[str, tuple[int, int]]:
    """Count texts and equal replies of each project."""
    asked: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for case, raw in cases("text"):
        if "reply_text" in case:
            project = case["source"].partition("@")[0]
            asked[project] += 1
            found = reply(raw.decode("utf-8", "replace"))
            equal[project] += _folded(found) == _folded(case["reply_text"])
    return {project: (asked[project], equal[project]) for project in asked}


def _timed(raws: list[tuple[_Case, bytes]], read: Callable[[bytes], object]) -> float:
    began = time.process_time()
    for _, raw in raws:
        with suppress(Exception):  # the time counts all the same
            read(raw)
    return time.process_time() - began


def _corpus(rounds: int) -> None:
    from connector.parsing.automatic import Surroundings, classify
    from connector.parsing.mail import Mail, parse_mail
    from connector.parsing.replies import reply_text

    def ours(raw: bytes) -> Read:
        mail = parse_mail(raw)
        return Read(
            sender=mail.sender.email,
            subject=mail.subject,
            body=mail.text,
            files=len(mail.attachments),
        )

    raws = list(cases("rfc822"))
    asked = {
        "From": sum(_states_sender(case) for case, _ in raws),
        "Subject": sum("subject" in case for case, _ in raws),
        "Body": sum(bool(case.get("plain_body")) for case, _ in raws),
        "Files": sum("attachment_count" in case for case, _ in raws),
    }
    counted = {name: _answers(raws, read) for name, read in {"ours": ours, **readers()}.items()}
    replied = {name: _replies(reply) for name, reply in {"ours": reply_text, **repliers()}.items()}
    times: dict[Callable[[bytes], object], list[float]] = {parse_mail: [], naive: []}
    for _ in range(rounds):
        for read, taken in times.items():
            taken.append(_timed(raws, read))
    slowest, failed = 0.0, 0
    mails: list[tuple[_Case, Mail]] = []
    for case, raw in raws:
        began = time.perf_counter()
        try:
            mails.append((case, parse_mail(raw)))
        except Exception:  # noqa: BLE001 - it is what is counted
            failed += 1
        slowest = max(slowest, time.perf_counter() - began)
    kinds = ("is_bounce", "is_auto_reply", "is_feedback_report")
    unlabelled = [mail for case, mail in mails if not any(case.get(kind) for kind in kinds)]
    machine = [mail for case, mail in mails if any(case.get(kind) for kind in kinds)]
    tell(
        asked=asked,
        wrong={q: {name: wrong[q] for name, wrong in counted.items()} for q in asked},
        replies=replied["ours"][0],
        equal={name: equal for name, (_, equal, _) in replied.items()},
        lost={name: lost for name, (_, _, lost) in replied.items()},
        automatic_asked=len(machine),
        automatic_seen=sum(classify(mail, Surroundings()) is not None for mail in machine),
        unlabelled=len(unlabelled),
        flagged=Counter(
            found.rule
            for mail in unlabelled
            if (found := classify(mail, Surroundings())) is not None
        ),
        projects=_by_project(reply_text),
        messages=len(raws),
        ours_s=min(times[parse_mail]),
        naive_s=min(times[naive]),
        slowest_s=slowest,
        failed=failed,
    )


def _make(place: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - chance that can be repeated
    file = base64.encodebytes(chance.randbytes(BIG_BYTES)).replace(b"\n", b"\r\n")
    raw = (
        b"From: jane@example.com\r\nSubject: Photos\r\nContent-Type: multipart/mixed; boundary=B"
        b"\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nI waited.\r\n--B\r\n"
        b'Content-Type: application/pdf; name="scan.pdf"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n%b\r\n--B--\r\n" % file
    )
    place.write_bytes(raw)
    tell(size_mb=len(raw) / 1e6)


def _peak(read: Callable[[bytes], object], place: Path) -> None:
    """Tell how much memory a reader takes beside the message itself."""
    raw = place.read_bytes()
    before = peak_mb()
    read(raw)
    tell(mb=max(peak_mb() - before, 1.0))


if __name__ == "__main__":
    import sys

    from connector.parsing.mail import parse_mail

    what, argument = sys.argv[1:]
    if what == "corpus":
        _corpus(int(argument))
    elif what == "make":
        _make(Path(argument))
    else:
        _peak(parse_mail if what == "ours" else naive, Path(argument))
