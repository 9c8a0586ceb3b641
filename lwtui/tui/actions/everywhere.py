"""Actions that work whatever the mode."""

from __future__ import annotations

from lwtui.tui.actions.action import Action

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
    Action("app.jump", "ctrl+o", "jump", "Jump", "A letter on every part of the screen: press it",
           priority=True, needs="There is nothing here to jump to."),
    Action("app.find", "slash", "find", "Find", "Search the list or text that has the focus",
           needs="Put the focus on a list or a text first (tab, or jump with ctrl+o)."),
    Action("app.find_next", "n,N", "find_next", "Find next", "The next place with that text",
           needs="Find something first: press / in a list or a text."),
    Action("app.theme", "T,f10", "change_theme", "Theme", "Choose the colours, with a preview"),
    Action("app.settings", "f12", "settings", "Read settings",
           "Read config.toml and the folder of themes again"),
    Action("app.errors", "ctrl+e", "errors", "Errors", "What went wrong, with details to copy",
           priority=True, needs="Leave the text first: there it goes to the end of the line."),
    Action("app.quit", "ctrl+q", "quit", "Quit", "Leave, after asking if something runs",
           priority=True),
)  # fmt: skip
