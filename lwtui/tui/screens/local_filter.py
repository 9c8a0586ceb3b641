"""A dialogue that narrows the learnwares of the collection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Select, Static

from lwtui.tui.services import Facets, Query
from lwtui.tui.text import human_size, one_line, plain

SIZES = (10_000_000, 100_000_000, 1_000_000_000, 5_000_000_000, 20_000_000_000)
FORMATS = (("adapter (PEFT)", "peft"), ("whole model (safetensors)", "safetensors"),
           ("GGUF", "gguf"))  # fmt: skip
SORTS = (
    ("name", "name"), ("domain", "domain"), ("task", "task"), ("base", "base"),
    ("licence", "licence"), ("size", "size"), ("specification", "grade"), ("date added", "added"),
)  # fmt: skip
Option = tuple[str | Content, str]


class LocalFilterScreen(ModalScreen[Query | None]):
    """Dismissed with the query, or None. ``memory``: bytes a model may have here; 0: not known."""

    CSS_PATH = "hub_filter.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("ctrl+s", "apply", "Show", priority=True),
        Binding("ctrl+d", "nothing", "No filter", priority=True),
    ]

    def __init__(self, query: Query, facets: Facets, memory: int) -> None:
        super().__init__()
        self._before = query
        self._facets = facets
        self._memory = memory

    def compose(self) -> ComposeResult:
        query, facets = self._before, self._facets
        sizes = [(f"up to {human_size(size)}", str(size)) for size in SIZES]
        size = str(query.max_bytes) if query.max_bytes else ""
        with Vertical(id="filter"):
            yield from self._line("domain", "domain", _values(facets.domains), query.domain)
            yield from self._line("base", "base", _values(facets.bases), query.base)
            yield from self._line("licence", "licence", _values(facets.licences), query.licence)
            yield from self._line("format", "format", list(FORMATS), query.format)
            yield from self._line("size", "size", list(sizes), size)
            yield from self._line(
                "order", "sort", list(SORTS), query.sort, "best first, or by name"
            )
            yield Checkbox("the other way round", query.descending, id="descending", compact=True)
            free = f" (its weights and its base's in {human_size(self._memory)})"
            yield Checkbox(
                f"fits this machine{free * bool(self._memory)}",
                query.fits,
                id="fits",
                compact=True,
                disabled=not self._memory,
            )
            yield Checkbox(
                "has a specification: can be matched", query.specified, id="specified", compact=True
            )
            with Horizontal(id="filter-buttons"):
                yield Button("Show  (ctrl+s)", id="apply", variant="primary", compact=True)
                yield Button("No filter  (ctrl+d)", id="nothing", compact=True)
                yield Button("Close  (escape)", id="close", compact=True)

    def _line(
        self, label: str, name: str, options: list[Option], value: str, prompt: str = "any"
    ) -> ComposeResult:
        if value and value not in {value for _, value in options}:
            options = [*options, (plain(one_line(value, 60)), value)]
        with Horizontal(classes="line"):
            yield Static(label, classes="label")
            yield Select(
                options,
                prompt=prompt,
                value=value or Select.NULL,
                id=name,
                compact=True,
                classes="wide",
            )

    def on_mount(self) -> None:
        self.query_one("#filter").border_title = "Learnwares of the collection"
        self.query_one("#domain").focus()

    def _chosen(self, name: str) -> str:
        value = self.query_one(f"#{name}", Select).value
        return value if isinstance(value, str) else ""

    def _checked(self, name: str) -> bool:
        return self.query_one(f"#{name}", Checkbox).value

    def action_apply(self) -> None:
        self.dismiss(
            replace(
                self._before,
                domain=self._chosen("domain"),
                base=self._chosen("base"),
                licence=self._chosen("licence"),
                format=cast("Any", self._chosen("format")),
                max_bytes=int(self._chosen("size") or 0),
                fits=self._checked("fits"),
                specified=self._checked("specified"),
                sort=cast("Any", self._chosen("sort")),
                descending=self._checked("descending"),
            )
        )

    def action_nothing(self) -> None:
        self.dismiss(replace(self._before.unfiltered, text=self._before.text))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "apply":
            self.action_apply()
        elif event.button.id == "nothing":
            self.action_nothing()
        else:
            self.dismiss(None)


def _values(values: tuple[str, ...]) -> list[Option]:
    return [(plain(one_line(value, 60)), value) for value in values]
