"""Actions of the mode Match."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("match.path", "slash", "path", "Folder", "Type or paste a folder or file", footer=True),
    Action("match.start", "s", "start", "Match", "Specify this data and rank the learnwares",
           footer=True),
    Action("match.chat", "c,enter", "chat", "Chat", "Talk with the learnware under the cursor",
           footer=True),
    Action("match.base", "b", "base", "Chat with base",
           "Talk with the bare base, as nothing fits this data", footer=True),
    Action("match.evaluate", "e", "evaluate", "Evaluate",
           "Run the best three and their base on this data and keep every answer", footer=True),
    Action("match.verify", "v", "verify", "Verify",
           "Run the best on held-back rows of your data and rank by what was measured",
           footer=True),
    Action("match.pull", "p", "pull", "Pull", "Bring the learnware under the cursor here",
           footer=True),
    Action("match.detail", "d", "toggle_detail", "Details", "Show or hide the details"),
    Action("match.new", "n", "new", "New data", "Choose another folder", footer=True),
    Action("match.back", "escape", "back", "Back", "Stop the job, or go a step back", footer=True),
)  # fmt: skip
