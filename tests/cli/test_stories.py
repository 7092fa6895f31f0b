"""The two stories that the project was begun for, by command line and the real django-helpdesk.

A caller is passed on three times, hears the same recording each time and gives up: nobody
complains, and only a log knows. And a low score, whose manager has a ticket at once, puts it
right, and can show an auditor how.
"""

import json
from contextlib import closing

import pytest
from servers.asterisk import Pbx
from servers.helpdesk import SiteWorld, running_site
from servers.kinds import register

from connector.app import build
from connector.plugins import HELPDESKS, SOURCES
from connector.settings import load

CONFIG = """\
state_dir = "{home}/state"
[practice]
name = "Harbor Physicians"
zone = "America/New_York"
region = "US"
[[sources]]
kind = "asterisk_cel"
name = "phones"
path = "{home}/Master.csv"
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
kind = "django_helpdesk"
url = "{url}"
token_file = "{home}/token"
queue = "Patient Recovery"
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
NUMBER = "7205550112"
SECONDS = 60
TICKS = ("step_apologize", "step_review", "step_fix", "step_document", "told_change")
CAUSES = ("staffing", "workflow")


@pytest.fixture
def site():
    """The real helpdesk, with the fields that its admin adds for the four steps."""
    world = SiteWorld(running_site())
    world._kept = world.database("SELECT * FROM helpdesk_customfield")
    for name in TICKS:
        world.custom_field(f"amends_{name}", name[:30], kind="boolean", length=None)
    world.custom_field("amends_root_cause", "root cause", kind="list", choices=CAUSES, length=None)
    world.custom_field("amends_site", "site")
    yield world
    world.close()


@pytest.fixture
def group(house, site, monkeypatch):
    """A group of physicians with a telephone system, surveys, and that helpdesk."""
    kinds = {
        SOURCES: [
            ("survey_file", "connector.sources.survey_file:SurveyFileSettings"),
            ("asterisk_cel", "connector.sources.asterisk_cel:AsteriskCelSettings"),
        ],
        HELPDESKS: [
            ("django_helpdesk", "connector.helpdesks.django_helpdesk:DjangoHelpdeskSettings")
        ],
    }
    register(monkeypatch, kinds)
    (house.home / "exports").mkdir()
    (house.home / "Master.csv").write_bytes(b"")
    (house.home / "token").write_text(site.site.token, encoding="utf-8")
    (house.home / "token").chmod(0o600)
    config = CONFIG.format(home=house.home, url=f"http://127.0.0.1:{site.port}")
    house.config.write_text(config, encoding="utf-8")
    house.config.chmod(0o600)
    return house


def time_goes_on(house) -> None:
    """Let the daemon's stages behind the sources look, judge and deliver."""
    with closing(build(load(house.config), actor="daemon")) as app:
        for _ in range(2):
            app.sync.step()
            app.promises.tick()
            while app.delivery.step():
                pass


def tickets(site):
    return site.api("GET", "/api/tickets/").json()["results"]


def pulled(amends, group, case_id, folder):
    """Verify the record and pull a case's history, as an auditor does; entries and page."""
    code, _, err = amends("audit", "verify", "-c", group.config)
    assert code == 0, err
    folder.mkdir()
    code, _, err = amends("audit", "export", "-c", group.config, "--case", case_id, "-o", folder)
    assert code == 0, err
    (lines,) = folder.glob("*.jsonl")
    told = [line for line in lines.read_text(encoding="utf-8").splitlines() if '"action"' in line]
    (page,) = (one for one in folder.iterdir() if one.suffix in {".html", ".md", ".txt"})
    return told, page.read_text(encoding="utf-8")


def assert_in_order(told, actions):
    found = [name for one in told for name in actions if f'"action":"{name}"' in one]
    assert list(dict.fromkeys(found)) == actions


def test_a_call_that_only_the_log_knows_of_becomes_one_ticket(amends, group, site, tmp_path):
    mails = site.mails()
    pbx = Pbx(caller_name="")
    pbx.maze(NUMBER, ["2001", "2002", "2003", "2004"], last=90)
    log = group.home / "Master.csv"
    for share in (0.3, 0.8, 1.0):  # three readings of a log that grows
        whole = pbx.cel_bytes()
        log.write_bytes(whole[: round(len(whole) * share)])
        code, _, err = amends("once", "-c", group.config)
        assert code == 0, err

    (ticket,) = tickets(site)
    tags = {tag.strip() for tag in ticket["custom_tags"].split(",")}
    told = {"amends_phone_transfers", "amends_phone_recording", "amends_lost_prospect"}
    assert told <= tags
    assert tags & {"amends_sev_2", "amends_sev_3", "amends_sev_4"}
    assert ticket["custom_amends_category"] == "access.phone_maze"
    words = ticket["followup_set"][0]["comment"]
    assert "date of birth" in words, "what the log cannot show has to be asked for"
    assert not ticket["submitter_email"]
    assert NUMBER not in json.dumps([ticket["title"], ticket["description"]])
    assert site.mails() == mails

    ((case_id,),) = group.ask("SELECT id FROM cases")
    told, page = pulled(amends, group, case_id, tmp_path / "auditor")
    assert_in_order(told, ["signal.stored", "case.opened", "clock.started", "change.confirmed"])
    assert f"ticket {ticket['id']}" in page.lower()


def test_from_a_low_score_to_what_the_auditor_pulls(amends, group, site, tmp_path):
    (group.home / "exports/visits.csv").write_text(EXPORT, encoding="utf-8")
    code, _, err = amends("once", "-c", group.config)
    assert code == 0, err

    (ticket,) = tickets(site)
    assert ticket["submitter_email"] == "jane@example.org"
    words = ticket["followup_set"][0]["comment"]
    assert "Ana Diaz" in words
    assert "Bo Chan" not in words
    ((case_id, waited_s),) = group.ask(
        "SELECT s.case_id, (julianday(o.done_at) - julianday(s.detected_at)) * 86400"
        " FROM signal s JOIN outbox o ON o.case_id = s.case_id WHERE o.op = 'open'"
    )
    assert 0 <= waited_s < SECONDS

    number = ticket["id"]
    answer = {"ticket": number, "comment": "I am so sorry. May I call you?", "public": True}
    agent = site.database("SELECT id FROM auth_user WHERE username = ?", site.site.user)[0][0]
    site.api("POST", "/api/followups/", json={**answer, "user": agent})
    steps = {f"custom_amends_{name}": True for name in TICKS}
    done = {**steps, "custom_amends_root_cause": "staffing", "status": 3}
    site.api("PATCH", f"/api/tickets/{number}/", json=done)
    time_goes_on(group)

    (ticket,) = site.api("GET", "/api/tickets/?status=3").json()["results"]
    tags = {tag.strip() for tag in ticket["custom_tags"].split(",")}
    assert "amends_sla_contact_met" in tags
    assert not tags & {"amends_sla_running", "amends_recovery_incomplete"}

    told, page = pulled(amends, group, case_id, tmp_path / "auditor")
    steps = ["case.opened", "contact.made", "evidence.seen", "case.closed", "recovery.complete"]
    assert_in_order(told, steps)
    assert "Jane Roe" in page
    code, out, _ = amends("cases", "list", "--incomplete", "-c", group.config)
    assert code == 0
    assert case_id not in out
