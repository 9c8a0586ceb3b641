"""Actions of the mode Evaluate."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("evaluate.new", "n", "new", "New", "Evaluate something else", footer=True),
    Action("evaluate.open", "o", "open", "Open", "Show the run under the cursor (enter)",
           footer=True),
    Action("evaluate.compare", "c", "compare", "Compare",
           "Mark a run, then another: the same tasks side by side", footer=True),
    Action("evaluate.plan", "ctrl+s", "plan", "Next", "See what the models see, then start",
           footer=True, priority=True),
    Action("evaluate.pick", "ctrl+l", "pick", "Learnware", "Add a learnware of the collection",
           footer=True, priority=True),
    Action("evaluate.start", "s", "start", "Start", "Run this evaluation", footer=True),
    Action("evaluate.pause", "p", "pause", "Pause", "Pause this run, or go on with it",
           footer=True),
    Action("evaluate.rows", "v", "rows", "Rows",
           "The rows of the cell under the cursor, one by one (enter)", footer=True),
    Action("evaluate.turn", "t", "turn", "Turn", "Swap models and tasks"),
    Action("evaluate.reading", "d", "reading", "Reading", "More room for what the run says",
           footer=True),
    Action("evaluate.all", "a", "show('all')", "All", "Every row", footer=True),
    Action("evaluate.wrong", "w", "show('wrong')", "Wrong", "Rows this model got wrong",
           footer=True),
    Action("evaluate.lost", "b", "show('lost')", "Base right",
           "Rows this model got wrong and its base (for a base: the pick) right", footer=True),
    Action("evaluate.won", "y", "show('won')", "Base wrong",
           "Rows this model got right and its base (for a base: the pick) wrong", footer=True),
    Action("evaluate.export", "x", "export", "Export",
           "Write the run as JSON, CSV or Markdown", footer=True),
    Action("evaluate.image", "i", "image", "Picture", "Write the radar or the bars as SVG or PNG"),
    Action("evaluate.rename", "r", "rename", "Rename", "Give the run another name"),
    Action("evaluate.delete", "delete,ctrl+d", "delete", "Delete",
           "Stop the run if it runs, and remove all it holds"),
    Action("evaluate.back", "escape", "back", "Back", "A step back; what runs goes on",
           footer=True),
)  # fmt: skip
