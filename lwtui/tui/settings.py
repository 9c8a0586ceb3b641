"""The user's settings, laid over the app: theme and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.theme import BUILTIN_THEMES

from lwtui.config import AUTO, Config, config_file, config_line, read_config, themes_folder
from lwtui.errors import BadInput, LwtuiError
from lwtui.tui.keymap import Keymap
from lwtui.tui.theme import OWN, fitting_theme

if TYPE_CHECKING:
    from lwtui.tui.everywhere_app import EverywhereApp


def apply_settings(app: EverywhereApp) -> tuple[Config, list[LwtuiError]]:
    """Use what ``config.toml`` says; what is wrong in it is left out and returned."""
    problems = read_own_themes(app)
    try:
        config = read_config()
    except BadInput as error:
        return app.config, [error, *problems]
    name = fitting_theme() if config.theme == AUTO else config.theme
    if name in app.available_themes:
        app.theme = name
    else:
        from difflib import get_close_matches

        known = sorted(app.available_themes)
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Press T for those there are."
        line = config_line(("theme",))
        message = f"There is no theme {name!r:.60}."
        problems.append(BadInput(message, file=config_file(), line=line, field="theme", hint=hint))
    app.keys = Keymap(config.keys)
    problems += app.keys.problems(config.keys)
    app.set_keymap(app.keys.for_textual())
    return config, problems


def read_own_themes(app: EverywhereApp) -> list[LwtuiError]:
    """Register the themes of the user's folder, again where they have changed."""
    folder = themes_folder()
    if not folder.is_dir():
        return []
    from lwtui.tui.user_themes import read_themes

    themes, problems = read_themes(folder, [*BUILTIN_THEMES, *(theme.name for theme in OWN)])
    for theme in themes:
        app.register_theme(theme)
        if app.theme == theme.name:
            app.refresh_css(animate=False)
    return problems
