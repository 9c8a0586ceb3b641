"""Scenes of the app for ``tests/screenshots.py``: chat, its tools, and what is everywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot
from tui.helpers import wait_until

from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.ask import AskScreen

PATIENCE = 300.0
QUESTIONS = (
    "My card has not arrived yet. What should I do?",
    "I was charged twice for one payment",
    "How do I close the account of my late father?",
)
SPECIALISTS = ("starter/banking-intent-small", "starter/finance-generalist")

Shoot = Callable[[Pilot[None], str], Awaitable[None]]


async def over(pilot: Pilot[None], *keys: str) -> None:
    """Press, and wait for the dialogue that opens."""
    app = pilot.app
    below = len(app.screen_stack)
    await pilot.press(*keys)
    await wait_until(pilot, lambda: len(app.screen_stack) > below)


async def away(pilot: Pilot[None]) -> None:
    """Close whatever lies over the mode, step by step."""
    for _ in range(20):
        if len(pilot.app.screen_stack) == 1:
            return
        await pilot.press("escape")
        await pilot.pause(0.1)
    raise AssertionError(f"{pilot.app.screen} does not close")


async def ask(pilot: Pilot[None], screen: Any, text: str) -> None:
    screen.prompt.focus()
    screen.prompt.text = text
    turns = len(screen.session.turns) if screen.session else 0
    await pilot.press("enter")
    await wait_until(
        pilot,
        lambda: screen.session and len(screen.session.turns) > turns and not screen.busy,
        PATIENCE,
    )


async def everywhere(pilot: Pilot[None], app: LwtuiApp, shoot: Shoot) -> None:
    """Palette, jumping, themes."""
    await pilot.press("f1")
    await wait_until(pilot, lambda: app.current_mode == "browse")
    await over(pilot, "ctrl+p")
    await shoot(pilot, "palette")
    await away(pilot)
    await over(pilot, "ctrl+o")
    await shoot(pilot, "jump")
    await away(pilot)
    await over(pilot, "question_mark")
    await shoot(pilot, "help")
    await away(pilot)
    dark, app.theme = app.theme, "lwtui-light"
    await pilot.pause()
    await shoot(pilot, "browse-light")
    app.theme = dark


async def chat(pilot: Pilot[None], app: LwtuiApp, shoot: Shoot) -> None:
    """Goes on from a ranking."""
    await pilot.press("f2")
    await wait_until(pilot, lambda: app.current_mode == "match")
    app.screen.query_one("#matches").focus()
    await pilot.press("c")
    await wait_until(pilot, lambda: app.current_mode == "chat")
    screen: Any = app.screen
    await wait_until(pilot, lambda: screen.handle is not None and not screen.busy, PATIENCE)
    for number, question in enumerate(QUESTIONS):
        if number:
            screen.prompt.focus()
            await pilot.press("ctrl+n")
            await wait_until(pilot, lambda: not screen.session or not screen.session.turns)
        await ask(pilot, screen, question)
    await ask(pilot, screen, "A transfer to my sister abroad has not come through")
    await shoot(pilot, "chat")
    await over(pilot, "ctrl+t")
    await shoot(pilot, "chat-settings")
    await away(pilot)
    await over(pilot, "ctrl+g")
    comparison: Any = app.screen
    await wait_until(pilot, lambda: comparison.query("#compare-columns > *"), PATIENCE)
    comparison.query_one("#compare-prompt").focus()
    comparison.query_one("#compare-prompt").text = QUESTIONS[0]
    await pilot.press("enter")
    await wait_until(pilot, lambda: comparison._round and not comparison._answering, PATIENCE)
    await shoot(pilot, "chat-compare")
    await app.pop_screen()


async def verify(pilot: Pilot[None], app: LwtuiApp) -> None:
    """Run the best few of a ranking on rows held back."""
    await pilot.press("v")
    await wait_until(pilot, lambda: isinstance(app.screen, AskScreen))
    await pilot.press("enter")
