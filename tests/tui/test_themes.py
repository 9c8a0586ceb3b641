"""Themes: readable, a user's own, chosen with a preview and kept; no colours; the terminal's."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color
from textual.theme import Theme
from textual.widgets import OptionList

from lwtui.config import THEME_EXAMPLE, read_config, remember_theme, with_theme
from lwtui.errors import BadInput, LwtuiError
from lwtui.tui.screens.themes import ThemesScreen
from lwtui.tui.theme import OWN, fitting_theme
from lwtui.tui.user_themes import read_theme, read_themes

from .fakes import FakeServices
from .helpers import app_with, ready, wait_until

READABLE = 4.5
"""WCAG 2.1, level AA, for text."""
TEXT = ("foreground", "foreground-muted", "accent", "success", "warning", "error", "text-muted",
        "text-accent", "text-success", "text-warning", "text-error", "link-color")  # fmt: skip
UNDER = ("background", "surface", "panel")
PAIRS = [
    *itertools.product(TEXT, UNDER),
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("background", "accent"),
    ("footer-key-foreground", "footer-background"),
    ("footer-description-foreground", "footer-background"),
]


def luminance(colour: Color) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def contrast(text: Color, under: Color) -> float:
    """WCAG's ratio, 1 to 21; a colour that is partly transparent lies on what is under it."""
    lighter, darker = sorted((luminance(under + text), luminance(under)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
def test_every_text_of_our_themes_can_be_read(theme: Theme) -> None:
    variables = theme.to_color_system().generate()
    names = {name for pair in PAIRS for name in pair}
    colours = {name: Color.parse(variables[name]) for name in names}
    weak = {
        (text, under): round(contrast(colours[text], colours[under]), 2)
        for text, under in PAIRS
        if contrast(colours[text], colours[under]) < READABLE
    }
    assert weak == {}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("", "dark"), ("15;0", "dark"), ("0;15", "light"), ("0;default;15", "light"), ("x", "dark")],
)
def test_auto_follows_what_the_terminal_says(told: str, wanted: str) -> None:
    assert fitting_theme({"COLORFGBG": told} if told else {}) == f"lwtui-{wanted}"


# Files


def test_the_example_is_a_theme(tmp_path: Path) -> None:
    (tmp_path / "dusk.toml").write_text(THEME_EXAMPLE)
    theme = read_theme(tmp_path / "dusk.toml")
    assert (theme.name, theme.dark, theme.primary) == ("dusk", True, "#6cb8c4")
    assert theme.to_color_system().generate()["block-cursor-background"] == "#2b4650"


@pytest.mark.parametrize(
    ("name", "text", "line", "told"),
    [
        ("a", "primary = 3", 1, "colour"),
        ("a", "dark = true\nprimary = 'blurple'", 2, "colour"),
        ("a", "primary = 'red'\nacent = 'red'", 2, "'accent'"),
        ("a", "dark = 'yes'\nprimary = 'red'", 1, "true or false"),
        ("a", "primary = 'red'\n[variables]\nborder = 'url(x)'", 3, "colour"),
        ("a", "primary = 'red'\n[variables]\n'link-style' = 'shiny'", 3, "styles"),
        ("a", "primary = 'red'\n[variables]\n'boarder' = 'red'", 3, "'border'"),
        ("a", "surface = 'red'", None, "`primary`"),
        ("a", "primary = [", 1, "Not valid TOML"),
        ("nord", "primary = 'red'", None, "already"),
        ("a b", "primary = 'red'", None, "named with"),
    ],
)
def test_a_mistake_in_a_theme_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, line: int | None, told: str
) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(text)
    themes, problems = read_themes(tmp_path, ["nord"])
    assert themes == []
    assert problems[0].line == line
    assert told in str(problems[0])
    assert str(file) in str(problems[0])


@given(st.text(max_size=40), st.text(alphabet="nord-x", min_size=1, max_size=6))
def test_writing_the_theme_touches_nothing_else(comment: str, name: str) -> None:
    comment = "".join(comment.splitlines())
    comment = "".join(c for c in comment if c.isprintable())
    before = f'# {comment}\nnotify = "off" # bell\n\n[keys]\n"app.quit" = "f10"\n'
    for text in (before, before.replace("notify", "theme = 'x'  # mine\nnotify", 1)):
        after = with_theme(text, name)
        assert f'theme = "{name}"' in after
        assert with_theme(after, "x").replace('"x"', "'x'") in (text, f"theme = 'x'\n{text}")


def test_a_theme_in_a_place_that_cannot_be_changed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput):
        with_theme('keys = """\ntheme = "a"\n"""\n', "b")
    file = tmp_path / "real.toml"
    file.write_text('theme = "nord" # mine\n')
    link = tmp_path / "config.toml"
    link.symlink_to(file)
    monkeypatch.setenv("LWTUI_CONFIG", str(link))
    remember_theme("dracula")
    assert file.read_text() == 'theme = "dracula" # mine\n'
    assert link.is_symlink()
    monkeypatch.setenv("LWTUI_CONFIG", str(file / "below" / "config.toml"))
    with pytest.raises(LwtuiError):
        remember_theme("nord")


# In the app


async def test_themes_are_chosen_with_a_preview_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('# mine\ntheme = "auto"\n')
    monkeypatch.setenv("LWTUI_CONFIG", str(config))
    monkeypatch.setenv("COLORFGBG", "0;15")
    folder = tmp_path / "themes"
    folder.mkdir()
    (folder / "dusk.toml").write_text("primary = '#112233'")
    (folder / "bad.toml").write_text("primary = 'blurple'")
    app = app_with(FakeServices(3))
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        assert app.theme == "lwtui-light"
        assert any("bad.toml:1" in each.message for each in app._notifications)
        await pilot.press("f10")
        assert isinstance(app.screen, ThemesScreen)
        options = app.screen.query_one(OptionList)
        await pilot.press("j")
        assert app.theme == app.screen._names[2] != "lwtui-light"
        await pilot.press("slash", *"dusk", "enter")
        assert app.screen._names[options.highlighted] == app.theme == "dusk"
        await pilot.press("escape")
        assert app.theme == "lwtui-light"
        await pilot.press("f10", "slash", *"drac", "enter", "enter")
        await wait_until(pilot, lambda: not isinstance(app.screen, ThemesScreen))
        assert app.theme == "dracula" == read_config().theme
        assert config.read_text() == '# mine\ntheme = "dracula"\n'
        config.write_text('theme = "dusk"')
        (folder / "dusk.toml").write_text("primary = '#445566'")
        (folder / "bad.toml").unlink()
        await pilot.press("f12")
        assert app.theme == "dusk"
        (folder / "dusk.toml").write_text("primary = '#778899'")
        await pilot.press("f12")
        await pilot.pause()
        assert app.get_css_variables()["primary"] == "#778899"


@pytest.mark.parametrize("theme", ["lwtui-dark", "ansi-dark"])
async def test_without_colours_the_cursor_can_be_told_from_the_rest(
    monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_with(FakeServices(3))
    async with app.run_test(size=(100, 30)) as pilot:
        app.theme = theme
        await ready(pilot)
        lines = app.screen._compositor.render_strips()
        reversed_lines = [
            " ".join(s.text.strip() for s in line if s.style and s.style.reverse) for line in lines
        ]
        told = [text for text in reversed_lines if any(c.isalnum() for c in text)]
        assert "Browse" in told[0]
        assert told[-1].strip().startswith("starter/finance-000")
