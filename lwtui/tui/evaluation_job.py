"""An evaluation as a job of the app: stopped, it keeps every row it has and can go on."""

from __future__ import annotations

from lwtui.tui.running_job import RunningJob
from lwtui.tui.unfinished import Unfinished


class EvaluationJob(RunningJob):
    """``run_id`` is empty until the run is written."""

    def __init__(self, title: str, run_id: str = "") -> None:
        super().__init__(title, "evaluate", "requests", "evaluation")
        self.run_id = run_id
        self.name_run(run_id)

    def name_run(self, run_id: str) -> None:
        """Its run is on disk now, or (empty) no longer."""
        self.run_id = run_id
        arguments: dict[str, str | int] = {"run": run_id}
        self.kept = Unfinished("evaluation", self.title, arguments) if run_id else None

    @property
    def can_pause(self) -> bool:
        return self.state == "running" and not self.cancel.cancelled

    @property
    def can_resume(self) -> bool:
        return self.state in ("paused", "failed") and bool(self.run_id)

    def end(self, error: Exception | None) -> None:
        super().end(error)
        if self.state == "stopped" and self.run_id:
            self.state = "paused"
