"""Actions of the mode Jobs."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("jobs.open", "o", "open", "Open", "Go to the screen of this job (enter)", footer=True),
    Action("jobs.pause", "space", "pause", "Pause", "Pause this pull, or go on with it",
           footer=True),
    Action("jobs.cancel", "x,delete", "cancel", "Cancel",
           "Stop this job; an evaluation or a pull can go on later", footer=True),
)  # fmt: skip
