"""What the palette offers: every action of the registry, and whether it makes sense now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode
from textual.screen import Screen

from lwtui.tui.bindings import ACTIONS, MODES, Action

if TYPE_CHECKING:
    from textual.app import App


@dataclass(frozen=True)
class Offer:
    """A line of the palette."""

    action: Action
    possible: bool
    """Whether it makes sense on the screen as it now is. An action of another mode always does:
    the app goes there first."""

    @property
    def title(self) -> str:
        return command_title(self.action)

    @property
    def words(self) -> str:
        """What a search finds it by."""
        return f"{self.title} {self.action.tooltip}"


def command_title(action: Action) -> str:
    """``Chat: New chat``; actions of the app stand alone."""
    return action.title if action.scope == "app" else f"{action.scope.title()}: {action.title}"


def offers(screen: Screen[Any]) -> list[Offer]:
    """Every action that can be reached from ``screen``: its own first, then the app's, then those
    of the modes, and within each those that make sense now."""
    here = scope_of(screen)
    found = [
        Offer(action, can_run(screen, action))
        for action in ACTIONS
        if action.id != "app.palette" and action.scope in ("app", here, *MODES)
    ]
    rank = {here: 0, "app": 1}
    return sorted(found, key=lambda offer: (rank.get(offer.action.scope, 2), not offer.possible))


def scope_of(screen: Screen[Any]) -> str:
    """The scope whose actions are the screen's own; empty for one that has none."""
    scopes = [binding.id.partition(".")[0] for binding in own_bindings(screen) if binding.id]
    return scopes[0] if scopes else ""


def own_bindings(node: DOMNode) -> Iterator[Any]:
    """The bindings of a screen, each once, in their order, with the keys of the defaults."""
    seen = set()
    for bindings in node._bindings.key_to_bindings.values():
        for binding in bindings:
            mark = (binding.id or binding.action, binding.description)
            if mark not in seen:
                seen.add(mark)
                yield binding


def can_run(screen: Screen[Any], action: Action) -> bool:
    """Whether choosing it now would do something."""
    from textual.actions import parse

    if action.scope not in ("app", scope_of(screen)):
        return True
    _, name, parameters = parse(action.action)
    target = screen.app if action.scope == "app" else screen
    return target.check_action(name, parameters) is True


async def run_on(app: App[Any], target: DOMNode, action: Action) -> bool:
    """Run it; a sentence says why nothing happened."""
    if await app.run_action(action.action, target):
        return True
    app.notify(why_not(action), title=f"{action.title}: not now", markup=False)
    return False


def why_not(action: Action) -> str:
    """What must be the case before this action does something."""
    if action.needs:
        return action.needs
    where = "here" if action.scope == "app" else f"in what {action.scope.title()} shows now"
    return f"There is nothing {where} that it could be done with."
