"""How a command gets at the state: as its owner, with the name of the person who asked."""

from __future__ import annotations

import errno
import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path

from connector.app import open_store
from connector.domain.errors import StateError
from connector.settings import Settings
from connector.store.engine import DATABASE
from connector.store.store import Role, Store

_NAME = re.compile(r"[A-Za-z0-9_.@$+\\-]{1,64}")
"""User names as passwd, LDAP and Active Directory have them; anything else goes by its number."""


def open_state(settings: Settings, role: Role) -> Store:
    """Open the state for a command; what it does is on record as `cli:<user>`.

    Root becomes the owner of the state directory, for good, so that no file there ever
    belongs to somebody else: open output files before. A state that does not exist yet is
    not made here. Raises StateError, and PermissionError for anybody but owner and root.
    """
    actor = f"cli:{invoker(os.environ)}"
    if role != "daemon" and not settings.state_dir.exists():
        raise StateError(f"{settings.state_dir}: there is no state yet; start the daemon once")
    become_owner(settings.state_dir)
    if role == "command" and not (settings.state_dir / DATABASE).exists():
        raise StateError(
            f"{settings.state_dir / DATABASE}: there is no state yet; start the daemon once"
        )
    return open_store(settings, role, actor)


def open_writable_state(settings: Settings) -> Store:
    """Open the state for a command that may come before the daemon's first start.

    A state that does not exist yet is begun, but not by root in a place that nobody has
    given to the daemon's user: its files would shut the daemon out. Raises as `open_state`.
    """
    if not settings.state_dir.exists() and os.geteuid() == 0:
        raise StateError(
            f"{settings.state_dir}: there is no state yet; start the daemon once, or make the "
            f"directory for its user (install -d -m 700 -o USER {settings.state_dir})"
        )
    become_owner(settings.state_dir)
    founded = (settings.state_dir / DATABASE).exists()
    return open_store(settings, "command" if founded else "daemon", f"cli:{invoker(os.environ)}")


def become_owner(state_dir: Path) -> None:
    """Let root drop to the owner of an existing state directory; it cannot be undone.

    Raises PermissionError for anybody else who is not the owner: their files beside the
    database would shut the daemon out.
    """
    try:
        found = state_dir.stat()
    except FileNotFoundError:
        return
    mine = os.geteuid()
    if found.st_uid == mine:
        return
    owner = user_name(found.st_uid)
    if mine != 0:
        told = f"it belongs to {owner}; use `sudo amends ...` or `sudo -u {owner} amends ...`"
        raise PermissionError(errno.EACCES, told, str(state_dir))
    try:
        group = pwd.getpwuid(found.st_uid).pw_gid
        groups = os.getgrouplist(owner, group)
    except KeyError:  # a number without a name, as in containers
        group, groups = found.st_gid, [found.st_gid]
    os.setgroups(groups)
    os.setgid(group)
    os.setuid(found.st_uid)


def invoker(environment: Mapping[str, str]) -> str:
    """Name the person who asked: who called sudo, else the real user.

    A name from the environment is a statement, no proof; but whoever can make it here is
    owner or root, and could write anything.
    """
    called = environment.get("SUDO_USER", "")
    return called if _NAME.fullmatch(called) else user_name(os.getuid())


def user_name(uid: int) -> str:
    """Name a user; `uid-<number>` when there is no (usable) name."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = ""
    return name if _NAME.fullmatch(name) else f"uid-{uid}"
