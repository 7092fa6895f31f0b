"""zenpy, a client that knows nothing of us, finds in the simulator what it expects."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Macro, Ticket, User, View
from zenpy.lib.exception import APIException, RecordNotFoundException

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:zenpy", "ignore::UserWarning")


@pytest.fixture
def zenpy(desk, monkeypatch, excused):
    excused.append("'id' was unexpected")  # zenpy sends it; the product drops it
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", urlsplit(desk.url).netloc)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    email, token = desk.client_user.email, desk.knobs.api_token
    zenpy = Zenpy(subdomain="elmstreet", email=email, token=token, disable_cache=True)
    yield zenpy
    zenpy.tickets.session.close()


def opened(zenpy, **more):
    comment = Comment(body="The phone rang for ages", public=False)
    return zenpy.tickets.create(Ticket(comment=comment, **more)).ticket


def test_it_creates_and_reads_a_ticket(zenpy):
    requester = User(name="Ann", email="ann@example.com")
    ticket = opened(zenpy, subject="Silence", tags=["amends"], requester=requester)
    again = zenpy.tickets(id=ticket.id)
    assert (again.subject, again.tags, again.status) == ("Silence", ["amends"], "new")
    assert again.requester.name == "Ann"


def test_it_comments_and_tags(zenpy, desk):
    ticket = opened(zenpy)
    ticket.comment = Comment(body="called back", public=False)
    ticket.priority = "high"
    audit = zenpy.tickets.update(ticket).audit
    assert [event["type"] for event in audit.events] == ["Comment", "Change"]
    assert [one.body for one in zenpy.tickets.comments(ticket=ticket.id)][1] == "called back"
    zenpy.tickets.add_tags(ticket.id, ["vip", "amends"])
    zenpy.tickets.delete_tags(ticket.id, ["vip"])
    assert desk.ticket(ticket.id).tags == ["amends"]
    assert len(list(zenpy.tickets.audits(ticket=ticket.id))) == 4


def test_it_pages_through_all_tickets(zenpy, desk):
    for _ in range(105):
        desk.open_by_hand()
    assert len({ticket.id for ticket in zenpy.tickets()}) == 105


def test_it_searches(zenpy, clock):
    opened(zenpy, tags=["amends"])
    clock.advance(minutes=3)
    found = zenpy.search(type="ticket", tags=["amends"])
    assert ([ticket.id for ticket in found], found.count) == ([1], 1)
    assert [one.id for one in zenpy.search_export(type="ticket", tags="amends")] == [1]


def test_it_exports_incrementally_and_stops_at_the_end(zenpy, clock):
    start = clock.now() - timedelta(hours=1)
    opened(zenpy)
    opened(zenpy)
    clock.advance(minutes=2)
    assert [one.id for one in zenpy.tickets.incremental(start_time=start)] == [1, 2]
    by_cursor = zenpy.tickets.incremental(start_time=start, paginate_by_time=False)
    assert [one.id for one in by_cursor] == [1, 2]


def test_it_makes_views_and_macros(zenpy):
    opened(zenpy)
    conditions = [{"field": "status", "operator": "less_than", "value": "solved"}]
    view = zenpy.views.create(View(title="Open", all=conditions))
    assert [ticket.id for ticket in zenpy.views.tickets(view.id)] == [1]
    assert zenpy.views.count(view.id).value == 1
    actions = [{"field": "status", "value": "pending"}]
    macro = zenpy.macros.create(Macro(title="Wait", actions=actions))
    assert zenpy.macros(id=macro.id).title == "Wait"
    zenpy.views.delete(view)
    assert list(zenpy.views()) == []


def test_it_uploads_files(zenpy, tmp_path, desk):
    path = tmp_path / "call.txt"
    path.write_bytes(b"rang")
    upload = zenpy.attachments.upload(str(path))
    ticket = opened(zenpy)
    ticket.comment = Comment(body="the call", public=False, uploads=[upload.token])
    zenpy.tickets.update(ticket)
    attachment = desk.comments(ticket.id)[1]["attachments"][0]
    assert desk.file(attachment).content == b"rang"


def test_it_understands_refusals(zenpy, desk):
    with pytest.raises(RecordNotFoundException):
        zenpy.tickets(id=99)
    ticket = opened(zenpy)
    desk.close_ticket(ticket.id)
    ticket.subject = "late"
    with pytest.raises(APIException, match="Status closed prevents ticket update"):
        zenpy.tickets.update(ticket)


def test_it_knows_who_it_is_and_deletes(zenpy, desk):
    assert zenpy.users.me().email == desk.client_user.email
    ticket = opened(zenpy)
    zenpy.tickets.delete(ticket)
    assert [one.id for one in zenpy.tickets.deleted()] == [ticket.id]
    zenpy.tickets.restore(ticket)
    assert desk.ticket(ticket.id).place == "live"
