"""What this machine can run, and why: the facts behind ``lwtui doctor``."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lwtui import __version__, paths
from lwtui.backend import machine as machines
from lwtui.backend.choose import choose
from lwtui.config import config_file, read_config
from lwtui.errors import LwtuiError
from lwtui.learnware.collection import Collection
from lwtui.workflow.doctor_hub import hub_answers, hub_settings
from lwtui.workflow.doctor_items import DoctorItem

OLDEST_PYTHON = (3, 10)
SMALLEST_TERMINAL = (80, 24)
"""Columns and lines that the app needs."""


@dataclass(frozen=True)
class DoctorReport:
    items: tuple[DoctorItem, ...]

    @property
    def ok(self) -> bool:
        """Whether lwtui can work here: there is a backend, a collection, and a place to write."""
        return all(item.ok for item in self.items)

    def to_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {"ok": self.ok, "items": [asdict(item) for item in self.items]}


def diagnose(*, network: bool = False) -> DoctorReport:
    """Look at this machine. Takes a second at most, unless ``network`` asks for the Hub too."""
    checks: list[Callable[[], Iterator[DoctorItem]]] = [
        _software,
        _hardware,
        _backends,
        _collection,
        _folders,
        _settings,
        hub_settings,
        _terminal,
    ]
    if network:
        checks.append(hub_answers)
    return DoctorReport(tuple(item for check in checks for item in check()))


def _software() -> Iterator[DoctorItem]:
    yield DoctorItem("lwtui", __version__)
    old = sys.version_info < OLDEST_PYTHON
    hint = "lwtui needs Python 3.10 or later." if old else ""
    yield DoctorItem("Python", platform.python_version(), not old, hint)
    yield DoctorItem("platform", f"{platform.system()} {platform.release()} {platform.machine()}")


def _hardware() -> Iterator[DoctorItem]:
    machine = machines.look()
    yield DoctorItem("CPU cores", str(machine.cores))
    low = machine.available < 2**30
    hint = "Less than 1 GB is free: only the smallest models will load." if low else ""
    value = f"{_gigabytes(machine.available)} free of {_gigabytes(machine.memory)}"
    yield DoctorItem("memory", value, hint=hint)
    gpu = machine.gpu
    if gpu is None:
        yield DoctorItem("GPU", "none found")
    else:
        size = f", {_gigabytes(gpu.memory)}" if gpu.memory else ""
        yield DoctorItem("GPU", f"{gpu.name}{size}")


def _backends() -> Iterator[DoctorItem]:
    statuses = machines.statuses()
    usable = any(status.available for status in statuses if status.name != "openai")
    for status in statuses:
        where = ", ".join(status.devices) or "servers that you name"
        value = f"{status.version} on {where}" if status.available else "no"
        if status.reason:
            value = f"{value}: {status.reason}"
        # One backend is enough; a second is a choice, and no fault when it is missing.
        yield DoctorItem(f"backend {status.name}", value, status.available or usable, status.hint)


def _collection() -> Iterator[DoctorItem]:
    try:
        with Collection.open() as collection:
            count = collection.count()
            bases = collection.count(kind="base")
            problems = collection.problems
            value = f"{count} learnwares, {bases} of them base models"
            hint = "" if count else "The built-in collection is missing: reinstall lwtui."
            yield DoctorItem("collection", value, count > 0, hint)
            for problem in problems:
                yield DoctorItem("collection", problem, False, "Mend or remove its folder.")
            yield from _automatic(collection)
    except (LwtuiError, OSError) as error:
        yield DoctorItem("collection", str(error), False)


def _automatic(collection: Collection) -> Iterator[DoctorItem]:
    """What ``auto`` would choose, shown on a learnware that is here: an adapter, else any."""
    sample = collection.list(kind="adapter", limit=1) or collection.list(limit=1)
    for learnware in sample:
        try:
            choice = choose(learnware, collection.base_of(learnware))
        except LwtuiError as error:
            yield DoctorItem("auto", f"nothing for {learnware.id}: {error}", False)
            return
        value = f"{choice.plan.backend} for {learnware.id}. {choice.reason}"
        yield DoctorItem("auto", value)


def _folders() -> Iterator[DoctorItem]:
    home = paths.home()
    writable = _writable(home)
    hint = "" if writable else "Set LWTUI_HOME to a folder you may write to."
    yield DoctorItem("home", str(home), writable, hint)
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    hint = "Pulled models may not fit." if free < 2 * 2**30 else ""
    yield DoctorItem("disk", f"{_gigabytes(free)} free", hint=hint)


def _terminal() -> Iterator[DoctorItem]:
    if not sys.stdout.isatty():
        yield DoctorItem("terminal", "none: the output goes elsewhere")
        return
    size = shutil.get_terminal_size()
    deep = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    name = os.environ.get("TERM", "unknown")
    large = size.columns >= SMALLEST_TERMINAL[0] and size.lines >= SMALLEST_TERMINAL[1]
    colours = "16 million" if deep else "256" if "256" in name else "few"
    value = f"{name}, {size.columns}×{size.lines}, {colours} colours"
    hint = "" if large else "The app needs 80×24."
    yield DoctorItem("terminal", value, hint=hint)


def _writable(folder: Path) -> bool:
    """Whether files can be made in ``folder``, or it in the first folder above that exists."""
    for candidate in (folder, *folder.parents):
        if candidate.exists():
            return candidate.is_dir() and os.access(candidate, os.W_OK | os.X_OK)
    return False


def _settings() -> Iterator[DoctorItem]:
    file = config_file()
    try:
        read_config()
        yield DoctorItem("settings", f"{file}" if file.exists() else f"none ({file})")
    except LwtuiError as error:
        yield DoctorItem("settings", str(error), False)


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GB"
