"""A job in a process of its own: results, errors, crashes, cancels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.isolated import run_isolated
from lwtui.jobs import CancelToken, JobContext, Progress


def call(name: str, context: JobContext | None = None, **request: object) -> dict[str, object]:
    return run_isolated(f"tests.isolated_targets:{name}", request, context or JobContext())


def test_result_and_progress_come_back_from_another_process() -> None:
    seen: list[Progress] = []
    result = call("double", JobContext(seen.append), value=21)
    assert result["value"] == 42
    assert result["process"] != os.getpid()
    assert [(p.done, p.total, p.note) for p in seen] == [(1, 2, "half"), (2, 2, "done")]


def test_an_error_keeps_every_field() -> None:
    with pytest.raises(BadInput) as caught:
        call("refuse")
    error = caught.value
    assert (error.message, error.hint) == ("Not like this.", "Like that.")
    assert (error.file, error.line, error.field) == ("rows.csv", 7, "answer")


@pytest.mark.parametrize(
    ("signal", "words"), [("SIGKILL", "killed from outside"), ("SIGSEGV", "SIGSEGV")]
)
def test_a_crash_is_a_message_and_the_next_call_works(signal: str, words: str) -> None:
    with pytest.raises(LwtuiError, match=words):
        call("kill_itself", signal=signal)
    assert call("double", value=1)["value"] == 2


def test_an_unasked_end_tells_its_last_words() -> None:
    with pytest.raises(LwtuiError, match=r"status 7.*these are the last words"):
        call("leave")


def test_a_bug_is_told_as_one() -> None:
    with pytest.raises(LwtuiError, match="ZeroDivisionError: a bug"):
        call("bug")


def test_a_cancel_ends_a_hanging_process(tmp_path: Path) -> None:
    token = CancelToken()

    def cancel_when_it_hangs(progress: Progress) -> None:
        token.cancel()

    file = tmp_path / "pid"
    with pytest.raises(Cancelled):
        call("hang", JobContext(cancel_when_it_hangs, token), file=str(file))
    assert not psutil.pid_exists(int(file.read_text()))


def test_the_process_dies_with_the_app(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    script = (
        "import os, sys\n"
        "from lwtui.isolated import run_isolated\n"
        "from lwtui.jobs import JobContext\n"
        "run_isolated('tests.isolated_targets:hang', {'file': sys.argv[1]},\n"
        "             JobContext(lambda progress: os._exit(9)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert done.returncode == 9
    child = int(file.read_text())
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=10)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"
