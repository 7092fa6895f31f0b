"""A client that others wrote finds what it expects."""

from __future__ import annotations

import pytest
from freshdesk.v2.api import API
from freshdesk.v2.errors import (
    FreshdeskAccessDenied,
    FreshdeskBadRequest,
    FreshdeskError,
    FreshdeskNotFound,
    FreshdeskRateLimited,
    FreshdeskServerError,
    FreshdeskUnauthorized,
)
from servers.weather import MAINTENANCE, Fate, reads


@pytest.fixture
def client(desk):
    client = client_of(desk, desk.api_key)
    yield client
    client._session.close()


def client_of(desk, key):
    client = API("harbor.freshdesk.com", key)
    client._api_prefix = f"{desk.url}/api/v2/"
    client._session.trust_env = False
    return client


def opened(client, **changes):
    values = {"description": "<p>I was charged twice.</p>", "email": "pq@mail.example"}
    return client.tickets.create_ticket("Charged twice", **{**values, **changes})


def test_it_opens_reads_changes_and_deletes_tickets(client):
    ticket = opened(client, priority=3, tags=["amends"], custom_fields={"cf_amends_key": "k"})
    assert (ticket.priority, ticket.status, ticket.source) == ("high", "open", "portal")
    assert ticket.created_at.isoformat() == "2026-11-23T09:00:00+00:00"
    again = client.tickets.get_ticket(ticket.id, "stats", "requester")
    assert again.requester["email"] == "pq@mail.example"
    assert again.custom_fields == {"cf_amends_key": "k"}
    changed = client.tickets.update_ticket(ticket.id, status=4, tags=["amends", "x"])
    assert (changed.status, changed.tags) == ("resolved", ["amends", "x"])
    client.tickets.delete_ticket(ticket.id)
    assert [one.id for one in client.tickets.list_deleted_tickets()] == [ticket.id]
    assert client.tickets.list_tickets(filter_name=None) == []


# The client leaves the files that it read to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_it_sends_files(client, desk, tmp_path):
    path = tmp_path / "bill.txt"
    path.write_bytes(b"12.50")
    ticket = opened(
        client,
        attachments=[str(path)],
        tags=["amends", "b"],
        custom_fields={"cf_amends_key": "k"},
    )
    assert [file["size"] for file in ticket.attachments] == [5]
    assert (ticket.tags, ticket.custom_fields) == (["amends", "b"], {"cf_amends_key": "k"})
    assert list(desk.hand.files(ticket.id)) == ["bill.txt"]


def test_it_walks_all_pages(client, desk):
    for number in range(105):
        desk.hand.opens(f"No. {number}", "x", "pq@mail.example")
    every = client.tickets.list_tickets(filter_name=None, updated_since="1970-01-01")
    assert sorted(one.id for one in every) == list(range(1, 106))
    assert len(client.tickets.list_tickets(page=2)) == 5
    desk.clock.advance(minutes=4)
    assert len(client.tickets.filter_tickets("status:2 AND priority:1")) == 105


def test_it_writes_and_reads_conversations(client, desk):
    ticket = opened(client)
    note = client.comments.create_note(ticket.id, "<p>called</p>", private=True)
    reply = client.comments.create_reply(ticket.id, "<p>sorry</p>")
    assert (note.source, note.private, reply.source) == ("note", True, "reply")
    listed = client.comments.list_comments(ticket.id)
    assert [str(one) for one in listed] == ["called", "sorry"]
    assert [mail.to for mail in desk.mails] == ["pq@mail.example"]


def test_it_knows_people_and_the_form(client, desk):
    desk.hand.add_group("Patient Recovery")
    contact = client.contacts.create_contact(name="Ada", email="a@mail.example", phone="+1212")
    assert client.contacts.get_contact(contact.id).name == "Ada"
    assert [one.id for one in client.contacts.list_contacts(phone="+1212")] == [contact.id]
    assert client.contacts.update_contact(contact.id, name="Eve").name == "Eve"
    client.contacts.soft_delete_contact(contact.id)
    client.contacts.restore_contact(contact.id)
    client.contacts.permanently_delete_contact(contact.id)
    assert client.contacts.list_contacts() == []
    assert [one.name for one in client.groups.list_groups()] == ["Patient Recovery"]
    assert client.agents.get_agent(desk.bot.id).contact["name"] == "amends bot"
    assert client.agents.currently_authenticated_agent().id == desk.bot.id
    assert len(client.agents.list_agents()) == 2
    assert "Account Administrator" in [one.name for one in client.roles.list_roles()]
    company = client.companies.create_company(name="Acme")
    assert [one.id for one in client.companies.list_companies()] == [company.id]
    names = [one.name for one in client.ticket_fields.list_ticket_fields(type="custom_text")]
    assert names == ["cf_amends_key"]
    assert client.time_entries.list_time_entries() == []


def test_it_tells_every_refusal_apart(client, desk):
    with pytest.raises(FreshdeskBadRequest, match="missing_field"):
        client.tickets.create_ticket("Charged twice")
    with pytest.raises(FreshdeskNotFound):
        client.tickets.get_ticket(99)
    with pytest.raises(FreshdeskUnauthorized, match="logged in"):
        client_of(desk, "wrong").tickets.get_ticket(1)
    desk.agent("Odd", "key-odd", read_only=True)
    with pytest.raises(FreshdeskAccessDenied):
        opened(client_of(desk, "key-odd"))
    with pytest.raises(FreshdeskError, match="405"):
        client._action(client._session.patch(f"{desk.url}/api/v2/tickets"))
    with (
        desk.weather.upon(reads(), Fate(instead=MAINTENANCE)),
        pytest.raises(FreshdeskServerError),
    ):
        client.tickets.get_ticket(1)
    desk.limiter.limits = {"account": 1}
    desk.limiter.exhaust("account", desk.clock.now())
    with pytest.raises(FreshdeskRateLimited, match="60 seconds"):
        client.tickets.get_ticket(1)
