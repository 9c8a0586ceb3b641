"""safetensors and GGUF headers: real files read right, hostile ones refused with a reason."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from lwtui.errors import BadInput
from lwtui.learnware.gguf import read_gguf
from lwtui.learnware.headers import folder_shapes, safetensors_header, tensor_shapes

from .builders import gguf_bytes


def safetensors_bytes(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: list[Any], span: list[Any], dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": span}


def test_a_real_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    weights = {"x": np.zeros((2, 3), np.float32), "y": np.zeros((5,), np.int8)}
    save_file(weights, path, metadata={"space": "s"})
    header = safetensors_header(path)
    assert header["__metadata__"] == {"space": "s"}
    assert tensor_shapes(header) == {"x": (2, 3), "y": (5,)}
    assert folder_shapes(tmp_path) == {"x": (2, 3), "y": (5,)}


@pytest.mark.parametrize("length", [0x4B50, 0x0280, 0x0580])
def test_a_header_whose_length_looks_like_another_format(tmp_path: Path, length: int) -> None:
    # The first bytes of a zip and of two pickle protocols, as lengths.
    text = json.dumps({"a": tensor([1], [0, 4])}).encode().ljust(length)
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes(text, b"1234"))
    assert tensor_shapes(safetensors_header(path)) == {"a": (1,)}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty or cut short"),
        (b"\x00" * 7, "empty or cut short"),
        (struct.pack("<Q", 2**63) + b"{}", "cut short"),
        (safetensors_bytes(b"{}", length=3), "cut short"),
        (safetensors_bytes(b"[]"), "not JSON"),
        (safetensors_bytes(b'{"a":'), "not valid JSON"),
        (safetensors_bytes(b'{"a": ' + b"[" * 100_000), "not valid JSON"),
        (safetensors_bytes(b'{"\xff": 1}'), "not valid JSON"),
        (safetensors_bytes(b'{"a": 1, "a": 2}'), "not valid JSON"),
        (safetensors_bytes({"a": 3}), "wrongly"),
        (safetensors_bytes({"__metadata__": {"a": 1}}), "metadata"),
        (safetensors_bytes({"a": tensor([1], [0, 4], "F33")}, b"1234"), "unknown type"),
        (safetensors_bytes({"a": tensor([1], [0, 4], ["F32"])}, b"1234"), "unknown type"),
        (safetensors_bytes({"a": tensor([-1], [0, 4])}, b"1234"), "makes no sense"),
        (safetensors_bytes({"a": tensor([2**61, 2**61], [0, 4])}, b"1234"), "makes no sense"),
        (safetensors_bytes({"a": tensor([1] * 100, [0, 4])}, b"1234"), "makes no sense"),
        (safetensors_bytes({"a": tensor([1], [4, 0])}, b"1234"), "make no sense"),
        (safetensors_bytes({"a": tensor([1], [0, 4, 8])}, b"1234"), "make no sense"),
        (safetensors_bytes({"a": tensor([1], [0, 4])}, b"123"), "cut short"),
        (safetensors_bytes({"a": tensor([2], [0, 4])}, b"1234"), "differ"),
        (
            safetensors_bytes({"a": tensor([1], [0, 4]), "b": tensor([1], [0, 4])}, b"1234"),
            "overlap",
        ),
        (safetensors_bytes({"a": tensor([1], [0, 4])}, b"12345"), "after its last"),
        (safetensors_bytes({"a" * 2000: tensor([1], [0, 4])}, b"1234"), "too long"),
        (b"PK\x03\x04" + b"\x00" * 50, "pickle"),
        (b"\x80\x02}q\x00." + b"\x00" * 50, "pickle"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"GGUF" + b"\x00" * 50, "GGUF"),
    ],
)
def test_hostile_safetensors(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        safetensors_header(path)
    assert message in caught.value.message
    assert caught.value.file == str(path)


def test_a_header_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", 2**30))
        stream.truncate(2**31)  # sparse: takes no room
    with pytest.raises(BadInput, match="too large"):
        safetensors_header(path)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_refused_or_read_like_the_library(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "a.safetensors"
    save_file({"x": np.ones((2, 3), np.float32), "y": np.ones((4,), np.int8)}, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        shapes = tensor_shapes(safetensors_header(path))
    except BadInput:
        return
    assert shapes == {name: value.shape for name, value in load_file(path).items()}


def test_gguf_metadata_and_long_lists(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    metadata = {
        "general.architecture": "llama",
        "general.name": "Tiny",
        "llama.context_length": 2048,
        "tokenizer.ggml.tokens": [f"token{n}" for n in range(1000)],
        "general.tags": ["a", "b"],
    }
    path.write_bytes(gguf_bytes(metadata, {"t": (4, 8), "u": (3,)}))
    header = read_gguf(path)
    assert (header.architecture, header.name, header.context_length) == ("llama", "Tiny", 2048)
    assert header.parameters == 35
    assert not header.is_lora
    assert header.metadata["general.tags"] == ["a", "b"]
    assert header.metadata["tokenizer.ggml.tokens"] is None


def test_gguf_lora_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(gguf_bytes({"general.type": "adapter", "adapter.type": "lora"}, {}))
    assert read_gguf(path).is_lora


def test_gguf_written_by_the_gguf_package(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "a.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_name("By the package")
    writer.add_token_list([f"t{n}" for n in range(300)])
    writer.add_array("some.numbers", list(range(200)))
    writer.add_tensor("w", np.zeros((3, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = read_gguf(path)
    assert (header.name, header.context_length) == ("By the package", 512)
    assert header.tensors == {"w": (4, 3)}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut short"),
        (b"GGML" + b"\x00" * 40, "no GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "byte order"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "too many"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "too many"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "too long"),
        (gguf_bytes({"a": "b"}, {})[:-1], "cut short"),
        (gguf_bytes({"a": ["b"] * 100}, {})[:-1], "cut short"),
        (gguf_bytes({}, {"t": [1] * 9}), "no sense"),
        (gguf_bytes({}, {"t": [2**60]}), "no sense"),
        (
            b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 8, 2**62),
            "cut short",
        ),
        (
            b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 9, 1),
            "list in a list",
        ),
    ],
)
def test_hostile_gguf(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_gguf(path)
    assert message in caught.value.message


@given(data=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_refused_in_words(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "x"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2, 3) + data)
    with pytest.raises(BadInput):
        read_gguf(path)
    path.write_bytes(data)
    with pytest.raises(BadInput):
        safetensors_header(path)
