"""What can be done with whole runs: list, rename, delete, export, draw."""

from __future__ import annotations

import re
from pathlib import Path

from textual import work
from textual.widgets import Input

from lwtui.errors import BadInput, LwtuiError
from lwtui.evaluate.record import RunRecord
from lwtui.jobs import JobContext
from lwtui.tui import evaluation_messages as told
from lwtui.tui import messages
from lwtui.tui.compare_runs import side_by_side
from lwtui.tui.messages import RunningJob
from lwtui.tui.screens.ask import AskScreen, ConfirmScreen
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.text import clean, one_line
from lwtui.tui.widgets.run_list import RunList
from lwtui.tui.widgets.run_panel import RunPanel

KINDS = {".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown"}
"""Ending of a target to the kind of an export."""


class RunFiles(ModeScreen):
    """The half of the evaluation screen that handles runs as files."""

    def __init__(self) -> None:
        super().__init__()
        self.step = "runs"
        self.job: RunningJob | None = None
        """The evaluation that goes on."""
        self.job_run = ""
        """Id of its run; empty until it is written."""
        self.delete_after = ""
        """Id of a run to be removed when it has stopped."""
        self.opening = ""
        """Id of a run that is being opened from the list."""

    def go(self, step: str) -> None:
        raise NotImplementedError

    def open_run(self, run_id: str) -> None:
        raise NotImplementedError

    def context_of(self, job: RunningJob) -> JobContext:
        """What a job's worker gets."""
        return JobContext(
            lambda progress: self.tell(messages.JobProgressed(job, progress)), job.cancel
        )

    @property
    def chosen(self) -> RunRecord | None:
        """The run on show, or the one under the cursor."""
        if self.step == "runs":
            return self.query_one(RunList).run
        view = self.query_one(RunPanel).view
        return view.record if view is not None and view.record.id else None

    @work(thread=True, exclusive=True, group="runs")
    def list_runs(self) -> None:
        try:
            runs = self.services.runs()
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The runs could not be read", error))
            return
        self.post_message(told.RunsListed(runs))

    def on_runs_listed(self, message: told.RunsListed) -> None:
        self.query_one(RunList).show(message.runs, self.job_run)
        self.refresh_bindings()
        if self.step == "runs" and self.app.screen is self and not isinstance(self.focused, Input):
            self.query_one("#runs").focus()

    # Compare

    def action_compare(self) -> None:
        """Mark a run; with another one marked before, show both."""
        run, runs = self.chosen, self.query_one(RunList)
        if run is None:
            return
        marked = runs.marked
        if not marked:
            runs.mark(run.id)
            self.notify("Now c on another run.", title="Marked", markup=False)
            return
        runs.mark("")
        if marked != run.id:
            self.compare_runs(marked, run.id)

    @work(thread=True, exclusive=True, group="compare")
    def compare_runs(self, one: str, other: str) -> None:
        try:
            view = side_by_side(self.services.run_view(one), self.services.run_view(other))
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("These runs cannot be compared", error))
            return
        self.post_message(told.RunsCompared(view))

    # Rename

    @work
    async def action_rename(self) -> None:
        run = self.chosen
        if run is None:
            return
        name = await self.app.push_screen_wait(AskScreen("Another name", run.name))
        if name is not None:
            self.rename_run(run.id, name)

    @work(thread=True, group="files")
    def rename_run(self, run_id: str, name: str) -> None:
        try:
            self.services.rename_run(run_id, name)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The run keeps its name", error))
            return
        self.app.call_from_thread(self._changed, run_id)

    def _changed(self, run_id: str) -> None:
        self.list_runs()
        if self.step == "run":
            self.open_run(run_id)

    # Delete

    @work
    async def action_delete(self) -> None:
        run = self.chosen
        if run is None:
            return
        running = run.id == self.job_run and self.job is not None
        what = f"{one_line(run.name, 60)}: every score and every answer of this run."
        title = "Stop and delete this run?" if running else "Delete this run?"
        if not await self.app.push_screen_wait(ConfirmScreen(title, what, "Delete")):
            return
        if running and self.job is not None:
            self.delete_after = run.id
            self.job.cancel.cancel()
        else:
            self.remove_run(run.id)

    @work(thread=True, group="files")
    def remove_run(self, run_id: str) -> None:
        try:
            self.services.delete_run(run_id)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The run was not deleted", error))
            return
        self.app.call_from_thread(self.lwtui.evaluation_gone, run_id)
        self.app.call_from_thread(self.go, "runs")

    # Export

    @work
    async def action_export(self) -> None:
        run = self.chosen
        if run is None:
            return
        help = (
            "The ending decides: .md a table to read, .csv a line a score; without an ending a "
            "folder in the harness's own JSON."
        )
        target = await self.app.push_screen_wait(
            AskScreen("Export to", str(Path.cwd() / f"{file_name(run)}.md"), help)
        )
        if target is not None:
            self.write_run(run.id, Path(target).expanduser())

    @work(thread=True, group="files")
    def write_run(self, run_id: str, target: Path) -> None:
        try:
            kind = kind_of(target)
            written = self.services.export_run(run_id, kind, target)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The run was not exported", error))
            return
        self.app.call_from_thread(self._written, written)

    @work
    async def action_image(self) -> None:
        run = self.chosen
        if run is None:
            return
        help = ".svg, .png or .pdf. A radar from three tasks on, else bars."
        target = await self.app.push_screen_wait(
            AskScreen("Picture to", str(Path.cwd() / f"{file_name(run)}.svg"), help)
        )
        if target is not None:
            self.draw_run(run.id, Path(target).expanduser())

    @work(thread=True, group="files")
    def draw_run(self, run_id: str, target: Path) -> None:
        try:
            written = self.services.draw_run(run_id, target)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("No picture was written", error))
            return
        self.app.call_from_thread(self._written, written)

    def _written(self, path: Path) -> None:
        self.notify(clean(str(path)), title="Written", markup=False)


def kind_of(target: Path) -> str:
    """Raises ``BadInput`` for an ending that no export has."""
    ending = target.suffix.lower()
    if not ending:
        return "json"
    if ending not in KINDS:
        raise BadInput(
            f"There is no export to {one_line(ending, 20)}.",
            hint="End it in .md or .csv; no ending writes a folder of JSON.",
        )
    return KINDS[ending]


def file_name(run: RunRecord) -> str:
    """The run's name as a file can be called."""
    return re.sub(r"[^\w.-]+", "-", one_line(run.name, 60)).strip("-.") or "run"
