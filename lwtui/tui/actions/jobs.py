"""Actions of the mode Jobs."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("jobs.open", "o", "open", "Open", "Go to the screen of this job (enter)", footer=True,
           needs="Put the cursor on a job that has a screen of its own."),
    Action("jobs.pause", "space,p", "pause", "Pause",
           "Pause this pull or evaluation, or go on with it", footer=True,
           needs="Put the cursor on a pull or an evaluation that runs or is paused."),
    Action("jobs.cancel", "x,delete", "cancel", "Cancel",
           "Stop this job; an evaluation or a pull can go on later", footer=True,
           needs="Put the cursor on a job that runs."),
    Action("jobs.retry", "r", "retry", "Again",
           "Run this job again: it failed or was stopped", footer=True,
           needs="Put the cursor on a job that failed or was stopped."),
    Action("jobs.log", "d", "log", "Log", "More room for what this job said", footer=True,
           needs="There is no job under the cursor."),
    Action("jobs.copy", "y", "copy", "Copy", "Copy what is known of this job, its log and error",
           needs="There is no job under the cursor."),
    Action("jobs.clear", "c", "clear", "Clear", "Take what is over off the list", footer=True,
           needs="No job of the list is over."),
)  # fmt: skip
