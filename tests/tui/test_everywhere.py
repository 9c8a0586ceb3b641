"""What is the same in every mode: help, jumps, finding, the keys of lists, small terminals."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static, Tree

from lwtui.tui.bindings import MODES, actions_of
from lwtui.tui.screens.ask import ConfirmScreen
from lwtui.tui.screens.find import FindScreen
from lwtui.tui.screens.help import HelpScreen
from lwtui.tui.screens.jump import JumpScreen

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until


class Parts(ModalScreen[None]):
    """A dialogue with one of each kind of thing that has no letters of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cross", "Cross it out"),
        Binding("y", "hidden", "", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield OptionList(*(f"option {word}" for word in ("one", "two", "three")), id="options")
        yield Tree("root", id="tree")
        with VerticalScroll(id="text"):
            yield Static("\n".join(f"line {n}" for n in range(60)), markup=False)
        yield Button("press", id="button")

    def on_mount(self) -> None:
        tree = self.query_one(Tree)
        for name in ("ash", "birch", "elm"):
            tree.root.add_leaf(name)
        tree.root.expand()
        for widget in (self.query_one(OptionList), tree, self.query_one("#text")):
            widget.styles.height = 6

    def on_button_pressed(self) -> None:
        self.query_one(Button).label = "pressed"


async def test_letters_move_and_find_in_everything_that_scrolls() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 30)) as pilot:
        app.animation_level = "none"
        await ready(pilot)
        screen = Parts()
        await app.push_screen(screen)
        options, tree = screen.query_one(OptionList), screen.query_one(Tree)
        text = screen.query_one("#text")
        options.focus()
        options.highlighted = 0
        await pilot.press("j", "j")
        assert options.highlighted == 2
        await pilot.press("k", "g")
        assert options.highlighted == 1
        await pilot.press("g")
        assert options.highlighted == 0
        await pilot.press("G")
        assert options.highlighted == 2
        await pilot.press("slash", *"TWO", "enter")
        assert options.highlighted == 1
        await pilot.press("n")
        assert options.highlighted == 1
        assert any("again at the top" in each.message for each in app._notifications)
        tree.focus()
        await pilot.press("G")
        assert str(tree.cursor_node.label) == "elm"
        await pilot.press("slash", "ctrl+a", "ctrl+k", *"bi", "enter")
        assert str(tree.cursor_node.label) == "birch"
        text.focus()
        await pilot.press("slash", "ctrl+a", "ctrl+k", *"line 3", "enter")
        assert text.scroll_y == 3
        await pilot.press("n")
        assert text.scroll_y == 30
        await pilot.press("k")
        assert text.scroll_y == 29
        await pilot.press("g", "g")
        assert text.scroll_y == 0
        await pilot.press("slash", *"zzz", "enter")
        assert any("Nothing here says" in each.message for each in app._notifications)
        screen.query_one(Button).focus()
        await pilot.press("j", "slash")  # nothing to find in a button
        assert not isinstance(app.screen, FindScreen)


async def test_help_of_dialogues_and_its_search() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(100, 40)) as pilot:
        await ready(pilot)
        await app.push_screen(Parts())
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        told = text_of(app, "#help-text")
        assert "Cross it out" in told
        assert "Palette" in told
        await pilot.press("slash", *"cross")
        assert text_of(app, "#help-text").split() == ["Here", "x", "Cross", "it", "out"]
        await pilot.press("enter", "escape")
        await app.pop_screen()
        await app.push_screen(ConfirmScreen("t", "really?", "Yes"))
        await pilot.press("question_mark")
        assert "Yes" in text_of(app, "#help-text")
        await pilot.press("escape", "escape")
        for mode in MODES:
            await app.switch_mode(mode)
            await wait_until(pilot, lambda: app.screen.query("Footer"))
            app.screen.set_focus(None)
            await pilot.press("question_mark", "i")
            told = " ".join(text_of(app, "#help-text").split())
            for action in (*actions_of(mode), *actions_of("app")):
                assert f"{action.title}: {action.tooltip} {action.id}" in told
            await pilot.press("escape")


async def test_jumping() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 30)) as pilot:
        await ready(pilot)

        async def jump(widget: object) -> None:
            await pilot.press("ctrl+o")
            screen = app.screen
            assert isinstance(screen, JumpScreen)
            letter = next(
                letter
                for letter, spot in screen.spots.items()
                if getattr(spot.go, "__self__", None) is widget
            )
            await pilot.press(letter)
            await wait_until(pilot, lambda: not isinstance(app.screen, JumpScreen))

        await pilot.press("ctrl+o", "escape")
        assert not isinstance(app.screen, JumpScreen)
        field = app.screen.query_one("#search")
        await jump(field)
        await wait_until(pilot, lambda: field.has_focus)
        await pilot.press("ctrl+o")
        await pilot.press(list(app.screen.spots)[2])  # menu, Browse, Match
        await wait_until(pilot, lambda: app.current_mode == "match")
        screen = Parts()
        await app.push_screen(screen)
        await jump(screen.query_one(Button))
        await wait_until(pilot, lambda: str(screen.query_one(Button).label) == "pressed")
        await jump(screen.query_one("#text"))
        await wait_until(pilot, lambda: screen.query_one("#text").has_focus)
        await pilot.press("ctrl+o", "exclamation_mark")
        assert app.screen is screen


@pytest.mark.parametrize("size", [(40, 10), (250, 70)])
async def test_no_size_is_too_small_or_too_large(size: tuple[int, int]) -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=size) as pilot:
        app.animation_level = "none"
        await wait_until(pilot, lambda: app.current_mode == "browse" and app.house.machine)
        for mode in MODES:
            await app.switch_mode(mode)
            await pilot.pause()
            assert len(screen_text(app).splitlines()) == size[1]
        for key in ("f10", "ctrl+p", "ctrl+o"):
            await pilot.press(key)
            await pilot.pause()
            assert len(screen_text(app).splitlines()) == size[1]
            await pilot.press("escape")
