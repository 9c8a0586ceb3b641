"""The app's own colours, dark and light: quiet greys, one accent.

Every text stands out from what it lies on by 4.5 to 1 or more (WCAG AA); a test computes it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

ACCENT = "#6cb8c4"


def _variables(**colours: str) -> dict[str, str]:
    """What both have in common: which part takes which of a few colours."""
    background, line, quiet = colours["background"], colours["line"], colours["quiet"]
    accent = colours["accent"]
    return {
        "foreground-muted": quiet,
        "text-muted": quiet,
        "block-cursor-background": colours["cursor"],
        "block-cursor-foreground": colours["on_cursor"],
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": colours["cursor_away"],
        "block-cursor-blurred-foreground": colours["foreground"],
        "border": line,
        "border-blurred": line,
        "footer-background": colours["surface"],
        "footer-key-foreground": accent,
        "footer-description-foreground": quiet,
        "input-selection-background": f"{accent} 30%",
        "scrollbar": line,
        "scrollbar-hover": colours["line_strong"],
        "scrollbar-active": accent,
        "scrollbar-background": background,
        "scrollbar-background-hover": background,
        "scrollbar-background-active": background,
        "scrollbar-corner-color": background,
        "link-color": accent,
        "button-color-foreground": background,
    }


LWTUI_DARK = Theme(
    name="lwtui-dark",
    primary=ACCENT,
    secondary="#8a9bb0",
    accent=ACCENT,
    foreground="#d3dae3",
    background="#12161c",
    surface="#171c24",
    panel="#202731",
    success="#8fbf7f",
    warning="#d9b26f",
    error="#e08a8a",
    dark=True,
    variables=_variables(
        background="#12161c",
        surface="#171c24",
        foreground="#d3dae3",
        quiet="#97a3b2",
        accent=ACCENT,
        cursor="#2b4650",
        on_cursor="#eef4f8",
        cursor_away="#232d37",
        line="#2b3440",
        line_strong="#3a4655",
    ),
)

LWTUI_LIGHT = Theme(
    name="lwtui-light",
    primary="#0b6472",
    secondary="#45586d",
    accent="#0b6472",
    foreground="#1d252e",
    background="#fafbfc",
    surface="#f0f3f6",
    panel="#e4e9ee",
    success="#2c651f",
    warning="#744c00",
    error="#a12a2a",
    dark=False,
    variables=_variables(
        background="#fafbfc",
        surface="#f0f3f6",
        foreground="#1d252e",
        quiet="#54606d",
        accent="#0b6472",
        cursor="#bfe0e6",
        on_cursor="#0c1a1e",
        cursor_away="#dde5ea",
        line="#c9d2da",
        line_strong="#a9b6c2",
    ),
)

OWN = (LWTUI_DARK, LWTUI_LIGHT)


def fitting_theme(environment: Mapping[str, str] = os.environ) -> str:
    """Our light theme where the terminal says that its background is light, else the dark one.

    Only ``COLORFGBG`` is read. Asking the terminal itself (OSC 11) would hold up the first frame,
    and an answer that comes late would be typed into the app.
    """
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    light = background in ("7", "15") or (background.isdecimal() and 9 <= int(background) <= 14)
    return LWTUI_LIGHT.name if light else LWTUI_DARK.name


def chip(app: App[Any]) -> str:
    """The style of what is chosen among a few: visible without colours too, and with the
    terminal's own."""
    reverse = app.no_color or app.native_ansi_color
    return "bold reverse" if reverse else "bold $background on $accent"
