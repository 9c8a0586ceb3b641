"""Actions of the mode Browse."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action("browse.search", "slash", "search", "Search",
           "Type to narrow the list; near misses come last", footer=True),
    Action("browse.source", "s", "source", "Source",
           "Here, all that is known, or the Hub itself", footer=True),
    Action("browse.chat", "c,enter", "chat", "Chat", "Talk with the learnware under the cursor",
           footer=True),
    Action("browse.pull", "p", "pull", "Pull", "Bring the marked models here, or the one under"
           " the cursor", footer=True,
           needs="Put the cursor on a model that is not on this machine: s goes to the Hub."),
    Action("browse.filter", "f", "filter", "Filter",
           "Domain, base, licence, size, format, fits this machine…", footer=True),
    Action("browse.order", "o", "order", "Order", "By the next column; a click on its title too"),
    Action("browse.reverse", "O", "reverse", "Reverse", "Order the other way round"),
    Action("browse.match", "m", "match", "Match data", "Find the learnware for your data"),
    Action("browse.evaluate", "e", "evaluate", "Evaluate",
           "Measure the marked learnwares, or the one under the cursor", footer=True),
    Action("browse.mark", "space", "mark", "Mark", "Mark or unmark the row under the cursor"),
    Action("browse.mark_all", "ctrl+a,asterisk", "mark_all", "Mark all",
           "Mark every row of the list, or unmark them"),
    Action("browse.remove", "x,delete", "remove", "Remove",
           "Take the marked learnwares off this machine, after asking",
           needs="Put the cursor on a learnware of this machine."),
    Action("browse.restore", "U", "restore", "Put back", "Undo the last removal of this session"),
    Action("browse.detail", "d", "toggle_detail", "Details", "Show or hide the details",
           footer=True),
    Action("browse.into", "l", "into", "Into details", "Scroll the details: card, files, scores"),
    Action("browse.back", "h", "back", "Back to list", "From the details back to the list"),
    Action("browse.reload", "r", "reload", "Reload", "Read the list again, from the Hub itself"),
    Action("browse.clear", "escape", "clear", "Clear",
           "Unmark all; then empty the search and the filters"),
    Action("browse.adopt", "a", "adopt", "Adopt",
           "Take in what other tools downloaded"),
    Action("browse.updates", "u", "updates", "Updates", "Which pulled learnwares have changed"),
    Action("browse.specify", "S", "specify", "Specify", "Give it a specification: it can match"),
    Action("browse.convert", "C", "convert", "Convert", "Make its adapter a GGUF for llama.cpp"),
    Action("browse.publish", "P", "publish", "Publish", "Share it on the Hub, after a dry run"),
    Action("browse.indexes", "I", "indexes", "Indexes", "Subscribed lists of specifications"),
)  # fmt: skip
