"""What crosses between the app and a model's process arrives as it was; nothing else arrives."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from lwtui.backend.protocol import (
    Chunk,
    Continuation,
    Finished,
    GenerationSettings,
    Message,
    ModelPlan,
)
from lwtui.backend.wire import Channel
from lwtui.errors import BackendError, BadInput, Cancelled

VALUES = [
    None,
    7,
    "tëxt \ud800 \x00",
    ModelPlan("a/b", "llama_cpp", Path("/x/y.gguf"), None, "{{ messages }}", 512),
    ((Message("user", "Hi"),), GenerationSettings(stop=("a", "b"), seed=3)),
    (Continuation("a", "b"), Chunk("é", 2), Finished("stop", 1, 2, 0.5, 1.5, 3, 4)),
]


def round_trip(value: object) -> tuple[str, int, object]:
    out = io.BytesIO()
    Channel(io.BytesIO(), out).send("kind", 5, value)
    return Channel(io.BytesIO(out.getvalue()), io.BytesIO()).receive()


@pytest.mark.parametrize("value", VALUES)
def test_values_arrive_as_they_were(value: object) -> None:
    assert round_trip(value) == ("kind", 5, value)


@pytest.mark.parametrize(
    "error",
    [
        BadInput("wrong", hint="do", file="f.csv", line=3, field="x"),
        BackendError("crash"),
        Cancelled(),
    ],
)
def test_errors_arrive_as_they_were(error: Exception) -> None:
    _, _, arrived = round_trip(error)
    assert type(arrived) is type(error)
    assert vars(arrived) == vars(error)
    assert str(arrived) == str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"kind": "x"}',
        b'{"kind": "x", "call": 1, "value": {"type": "os.system", "fields": {}}}',
        b'{"kind": "x", "call": 1, "value": {"type": "Chunk", "fields": {"evil": 1}}}',
        b'{"kind": "x", "call": 1, "value": {"error": "SystemExit"}}',
    ],
)
def test_what_is_no_message_ends_the_line(body: bytes) -> None:
    data = struct.pack("!I", len(body)) + body
    with pytest.raises(EOFError):
        Channel(io.BytesIO(data), io.BytesIO()).receive()


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\x00\x00\x00\x05{}", b"\xff\xff\xff\xff"])
def test_a_cut_line_is_an_end(data: bytes) -> None:
    with pytest.raises(EOFError):
        Channel(io.BytesIO(data), io.BytesIO()).receive()
