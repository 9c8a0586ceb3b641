"""A dialogue that narrows the Hub's models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Select, Static

from lwtui.dock.record import HubQuery
from lwtui.tui.text import human_size, one_line
from lwtui.tui.widgets.line_input import LineInput

DOMAINS = ("finance", "medicine", "mathematics")
LICENCES = ("apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "llama3.2", "gemma", "openrail")
RELATIONS = (
    ("an adapter", "adapter"),
    ("fine-tuned", "finetune"),
    ("quantised", "quantized"),
    ("merged", "merge"),
)
FORMATS = (("adapter", "peft"), ("whole model", "safetensors"), ("GGUF", "gguf"))
SORTS = ("trending", "downloads", "likes", "updated")


class HubFilterScreen(ModalScreen[HubQuery | None]):
    """Dismissed with the query, or None. ``memory``: bytes a model may have here; 0: not known."""

    CSS_PATH = "hub_filter.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("ctrl+s", "apply", "Show", priority=True),
        Binding("ctrl+d", "nothing", "No filter", priority=True),
    ]

    def __init__(self, query: HubQuery, memory: int) -> None:
        super().__init__()
        self._before = query
        self._memory = memory

    def compose(self) -> ComposeResult:
        query = self._before
        with Vertical(id="filter"):
            yield from self._line("domain", self._select("domain", pairs(DOMAINS), query.domain))
            yield from self._line("format", self._select("format", FORMATS, query.format))
            yield from self._line("stems from", self._relation())
            yield from self._line(
                "licence", self._select("licence", pairs(LICENCES), query.licence)
            )
            yield from self._line("order", self._select("sort", pairs(SORTS), query.sort, False))
            yield Checkbox(
                "free to pull (not gated)", query.gated is False, id="free", compact=True
            )
            yield Checkbox("learnwares only", query.learnware, id="learnware", compact=True)
            size = f" (up to {human_size(self._memory)})" if self._memory else ""
            yield Checkbox(
                f"fits this machine{size}",
                bool(query.max_bytes),
                id="fits",
                compact=True,
                disabled=not self._memory,
            )
            with Horizontal(id="filter-buttons"):
                yield Button("Show  (ctrl+s)", id="apply", variant="primary", compact=True)
                yield Button("No filter  (ctrl+d)", id="nothing", compact=True)
                yield Button("Close  (escape)", id="close", compact=True)

    def _line(self, label: str, *widgets: Any) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static(label, classes="label")
            yield from widgets

    def _licence(self) -> Any:
        return self._select("licence", pairs(LICENCES), self._before.licence)

    def _relation(self) -> Any:
        return self._select("relation", RELATIONS, self._before.relation)

    def _select(
        self, name: str, options: tuple[tuple[str, str], ...], value: str, blank: bool = True
    ) -> Select[str]:
        if value and value not in {value for _, value in options}:
            options = (*options, (one_line(value, 40), value))
        return Select(
            options,
            prompt="any",
            allow_blank=blank,
            value=value or Select.NULL,
            id=name,
            compact=True,
        )

    def on_mount(self) -> None:
        self.query_one("#filter").border_title = "Models of the Hub"
        line = self.query(".line")[2]
        line.mount(LineInput(one_line(self._before.base, 120), placeholder="base…", id="base",
                             compact=True))  # fmt: skip
        self.query_one("#domain").focus()

    def _chosen(self, name: str) -> str:
        value = self.query_one(f"#{name}", Select).value
        return value if isinstance(value, str) else ""

    def action_apply(self) -> None:
        self.dismiss(
            replace(
                self._before,
                domain=self._chosen("domain"),
                format=cast("Any", self._chosen("format")),
                relation=cast("Any", self._chosen("relation")),
                base=self.query_one("#base", Input).value.strip(),
                licence=self._chosen("licence"),
                sort=cast("Any", self._chosen("sort") or "trending"),
                gated=False if self.query_one("#free", Checkbox).value else None,
                learnware=self.query_one("#learnware", Checkbox).value,
                max_bytes=self._memory if self.query_one("#fits", Checkbox).value else 0,
            )
        )

    def action_nothing(self) -> None:
        self.dismiss(HubQuery(text=self._before.text, sort=self._before.sort))

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_apply()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "apply":
            self.action_apply()
        elif event.button.id == "nothing":
            self.action_nothing()
        else:
            self.dismiss(None)


def pairs(values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((value, value) for value in values)
