"""The page from which queues are read is believed only when it is the whole page."""

from zoneinfo import ZoneInfo

import pytest
import responses

from connector.domain.errors import Rejected, Unavailable
from connector.domain.practice import Practice
from connector.helpdesks.django_helpdesk import DjangoHelpdeskSettings

URL = "http://127.0.0.1:9"
PAGE = (
    '<!DOCTYPE html><html><body><form><select name="queue">'
    '<option value="1">Billing</option><option value="2">Patient Recovery</option>'
    "</select></form></body></html>\n"
)


@pytest.fixture
def site(practice):
    settings = DjangoHelpdeskSettings(url=URL, token="t", queue="Patient Recovery")
    desk = settings.open(practice)
    yield desk._site
    desk.close()


@pytest.fixture
def practice():
    return Practice(tenant="t", name="P", zone=ZoneInfo("UTC"))


def answer(page: str) -> None:
    responses.get(f"{URL}/api/tickets/", body=page, content_type="text/html; charset=utf-8")


@responses.activate
def test_the_queue_is_found_by_its_title(site):
    answer(PAGE)
    assert site.queue() == 2


@responses.activate
def test_a_queue_that_is_not_there_is_refused_for_good(site):
    answer(PAGE.replace("Patient Recovery", "Other"))
    with pytest.raises(Rejected):
        site.queue()


@pytest.mark.parametrize(
    "page",
    [
        "<html><body><h1>Please log in to the WiFi</h1></body></html>",
        PAGE[: PAGE.index('<option value="2"')],
        PAGE[: PAGE.index("</body>")],
        "",
    ],
    ids=["captive portal", "cut before our queue", "cut after it", "empty"],
)
@responses.activate
def test_a_page_that_is_not_the_sites_own_says_nothing_about_queues(site, page):
    answer(page)
    with pytest.raises(Unavailable):
        site.queue()
