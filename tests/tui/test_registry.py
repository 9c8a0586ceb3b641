"""Every action of the registry can be reached by the palette, by a key and by the mouse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from textual.actions import parse
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Footer, OptionList
from textual.widgets._footer import FooterKey

from lwtui.tui.actions.action import Action
from lwtui.tui.app import LwtuiApp
from lwtui.tui.bindings import ACTIONS, MODES
from lwtui.tui.commands import can_run
from lwtui.tui.keymap import LIST_KEYS, split_keys
from lwtui.tui.screens.help import HelpScreen
from lwtui.tui.screens.palette import PaletteScreen
from lwtui.tui.widgets.topbar import TopBar

from .fakes import FakeServices
from .helpers import app_with, ready, text_of, wait_until

FOCUS_TAKES = frozenset({"enter", "space", "h", "l", "left", "right"})
"""What some lists take for themselves while they have the focus, and screens bind on purpose."""


SIZE = (64, 150)
"""So tall that the palette shows all it offers."""


def _compare() -> Screen[Any]:
    from lwtui.tui.screens.compare_chat import CompareScreen

    return CompareScreen(["starter/finance-000", "starter/medicine-001"])


OPEN: dict[str, Callable[[LwtuiApp], Screen[Any]]] = {
    "help": lambda app: HelpScreen(app.screen),
    "compare": lambda app: _compare(),
}
"""How a screen that is no mode comes up; whoever adds such a scope adds it here."""


class Mouse:
    """Clicks what leads to an action, and notes what was run rather than doing it."""

    def __init__(self, pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch) -> None:
        self.pilot = pilot
        self.app = pilot.app
        self.ran: list[str] = []
        self.chosen: list[Action] = []
        named = {action.action for action in ACTIONS}
        self._run = self.app.run_action

        async def run_action(action: Any, *where: Any, **more: Any) -> bool:
            if action in named:
                self.ran.append(action)
                return True
            return await self._run(action, *where, **more)

        monkeypatch.setattr(self.app, "run_action", run_action)
        # It stays open, so that every line of it can be clicked in turn.
        monkeypatch.setattr(
            PaletteScreen, "dismiss", lambda screen, action=None: self.chosen.append(action)
        )

    async def palette(self, actions: list[Action]) -> None:
        """Click each action in the palette, which opens by a click on the menu."""
        screen = self.app.screen
        await self.pilot.click(TopBar, offset=(1, 0))
        await wait_until(self.pilot, lambda: self.ran)
        assert self.ran == ["command_palette"]
        await self._run("command_palette", self.app)
        await wait_until(self.pilot, lambda: self.app.screen.query("#palette-list"))
        palette = self.app.screen
        assert isinstance(palette, PaletteScreen)
        await wait_until(self.pilot, lambda: palette.shown and palette.query_one(OptionList).size)
        for action in actions:
            if action.id == "app.palette":
                continue
            self.chosen.clear()
            place = [offer.action for offer in palette.shown].index(action)
            await self.pilot.click(OptionList, offset=(3, place))
            assert self.chosen == [action]
        self.app.pop_screen()
        for action in actions:
            self.ran.clear()
            await self.app.run_registered(action)
            wanted = [action.action]
            assert self.ran == wanted, action.id
        assert self.app.screen is screen

    async def footer(self, actions: list[Action]) -> None:
        """Click each action in the footer: a dialogue's actions are there."""
        await wait_until(self.pilot, lambda: self.app.screen.query(FooterKey))
        for action in actions:
            self.ran.clear()
            keys = self.app.screen.query(FooterKey)
            await self.pilot.click(next(key for key in keys if key.action == action.action))
            await wait_until(self.pilot, lambda: self.ran)
            assert self.ran == [action.action]


def test_ids_and_words() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(set(ids)) == len(ids)
    for action in ACTIONS:
        assert action.title
        assert action.tooltip
        assert split_keys(action.keys), f"{action.id} has no key"
        if action.needs:
            assert action.needs.endswith("."), action.id


def test_a_key_of_a_mode_is_not_one_of_lists_or_of_the_app() -> None:
    app = {key for a in ACTIONS if a.scope == "app" for key in split_keys(a.keys)}
    shared = {"slash", "n", "N"}  # finding gives way to a search of the mode's own
    for action in ACTIONS:
        if action.scope in MODES:
            keys = set(split_keys(action.keys))
            assert not keys & (LIST_KEYS - FOCUS_TAKES), action.id
            assert not keys & (app - shared), action.id


async def test_every_action_is_reached_by_palette_mouse_and_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What is clicked is laid out but need not be painted, which would take most of the time.
    monkeypatch.setattr(Screen, "_compositor_refresh", lambda screen: None)
    app = app_with(FakeServices(3))
    by_scope = defaultdict(list)
    for action in ACTIONS:
        by_scope[action.scope].append(action)
    async with app.run_test(size=SIZE) as pilot:
        app.animation_level = "none"
        await ready(pilot)
        for scope, actions in by_scope.items():
            if scope in (*MODES, "app"):
                await app.switch_mode("jobs" if scope == "app" else scope)
            else:
                await app.push_screen(OPEN[scope](app))
            await pilot.pause()
            screen = app.screen
            for action in actions:
                target = app if scope == "app" else screen
                method = f"action_{parse(action.action)[1]}"
                assert callable(getattr(target, method, None)), action.id
            with monkeypatch.context() as patch:
                mouse = Mouse(pilot, patch)
                await (mouse.palette if screen.query(TopBar) else mouse.footer)(actions)
            check_keys(app, actions)
            if scope in OPEN:
                app.pop_screen()


def check_keys(app: LwtuiApp, actions: list[Action]) -> None:
    """Each key leads to its action, and no two that make sense at once are on one key."""
    screen = app.screen
    screen.set_focus(None)
    chain = screen._binding_chain
    for action in actions:
        for key in split_keys(action.keys):
            maps = (each.key_to_bindings for _, each in chain)
            found = next(each[key] for each in maps if key in each)
            assert action.id in [binding.id for binding in found], f"{action.id}: {key}"
    for key in {key for action in actions for key in split_keys(action.keys)}:
        at_once = [
            action.id
            for action in actions
            if key in split_keys(action.keys) and can_run(screen, action)
        ]
        assert len(at_once) < 2, f"{key} is all of {at_once}"


async def test_an_action_that_makes_no_sense_says_why_and_one_of_another_mode_goes_there() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p", *"evaluate: start", "enter")
        await wait_until(pilot, lambda: app.current_mode == "evaluate")
        await wait_until(pilot, lambda: list(app._notifications))
        told = list(app._notifications)[-1]
        assert told.title == "Start: not now"
        assert "." in told.message
        await pilot.press("ctrl+p", *"evstart")
        palette = app.screen
        assert isinstance(palette, PaletteScreen)
        offer = palette.shown[palette.query_one(OptionList).highlighted or 0]
        assert (offer.action.id, offer.possible) == ("evaluate.start", False)
        assert "Not now" in text_of(app, "#palette-note")
        await pilot.press("ctrl+u", *"zzzz", "enter")  # nothing is called that
        assert app.screen is palette
        await pilot.press("escape", "ctrl+p", *"jobs", "down", "up", "enter")
        await wait_until(pilot, lambda: app.current_mode == "jobs")


async def test_the_first_line_is_clickable() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for mode in (*MODES[1:], MODES[0]):
            bar = app.screen.query_one(TopBar)
            first = next(part[2] for part in bar._parts() if mode in part[0])
            await pilot.click(TopBar, offset=(first + 1, 0))
            await wait_until(pilot, lambda: app.current_mode == mode)  # noqa: B023
        await pilot.click(TopBar, offset=(app.screen.query_one(TopBar)._summary_at + 2, 0))
        await wait_until(pilot, lambda: app.current_mode == "jobs")
        await pilot.click(Footer, offset=(2, 0))
