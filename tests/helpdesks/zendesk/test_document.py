"""Everything that is sent agrees with the vendor's own API document, where that is at hand."""

from __future__ import annotations

import pytest
from servers.zendesk.contract import Contract
from servers.zendesk_world import ZendeskWorld

from connector.domain.blueprint import Action, WantedAnswer
from connector.domain.errors import Gone
from connector.domain.signal import Contact
from connector.recovery.blueprint import blueprint
from connector.recovery.settings import RecoverySettings
from connector.testing.changes import a_file, a_note, a_ticket, an_update
from connector.testing.helpdesk.world import long_ago, prepared

ANSWER = WantedAnswer(name="answer_en_closing", title="Recovery: done (en)", text="We did: ____")
WANTED = blueprint(RecoverySettings(), [ANSWER])
DOABLE = {Action.CREATE, Action.CHANGE, Action.REMOVE}


@pytest.fixture
def world():
    contract = Contract.load()
    if contract is None:
        pytest.skip("the vendor's document is not at hand")
    world = ZendeskWorld(set_up=False, contract=contract)
    world.desk.knobs.requests_per_minute = 100_000
    yield world
    world.close()


def apply(helpdesk, *, remove=False):
    for step in helpdesk.plan(WANTED, remove=remove):
        if step.action in DOABLE:
            helpdesk.carry_out(step, WANTED)


def test_every_request_is_one_that_the_document_knows(world):
    apply(world.open())
    helpdesk = world.open()
    helpdesk.check()
    fields = {"category": "visit.wait", "case": "C-1"}
    ref = helpdesk.open(prepared(helpdesk, a_ticket(fields=fields)))
    helpdesk.note(ref, a_note(attachments=(a_file(), a_file("b.txt"))))
    helpdesk.update(ref, an_update(fields={"case": "C-2"}))
    list(helpdesk.history(ref))
    helpdesk.find("nothing", long_ago())
    helpdesk.changed_since("", long_ago())
    world.desk.close_ticket(ref.id)
    with pytest.raises(Gone):
        helpdesk.note(ref, a_note(2))
    caller = Contact(phone="+4930123456")
    merged = helpdesk.open(prepared(helpdesk, a_ticket(2, requester=caller)))
    world.merge(merged, helpdesk.open(prepared(helpdesk, a_ticket(3))))
    with pytest.raises(Gone):
        helpdesk.snapshot(merged)
    apply(helpdesk, remove=True)
    assert world.desk.contract.checked > 200
    assert [fault for fault in world.desk.faults if ": request:" in fault] == []
