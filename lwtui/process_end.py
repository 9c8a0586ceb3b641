"""Why a process of ours ended, in a sentence a person can act on."""

from __future__ import annotations

import signal
from pathlib import Path


def explain_exit(
    code: int, out_of_memory: bool, process: str = "The model's process"
) -> tuple[str, str]:
    """A sentence and a hint for the exit status of a process (negative: a signal's number)."""
    if code == -9 and out_of_memory:
        return (
            f"The system ran out of memory: {_uncapital(process)} was killed (SIGKILL).",
            "Close other programs, or take a smaller model or a quantised (GGUF) one.",
        )
    if code == -9:
        return (
            f"{process} was killed from outside (SIGKILL), by a person or by the system, "
            "which does so when memory runs out.",
            "If it happens again, take a smaller or a quantised (GGUF) model.",
        )
    causes = {
        "SIGSEGV": ("crashed in native code", "The model file may be damaged."),
        "SIGBUS": ("lost its model file or its memory", "Is the disk full, or the file gone?"),
        "SIGILL": ("met an instruction this processor lacks", "Rebuild the backend here."),
        "SIGABRT": ("gave up in native code", "The model file may be damaged or unsupported."),
        "SIGTERM": ("was told to end", ""),
    }
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        cause, hint = causes.get(name, ("was ended", ""))
        return f"{process} {cause} ({name}).", hint
    return f"{process} ended unasked (exit status {code}).", ""


def oom_kills() -> int:
    """How often the kernel has killed a process of our control group for memory (Linux)."""
    for file in ("/sys/fs/cgroup/memory.events", "/proc/vmstat"):
        try:
            lines = Path(file).read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]
