"""What the dialogues over a screen share: a frame with a title, questions asked in threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from lwtui.errors import LwtuiError
from lwtui.jobs import CancelToken, JobContext
from lwtui.tui.background import in_thread, tell
from lwtui.tui.text import one_line, plain

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp
    from lwtui.tui.services import Services

Result = TypeVar("Result")


class Dialogue(ModalScreen[Result], Generic[Result]):
    """Subclasses put their widgets into :meth:`compose_body`. ``heading`` may be a stranger's."""

    CSS_PATH = "dialogue.tcss"

    def __init__(self, heading: str) -> None:
        super().__init__()
        self._heading = heading
        self._questions = CancelToken()

    def compose(self) -> ComposeResult:
        with Vertical(id="dialogue"):
            yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        yield from ()

    def on_mount(self) -> None:
        self.query_one("#dialogue").border_title = plain(one_line(self._heading, 100))

    def on_unmount(self) -> None:
        self._questions.cancel()

    @property
    def lwtui(self) -> LwtuiApp:
        return cast("LwtuiApp", self.app)

    @property
    def services(self) -> Services:
        return self.lwtui.services

    def ask(
        self,
        work: Callable[[JobContext], Message],
        failed: Callable[[Exception], Message],
    ) -> None:
        """Ask the workflow in a thread; both kinds of answer come as messages. Closing the
        dialogue cancels the question."""
        context = JobContext(cancel=self._questions)

        def run() -> None:
            try:
                answer: Any = work(context)
            except (LwtuiError, OSError) as error:
                answer = failed(error)
            tell(self, answer)

        in_thread(run, "dialogue")
