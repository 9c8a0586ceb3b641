"""The user's settings, laid over the app: theme and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lwtui.config import Config, config_file, read_config
from lwtui.errors import BadInput
from lwtui.tui.bindings import ACTIONS

if TYPE_CHECKING:
    from textual.app import App


def apply_settings(app: App[None]) -> tuple[Config, list[BadInput]]:
    """Use what ``config.toml`` says; what is wrong in it is left out and returned."""
    try:
        config = read_config()
    except BadInput as error:
        return Config(), [error]
    problems = []
    if config.theme in app.available_themes:
        app.theme = config.theme
    else:
        known = ", ".join(sorted(app.available_themes))
        problems.append(_wrong("theme", f"There is no theme {config.theme!r:.60}.", known))
    named = {action.id for action in ACTIONS}
    unknown = sorted(config.keys.keys() - named)
    if unknown:
        hint = "The palette (ctrl+p) and `?` show what there is."
        problems.append(_wrong(f"keys.{unknown[0]}", "There is no such action.", hint))
    app.set_keymap({name: keys for name, keys in config.keys.items() if name in named})
    return config, problems


def _wrong(field: str, message: str, hint: str) -> BadInput:
    return BadInput(message, file=config_file(), field=field, hint=hint)
