"""Text from outside cannot command the terminal; cells are as wide as they say."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lwtui.tui.text import (
    bar,
    clean,
    fit,
    fit_middle,
    human_count,
    human_size,
    human_time,
    one_line,
)

ANYTHING = st.text(alphabet=st.characters(), max_size=300)


@given(ANYTHING)
def test_no_control_or_reordering_character_survives(text: str) -> None:
    cleaned = clean(text)
    for character in cleaned:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"
        )  # fmt: skip
    cleaned.encode("utf-8")


@given(ANYTHING)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANYTHING)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(ANYTHING, ANYTHING)
def test_what_stands_side_by_side_is_as_wide_as_its_parts(left: str, right: str) -> None:
    left, right = one_line(left), one_line(right)
    assert cell_len(left + right) == cell_len(left) + cell_len(right)


@given(ANYTHING, st.integers(0, 60), st.booleans())
def test_fit_fills_its_cells_exactly(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(one_line(text), width, right=right)) == width


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jtext", "text"),
        ("a\rb", "a\nb"),
        ("abc\u202edcba", "abcdcba"),
        ("\ud800x", "\N{REPLACEMENT CHARACTER}x"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("e" + "\u0301" * 40, "e" + "\u0301" * 3),
        ("👩\u200d👧 ❤\ufe0f", "👩👧 ❤"),
    ],
)
def test_known_attacks(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


def test_numbers_for_people() -> None:
    assert human_size(0) == "–"
    assert human_size(999) == "999 B"
    assert human_size(1_500_000) == "1.5 MB"
    assert human_size(17_000_000) == "17 MB"
    assert human_size(2.5e12) == "2.5 TB"
    assert human_count(180_000) == "180 k"
    assert human_time(8.4) == "8 s"
    assert human_time(125) == "2 min 05 s"
    assert human_time(3700) == "1 h 01 min"


@given(st.floats(-1, 2), st.integers(1, 40))
def test_a_bar_is_as_wide_as_asked(fraction: float, width: int) -> None:
    assert cell_len(bar(fraction, width)) == width


@given(ANYTHING, st.integers(0, 60))
def test_a_name_cut_in_its_middle_is_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit_middle(clean(text).replace("\n", " "), width)) == width


def test_names_of_a_family_stay_different() -> None:
    names = {fit_middle(f"a-learnware-with-a-long-name-{n}", 14) for n in range(10)}
    assert len(names) == 10
