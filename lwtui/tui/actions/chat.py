"""Actions of the mode Chat."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("chat.stop", "escape", "stop", "Stop", "Stop the answer and keep its text", footer=True),
    Action("chat.leave", "escape", "leave", "Leave the prompt",
           "So that 1 to 5 change the mode (F1 to F5 always do)"),
    Action("chat.regenerate", "ctrl+r", "regenerate", "Regenerate", "Answer the last prompt anew",
           footer=True, priority=True),
    Action("chat.copy", "ctrl+y", "copy", "Copy", "Copy the last answer", footer=True,
           priority=True),
    Action("chat.new", "ctrl+n", "new", "New chat", "Begin again with an empty transcript",
           footer=True, priority=True),
    Action("chat.pick", "ctrl+l", "pick", "Learnware", "Choose another learnware", footer=True,
           priority=True),
    Action("chat.prompt", "slash,i", "prompt", "Prompt", "Back to the prompt"),
)  # fmt: skip
