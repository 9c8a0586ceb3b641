"""The part of the app that is the same in every mode: palette, help, jumps, keys, themes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from lwtui.errors import LwtuiError
from lwtui.tui.bindings import MODES, Action
from lwtui.tui.commands import run_on, scope_of
from lwtui.tui.hub_app import HubApp
from lwtui.tui.keymap import NO_KEY, Keymap
from lwtui.tui.settings import apply_settings
from lwtui.tui.theme import OWN

if TYPE_CHECKING:
    from textual.binding import Binding

FOUND_AGAIN = "It begins again at the top."


class EverywhereApp(HubApp):
    """``screen`` below is what the user sees, a dialogue included."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = Keymap()
        self.wrong_settings: list[LwtuiError] = []
        self.sought = ""
        """What was last looked for."""
        self._g_pressed = False
        for theme in OWN:
            self.register_theme(theme)
        self.theme = OWN[0].name

    # Settings and themes

    def use_settings(self) -> None:
        self.config, self.wrong_settings = apply_settings(self)

    def tell_wrong_settings(self) -> None:
        for problem in self.wrong_settings:
            self.complain(problem, "Settings")

    def action_settings(self) -> None:
        """Read config.toml (again)."""
        self.use_settings()
        self.tell_wrong_settings()
        if not self.wrong_settings:
            self.tell_user("config.toml and the themes are read again.")

    def action_change_theme(self) -> None:
        from lwtui.tui.screens.themes import ThemesScreen

        if not isinstance(self.screen, ThemesScreen):
            self.push_screen(ThemesScreen(), self._theme_chosen)

    def _theme_chosen(self, name: str | None) -> None:
        from lwtui.config import remember_theme

        if name is None:
            return
        try:
            remember_theme(name)
        except LwtuiError as error:
            self.complain(error, f"The theme is {name} until you quit")

    # Palette, help, jumps

    def action_command_palette(self) -> None:
        from lwtui.tui.screens.palette import PaletteScreen

        if not isinstance(self.screen, PaletteScreen):
            self.push_screen(PaletteScreen(self.screen), self._action_chosen)

    async def _action_chosen(self, action: Action | None) -> None:
        if action is not None:
            await self.run_registered(action)

    async def run_registered(self, action: Action) -> None:
        """Run an action of the registry, going to its mode first; a sentence says why it cannot be
        done."""
        if action.scope == "app":
            await run_on(self, self, action)
            return
        if action.scope in MODES and scope_of(self.screen) != action.scope:
            await self.run_action(f"mode('{action.scope}')", self)
        await run_on(self, self.screen, action)

    def action_help(self) -> None:
        from lwtui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_jump(self) -> None:
        from lwtui.tui.screens.jump import JumpScreen, spots_of

        if isinstance(self.screen, JumpScreen):
            self.pop_screen()
            return
        spots = spots_of(self.screen)
        if spots:
            self.push_screen(JumpScreen(spots))

    # Find

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "find":
            return self._searched is not None
        if action == "find_next":
            return bool(self.sought) and self._searched is not None
        return super().check_action(action, parameters)

    @property
    def _searched(self) -> Widget | None:
        """What has the focus, where it can be searched."""
        from lwtui.tui.find import can_find

        focused = self.screen.focused
        return focused if focused is not None and can_find(focused) else None

    def action_find(self) -> None:
        from lwtui.tui.screens.find import FindScreen

        where = self._searched
        if where is not None:
            self.push_screen(FindScreen(self.sought), self._find)

    def _find(self, text: str | None) -> None:
        if text:
            self.sought = text
            self.action_find_next()

    def action_find_next(self) -> None:
        from lwtui.tui.find import find_in

        where = self._searched
        if where is None or not self.sought:
            return
        found = find_in(where, self.sought)
        if found is None:
            self.tell_user(f"Nothing here says {self.sought!r:.80}.")
        elif found < 0:
            self.tell_user(FOUND_AGAIN)

    # Keys. A key that nothing has taken arrives here, from dialogues too; whoever binds one of
    # these letters, or types it, goes first.

    def get_key_display(self, binding: Binding) -> str:
        return "" if binding.key == NO_KEY else super().get_key_display(binding)

    async def _press(self, key: str) -> None:
        """Do what ``key`` does for what has the focus."""
        self._g_pressed = False
        bound = self.screen.active_bindings.get(key)
        if bound is not None and bound.enabled:
            await self.run_action(bound.binding.action, bound.node)

    async def key_j(self) -> None:
        await self._press("down")

    async def key_k(self) -> None:
        await self._press("up")

    async def key_h(self) -> None:
        await self._press("left")

    async def key_l(self) -> None:
        await self._press("right")

    async def key_upper_g(self) -> None:
        await self._press("end")

    async def key_g(self) -> None:
        """The first of two only counts."""
        if self._g_pressed:
            await self._press("home")
        else:
            self._g_pressed = True

    async def key_slash(self) -> None:
        self.action_find()

    async def key_n(self) -> None:
        self.action_find_next()

    async def key_question_mark(self) -> None:
        self.action_help()
