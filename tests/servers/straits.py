"""What the contract's straits ask of a world, for products that are simulated."""

from __future__ import annotations

import contextlib

from servers.weather import Answer, Fate, Weather


class SimulatedStraits:
    """Error pages, limits and quick agents by the simulator's weather; mixed into a world."""

    @property
    def weather(self) -> Weather:
        """Override: the weather of the simulator."""
        raise NotImplementedError

    def answering(self, status, headers, body, *, reads=True):
        """Answer every write so, and with `reads` every read; fetching a token excepted."""
        weather = self.weather
        fate = Fate(instead=Answer(status=status, headers=tuple(headers.items()), body=body))
        both = contextlib.ExitStack()
        both.enter_context(weather.upon(weather._writes, fate))
        if reads:
            both.enter_context(weather.upon(weather._reads, fate))
        return both

    def interject(self, act):
        """Let somebody act once, when the next write has arrived and is not yet applied."""
        weather, acts = self.weather, [act]

        def quicker(request):
            if weather._writes(request) and acts:
                acts.pop()()
            return False

        return weather.upon(quicker, Fate())
