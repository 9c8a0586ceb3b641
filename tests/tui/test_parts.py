"""A message cut into parts: nothing is lost, no part is long, blocks go on where they were cut."""

from __future__ import annotations

import pytest

from lwtui.chat.session import Turn
from lwtui.tui.stream_buffer import StreamBuffer
from lwtui.tui.widgets.parts import TOO_MUCH, Splitter, parts_of, split, whole_parts

CODE = "```python\n" + "x = 1\n" * 100 + "```\nafter\n"
TABLE = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 60
TEXTS = {
    "paragraphs": "One two three.\n\n" * 400,
    "code": CODE,
    "table": TABLE,
    "list": "".join(f"{n}. item\n" for n in range(1, 60)),
    "line": "word " * 4000,
    "wall": "x" * 20_000,
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_however_it_arrives(name: str, step: int) -> None:
    text, splitter, parts = TEXTS[name], Splitter(), [""]
    for at in range(0, len(text), step):
        for begins, piece in splitter.feed(text[at : at + step]):
            if begins:
                parts.append("")
            parts[-1] += piece
    if name == "code":
        assert all(part.startswith("```python\n") for part in parts)
        assert sum(part.count("x = 1\n") for part in parts) == 100
    elif name == "table":
        assert all(part.startswith("| a | b |\n|---|---|\n") for part in parts)
        assert sum(part.count("| 1 | 2 |\n") for part in parts) == 60
    else:
        assert "".join(parts) == text
    assert step == 10_000 or (len(parts) > 2 and max(map(len, parts)) <= 2 * TOO_MUCH)


def test_parts_of_a_turn() -> None:
    parts = parts_of(Turn("assistant", CODE, "a/b"), 3)
    assert [part.kind for part in parts][-2:] == ["answer", "remark"]
    assert [part.first for part in parts] == [True] + [False] * (len(parts) - 1)
    assert parts[0].tight
    assert parts[1].joined
    assert {part.turn for part in parts} == {3}
    lines = "line\n" * 3000
    prompt = parts_of(Turn("user", lines), 0)
    assert "\n".join(part.text.rstrip("\n") for part in prompt) == lines.rstrip("\n")
    assert len(split("short")) == 1


def test_a_conversation_waits_to_be_cut_up() -> None:
    turns = [Turn("user", "a\x1b[31m"), Turn("assistant", CODE), Turn("user", "b")] * 2
    parts = whole_parts([*turns, Turn("assistant", CODE)])
    assert [part.kind for part in parts[:6]] == ["whole"] * 6
    assert [part.turn for part in parts[:6]] == [0, 1, 2, 3, 4, 5]
    assert [part.kind for part in parts[-2:]] == ["answer", "remark"]
    assert {part.turn for part in parts[6:]} == {6}
    assert whole_parts([]) == []


def test_pieces_wait_until_they_are_taken() -> None:
    buffer = StreamBuffer()
    assert buffer.put("one ", 1)
    assert not buffer.put("two ", 2)  # the screen knows already
    assert buffer.take(limit=4) == ("one ", 2, True)
    assert buffer.take() == ("two ", 2, False)
    assert buffer.put("three", 3)
