"""Actions of the screen that asks several learnwares at once."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

_ASKED = "Ask something first: the answers stand side by side then."

ACTIONS: tuple[Action, ...] = (
    Action("compare.stop", "escape", "stop", "Stop", "Stop the answers and keep their text",
           footer=True, needs="No answer is being written."),
    Action("compare.leave", "escape", "leave", "Leave the prompt", "To the answers",
           needs="The prompt has not the focus."),
    Action("compare.close", "escape", "close", "Close", "Back to the chat; the answers go",
           footer=True, needs="Answers are being written: stop them first."),
    Action("compare.again", "ctrl+r", "again", "Ask again", "Have all answer the last prompt anew",
           footer=True, priority=True, needs=_ASKED),
    Action("compare.again_one", "r", "again_one", "This one again",
           "Have the learnware in focus answer the last prompt anew", needs=_ASKED),
    Action("compare.go_on", "enter,o", "go_on", "Go on with it",
           "Go on in the chat with the learnware in focus and its answers", footer=True,
           needs=_ASKED),
    Action("compare.copy", "ctrl+y", "copy", "Copy", "Copy the answer in focus", footer=True,
           priority=True, needs=_ASKED),
    Action("compare.add", "ctrl+l", "add", "Add", "One more learnware", footer=True,
           priority=True, needs="Stop the answers first; eight is the most."),
    Action("compare.remove", "x,delete", "remove", "Remove", "Take the learnware in focus out",
           needs="Two are the least, and no answer may be under way."),
    Action("compare.before", "left,h", "move(-1)", "Left", "The learnware to the left"),
    Action("compare.after", "right,l", "move(1)", "Right", "The learnware to the right"),
    Action("compare.prompt", "slash,i", "prompt", "Prompt", "Back to the prompt"),
)  # fmt: skip
