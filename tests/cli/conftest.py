"""The command line as people and scripts use it, on a collection of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))

from tiny_models import TinyModel, make_all

from lwtui.cli.main import run_command
from lwtui.workflow.collect import add


@dataclass(frozen=True)
class Result:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output; fails if there is anything else."""
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> None:
    """A shell that starts the tests in the background has Ctrl+C ignored, by all that they start
    too: a command would then not hear of it, and tests would wait for a minute."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``LWTUI_HOME`` and, in this process, no starter collection."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LWTUI_HOME", str(folder))
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: tmp_path / "starter")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return folder


@pytest.fixture
def lwtui(home: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process."""

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        code = run_command([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def process(home: Path) -> Run:
    """Run a command line in a process of its own."""

    def run(*arguments: object, code: str = "", **options: Any) -> Result:
        start = ["-c", code] if code else ["-m", "lwtui"]
        done = subprocess.run(
            [sys.executable, *start, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUTF8": "1"},
            **{"stdin": subprocess.DEVNULL, **options} if "input" not in options else options,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        return make_all(tmp_path_factory.getbasetemp() / "tiny_model")


@pytest.fixture
def quick(home: Path, tiny_model: TinyModel) -> str:
    """The tiny base for tests of what is around the model: as GGUF, which is loaded in no time,
    where llama.cpp is installed."""
    there = importlib.util.find_spec("llama_cpp") is not None
    return add(tiny_model.gguf if there else tiny_model.base, id="tiny/base", in_place=True).id
