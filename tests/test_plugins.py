"""`kind = "..."` finds its class."""

import sys

import pytest
from servers.kinds import register

from connector import plugins
from connector.domain.errors import ConfigError
from connector.plugins import HELPDESKS, SOURCES


def test_a_kind_finds_its_class(monkeypatch):
    register(monkeypatch)
    assert plugins.source_class("box").__name__ == "BoxSettings"
    assert plugins.helpdesk_class("desk").__name__ == "DeskSettings"


def test_kinds_are_listed_in_order_without_being_imported(monkeypatch):
    register(monkeypatch, {SOURCES: [("aaa", "servers.never_imported:Settings")]})
    assert list(plugins.source_kinds()) == ["aaa", "box", "broken", "lines", "odd"]
    assert "servers.never_imported" not in sys.modules


def test_a_kind_that_two_distributions_register_is_refused(monkeypatch):
    register(monkeypatch, {HELPDESKS: [("desk", "other.package:Desk")]})
    with pytest.raises(ConfigError, match=r"the kind desk is registered twice") as caught:
        plugins.helpdesk_class("desk")
    assert "other.package:Desk" in str(caught.value)


def test_the_same_registration_seen_twice_is_one(monkeypatch):
    register(monkeypatch, {HELPDESKS: [("desk", "servers.standins:DeskSettings")]})
    assert list(plugins.helpdesk_kinds()) == ["desk"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("boxx", r"unknown kind; did you mean box\? known are: box, broken, lines, odd"),
        ("zzz", r"unknown kind; known are: box, broken, lines, odd"),
        ("broken", r"cannot be imported \(ModuleNotFoundError\); reinstall it"),
        ("odd", r"is no SourceSettings; ask its author"),
    ],
)
def test_a_kind_that_cannot_be_used_is_told(monkeypatch, kind, told):
    register(monkeypatch)
    with pytest.raises(ConfigError, match=told):
        plugins.source_class(kind)
