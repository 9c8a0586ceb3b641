"""``config.toml``: read, refused with its place, used by ``lwtui chat --preset``."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwtui.config import EXAMPLE, THEME_EXAMPLE, Config, Preset, _Reader, config_file, read_config
from lwtui.errors import BadInput

from .conftest import Run


def write(text: str) -> Path:
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_there_are_defaults(home: Path, lwtui: Run) -> None:
    assert read_config() == Config()
    shown = lwtui("config", "--json").json
    assert (shown["there"], shown["theme"]) == (False, Config().theme)
    assert shown["themes"] == str(home / "themes")
    assert lwtui("config", "--theme").out == THEME_EXAMPLE


def test_the_example_says_the_defaults_and_all_of_it_is_valid(home: Path, lwtui: Run) -> None:
    assert lwtui("config", "--write").code == 0
    assert config_file().read_text() == EXAMPLE == lwtui("config", "--example").out
    assert read_config() == Config()
    assert lwtui("config", "--write").code == 2
    shown = EXAMPLE.replace("# [[", "[[").replace('# "', '"')
    for name in ("name", "system", "temperature"):
        shown = shown.replace(f"# {name} =", f"{name} =")
    write(shown)
    config = read_config()
    assert config.keys == {"browse.search": "slash,ctrl+f", "app.quit": "ctrl+q,f10"}
    assert config.preset("careful").changes == {"temperature": 0.2}


@pytest.mark.parametrize(
    ("text", "line", "field", "told"),
    [
        ("them = 'x'", 1, "them", "Did you mean 'theme'?"),
        ("theme = 3", 1, "theme", "text in quotes"),
        ("\nnotify = 'horn'", 2, "notify", '"osc777"'),
        ("keys = 'x'", 1, "keys", "table"),
        ("[keys]\na = 1", 2, "keys.a", "text in quotes"),
        ("preset = 1", 1, "preset", "[[preset]]"),
        ("[[preset]]\nname = 'a'\ntemperature = -1", 3, "preset[0].temperature", "from 0 to 10"),
        ("[[preset]]\nname = 'a'\ntop_p = nan", 3, "preset[0].top_p", "from 0 to 1"),
        ("[[preset]]\nname = 'a'\nseed = 1.5", 3, "preset[0].seed", "whole number"),
        ("[[preset]]\nname = 'a'\n\n[[preset]]\nname = 'a'", 5, "preset[1].name", "no other"),
        ("[[preset]]\nsystem = 'a'", 1, "preset[0]", "needs a name"),
        ("theme = [", 1, None, "Not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    home: Path, lwtui: Run, text: str, line: int, field: str | None, told: str
) -> None:
    file = write(text)
    with pytest.raises(BadInput) as caught:
        read_config()
    assert (caught.value.line, caught.value.field) == (line, field)
    assert told in str(caught.value)
    assert str(file) in str(caught.value)
    assert lwtui("config").code == 2


@given(
    st.dictionaries(
        st.sampled_from(["theme", "notify", "keys", "preset", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_whatever_it_says_it_is_read_or_refused(data: dict[str, object]) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(_Reader("", Path("config.toml")).config(data), Config)


def test_a_preset_of_the_chat(home: Path, quick: str, lwtui: Run) -> None:
    write("[[preset]]\nname = 'short'\nmax_tokens = 2\ntemperature = 0\n")
    chat = ("chat", quick, "--prompt", "Hello", "--json")
    assert lwtui(*chat, "--preset", "short", "--seed", 1).json["tokens"] == 2
    refused = lwtui(*chat, "--preset", "long")
    assert (refused.code, refused.json["error"]["hint"]) == (2, "Presets: short.")


def test_a_preset_names_only_what_it_changes() -> None:
    assert Preset("a", seed=0, top_p=0.5).changes == {"seed": 0, "top_p": 0.5}
