"""Ends a pull: what was fetched so far can stay, so that it goes on later, or go."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.tui.pull_job import PullJob
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import human_size

Ending = Literal["keep", "discard"]


class EndPullScreen(Dialogue["Ending | None"]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(None)", "Go on"),
        Binding("k", "dismiss('keep')", "Keep"),
        Binding("x", "dismiss('discard')", "Discard"),
    ]

    def __init__(self, job: PullJob) -> None:
        super().__init__(job.title)
        self._job = job

    def compose_body(self) -> ComposeResult:
        progress = self._job.progress
        have = human_size(progress.done) if progress is not None else "Nothing"
        yield Static(
            Content(
                f"{have} fetched so far. Kept, the pull can go on later from there. Discarded, "
                "the space is free again; whole files that other models use stay."
            ),
            classes="text",
        )
        with Horizontal(classes="buttons"):
            yield Button("Keep  (k)", id="keep", variant="primary", compact=True)
            yield Button("Discard  (x)", id="discard", variant="error", compact=True)
            yield Button("Go on  (escape)", id="close", compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id
        self.dismiss("keep" if name == "keep" else "discard" if name == "discard" else None)
