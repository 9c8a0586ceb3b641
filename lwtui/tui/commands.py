"""The palette: every action of the registry, whatever the screen."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from lwtui.tui.bindings import ACTIONS, Action

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp


def command_title(action: Action) -> str:
    """``Chat: New chat``; actions of the app stand alone."""
    return action.title if action.scope == "app" else f"{action.scope.title()}: {action.title}"


class ActionProvider(Provider):
    """Actions of the current mode first."""

    def _actions(self) -> list[Action]:
        mode = self.app.current_mode
        offered = [a for a in ACTIONS if a.scope != "help" and a.id != "app.palette"]
        rank = {mode: 0, "app": 1}
        return sorted(offered, key=lambda action: rank.get(action.scope, 2))

    def _run(self, action: Action) -> partial[Coroutine[Any, Any, None]]:
        return partial(cast("LwtuiApp", self.app).run_registered, action)

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(command_title(action), self._run(action), help=action.tooltip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            title = command_title(action)
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), self._run(action), help=action.tooltip)
