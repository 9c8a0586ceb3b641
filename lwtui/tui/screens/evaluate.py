"""Evaluate: runs, the form of a new one, what models see, the live matrix, and every row."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import ContentSwitcher

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.evaluate.record import RunRecord
from lwtui.tui import evaluation_messages as told
from lwtui.tui import messages
from lwtui.tui.bindings import bindings_of
from lwtui.tui.evaluation_services import RunView, Which
from lwtui.tui.messages import RunningJob
from lwtui.tui.screens.evaluate_plan import RunPlanning
from lwtui.tui.widgets.job_panel import JobPanel
from lwtui.tui.widgets.matrix import Matrix
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.widgets.run_form import RunForm
from lwtui.tui.widgets.run_list import RunList
from lwtui.tui.widgets.run_panel import RunPanel
from lwtui.tui.widgets.run_plan import RunPlan
from lwtui.tui.widgets.sample_browser import PAGE, SampleBrowser, SampleQuery

REFRESH = 0.2
"""Seconds between two readings of a run that goes on, at least."""
STEPS = {
    "new": ("runs", "run"),
    "open": ("runs",),
    "compare": ("runs",),
    "plan": ("form",),
    "pick": ("form",),
    "start": ("plan",),
    "pause": ("run",),
    "rows": ("run",),
    "turn": ("run",),
    "reading": ("run",),
    "show": ("samples",),
    "export": ("runs", "run"),
    "image": ("runs", "run"),
    "rename": ("runs", "run"),
    "delete": ("runs", "run"),
    "back": ("form", "job", "plan", "run", "samples"),
}
"""Action to the steps where it makes sense."""
FOCUS = {
    "runs": "#runs",
    "form": "#form-tasks",
    "job": "#job-stop",
    "plan": "#plan-tasks",
    "run": "#matrix",
    "samples": "#samples",
}


class EvaluateScreen(RunPlanning):
    """Steps ``runs`` → ``form`` → ``job`` (planning) → ``plan`` → ``run`` → ``samples``; escape
    goes back. A run goes on while the user is elsewhere."""

    MODE = "evaluate"
    CSS_PATH = "evaluate.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("evaluate")
    AUTO_FOCUS = "#runs"

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        """Id of the run on show."""
        self._reading_now = self._read_again = False
        self._read_key: tuple[str, int] = ("", -1)
        """The run and how many of its cells were done when it was last read as a whole."""

    def compose_body(self) -> ComposeResult:
        with ContentSwitcher(id="evaluate-steps", initial="run-list"):
            yield RunList(id="run-list")
            yield RunForm(id="run-form")
            yield JobPanel(id="plan-job")
            yield RunPlan(id="run-plan")
            yield RunPanel(id="run-panel")
            yield SampleBrowser(id="sample-browser")

    def on_mount(self) -> None:
        self.list_runs()
        self.read_places()

    # Steps

    def go(self, step: str) -> None:
        self.step = step
        widgets = {
            "runs": "run-list", "form": "run-form", "job": "plan-job",
            "plan": "run-plan", "run": "run-panel", "samples": "sample-browser",
        }  # fmt: skip
        self.query_one(ContentSwitcher).current = widgets[step]
        self.query_one(FOCUS[step]).focus()
        self.refresh_bindings()
        if step == "runs":
            self.list_runs()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense in this step."""
        if action in STEPS and self.step not in STEPS[action]:
            return False
        if (
            action in ("open", "compare", "export", "image", "rename", "delete")
            and self.chosen is None
        ):
            return False
        if action == "pause":
            return self._running_here or self._can_go_on
        return True

    def action_back(self) -> None:
        if self.step == "job":
            self.stop_planning()
        else:
            self.go({"plan": "form", "samples": "run"}.get(self.step, "runs"))

    # The run

    def busy(self) -> bool:
        """Say that one is enough for this machine."""
        if self.job is not None:
            error = BadInput("An evaluation is running.", hint="Wait for it, or pause it (p).")
            self.lwtui.complain(error, "Not now")
        return self.job is not None

    def start_run(self, record: RunRecord, run_id: str = "") -> None:
        if self.busy():
            return
        self.job = self.lwtui.evaluation_job(record.name, run_id)
        self.job_run = self._shown = run_id
        if run_id:
            self._show_head()
        else:
            waiting = RunView(dataclasses.replace(record, id="", state="running"), ())
            self.query_one(RunPanel).show(waiting, None, self.job)
        self.go("run")
        self.run_evaluation(record, run_id, self.job)

    @work(thread=True, group="run")
    def run_evaluation(self, record: RunRecord, run_id: str, job: RunningJob) -> None:
        try:
            if not run_id:
                run_id = self.services.create_run(record)
                self.post_message(told.RunCreated(job, run_id))
            self.services.evaluate(
                run_id, self.context_of(job), lambda: self.tell(told.RunChanged(run_id))
            )
        except (LwtuiError, OSError) as error:
            self.post_message(messages.JobEnded(job, error))
            return
        self.post_message(messages.JobEnded(job, None))

    def on_run_created(self, message: told.RunCreated) -> None:
        if message.job is self.job:
            self.lwtui.evaluation_written(message.job, message.run_id)
            if self._shown == self.job_run:
                self._shown = message.run_id
            self.job_run = message.run_id
            self._refresh_run()

    def on_run_changed(self, message: told.RunChanged) -> None:
        if message.run_id == self._shown:
            self._refresh_run()

    def on_job_progressed(self, message: messages.JobProgressed) -> None:
        if message.job is self.planning and not message.job.cancel.cancelled:
            self.query_one(JobPanel).show(message.progress)
        elif message.job is self.job and self._running_here:
            message.job.progress = message.progress  # the app hears of it after this screen
            self._show_head()

    def on_job_ended(self, message: messages.JobEnded) -> None:
        self.lwtui.end_job(message.job, message.error)
        if message.job is self.planning:
            self.planning = None
            self.go("form")
            if message.error is not None:
                self.lwtui.complain(message.error, "This cannot be evaluated")
        elif message.job is self.naming and message.error is not None:
            self.naming = None  # it may be asked again
        elif message.job is self.job:
            self._run_ended(message.error)

    def _run_ended(self, error: Exception | None) -> None:
        ended, self.job, self.job_run = self.job_run, None, ""
        if ended and ended == self.delete_after:
            self.delete_after = ""
            self.remove_run(ended)
            return
        if isinstance(error, Cancelled):
            self.notify("It goes on where it stopped when you want.", title="Paused", markup=False)
        elif error is not None:
            self.lwtui.complain(error, "The evaluation failed")
            if not ended:
                self.go("plan" if self.query_one(RunPlan).record is not None else "form")
                return
        self._read_key = ("", -1)
        self._refresh_run()
        self.list_runs()
        self.refresh_bindings()

    @work(thread=True, group="go-on")
    def go_on(self, run_id: str) -> None:
        """Go on with a run that was paused, or left by an earlier session."""
        try:
            record = self.services.run_view(run_id).record
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The evaluation cannot go on", error))
            return
        self.app.call_from_thread(self.start_run, record, run_id)

    @property
    def _running_here(self) -> bool:
        """Whether the run on show is the one that goes on."""
        return self.job is not None and self.job_run == self._shown

    @property
    def _can_go_on(self) -> bool:
        view = self.query_one(RunPanel).view
        return (
            self.job is None
            and view is not None
            and view.record.state in ("waiting", "paused", "stopped", "failed")
        )

    def action_pause(self) -> None:
        view = self.query_one(RunPanel).view
        if self._running_here and self.job is not None:
            self.job.cancel.cancel()
            self._show_head()
        elif self._can_go_on and view is not None:
            self.start_run(view.record, view.record.id)

    # Reading a run

    def open_run(self, run_id: str) -> None:
        self._shown = run_id
        self._read_key = ("", -1)
        self.query_one(RunPanel).remove_class("-reading")
        self._refresh_run()

    def _refresh_run(self) -> None:
        """Read the run on show, but not while that is being done already."""
        if self._reading_now:
            self._read_again = True
        elif self._shown:
            self._reading_now, self._read_again = True, False
            self.read_run(self._shown, self._read_key)

    @work(thread=True, group="read")
    def read_run(self, run_id: str, key: tuple[str, int]) -> None:
        try:
            view = self.services.run_view(run_id)
            done = sum(cell.state in ("done", "failed") for cell in view.cells)
            new = done and (run_id, done) != key
            reading = self.services.read_run(run_id) if new else None
        except (LwtuiError, OSError) as error:
            self.post_message(told.RunUnreadable(error))
            return
        self.post_message(told.RunRead(view, reading))

    def on_run_read(self, message: told.RunRead) -> None:
        record = message.view.record
        if record.id == self._shown:
            job = self.job if self._running_here else None
            self.query_one(RunPanel).show(message.view, message.reading, job)
            if message.reading is not None:
                done = sum(cell.state in ("done", "failed") for cell in message.view.cells)
                self._read_key = (record.id, done)
            if self.step == "runs" and self.opening == record.id:
                self.go("run")
        self.opening = ""
        self.set_timer(REFRESH, self._read_ended)
        self.refresh_bindings()

    def on_runs_compared(self, message: told.RunsCompared) -> None:
        self._shown = ""
        self.query_one(RunPanel).show(message.view, None, None)
        self.go("run")

    def on_run_unreadable(self, message: told.RunUnreadable) -> None:
        self.opening = ""
        self._reading_now = self._read_again = False
        self.lwtui.complain(message.error, "The run cannot be read")

    def _read_ended(self) -> None:
        self._reading_now = False
        if self._read_again:
            self._refresh_run()

    def _show_head(self) -> None:
        self.query_one(RunPanel).show_head(self.job if self._running_here else None)

    def action_turn(self) -> None:
        self.query_one(RunPanel).turn()

    def action_reading(self) -> None:
        panel = self.query_one(RunPanel)
        panel.toggle_class("-reading")
        panel.query_one("#reading" if panel.has_class("-reading") else "#matrix").focus()

    # Rows

    @on(Matrix.Chosen)
    def action_rows(self) -> None:
        panel = self.query_one(RunPanel)
        cell, view = panel.cell, panel.view
        if cell is None or view is None:
            return
        if cell.state != "done" or not view.record.id:
            why = "Open the run itself" if cell.state == "done" else "Wait until the cell is done"
            self.notify(f"{why} to read its rows.", markup=False)
            return
        other = rival(view.record, cell.model)
        self.query_one(SampleBrowser).show(
            SampleQuery(view.record.id, cell.model, cell.task, other)
        )
        self.go("samples")

    def action_show(self, which: Which) -> None:
        browser = self.query_one(SampleBrowser)
        query = browser.query_shown
        if query is None:
            return
        if which in ("lost", "won") and not query.other:
            self.notify("This run has no other model to compare with.", markup=False)
            return
        browser.show(dataclasses.replace(query, which=which))

    @on(SampleBrowser.PageWanted)
    def _page_wanted(self, event: SampleBrowser.PageWanted) -> None:
        self.read_samples(event.query, event.offset)

    @work(thread=True, group="samples")
    def read_samples(self, query: SampleQuery, offset: int) -> None:
        try:
            pairs, total = self.services.samples(
                query.run_id, query.model, query.task, query.which, query.other, offset, PAGE
            )
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The rows cannot be read", error))
            return
        self.post_message(told.SamplesRead(query, pairs, offset, total))

    def on_samples_read(self, message: told.SamplesRead) -> None:
        browser = self.query_one(SampleBrowser)
        if message.query is browser.query_shown:
            browser.add(message.pairs, message.offset, message.total)

    # Runs

    @on(RowTable.Chosen, "#runs")
    def action_open(self) -> None:
        run = self.chosen
        if run is not None:
            self.opening = run.id
            self.open_run(run.id)


def rival(record: RunRecord, model: str) -> str:
    """Whom a model's rows are compared with: its base; for a base, the pick or the first other."""
    own = next((each for each in record.models if each.id == model), None)
    if own is None:
        return ""
    if own.is_base:
        others = [each.id for each in record.models if not each.is_base]
        return record.pick if record.pick in others else next(iter(others), "")
    if own.base:
        return own.base if any(each.id == own.base for each in record.models) else ""
    return next((each.id for each in record.models if each.is_base), "")
