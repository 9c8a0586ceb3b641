"""Evaluation for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.tui.evaluation_services import EvaluationRequest, RunView, Which

if TYPE_CHECKING:
    from lwtui.evaluate.reading import Reading
    from lwtui.evaluate.record import RunRecord, Sample
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection

SPOKES = 3
"""A radar of fewer tasks is no picture."""
MOST_PAIRS = 2_000
"""Rows on which two models are compared, at most."""


class WorkflowEvaluation:
    """Implements :class:`lwtui.tui.evaluation_services.EvaluationServices`."""

    def _open(self) -> Collection:
        raise NotImplementedError

    def task_names(self, context: JobContext) -> list[str]:
        from lwtui.evaluate.tasks import list_tasks

        return [task.name for task in list_tasks(context=context)]

    def plan_evaluation(self, request: EvaluationRequest, context: JobContext) -> RunRecord:
        from lwtui.workflow.evaluate import plan

        record = plan(
            request.tasks,
            models=request.models,
            top=0 if request.models else request.top,
            settings=request.settings,
            collection=self._open(),
            context=context,
        )
        if request.pick and not record.pick:
            record = dataclasses.replace(record, pick=request.pick)
        return record

    def preview_prompt(self, record: RunRecord, task: str, model: str, context: JobContext) -> str:
        from lwtui.workflow.evaluate import preview

        return preview(record, task, model, context)

    def create_run(self, record: RunRecord) -> str:
        from lwtui.workflow.evaluate import create

        return create(record)

    def evaluate(
        self, run_id: str, context: JobContext, on_change: Callable[[], None]
    ) -> RunRecord:
        from lwtui.workflow.evaluate import resume

        return resume(run_id, context, on_change)

    def runs(self) -> list[RunRecord]:
        from lwtui.workflow.evaluate import runs

        return runs()

    def run_view(self, run_id: str) -> RunView:
        from lwtui.workflow.evaluate import open_run

        with open_run(run_id) as store:
            return RunView(store.record(), tuple(store.cells()))

    def read_run(self, run_id: str) -> Reading:
        from lwtui.evaluate.reading import read_run
        from lwtui.workflow.evaluate import open_run

        with open_run(run_id) as store:
            return read_run(store)

    def samples(
        self, run_id: str, model: str, task: str, which: Which, other: str, offset: int, limit: int
    ) -> tuple[list[tuple[Sample, Sample | None]], int]:
        from lwtui.workflow.evaluate import open_run

        found: list[tuple[Sample, Sample | None]]
        with open_run(run_id) as store:
            if which == "lost":
                found = list(store.disagreements(task, model, other, 0, MOST_PAIRS))
                return found[offset : offset + limit], len(found)
            if which == "won":
                pairs = store.disagreements(task, other, model, 0, MOST_PAIRS)
                found = [(right, wrong) for wrong, right in pairs]
                return found[offset : offset + limit], len(found)
            found = [(each, None) for each in store.samples(model, task, offset, limit, which)]
            return found, store.sample_count(model, task, which)

    def rename_run(self, run_id: str, name: str) -> None:
        from lwtui.workflow.evaluate import rename

        rename(run_id, name)

    def delete_run(self, run_id: str) -> None:
        from lwtui.workflow.evaluate import delete

        delete(run_id)

    def export_run(self, run_id: str, kind: str, target: Path) -> Path:
        from lwtui.workflow.evaluate import export

        return export(run_id, kind, target)

    def draw_run(self, run_id: str, target: Path) -> Path:
        from lwtui.workflow.table import check_pictures, draw, make_table

        check_pictures(target)
        table = make_table(run_id)
        if len(table.comparison.tasks) >= SPOKES:
            draw(table, radar=target)
        else:
            draw(table, bars=target)
        return target
