"""Functions that test_isolated.py has called in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from lwtui.errors import BadInput
from lwtui.jobs import JobContext


def double(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    print("a library prints this on standard output")
    context.progress(1, 2, "half")
    context.progress(2, 2, "done")
    return {"value": request["value"] * 2, "process": os.getpid()}


def refuse(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    raise BadInput("Not like this.", hint="Like that.", file="rows.csv", line=7, field="answer")


def kill_itself(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    os.kill(os.getpid(), getattr(signal, request["signal"]))
    return {}


def leave(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    print("these are the last words", file=sys.stderr)
    sys.stderr.flush()
    os._exit(7)


def hang(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    Path(request["file"]).write_text(str(os.getpid()))
    context.progress(0, 1, "hanging")
    while True:
        time.monotonic()


def bug(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    raise ZeroDivisionError("a bug")
