"""What the app needs from evaluation: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from lwtui.evaluate.reading import Reading
    from lwtui.evaluate.record import Cell, RunRecord, RunSettings, Sample
    from lwtui.jobs import JobContext

Which = Literal["all", "wrong", "lost", "won"]
"""Rows of a model: all, wrong ones, wrong where the other was right, right where the other was
wrong."""


def usual_settings() -> RunSettings:
    from lwtui.evaluate.record import RunSettings

    return RunSettings()


@dataclass(frozen=True)
class EvaluationRequest:
    """What the form says."""

    tasks: tuple[str, ...] = ()
    """Folders, names of tasks, groups."""
    models: tuple[str, ...] = ()
    """Ids; empty: the ``top`` best of a match."""
    top: int = 3
    pick: str = ""
    """What a match chose before, if it did."""
    settings: RunSettings = field(default_factory=usual_settings)


@dataclass(frozen=True)
class RunView:
    """A run as it is on disk at one moment."""

    record: RunRecord
    cells: tuple[Cell, ...]


class EvaluationServices(Protocol):
    """Everything may block and is called in workers only. Errors for users are ``LwtuiError``."""

    def task_names(self, context: JobContext) -> list[str]:
        """Every task and group by name, the paper's groups first."""

    def plan_evaluation(self, request: EvaluationRequest, context: JobContext) -> RunRecord: ...

    def preview_prompt(
        self, record: RunRecord, task: str, model: str, context: JobContext
    ) -> str: ...

    def create_run(self, record: RunRecord) -> str:
        """Write a planned run; returns its id."""

    def evaluate(
        self, run_id: str, context: JobContext, on_change: Callable[[], None]
    ) -> RunRecord:
        """Run what is left of a run. A cancel raises ``Cancelled`` and leaves it paused."""

    def runs(self) -> list[RunRecord]: ...

    def run_view(self, run_id: str) -> RunView: ...

    def read_run(self, run_id: str) -> Reading: ...

    def samples(
        self, run_id: str, model: str, task: str, which: Which, other: str, offset: int, limit: int
    ) -> tuple[list[tuple[Sample, Sample | None]], int]:
        """Rows ``offset`` to ``offset + limit``, each beside that of ``other`` where two models are
        compared, and how many there are in all."""

    def rename_run(self, run_id: str, name: str) -> None: ...

    def delete_run(self, run_id: str) -> None: ...

    def export_run(self, run_id: str, kind: str, target: Path) -> Path: ...

    def draw_run(self, run_id: str, target: Path) -> Path:
        """The radar of the comparison; bars of the scores for fewer than three tasks."""
