"""The command as a program: start-up, usage errors, interrupts, broken pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from learnware.builders import manifest_text, write_manifest_text

from lwtui import __version__
from lwtui.cli.main import VERBS

from .conftest import Run

HEAVY = ("textual", "torch", "numpy", "transformers", "peft", "llama_cpp", "huggingface_hub")
IMPORTED = f"""
import sys
from lwtui.cli.main import run_command
code = run_command(sys.argv[1:])
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["list"], ["nonsense"], *([verb, "--help"] for verb in VERBS)],
)
def test_starting_imports_nothing_heavy(process: Run, arguments: list[str]) -> None:
    result = process(*arguments, code=IMPORTED)
    assert result.err.splitlines()[-1] == "[]"


def test_help_names_every_verb(lwtui: Run) -> None:
    result = lwtui("--help")
    assert result.code == 0
    assert all(f"\n  {verb} " in result.out for verb in VERBS)
    for verb in VERBS:
        assert lwtui(verb, "--help").code == 0


def test_version(process: Run) -> None:
    result = process("--version")
    assert (result.code, result.out) == (0, f"lwtui, version {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lits"], "Did you mean 'list'?"),
        (["--nonsense"], "--nonsense"),
        (["show"], "Missing argument 'ID'"),
        (["show", "a", "b"], "unexpected extra argument"),
        (["list", "--limit", "0"], "--limit"),
        (["list", "--limit", "many"], "--limit"),
        (["match"], "Missing argument"),
        (["chat", "a/b", "--for", "x", "--prompt", "hi"], "Give one of these"),
        (["chat", "--json"], "--json needs --prompt"),
        (["chat", "--backend", "x"], "--backend"),
        (["spec", "x", "--rows", "0"], "--rows"),
        (["spec", "x", "-o", "x.bin"], ".safetensors"),
        (["spec", "x", "-o", "nowhere/x.safetensors"], "no such folder"),
        (["spec", "x", "--fields", "prompt"], "is not a field"),
        (["add", "/nonexistent/path"], "no such file"),
    ],
)
def test_bad_usage_is_exit_code_2(lwtui: Run, arguments: list[str], message: str) -> None:
    for json in (False, True):
        result = lwtui(*arguments, *(["--json"] if json and "--json" not in arguments else []))
        assert result.code == 2
        assert message in result.err
        assert "Traceback" not in result.err
        if json or "--json" in arguments:
            assert message.rstrip("?") in str(result.json["error"]).replace('"', "'")
            assert result.json["error"]["exit_code"] == 2
        else:
            assert result.out == ""


def test_without_a_terminal_the_app_does_not_open(process: Run) -> None:
    result = process()
    assert result.code == 2
    assert "needs a terminal" in result.err
    assert result.out == ""


def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    for number in range(3000):
        name = f"local/m{number}"
        write_manifest_text(home, name, manifest_text(name, "a title " * 5))
    command = [sys.executable, "-m", "lwtui", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() in (0, 1)


SLOW = """
import os, signal, sys
from lwtui.learnware import storage
from lwtui.cli.main import run_command
original = storage.copy_file
from lwtui.learnware import adding
def interrupted(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return original(*arguments, **options)
adding.copy_file = interrupted
sys.exit(run_command(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("json", [False, True])
def test_ctrl_c_is_exit_code_130(process: Run, home: Path, tmp_path: Path, json: bool) -> None:
    from learnware.builders import write_base

    folder = write_base(tmp_path / "base")
    arguments = ["add", str(folder), *(["--json"] if json else [])]
    result = process(*arguments, code=SLOW)
    assert result.code == 130
    assert "Traceback" not in result.err
    assert result.err.splitlines()[-1] == "Stopped."
    if json:
        assert result.json["error"]["exit_code"] == 130
    else:
        assert result.out == ""
    assert not list(home.rglob("*.safetensors"))


def test_a_terminal_without_unicode_gets_question_marks(process: Run, home: Path) -> None:
    write_manifest_text(home, "local/a", manifest_text("local/a", "漢字"))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "lwtui", "list"]
    for arguments in ([], ["--json"]):
        done = subprocess.run(
            [*command, *arguments], capture_output=True, check=False, env=environment
        )
        assert done.returncode == 0
        assert done.stderr == b""
        assert done.stdout.isascii()
    assert b"\\u6f22" in done.stdout


def test_signal_handlers_are_restored(lwtui: Run, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    lwtui("add", tmp_path / "nothing")
    assert signal.getsignal(signal.SIGINT) is before
