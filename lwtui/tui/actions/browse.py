"""Actions of the mode Browse."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
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
)  # fmt: skip
