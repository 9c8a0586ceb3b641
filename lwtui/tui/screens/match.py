"""Match: a folder of the user's data, its specification, and the learnwares that suit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, ContentSwitcher, Input, Static

from lwtui.errors import Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.tui import messages
from lwtui.tui.bindings import bindings_of
from lwtui.tui.evaluation_messages import OpenEvaluation
from lwtui.tui.evaluation_services import EvaluationRequest
from lwtui.tui.messages import RunningJob
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.services import Place
from lwtui.tui.text import one_line
from lwtui.tui.widgets.data_preview import DataPreview
from lwtui.tui.widgets.folder_picker import FolderPicker
from lwtui.tui.widgets.job_panel import JobPanel
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.match_view import MatchView
from lwtui.tui.widgets.row_table import RowTable

if TYPE_CHECKING:
    from lwtui.learnware.model import Learnware

EVALUATED = 3
"""How many learnwares ``e`` runs, beside their base."""
VERIFIED = 12
"""How many learnwares ``v`` runs on held-back rows at most."""

TEACH = Content.assemble(
    ("Which learnware is best at your data?\n\n", "bold"),
    "Choose a folder or a file on the left (JSONL, JSON, CSV, TSV, Parquet, text), "
    "or type its path above.\n\n"
    "No row of it leaves this machine: a specification of a few rows is computed here "
    "and compared with those of the learnwares.",
)


class MatchScreen(ModeScreen):
    """Steps ``pick`` → ``preview`` → ``job`` → ``results``; escape goes back."""

    MODE = "match"
    CSS_PATH = "match.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("match")
    AUTO_FOCUS = "#places"

    def __init__(self) -> None:
        super().__init__()
        self.step = "pick"
        self._path: Path | None = None
        self._job: RunningJob | None = None

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="match-bar"):
            yield LineInput(placeholder="path of a folder or file…  (/)", id="path", compact=True)
        with ContentSwitcher(id="steps", initial="choose"):
            with Horizontal(id="choose"):
                yield FolderPicker(Path.cwd(), id="picker")
                with Vertical(id="side"):
                    yield Static(TEACH, id="teach")
                    yield DataPreview(id="preview")
                    yield Button(
                        "Match this data  (s)", id="start", variant="primary", compact=True
                    )
            yield JobPanel(id="job")
            yield MatchView(id="results")

    def on_mount(self) -> None:
        self._go("pick")
        self.read_places()
        self.watch(self.app, "collection_revision", self._collection_changed, init=False)

    # Steps

    def _go(self, step: str, keep_focus: bool = False) -> None:
        self.step = step
        choosing = step in ("pick", "preview")
        self.query_one(ContentSwitcher).current = "choose" if choosing else step
        self.query_one("#match-bar").display = choosing
        self.set_class(step == "preview", "-preview")
        self.set_class(step == "preview" and not keep_focus, "-chosen")
        if not keep_focus:
            focus = {"preview": "#preview-rows", "job": "#job-stop", "results": "#matches"}
            self.query_one(focus.get(step, "#places")).focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense in this step."""
        steps = {
            "path": ("pick", "preview"),
            "start": ("preview",),
            "chat": ("results",),
            "base": ("results",),
            "evaluate": ("results",),
            "verify": ("results",),
            "pull": ("results",),
            "toggle_detail": ("results",),
            "new": ("results",),
            "back": ("preview", "job", "results"),
        }
        if action == "base" and self._base() is None:
            return False
        if action == "pull":
            match = self.query_one(MatchView).match
            return self.step == "results" and match is not None and not match.learnware.pulled
        return action not in steps or self.step in steps[action]

    @work(thread=True, exclusive=True, group="places")
    def read_places(self) -> None:
        places = self.services.places()
        self.app.call_from_thread(self._offer, places)

    def _offer(self, places: list[Place]) -> None:
        self.query_one(FolderPicker).offer(places)

    # Choosing

    @on(FolderPicker.Picked)
    def _picked(self, event: FolderPicker.Picked) -> None:
        with self.prevent(Input.Changed):
            self.query_one("#path", Input).value = one_line(event.shown)
        self.read_preview(event.path, event.passing)

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        text = event.value.strip().strip("'\"").removeprefix("file://")
        if text:
            self.read_preview(Path(text).expanduser())

    @work(thread=True, exclusive=True, group="preview")
    def read_preview(self, path: Path, passing: bool = False) -> None:
        try:
            view = self.services.preview(path)
        except (LwtuiError, OSError) as error:
            if not passing:
                self.post_message(messages.Failed("This data cannot be used", error))
            return
        self.post_message(messages.PreviewReady(path, view, passing))

    def on_preview_ready(self, message: messages.PreviewReady) -> None:
        if self._job is not None:
            return  # a job was started meanwhile: its panel stays
        self._path = message.path
        self.query_one(DataPreview).show(message.view)
        self._go("preview", keep_focus=message.passing)

    # The job

    def action_start(self) -> None:
        self._start(verify=0)

    def action_verify(self) -> None:
        self._start(verify=VERIFIED)

    @on(Button.Pressed, "#start")
    def _start_pressed(self) -> None:
        self.action_start()

    def _start(self, verify: int) -> None:
        if self._path is None or self._job is not None:
            return
        name = one_line(self._path.name, 80)
        title = f"Verifying the best for {name}" if verify else f"Matching {name}"
        self._job = self.lwtui.start_job(title)
        self.query_one(JobPanel).start(title)
        self._go("job")
        self.run_match(self._path, verify, self._job)

    @work(thread=True, group="match")
    def run_match(self, path: Path, verify: int, job: RunningJob) -> None:
        context = JobContext(
            lambda progress: self.tell(messages.JobProgressed(job, progress)), job.cancel
        )
        try:
            result = self.services.match(path, verify=verify, context=context)
            self.services.remember(path)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.JobEnded(job, error))
            return
        self.post_message(messages.Matched(path, result))
        self.post_message(messages.JobEnded(job, None))

    def on_job_progressed(self, message: messages.JobProgressed) -> None:
        if message.job is self._job and not message.job.cancel.cancelled:
            self.query_one(JobPanel).show(message.progress)

    def on_matched(self, message: messages.Matched) -> None:
        self.query_one(MatchView).show(message.result)

    def on_job_ended(self, message: messages.JobEnded) -> None:
        self.lwtui.end_job(message.job, message.error)
        if message.job is not self._job:
            return
        self._job = None
        if message.error is None:
            self._go("results")
            return
        shown = self.query_one(MatchView).result is not None and self._verifying(message.job)
        self._go("results" if shown else "preview")
        self.lwtui.complain(
            message.error,
            "Stopped" if isinstance(message.error, Cancelled) else "The match failed",
        )

    def _verifying(self, job: RunningJob) -> bool:
        return job.title.startswith("Verifying")

    @on(JobPanel.Stop)
    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel.cancel()
            self.query_one(JobPanel).stopping()

    # Other actions

    def action_back(self) -> None:
        if self.step == "job":
            self._stop()
        elif self.step == "results":
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

    def action_chat(self) -> None:
        match = self.query_one(MatchView).match
        if self.step == "results" and match is not None:
            self.app.post_message(messages.OpenChat(match.learnware))

    def action_pull(self) -> None:
        match = self.query_one(MatchView).match
        if self.step != "results" or match is None:
            return
        if match.learnware.pulled:
            self.lwtui.tell_user(f"{match.id} is on this machine already.")
        else:
            self.lwtui.offer_pull(match.id)

    def _collection_changed(self) -> None:
        """Something was pulled: matches that were only on the Hub may be here now."""
        result = self.query_one(MatchView).result
        matches = result.matches if result is not None else ()
        away = [match.id for match in matches if not match.learnware.pulled]
        if away:
            self.read_arrived(away)

    @work(thread=True, exclusive=True, group="arrived")
    def read_arrived(self, ids: list[str]) -> None:
        try:
            found = {each: self.services.learnware(each) for each in ids}
        except (LwtuiError, OSError):
            return  # the rows stay as they were, and a chat with one says what is wrong
        self.app.call_from_thread(self.query_one(MatchView).arrived, found)

    def action_evaluate(self) -> None:
        result = self.query_one(MatchView).result
        if self.step != "results" or result is None or not result.matches or self._path is None:
            return
        here = [match.id for match in result.matches if match.learnware.pulled]
        chosen = self.query_one(MatchView).match
        if not here or (chosen is not None and not chosen.learnware.pulled):
            self.action_pull()
            return
        best = tuple(here[:EVALUATED])
        request = EvaluationRequest((str(self._path),), best, pick=result.runnable or "")
        self.app.post_message(OpenEvaluation(request, go=True))

    def _base(self) -> Learnware | None:
        """The bare base, when it is recommended."""
        result = self.query_one(MatchView).result
        return result.base if result is not None and result.abstained else None

    def action_base(self) -> None:
        base = self._base()
        if self.step == "results" and base is not None:
            self.app.post_message(messages.OpenChat(base))

    @on(RowTable.Chosen, "#matches")
    def _chosen(self) -> None:
        self.action_chat()

    @on(RowTable.Chosen, "#preview-rows")
    def _confirmed(self) -> None:
        self.action_start()
