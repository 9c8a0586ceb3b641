"""The app's own colours: quiet greys, one accent."""

from __future__ import annotations

from textual.theme import Theme

ACCENT = "#6cb8c4"

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
    error="#d97a7a",
    dark=True,
    variables={
        "block-cursor-background": "#2b4650",
        "block-cursor-foreground": "#eef4f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#232d37",
        "block-cursor-blurred-foreground": "#d3dae3",
        "border": "#2b3440",
        "border-blurred": "#2b3440",
        "footer-background": "#171c24",
        "footer-key-foreground": ACCENT,
        "footer-description-foreground": "#97a3b2",
        "input-selection-background": "#6cb8c4 30%",
        "scrollbar": "#2b3440",
        "scrollbar-hover": "#3a4655",
        "scrollbar-active": ACCENT,
        "scrollbar-background": "#12161c",
        "scrollbar-background-hover": "#12161c",
        "scrollbar-background-active": "#12161c",
        "scrollbar-corner-color": "#12161c",
        "link-color": ACCENT,
        "button-color-foreground": "#12161c",
    },
)
