"""Telling somebody who looks elsewhere that something long is over: a bell, or the desktop."""

from __future__ import annotations

from textual.app import App

from lwtui.tui.text import one_line

LONGEST = 120
"""Characters of a notification."""


def sequence(way: str, text: str) -> str:
    """What to write to a terminal; empty for ways that are none.

    ``osc9`` as iTerm2, WezTerm, Kitty, Ghostty and Windows Terminal know it; ``osc777`` as urxvt,
    foot and VTE know it. ``text`` may be a stranger's: it cannot end the sequence.
    """
    # A semicolon would separate fields; a number first would be a command of another kind.
    said = one_line(text, LONGEST).replace(";", ",")
    if way == "osc9":
        return f"\x1b]9;lwtui: {said}\a"
    if way == "osc777":
        return f"\x1b]777;notify;lwtui;{said}\a"
    return ""


def call(app: App[None], way: str, text: str) -> None:
    """Write it through the driver, which owns the terminal. A browser or a file gets nothing."""
    driver = app._driver
    if driver is None or app.is_web:
        return
    if way == "bell":
        app.bell()
    elif not app.is_headless and (said := sequence(way, text)):
        driver.write(said)
        driver.flush()
