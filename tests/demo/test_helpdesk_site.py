"""The demo's helpdesk: complete on this machine, closed to strangers, and still there tomorrow."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys

import pytest
import requests
from selectolax.lexbor import LexborHTMLParser
from servers.helpdesk import SiteWorld, running_site

from connector.testing.changes import a_file, a_note, a_ticket


@pytest.fixture
def world():
    world = SiteWorld(running_site())
    yield world
    world.close()


def test_pages_are_styled_from_this_machine_alone(world):
    helpdesk = world.open()
    number = helpdesk.open(a_ticket()).id
    with world.agent() as browser:
        for path in ("/login/", "/tickets/", f"/tickets/{number}/", "/dashboard/"):
            answer = browser.get(world.site.url + path, timeout=30)
            assert answer.status_code == 200, path
            page = LexborHTMLParser(answer.text)
            loaded = [node.attributes.get("src") for node in page.css("script[src], img[src]")]
            loaded += [node.attributes.get("href") for node in page.css("link[rel=stylesheet]")]
            assert len(loaded) > 3
            for address in loaded:
                assert address.startswith("/static/")
                assert browser.get(world.site.url + address, timeout=30).status_code == 200


def test_attachments_are_for_those_who_are_logged_in(world):
    helpdesk = world.open()
    ref = helpdesk.open(a_ticket())
    helpdesk.note(ref, a_note(attachments=(a_file(),)))
    [file] = world.ticket(ref)["followup_set"][1]["followupattachment_set"]
    path = world.site.url + "/media/" + file["file"].partition("/media/")[2]
    with world.browser() as stranger:
        assert stranger.get(path, timeout=30, allow_redirects=False).status_code == 302
    with world.agent() as browser:
        assert browser.get(path, timeout=30).content == a_file().content


def test_strangers_cannot_open_tickets(world):
    with world.browser() as stranger:
        answer = stranger.post(f"{world.site.url}/api/tickets/", json={"queue": 1}, timeout=30)
        assert answer.status_code == 401
        page = stranger.get(f"{world.site.url}/", timeout=30).text
        assert not re.search(r'name="title"', page)


def test_the_access_file_is_its_owners_only(world):
    mode = (world.site.folder / "access.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_started_again_on_the_same_folder_it_goes_on(tmp_path):
    told = [_start_and_ask(tmp_path) for _ in range(2)]
    assert told[0]["token"] == told[1]["token"]
    assert told[0]["password"] == told[1]["password"]


def _start_and_ask(folder):
    command = [sys.executable, "-W", "error", "-m", "connector.demo.helpdesk_site"]
    options = ["--dir", str(folder), "--until-stdin-closes"]
    with subprocess.Popen(
        [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        told = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Token {told['token']}"}
        answer = requests.get(f"{told['url']}/api/tickets/", headers=headers, timeout=30)
        assert answer.status_code == 200
        process.stdin.close()
        assert process.wait(30) == 0
    return told
