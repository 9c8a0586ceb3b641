"""Actions of the mode Chat that open a dialogue or a screen of their own."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

_SESSION = "Choose a learnware first: ctrl+l."

ACTIONS: tuple[Action, ...] = (
    Action("chat.compare", "ctrl+g", "compare", "Compare",
           "One prompt to two or more learnwares, side by side", priority=True),
    Action("chat.settings", "ctrl+t", "settings", "Settings",
           "System prompt, temperature and the like, for this conversation", priority=True,
           needs=_SESSION),
    Action("chat.preset", "f6", "preset", "Preset", "A way to ask from your config.toml",
           priority=True, needs=_SESSION),
    Action("chat.attach", "f7", "attach", "Row of data",
           "Take a row of a dataset as the prompt; its answer is shown afterwards",
           priority=True),
    Action("chat.switch", "f8", "switch", "Switch learnware",
           "Another learnware goes on with this conversation", priority=True, needs=_SESSION),
    Action("chat.export", "f9", "export", "Export",
           "Write this conversation as Markdown or JSON", priority=True,
           needs="There is nothing to export yet: ask something first."),
)  # fmt: skip
