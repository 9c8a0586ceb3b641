"""Actions of the mode Match."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

_DATA = "Choose a folder or a file of data first."
_RANKING = "Match some data first: this is for its results."
_CHOOSING = "A step back first (escape): this is for choosing the data."
_PLACE = "Put the cursor on a recent folder or a saved requirement."

ACTIONS: tuple[Action, ...] = (
    Action("match.path", "slash", "path", "Folder", "Type or paste a folder or file", footer=True,
           needs=_CHOOSING),
    Action("match.start", "s", "start", "Match", "Specify this data and rank the learnwares",
           footer=True, needs=_DATA),
    Action("match.fields", "f", "fields", "Fields",
           "Say which columns to use, and how many rows are specified", footer=True, needs=_DATA),
    Action("match.chat", "c,enter", "chat", "Chat", "Talk with the learnware under the cursor",
           footer=True, needs=_RANKING),
    Action("match.base", "b", "base", "Chat with base",
           "Talk with the bare base, as nothing fits this data", footer=True,
           needs="This is for data that nothing here fits."),
    Action("match.evaluate", "e", "evaluate", "Evaluate",
           "Run the best three and their base on this data and keep every answer", footer=True,
           needs=_RANKING),
    Action("match.verify", "v", "verify", "Verify",
           "Run the best on held-back rows of your data and rank by what was measured",
           footer=True, needs=_RANKING),
    Action("match.pull", "p", "pull", "Pull", "Bring the learnware under the cursor here",
           footer=True, needs="Put the cursor on a learnware that is only on the Hub."),
    Action("match.save", "w", "save", "Save",
           "Save the requirement, to match it again when the collection has grown", footer=True,
           needs=_RANKING),
    Action("match.compare", "C", "compare", "Compare",
           "Lay this match beside another: what rose, what is new, what is gone", needs=_RANKING),
    Action("match.detail", "d", "toggle_detail", "Details", "Show or hide the details",
           needs=_RANKING),
    Action("match.new", "n", "new", "New data", "Choose another folder", footer=True,
           needs=_RANKING),
    Action("match.forget", "x,delete", "forget", "Remove",
           "Offer this folder no more; of a saved requirement: delete it", footer=True,
           needs=_PLACE),
    Action("match.rename", "R", "rename", "Rename", "Give a saved requirement another name",
           needs="Put the cursor on a saved requirement."),
    Action("match.hidden", "full_stop", "hidden", "Hidden files",
           "Show or hide hidden files and folders in the tree",
           needs=_CHOOSING),
    Action("match.up", "minus,backspace", "up", "Folder above", "Show the folder above in the tree",
           needs=_CHOOSING),
    Action("match.home", "tilde", "home", "Home folder", "Show your home folder in the tree",
           needs=_CHOOSING),
    Action("match.back", "escape", "back", "Back", "Stop the job, or go a step back", footer=True,
           needs="This is the first step."),
)  # fmt: skip
