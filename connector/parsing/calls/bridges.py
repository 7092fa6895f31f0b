"""Who is connected with the caller: bridges, and Local channels between them."""

from __future__ import annotations

from connector.parsing.calls.channels import other_half

MAX_HOPS = 8
"""Local channels between two people; more is a loop."""


class Bridges:
    """Keeps which channel is in which bridge."""

    def __init__(self, caller: str) -> None:
        """Name the caller's channel."""
        self._caller = caller
        self._where: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}

    def enter(self, channel: str, bridge: str) -> None:
        """A channel entered a bridge; '' is a place where nobody speaks."""
        if channel in self._where:
            self.exit(channel)
        if bridge:
            self._where[channel] = bridge
            members = self._members.get(bridge)
            if members is None:
                members = self._members[bridge] = []
            members.append(channel)

    def exit(self, channel: str) -> None:
        """A channel left its bridge."""
        bridge = self._where.pop(channel, "")
        if bridge:
            self._members[bridge].remove(channel)

    def partner(self, present: str) -> str:
        """Give the channel that speaks with the caller, `present` if it still does; else ''."""
        bridge = self._where.get(self._caller)
        if bridge is None:
            return ""
        members = self._members[bridge]
        if len(members) == 1:
            return ""
        if len(members) == 2:  # noqa: PLR2004 - two people, as nearly always
            other = members[1] if members[0] == self._caller else members[0]
            if not other.startswith("Local/"):
                return other
        found = self._reached()
        if present and present in found:
            return present
        return found[0] if found else ""

    def behind(self, channel: str) -> bool:
        """Say whether a channel is a Local one through which the caller is connected."""
        return channel.startswith("Local/") and channel in self._where

    def _reached(self) -> list[str]:
        real: list[str] = []
        at, seen = [self._caller], {self._caller}
        for _ in range(MAX_HOPS):
            further: list[str] = []
            for channel in at:
                for other in self._members.get(self._where.get(channel, ""), ()):
                    if other in seen:
                        continue
                    seen.add(other)
                    if other.startswith("Local/"):
                        half = other_half(other)
                        seen.add(half)
                        further.append(half)
                    else:
                        real.append(other)
            if real or not further:
                break
            at = further
        return real
