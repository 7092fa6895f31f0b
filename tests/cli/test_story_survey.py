"""A low score in an export: its manager has a ticket, and an auditor can pull how it ended."""

import json
from contextlib import closing

from servers.kinds import register

from connector.app import build
from connector.domain.ticket import TicketStatus
from connector.plugins import HELPDESKS, SOURCES
from connector.settings import load
from connector.testing.memory_desk import MemoryDesk

SURVEYS = """\
state_dir = "{home}/state"
[practice]
name = "Harbor Physicians"
zone = "America/New_York"
[[sources]]
kind = "survey_file"
name = "visits"
path = "{home}/exports"
settle_seconds = 0
score_kind = "nps"
[sources.map]
"Response ID" = "id"
"Submitted" = "submitted_at"
"NPS" = "score"
"Why?" = "comment"
"Name" = "name"
"Email" = "email"
"Clinic" = "location"
[helpdesk]
kind = "memory"
[sites.north]
places = ["North Clinic"]
manager = "Ana Diaz"
owners = {{ "people.courtesy" = "Ana Diaz", "visit.wait" = "Ana Diaz" }}
[sites.south]
places = ["South Clinic"]
manager = "Bo Chan"
owners = {{ "people.courtesy" = "Bo Chan", "visit.wait" = "Bo Chan" }}
"""
EXPORT = """\
Response ID,Submitted,NPS,Why?,Name,Email,Clinic
r1,2026-02-27 09:12,1,"The receptionist was rude to me",Jane Roe,jane@example.org,North Clinic
r2,2026-02-27 10:00:00,10,All fine,Joe Bloggs,joe@example.org,South Clinic
"""
FOUR_STEPS = {
    "step_apologize": "yes",
    "step_review": "yes",
    "step_fix": "yes",
    "step_document": "yes",
    "root_cause": "staffing",
    "told_change": "yes",
}


def a_group(house, monkeypatch):
    """Configure the practice of several sites that reads exports."""
    kinds = {
        SOURCES: [("survey_file", "connector.sources.survey_file:SurveyFileSettings")],
        HELPDESKS: [("memory", "connector.testing.memory_helpdesk:MemoryHelpdeskSettings")],
    }
    register(monkeypatch, kinds)
    (house.home / "exports").mkdir()
    house.config.write_text(SURVEYS.format(home=house.home), encoding="utf-8")
    house.config.chmod(0o600)


def agent_puts_it_right(desk: MemoryDesk, ticket: str) -> None:
    """Answer the patient, fill in the four steps, close: as an agent does, minutes later."""
    desk.say(ticket, "I am so sorry, Ms Roe. May I call you today?", public=True)
    before = desk.tickets[ticket].snapshot.fields
    desk.edit(ticket, fields={**before, **FOUR_STEPS})
    desk.edit(ticket, status=TicketStatus.RESOLVED)


def time_goes_on(house) -> None:
    """Let the daemon's stages behind the sources look, judge and deliver."""
    with closing(build(load(house.config), actor="daemon")) as app:
        for _ in range(2):
            app.sync.step()
            app.promises.tick()
            while app.delivery.step():
                pass


def test_from_a_low_score_to_what_the_auditor_pulls(amends, house, monkeypatch, tmp_path):
    a_group(house, monkeypatch)
    (house.home / "exports/visits.csv").write_text(EXPORT, encoding="utf-8")
    code, _, err = amends("once", "-c", house.config)
    assert code == 0, err

    (ticket,) = house.desk.tickets.values()
    assert ticket.snapshot.requester_email == "jane@example.org"
    assert ticket.snapshot.fields["site"] == "north"
    assert "Ana Diaz" in ticket.snapshot.text
    assert "Bo Chan" not in ticket.snapshot.text
    ((heard_at, opened_at),) = house.ask(
        "SELECT s.detected_at, o.done_at FROM signal s JOIN outbox o ON o.case_id = s.case_id"
        " WHERE o.op = 'open'"
    )
    assert heard_at <= opened_at
    case_id = ticket.snapshot.fields["case"]

    agent_puts_it_right(house.desk, ticket.id)
    time_goes_on(house)

    tags = house.desk.tickets[ticket.id].snapshot.tags
    assert "amends_sla_contact_met" in tags
    assert not tags & {"amends_sla_running", "amends_recovery_incomplete"}
    code, _, err = amends("audit", "export", "-c", house.config, "--case", case_id, "-o", tmp_path)
    assert code == 0, err
    (lines,) = tmp_path.glob("*.jsonl")
    entries = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    told = [json.dumps(one) for one in entries]
    order = ["case.opened", "contact.made", "evidence.seen", "case.closed", "recovery.complete"]
    for action in order:
        assert any(f'"{action}"' in one for one in told), action
    (page,) = (one for one in tmp_path.iterdir() if one.suffix in {".html", ".md", ".txt"})
    assert "Jane Roe" in page.read_text(encoding="utf-8")
    assert (amends("audit", "verify", "-c", house.config))[0] == 0
