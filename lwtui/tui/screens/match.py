"""Match: a folder of the user's data, its specification, and the learnwares that suit it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, ContentSwitcher, Input, Static

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.tui import messages
from lwtui.tui.bindings import bindings_of
from lwtui.tui.match_messages import MatchedAgain
from lwtui.tui.match_services import ROWS, DataChoice
from lwtui.tui.messages import RunningJob
from lwtui.tui.screens.match_results import MatchResults
from lwtui.tui.text import one_line
from lwtui.tui.unfinished import Unfinished
from lwtui.tui.widgets.data_preview import DataPreview
from lwtui.tui.widgets.folder_picker import FolderPicker
from lwtui.tui.widgets.job_panel import JobPanel
from lwtui.tui.widgets.match_view import MatchView
from lwtui.tui.widgets.path_input import PathInput
from lwtui.tui.widgets.row_table import RowTable

TEACH = Content.assemble(
    ("Which learnware is best at your data?\n\n", "bold"),
    "Choose a folder or a file on the left (JSONL, JSON, CSV, TSV, Parquet, text), "
    "type its path above, or drop it on this window.\n\n"
    "No row of it leaves this machine: a specification of a few rows is computed here "
    "and compared with those of the learnwares. Save it (w) to match it again when there "
    "are more of them.",
)
CHOOSING = ("pick", "preview")
STEPS: dict[str, tuple[str, ...]] = {
    "path": CHOOSING,
    "hidden": CHOOSING,
    "up": CHOOSING,
    "home": CHOOSING,
    "start": ("preview",),
    "fields": ("preview",),
    "chat": ("results",),
    "base": ("results",),
    "evaluate": ("results",),
    "verify": ("results",),
    "pull": ("results",),
    "save": ("results",),
    "compare": ("results",),
    "toggle_detail": ("results",),
    "new": ("results",),
    "back": ("preview", "job", "results"),
}
"""The steps in which an action makes sense."""


class MatchScreen(MatchResults):
    """Steps ``pick`` → ``preview`` → ``job`` → ``results``; escape goes back."""

    MODE = "match"
    CSS_PATH = "match.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("match")
    AUTO_FOCUS = "#places"

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="match-bar"):
            yield PathInput(placeholder="path of a folder or file…  (/)", id="path", compact=True)
        with ContentSwitcher(id="steps", initial="choose"):
            with Horizontal(id="choose"):
                yield FolderPicker(Path.cwd(), id="picker")
                with Vertical(id="side"):
                    yield Static(TEACH, id="teach")
                    yield DataPreview(id="preview")
                    with Horizontal(id="preview-buttons"):
                        yield Button(
                            "Match this data  (s)", id="start", variant="primary", compact=True
                        )
                        yield Button("Fields, rows  (f)", id="change-fields", compact=True)
            yield JobPanel(id="job")
            yield MatchView(id="results")

    def on_mount(self) -> None:
        self._go("pick")
        self.read_places()
        self.watch(self.app, "collection_revision", self.collection_changed, init=False)

    # Steps

    def _go(self, step: str, keep_focus: bool = False) -> None:
        self.step = step
        choosing = step in CHOOSING
        self.query_one(ContentSwitcher).current = "choose" if choosing else step
        self.query_one("#match-bar").display = choosing
        # Both at once, and only of what they change: styles of all below are looked up anew.
        self.query_one("#choose").update_classes(
            {"-preview": step == "preview", "-chosen": step == "preview" and not keep_focus}
        )
        if step == "job":
            self.set_focus(None)  # an impatient enter shall not press its button
        elif not keep_focus:
            focus = {"preview": "#preview-rows", "results": "#matches"}
            self.query_one(focus.get(step, "#places")).focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense in this step."""
        if action == "base" and self.bare_base() is None:
            return False
        if action == "pull":
            return self.match is not None and not self.match.learnware.pulled
        if action == "forget":
            return self.can_forget("recent", "saved")
        if action == "rename":
            return self.can_forget("saved")
        return action not in STEPS or self.step in STEPS[action]

    # The job

    def action_start(self) -> None:
        self._start(verify=0)

    @on(Button.Pressed, "#start")
    def _start_pressed(self) -> None:
        self.action_start()

    @on(Button.Pressed, "#change-fields")
    def _fields_pressed(self) -> None:
        self.action_fields()

    @on(RowTable.Chosen, "#preview-rows")
    def _confirmed(self) -> None:
        self.action_start()

    def resume(self, path: Path, verify: int = 0) -> None:
        """Match this data at once, read as it was read before. Says so when a match runs already:
        two would take each other's time."""
        if self._job is not None:
            error = BadInput("A match is running: wait for it, or stop it with escape.")
            self.lwtui.complain(error, "Match")
            return
        if path != self._path:
            self._path, self._view, self._given = path, None, None
            self.read_preview(path)  # for a step back, and for the first prompt
        self._start(verify)

    def _start(self, verify: int) -> None:
        if self._path is None or self._job is not None:
            return
        path = self._path
        name = one_line(path.name, 80)
        title = f"Verifying the best for {name}" if verify else f"Matching {name}"
        kept = Unfinished("match", title, {"path": str(path), "verify": verify})
        again = partial(self.resume, path, verify)
        job = self.lwtui.start_job(title, kind="match", again=again, kept=kept)
        self._begin(job)
        self.run_match(path, verify, job, self.choice)

    def _begin(self, job: RunningJob) -> None:
        self._job = job
        self.query_one(JobPanel).start(job.title)
        self._go("job")

    @work(thread=True, group="match")
    def run_match(
        self, path: Path, verify: int, job: RunningJob, choice: DataChoice | None
    ) -> None:
        try:
            result = self.services.match(
                path, verify=verify, context=self._watched(job), choice=choice
            )
            self.services.remember(path)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.JobEnded(job, error))
            return
        self.post_message(messages.Matched(path, result))
        self.post_message(messages.JobEnded(job, None))

    def _watched(self, job: RunningJob) -> JobContext:
        return JobContext(
            lambda progress: self.tell(messages.JobProgressed(job, progress)), job.cancel
        )

    # A saved requirement

    @on(FolderPicker.Saved)
    def _saved_chosen(self, event: FolderPicker.Saved) -> None:
        event.stop()
        self.match_again(event.name)

    def match_again(self, name: str) -> None:
        """Rank the learnwares of now for a saved requirement. Its data is not read."""
        if self._job is not None:
            return
        title = f"Matching {one_line(name, 80)} again"
        again = partial(self.match_again, name)
        job = self.lwtui.start_job(title, kind="match", again=again)
        self._begin(job)
        self.run_again(name, job)

    @work(thread=True, group="match")
    def run_again(self, name: str, job: RunningJob) -> None:
        try:
            rerun = self.services.match_again(name, self._watched(job))
        except (LwtuiError, OSError) as error:
            self.post_message(messages.JobEnded(job, error))
            return
        self.post_message(MatchedAgain(rerun))
        self.post_message(messages.JobEnded(job, None))

    def on_matched_again(self, message: MatchedAgain) -> None:
        saved = message.rerun.requirement
        self._path = Path(saved.data) if saved.data else None
        self._view = None
        self._given = DataChoice(dict(saved.fields), saved.rows or ROWS)
        self.note_recent(message.rerun.result, saved.latest)
        self.query_one(MatchView).show(message.rerun.result, message.rerun.comparison)
        self.read_places()

    # How it goes on and ends

    def on_job_progressed(self, message: messages.JobProgressed) -> None:
        if message.job is self._job and not message.job.cancel.cancelled:
            self.query_one(JobPanel).show(message.progress)

    def on_matched(self, message: messages.Matched) -> None:
        self.note_recent(message.result)
        self.query_one(MatchView).show(message.result)

    def on_job_ended(self, message: messages.JobEnded) -> None:
        self.lwtui.end_job(message.job, message.error)
        if message.job is not self._job:
            return
        self._job = None
        if message.error is None:
            self._go("results")
            return
        shown = self.result is not None and message.job.title.startswith("Verifying")
        self._go("results" if shown else "preview" if self._view is not None else "pick")
        self.lwtui.complain(
            message.error,
            "Stopped" if isinstance(message.error, Cancelled) else "The match failed",
        )

    @on(JobPanel.Stop)
    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel.cancel()
            self.query_one(JobPanel).stopping()

    # Other actions

    def action_back(self) -> None:
        if self.step == "job":
            self._stop()
        elif self.step == "results" and self._view is not None:
            self._go("preview")
        else:
            self._go("pick")

    def action_new(self) -> None:
        self.query_one("#path", Input).value = ""
        self._go("pick")
        self.read_places()

    def action_path(self) -> None:
        self.query_one("#path", Input).focus()

    def action_toggle_detail(self) -> None:
        self.toggle_class("-detail-toggled")
