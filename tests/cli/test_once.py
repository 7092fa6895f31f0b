"""`amends once` reads, judges and delivers one time, and tells by its code what is left."""

import json

import pytest
from servers.house import WORDS

from connector.domain.errors import AuthenticationFailed, Unavailable
from connector.sources.mail_file import MailFileSource
from connector.store.store import Store
from connector.testing.memory_desk import Weather


def test_a_complaint_becomes_a_ticket(amends, house):
    house.complain(1)
    code, out, err = amends("once", "-c", house.config)
    assert code == 0
    assert out == "feedback: 1 new, 0 known already\n1 items judged, 1 deliveries tried\n"
    assert len(house.desk.tickets) == 1
    assert [word for word in WORDS if word in out + err] == []


def test_once_again_makes_nothing_again(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    code, out, _ = amends("once", "-c", house.config)
    assert (code, len(house.desk.tickets)) == (0, 1)
    assert out.endswith("0 items judged, 0 deliveries tried\n")


def test_json_is_one_document(amends, house):
    house.complain(1, 2)
    code, out, _ = amends("once", "--json", "-c", house.config)
    assert code == 0
    assert json.loads(out) == {
        "sources": {"feedback": {"new": 2, "known": 0, "paused": ""}},
        "failed": {},
        "concluded": 2,
        "attempts": 2,
        "waiting": 0,
        "refused": False,
    }


def test_what_still_waits_for_the_helpdesk_is_75(amends, house):
    house.complain(1)
    house.desk.standing = Weather.DOWN
    code, _, err = amends("once", "-c", house.config)
    assert code == 75
    assert err.endswith("1 changes wait for the helpdesk; run again later\n")


def test_credentials_that_the_helpdesk_refuses_are_77(amends, house):
    house.complain(1)
    house.desk.standing = Weather.LOCKED_OUT
    code, _, err = amends("once", "-c", house.config)
    assert code == 77
    assert "the helpdesk refuses our credentials or rights; run amends check\n" in err
    code, out, _ = amends("once", "--json", "-c", house.config)
    assert (code, json.loads(out)["refused"]) == (77, True)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Unavailable("feedback", "no answer"), 75),
        (AuthenticationFailed("feedback", "no entry"), 77),
    ],
)
def test_a_source_that_cannot_be_read_is_told_by_name_and_code(
    amends, house, monkeypatch, fault, code
):
    def read(*_):
        raise fault

    monkeypatch.setattr(MailFileSource, "read", read)
    done, _, err = amends("once", "-c", house.config)
    assert done == code
    assert f"feedback: {fault.problem}\n" in err


def test_a_full_disk_is_74_and_nothing_is_read(amends, house, monkeypatch):
    house.complain(1)
    monkeypatch.setattr(Store, "roomy", lambda _: False)
    code, out, _ = amends("once", "-c", house.config)
    assert code == 74
    assert "feedback: 0 new, 0 known already (paused: less than 64 MiB of disk are free)\n" in out


def test_a_faulty_configuration_is_78(amends, house):
    house.configure(helpdesk='[helpdesk]\nkind = "memory"\nurll = "x"\n')
    code, out, err = amends("once", "-c", house.config)
    assert (code, out) == (78, "")
    assert "helpdesk.urll: unknown key" in err
    assert not house.state.exists()
