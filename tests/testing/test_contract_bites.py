"""The contract's newer promises find the plugin that does not keep them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.domain.blueprint import Action
from connector.domain.errors import Rejected, Unavailable
from connector.domain.ticket import TicketRef
from connector.testing.changes import a_ticket
from connector.testing.helpdesk.provisioning import ProvisioningContract
from connector.testing.helpdesk.straits import StraitsContract
from connector.testing.memory_desk import MemoryDesk, Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk

BITTEN = (AssertionError, pytest.fail.Exception, Unavailable)
"""What a failing contract raises: an assertion, `pytest.raises` that saw nothing, or the
wrong error of a plugin."""


class Stubborn(MemoryHelpdesk):
    """Sets its own titles again and again."""

    def plan(self, wanted, *, remove=False):
        titles = {one.name: one.title for one in wanted.fields}
        return [
            replace(step, action=Action.CHANGE, changes=("title",))
            if step.kind == "field" and step.title != titles[step.name] and not remove
            else step
            for step in super().plan(wanted, remove=remove)
        ]


class Twice(MemoryHelpdesk):
    """Makes everything anew, whatever is there."""

    def carry_out(self, step, wanted):
        super().carry_out(step, wanted)
        self.desk.setup[f"again-{len(self.desk.setup)}"] = {"title": step.title}


class Greedy(MemoryHelpdesk):
    """Takes whatever sounds like ours."""

    def carry_out(self, step, wanted):
        super().carry_out(step, wanted)
        if step.action is Action.REMOVE:
            for name in [n for n, one in self.desk.setup.items() if "Recovery" in one["title"]]:
                del self.desk.setup[name]


class Silent(MemoryHelpdesk):
    """Carries out by doing nothing what only a person can do."""

    def carry_out(self, step, wanted):
        with contextlib.suppress(Rejected):
            super().carry_out(step, wanted)


class Hasty(MemoryHelpdesk):
    """Writes the tags that it read before, although it claims to add and remove."""

    def update(self, ref, change):
        before = self.snapshot(ref).tags
        super().update(ref, change)
        ticket = self.desk.tickets[ref.id]
        tags = (before | set(change.add_tags)) - set(change.remove_tags)
        ticket.snapshot = replace(ticket.snapshot, tags=frozenset(tags))
        return ticket.snapshot


class Hiding(MemoryHelpdesk):
    """Tells the newest of several tickets alone."""

    def find(self, key, since):
        return super().find(key, since)[-1:]


class Impatient(MemoryHelpdesk):
    """Takes a limit for an outage."""

    def _read(self, name):
        if self.desk.reading is Weather.BUSY:
            raise Unavailable(self.name, "429")
        super()._read(name)


class Replacing(MemoryHelpdesk):
    """Opens another ticket where the first is out of reach."""

    def note(self, ref, note):
        key = self.snapshot(ref).key
        super().note(self.open(replace(a_ticket(1), key=key)), note)


class World:
    """As much of a world as these tests ask for."""

    def __init__(self, kind: Callable[..., MemoryHelpdesk]) -> None:
        self.desk = MemoryDesk()
        self.kind = kind

    def open(self):
        return self.kind(self.desk)

    def open_bare(self):
        return self.open()

    def open_auditor(self):
        return self.open()

    def count(self, key):
        return self.desk.keys().count(key)

    def notes(self, ref):
        return [event.text for event in self.desk.tickets[ref.id].events]

    def setup(self):
        return {name: one["title"] for name, one in self.desk.setup.items()}

    def set_up_by_hand(self):
        self.desk.setup["mine"] = {"title": "Recovery: my own"}

    def rename_by_hand(self, step, title):
        self.desk.setup[step.id]["title"] = title

    def tag_by_hand(self, ref, tag):
        self.desk.edit(ref.id, tags=self.desk.tickets[ref.id].snapshot.tags | {tag})

    def close_for_good(self, ref):
        del ref

    @contextlib.contextmanager
    def interject(self, act):
        write = self.desk.write

        def quicker(*arguments):
            self.desk.write = write
            act()
            return write(*arguments)

        self.desk.write = quicker
        yield

    @contextlib.contextmanager
    def answering(self, status, headers, body, *, reads=True):
        del headers, body, reads
        weather = Weather.BUSY if status == 429 else Weather.LOST
        self.desk.standing = self.desk.reading = weather
        yield
        self.desk.standing = self.desk.reading = Weather.FAIR


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Stubborn, ProvisioningContract.test_a_title_that_people_changed_is_not_fought),
        (Twice, ProvisioningContract.test_carrying_a_step_out_twice_is_harmless),
        (Greedy, ProvisioningContract.test_what_others_set_up_is_left_alone),
    ],
)
def test_a_careless_set_up_is_found(kind, test):
    for careful in (MemoryHelpdesk, kind):
        world = World(careful)
        with contextlib.nullcontext() if careful is MemoryHelpdesk else pytest.raises(BITTEN):
            test(ProvisioningContract(), world, world.open())


def test_a_step_for_people_that_is_silently_skipped_is_found():
    test = ProvisioningContract.test_a_step_for_people_cannot_be_carried_out
    for kind, bites in (
        (MemoryHelpdesk, contextlib.nullcontext()),
        (Silent, pytest.raises(BITTEN)),
    ):
        world = World(kind)
        world.desk.has_sla = False
        with bites:
            test(ProvisioningContract(), world.open())


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Hasty, "test_a_tag_that_somebody_adds_while_we_write_survives_or_is_told"),
        (Hiding, "test_copies_are_all_found_the_oldest_first"),
        (Impatient, "test_a_rate_limit_is_a_pause_of_the_length_that_was_asked_for"),
        (Replacing, "test_a_ticket_out_of_reach_says_why_and_none_is_made_instead"),
        (MemoryHelpdesk, "test_an_account_that_may_only_read_reads_all_and_writes_nothing"),
    ],
)
def test_a_plugin_that_breaks_in_a_strait_is_found(kind, name):
    world = World(kind)
    helpdesk = world.open()
    ref = TicketRef(id="1") if kind is Hiding else helpdesk.open(a_ticket(1))
    more = {
        "test_copies_are_all_found_the_oldest_first": {"number": 9},
        "test_a_tag_that_somebody_adds_while_we_write_survives_or_is_told": {"ref": ref},
        "test_a_ticket_out_of_reach_says_why_and_none_is_made_instead": {
            "ref": ref,
            "number": 1,
            "act": "close_for_good",
            "kind": "closed",
        },
    }.get(name, {"ref": ref, "number": 1})
    with pytest.raises(BITTEN):
        getattr(StraitsContract(), name)(world, helpdesk, **more)
