"""``lwtui chat`` with a real (tiny) model that learnt a few answers by heart."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_models import TinyModel

from lwtui.workflow.collect import add

from .conftest import Run

MORNING = "Good morning.\n\nHow can I help you today?"


@pytest.fixture
def tiny(home: Path, tiny_model: TinyModel) -> str:
    """The tiny base, in place, as safetensors: every machine can run it."""
    return add(tiny_model.base, id="tiny/base", in_place=True).id


def test_one_prompt(quick: str, lwtui: Run) -> None:
    result = lwtui("chat", quick, "--prompt", "Hello", "--temperature", 0)
    assert (result.code, result.out) == (0, MORNING + "\n")


def test_one_prompt_as_json(tiny: str, process: Run) -> None:
    arguments = ["chat", tiny, "--prompt", "-", "--temperature", "0", "--json"]
    result = process(*arguments, input="Hello")
    assert result.code == 0
    assert result.json["answer"] == MORNING
    assert result.json["learnware"] == tiny
    assert (result.json["backend"], result.json["device"]) == ("transformers", "cpu")
    assert result.json["finished"] == "stop"
    assert result.json["tokens"] > 5


def test_without_an_id_the_first_base_answers(quick: str, lwtui: Run) -> None:
    result = lwtui("chat", "--prompt", "2+2?", "--temperature", 0, "--max-tokens", 3, "--json")
    assert result.json["learnware"] == quick
    assert result.json["finished"] == "length"


def test_what_cannot_be_asked(tiny: str, lwtui: Run, home: Path) -> None:
    assert lwtui("chat", tiny, "--prompt", "  ").code == 2
    assert lwtui("chat", tiny, "--prompt", "x", "--backend", "llama_cpp").code == 2
    assert lwtui("chat", "tiny/bse", "--prompt", "x").code == 2
    assert lwtui("chat", "--for", home / "nothing", "--prompt", "x").code == 2
    (result,) = [lwtui("chat", "--for", home / "nothing", "--prompt", "x", "--json")]
    assert str(home / "nothing") in str(result.json["error"])


def test_an_empty_collection(lwtui: Run) -> None:
    result = lwtui("chat", "--prompt", "x")
    assert result.code == 2
    assert "lwtui add" in result.err


def test_lines_from_a_pipe(quick: str, process: Run) -> None:
    lines = "Hello\n\nWho are you?\n/quit\nnot asked\n"
    result = process("chat", quick, "--temperature", "0", input=lines)
    assert result.code == 0
    assert result.out.startswith(MORNING + "\n")
    assert "not asked" not in result.out
    assert "Traceback" not in result.err


@contextlib.contextmanager
def in_terminal(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command with a pseudo-terminal of its own as its controlling terminal."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "lwtui", *arguments]
    environment = {**os.environ, "TERM": "dumb", "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    try:
        yield process, controller
    finally:
        process.kill()
        process.wait()
        os.close(controller)


def read_until(controller: int, wanted: bytes) -> bytes:
    data = b""
    while wanted not in data:
        try:
            block = os.read(controller, 4096)
        except OSError:
            block = b""
        assert block, f"it ended without {wanted!r}: {data!r}"
        data += block
    return data


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_stops_the_answer_and_ctrl_d_leaves(quick: str) -> None:
    with in_terminal("chat", quick, "--temperature", "0", "--max-tokens", "2000") as (
        process,
        controller,
    ):
        read_until(controller, b"> ")
        os.write(controller, b"Sing!\n")
        read_until(controller, b"la la la")
        process.send_signal(signal.SIGINT)
        # Back at the prompt, with the partial answer kept: the next question is answered.
        read_until(controller, b"> ")
        os.write(controller, b"Hello\n")
        read_until(controller, b"> ")
        os.write(controller, b"\x04")
        assert process.wait(60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_at_the_prompt_leaves(quick: str) -> None:
    with in_terminal("chat", quick) as (process, controller):
        read_until(controller, b"> ")
        # GNU readline misses a signal that comes after its prompt and before it waits for a key:
        # press again, as a person would.
        for _ in range(60):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        assert process.returncode == 130


def test_check_runs_the_model(tiny: str, lwtui: Run) -> None:
    report = lwtui("check", tiny, "--json")
    items = {item["name"]: item for item in report.json["items"]}
    assert items["runs"]["ok"]
    assert "transformers on cpu" in items["runs"]["message"]


def test_doctor(tiny: str, lwtui: Run) -> None:
    report = lwtui("doctor", "--json")
    assert report.code == 0
    assert report.json["ok"] is True
    names = {item["name"] for item in report.json["items"]}
    assert {"Python", "memory", "collection", "backend transformers"} <= names
    assert "backend transformers" in lwtui("doctor").out
