"""Actions of the help screen."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("help.close", "escape,question_mark,q", "close", "Close", "Back to the screen",
           footer=True),
    Action("help.search", "slash", "search", "Search", "Type to narrow the list", footer=True),
    Action("help.names", "i", "names", "Names", "What config.toml calls the actions", footer=True),
)  # fmt: skip
