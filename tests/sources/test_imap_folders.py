"""Several folders of one mailbox: patterns, special folders, foreign names, one connection."""

from __future__ import annotations

import pytest
from servers.mailbox import message
from sources.test_imap_wild import daemon_on, dovecot, running, senders, server  # noqa: F401

from connector.sources.imap.folders import Listed, chosen, listed, matches


def folder(name, *attributes, delimiter="/"):
    return Listed(name=name, attributes=frozenset(attributes), delimiter=delimiter)


@pytest.mark.parametrize(
    ("path", "pattern", "meant"),
    [
        ("INBOX", "inbox", True),
        ("INBOX/Feedback", "Inbox/*", True),
        ("INBOX/Feedback/2026", "INBOX/*", False),
        ("INBOX/Feedback/2026", "INBOX/**", True),
        ("Praxis/Lob & Tadel", "Praxis/*", True),
        ("Feedback (old)", "Feedback (*", True),
        ("feedback", "Feedback", False),
        ("a" * 400, "*a" * 12 + "b", False),
    ],
)
def test_a_pattern_means_what_it_says(path, pattern, meant):
    assert matches(path, pattern) is meant


def test_special_folders_are_never_meant_by_a_pattern():
    there = [
        folder("INBOX"), folder("Gesendet", "\\sent"), folder("Papierkorb", "\\trash"),
        folder("Papierkorb/alt"), folder("Alle", "\\all"), folder("Lob"),
        folder("Ordner", "\\noselect"), folder("Archiv"),
    ]  # fmt: skip
    assert chosen(there, ["**"], ["Archiv"]) == ["INBOX", "Lob"]
    assert chosen(there, ["INBOX", "Gesendet"], []) == ["INBOX", "Gesendet"]


def test_where_nothing_is_marked_names_tell():
    there = [folder(f"INBOX.{one}", delimiter=".") for one in ("Sent", "Junk", "Praise")]
    assert chosen(there, ["INBOX/*"], []) == ["INBOX.Praise"]


def test_the_order_is_that_of_the_patterns_and_nothing_comes_twice():
    there = [folder("B"), folder("A"), folder("INBOX")]
    assert chosen(there, ["INBOX", "*", "Nowhere"], []) == ["INBOX", "A", "B", "Nowhere"]


def test_names_are_decoded_and_what_is_no_name_is_left_out():
    told = [
        ([b"\\HasNoChildren"], b"/", b"R&APw-ckmeldung"),
        ([], b".", b"&ZeVnLIqe-"),
        ([], None, b"Flat"),
        ([], b"/", 2026),
        ([], b"/", b"broken &/////-"),
        ([], b"/", b"\xfcber"),
    ]
    names = [one.name for one in listed(told)]
    assert names[:4] == ["R\u00fcckmeldung", "\u65e5\u672c\u8a9e", "Flat", "2026"]


def test_all_folders_are_read_over_one_connection(server, daemon_on):  # noqa: F811
    server.folders |= {"Feedback": {1: message(11)}, "Feedback/Old": {4: message(12)}}
    daemon = daemon_on(server.port, folders=["INBOX", "Feedback", "Feedback/**"])
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 11, 12]
    assert sum(one.startswith("LOGIN") for one in server.commands) == 1
    server.folders["Feedback"][2] = message(13)
    server.inbox[6] = message(6)
    del server.commands[:]
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 6, 11, 12, 13]
    daemon.until_read()
    assert sum(one.startswith("EXAMINE") for one in server.commands) < 8


def test_the_watched_folder_is_the_first_and_is_selected_when_waiting_begins(
    server,  # noqa: F811
    daemon_on,  # noqa: F811
):
    server.folders["Feedback"] = {1: message(11)}
    daemon = daemon_on(server.port, folders=["INBOX", "Feedback"])
    daemon.until_read()
    daemon.until_read()
    del server.commands[:]
    assert daemon.wait(0.2) is False
    assert "IDLE" in server.commands
    assert daemon.source._mailbox.folder == "INBOX"


def test_a_message_moved_between_folders_is_no_second_message(server, daemon_on):  # noqa: F811
    server.folders["Feedback"] = {}
    daemon = daemon_on(server.port, folders=["INBOX", "Feedback"])
    daemon.until_read()
    server.folders["Feedback"][1] = server.inbox.pop(2)
    daemon.crash()
    daemon.until_read()
    assert senders(daemon) == [1, 2, 3, 4, 5]


def test_a_folder_that_cannot_be_opened_hides_no_other(server, daemon_on):  # noqa: F811
    server.folders |= {"Private": {1: message(11)}, "Feedback": {1: message(12)}}
    server.fail('EXAMINE "Private"', b"{tag} NO [NOPERM] not yours\r\n", times=99)
    daemon = daemon_on(server.port, folders=["**"])
    assert not daemon.read()
    assert senders(daemon) == [1, 2, 3, 4, 5, 12]
    assert "Private" not in daemon.outages[0].problem


def test_settling_goes_to_the_right_folder_and_reading_goes_on(server, daemon_on):  # noqa: F811
    server.folders["Feedback"] = {number: message(number) for number in range(100, 170)}
    daemon = daemon_on(server.port, folders=["INBOX", "Feedback"], after="flag")
    daemon.until_read()
    assert len(daemon.heard) == 75
    assert sum(one.startswith("UID STORE") for one in server.commands) == 3


def test_dovecots_folders_are_read_by_pattern(dovecot, daemon_on):  # noqa: F811
    with dovecot.client() as client:
        for name, number in (("R\u00fcckmeldung", 21), ("R\u00fcckmeldung/Lob & Tadel", 22)):
            client.create_folder(name)
            client.append(name, message(number))
        client.create_folder("Sent")
        client.append("Sent", message(23))
    daemon = daemon_on(dovecot.port, folders=["R\u00fcck**"])
    daemon.until_read()
    assert senders(daemon) == [21, 22]
    everything = daemon_on(dovecot.port, folders=["**"])
    everything.until_read()
    assert senders(everything) == [1, 2, 3, 4, 5, 21, 22]


def test_a_folder_that_was_left_half_way_is_come_back_to(server, daemon_on):  # noqa: F811
    server.folders["Feedback"] = {}
    daemon = daemon_on(server.port, folders=["INBOX", "Feedback"])
    daemon.until_read()
    server.folders["Feedback"] = {number: message(number) for number in range(100, 180)}
    reading = daemon.source.read(daemon.cursor)
    daemon.cursor = next(reading).cursor  # then the disk was full: reading pauses
    reading.close()
    daemon.until_read()
    assert len(daemon.heard) == 35
