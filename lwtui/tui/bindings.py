"""The one registry of actions: footer, help, palette and a user's keymap all read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Scope = Literal["app", "browse", "match", "chat", "evaluate", "jobs", "help"]

MODES: tuple[Scope, ...] = ("browse", "match", "chat", "evaluate", "jobs")
"""The modes in the order of their number keys."""


@dataclass(frozen=True)
class Action:
    """Something the user can do. ``id`` is stable: keymaps name it."""

    id: str
    keys: str
    """Default keys, separated by commas."""
    action: str
    """Textual action, run on the screen or app of the scope."""
    title: str
    """What footer, help and palette call it."""
    tooltip: str
    footer: bool = False
    priority: bool = False
    """Also while a text field has the focus and would take the key."""

    @property
    def scope(self) -> str:
        return self.id.split(".", 1)[0]

    def binding(self) -> Binding:
        return Binding(
            self.keys,
            self.action,
            self.title,
            show=self.footer,
            tooltip=self.tooltip,
            id=self.id,
            priority=self.priority,
        )


ACTIONS: tuple[Action, ...] = (
    Action("app.browse", "1,f1", "mode('browse')", "Browse", "Look through the collection"),
    Action("app.match", "2,f2", "mode('match')", "Match", "Find the learnware for your data"),
    Action("app.chat", "3,f3", "mode('chat')", "Chat", "Talk with a learnware"),
    Action("app.evaluate", "4,f4", "mode('evaluate')", "Evaluate",
           "Measure learnwares on your data or on benchmarks"),
    Action("app.jobs", "5,f5", "mode('jobs')", "Jobs", "What runs and what ran"),
    Action("app.help", "question_mark", "help", "Help", "Every key of this screen", footer=True),
    Action("app.palette", "ctrl+p", "command_palette", "Palette", "Search every action",
           priority=True),
    Action("app.theme", "", "change_theme", "Theme", "Choose the colours"),
    Action("app.settings", "", "settings", "Read settings", "Read config.toml again"),
    Action("app.quit", "ctrl+q", "quit", "Quit", "Stop what runs and leave", priority=True),
    #
    Action("browse.search", "slash", "search", "Search", "Type to narrow the list", footer=True),
    Action("browse.source", "s", "source", "Source",
           "Here, all that is known, or the Hub itself", footer=True),
    Action("browse.chat", "c,enter", "chat", "Chat", "Talk with the learnware under the cursor",
           footer=True),
    Action("browse.pull", "p", "pull", "Pull", "Bring the model under the cursor here",
           footer=True),
    Action("browse.filter", "f", "filter", "Filter", "Domain, base, licence, size, format…"),
    Action("browse.order", "o", "order", "Order",
           "By trend, downloads, likes or date"),
    Action("browse.match", "m", "match", "Match data", "Find the learnware for your data"),
    Action("browse.evaluate", "e", "evaluate", "Evaluate",
           "Measure the learnware under the cursor", footer=True),
    Action("browse.detail", "d", "toggle_detail", "Details", "Show or hide the details",
           footer=True),
    Action("browse.reload", "r", "reload", "Reload", "Read the list again, from the Hub itself"),
    Action("browse.clear", "escape", "clear", "Clear", "Empty the search and the filters"),
    Action("browse.adopt", "a", "adopt", "Adopt",
           "Take in what other tools downloaded"),
    Action("browse.updates", "u", "updates", "Updates", "Which pulled learnwares have changed"),
    Action("browse.specify", "S", "specify", "Specify", "Give it a specification: it can match"),
    Action("browse.convert", "C", "convert", "Convert", "Make its adapter a GGUF for llama.cpp"),
    Action("browse.publish", "P", "publish", "Publish", "Share it on the Hub, after a dry run"),
    Action("browse.indexes", "I", "indexes", "Indexes", "Subscribed lists of specifications"),
    #
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
    #
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
    #
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
    #
    Action("jobs.open", "o", "open", "Open", "Go to the screen of this job (enter)", footer=True),
    Action("jobs.pause", "space", "pause", "Pause", "Pause this pull, or go on with it",
           footer=True),
    Action("jobs.cancel", "x,delete", "cancel", "Cancel",
           "Stop this job; an evaluation or a pull can go on later", footer=True),
    #
    Action("help.close", "escape,question_mark,q", "close", "Close", "Back to the screen",
           footer=True),
)  # fmt: skip


def actions_of(scope: str) -> Iterator[Action]:
    """The actions of one scope, in the order of the registry."""
    return (action for action in ACTIONS if action.scope == scope)


def bindings_of(scope: str) -> list[BindingType]:
    """What a screen or the app puts in its ``BINDINGS``."""
    return [action.binding() for action in actions_of(scope) if action.keys]
