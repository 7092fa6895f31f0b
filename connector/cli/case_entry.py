"""`amends cases new | link | unlink`: what people know and no source can hear."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

import click

from connector.cli.common import as_bytes, config_option, echo_json, json_option, stated
from connector.cli.state import invoker, open_state
from connector.domain.signal import Batch, Channel, Contact, Signal, signal_id
from connector.parsing.people import email_address, fold_space, phone_e164, without_controls
from connector.pipeline.owing import link as link_cases
from connector.settings import Settings, load
from connector.store import acquainted, cases, signals
from connector.store.acquainted import Pair
from connector.store.keys import keyed
from connector.store.store import Tx

SOURCE: Final = "staff_entry"
"""Name under which verbal complaints stand in the books."""
MAX_WORDS_CHARS: Final = 40_000
"""Longer reports are refused: they are files, not what a patient said."""


@click.command("new")
@click.option("--name", default="", help="Of the patient, as far as known.")
@click.option("--phone", default="", help="Where the patient can be called.")
@click.option("--email", default="", help="Where the patient can be written to.")
@click.option("--location", default="", help="Place of the practice (see sites).")
@click.option("--no-contact", is_flag=True, help="The patient does not want to be contacted.")
@click.option(
    "--words",
    "source",
    type=click.File("r", encoding="utf-8", errors="replace"),
    default="-",
    help="File with what was said [default: standard input].",
)
@config_option
@json_option
def new(
    *,
    name: str,
    phone: str,
    email: str,
    location: str,
    no_contact: bool,
    source: TextIO,
    config: Path | None,
    as_json: bool,
) -> None:
    """Enter a complaint that a patient made in person or on the phone.

    The daemon judges it within a minute, as if it had been a mail; your user name is on record
    as the one who reported it. The same words for the same person on the same day are one.
    """
    settings = load(config)
    if sys.stdin.isatty() and not as_json:
        click.echo("What happened? (end with Ctrl-D)", err=True)
    words = source.read(MAX_WORDS_CHARS + 1).strip()
    if not words:
        raise click.UsageError("say what happened: on standard input, or by --words FILE")
    if len(words) > MAX_WORDS_CHARS:
        raise click.UsageError(f"more than {MAX_WORDS_CHARS} characters; put it shortly")
    contact = _contact(settings, name, phone, email)
    facts: dict[str, str | bool] = {"reporter_name": invoker(os.environ), "verbal": True}
    if location.strip():
        facts["location"] = fold_space(without_controls(location))[:200]
    if no_contact:
        facts["wants_contact"] = False
    identity, fresh = _enter(settings, _signal(settings, contact, words, facts))
    if as_json:
        echo_json({"signal": identity, "new": fresh})
        return
    click.echo(f"entered as {identity[:12]}" if fresh else "this was entered before; it is one")
    if contact.anonymous:
        click.echo("nobody can be called or written to: the ticket will say so")


def _contact(settings: Settings, name: str, phone: str, email: str) -> Contact:
    number = phone_e164(phone, settings.practice.region)
    address = email_address(email)
    if phone.strip() and not number:
        raise click.UsageError("--phone is no number that can be called")
    if email.strip() and not address:
        raise click.UsageError("--email is no mail address")
    return Contact(name=fold_space(without_controls(name))[:200], email=address, phone=number)


def _signal(
    settings: Settings, contact: Contact, words: str, facts: dict[str, str | bool]
) -> Signal:
    now = datetime.now(UTC)
    day = now.astimezone(settings.practice.zone).date()
    parts = (day.isoformat(), contact.name, contact.email, contact.phone, words)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return Signal(
        tenant=settings.practice.tenant,
        source=SOURCE,
        natural_key=f"verbal:{digest}",
        locator=f"entered by {invoker(os.environ)}",
        channel=Channel.MAIL,
        event_time=None,
        contact=contact,
        subject="",
        text=words,
        reply_text=words,
        facts=facts,
        raw=words.encode("utf-8", "surrogatepass"),
    )


def _enter(settings: Settings, signal: Signal) -> tuple[str, bool]:
    store = open_state(settings, "command")
    try:
        batch = Batch(items=(signal,), cursor="")
        taken = store.write(lambda tx: signals.take(tx, signal.tenant, SOURCE, "cases_new", batch))
        return signal_id(store.secret, signal).hex(), taken.new == 1
    finally:
        store.close()


@click.command("link")
@click.argument("one", metavar="CASE")
@click.argument("other", metavar="OTHER")
@click.option("--reason", required=True, help="Why they belong together; goes on record.")
@click.option(
    "--same-person",
    is_flag=True,
    help="The address of one and the number of the other "
    "are one person's: later signals of both are brought together.",
)
@config_option
@json_option
def link(
    *, one: str, other: str, reason: str, same_person: bool, config: Path | None, as_json: bool
) -> None:
    """Say that two cases belong together; both tickets get a note, nothing is joined."""
    how = _How(as_json=as_json, undo=False, person=same_person)
    _decide(load(config), one.upper(), other.upper(), stated(reason), how)


@click.command("unlink")
@click.argument("one", metavar="CASE")
@click.argument("other", metavar="OTHER")
@click.option("--reason", required=True, help="Why they do not; goes on record.")
@click.option(
    "--same-person",
    is_flag=True,
    help="Their addresses and numbers are not one "
    "person's: they are not brought together any more. Name a case twice for its own two.",
)
@config_option
@json_option
def unlink(
    *, one: str, other: str, reason: str, same_person: bool, config: Path | None, as_json: bool
) -> None:
    """Take back that two cases belong together; the notes of before stay."""
    how = _How(as_json=as_json, undo=True, person=same_person)
    _decide(load(config), one.upper(), other.upper(), stated(reason), how)


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    as_json: bool
    undo: bool
    person: bool


def _decide(settings: Settings, one: str, other: str, reason: str, how: _How) -> None:
    as_json, undo = how.as_json, how.undo
    if one == other and not (how.undo and how.person):
        raise click.UsageError("a case always belongs together with itself")
    store = open_state(settings, "command")
    helpdesk = settings.helpdesk.open(settings.practice.build())

    def work(tx: Tx) -> bool:
        rows = [cases.get(tx.connection, case_id) for case_id in (one, other)]
        missing = [key for key, row in zip((one, other), rows, strict=True) if row is None]
        if missing:
            raise click.UsageError(f"there is no case {missing[0]}; see amends cases list --all")
        reason_id, proof = tx.put("reason", as_bytes(reason))
        if undo:
            done = cases.unlink(tx, one, other)
        else:
            done = not any(key == other for key, _ in cases.links_of(tx.connection, one))
            case = cases.case_of(rows[0]) if rows[0] is not None else None
            if done and case is not None:
                seed = f"{one}.{other}.{tx.now:%y%m%d%H%M%S%f}"
                link_cases(tx, case, [(other, "by_a_person")], seed, helpdesk.prepare)
        if done:
            action = "case.unlinked" if undo else "case.linked_by_person"
            tx.record(action, case_id=one, other=other, reason=proof, reason_id=reason_id)
        if how.person and _same_person(tx, one, other, settings.practice.tenant, undo=undo):
            action = "person.parted" if undo else "person.acquainted"
            tx.record(action, case_id=one, how="by_a_person", reason=proof, reason_id=reason_id)
            done = True
        return done

    try:
        done = store.write(work)
    finally:
        helpdesk.close()
        store.close()
    if as_json:
        echo_json({"case": one, "other": other, "linked": not undo, "changed": done})
    else:
        click.echo(("no longer linked" if undo else "linked") if done else "nothing to change")


def _same_person(tx: Tx, one: str, other: str, tenant: str, *, undo: bool) -> bool:
    """Bring the one address and the one number of two cases together, or part them."""
    found = [acquainted.contacts(tx.connection, case_id) for case_id in (one, other)]
    emails = {key: name for each in found for key, name in each["email"]}
    phones = {key: name for each in found for key, name in each["phone"]}
    if undo:
        return acquainted.undo(tx, tenant, [*emails, *phones]) > 0
    if len(emails) != 1 or len(phones) != 1:
        raise click.UsageError(
            "--same-person takes one mail address and one number in all; these cases have "
            f"{len(emails)} and {len(phones)}"
        )
    [(email, name)], [(phone, other_name)] = emails.items(), phones.items()
    person = keyed(tx.secret, "acquainted", email.hex(), phone.hex())
    pair = Pair(email=email, phone=phone, person=person, name=name or other_name)
    return acquainted.learn(tx, tenant, pair, case_id=one, how="by_a_person")


COMMANDS: Final = (new, link, unlink)
