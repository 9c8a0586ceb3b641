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
    Action("app.theme", "", "change_theme", "Theme", "Choose the colours"),
    Action("app.settings", "", "settings", "Read settings", "Read config.toml again"),
    Action("app.quit", "ctrl+q", "quit", "Quit", "Stop what runs and leave", priority=True),
)  # fmt: skip
