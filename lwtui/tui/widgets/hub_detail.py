"""Everything the Hub tells of one model, as text that can be selected and copied."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lwtui.dock.record import HubModel
from lwtui.tui.text import human_count, human_size, one_line
from lwtui.tui.widgets.hub_cells import day

FILES = 40
_RELATION = {
    "adapter": "LoRA adapter",
    "finetune": "fine-tuned model",
    "quantized": "quantised model",
    "merge": "merged model",
}


class HubDetail(VerticalScroll, can_focus=True):
    """The pane beside the Hub's list."""

    DEFAULT_CSS = """
    HubDetail {
        background: $background; border-left: solid $border; padding: 0 1;
        scrollbar-size-vertical: 1;
        &:focus { border-left: solid $accent; }
        & > Static { width: 1fr; height: auto; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.repo = ""
        self._model: HubModel | None = None
        self._card = Content("")

    def compose(self) -> ComposeResult:
        yield Static(id="hub-facts", markup=False)
        yield Static(id="hub-card", markup=False)

    def show(self, model: HubModel | None, card: Content | None = None) -> None:
        """Show a model, or nothing; ``card`` is None while it is not read."""
        if model is None or model.id != self.repo:
            self.scroll_home(animate=False)
        self.repo = model.id if model is not None else ""
        if model != self._model:  # every update lays the screen out anew
            self._model = model
            facts = describe(model) if model is not None else Content("")
            self.query_one("#hub-facts", Static).update(facts)
        self._tell(card or Content(""))

    def say(self, text: str) -> None:
        """In the card's place: why there is none."""
        self._tell(Content.styled(f"\n{one_line(text, 400)}", "$text-warning"))

    def _tell(self, card: Content) -> None:
        if card != self._card:
            self._card = card
            self.query_one("#hub-card", Static).update(card)


def describe(model: HubModel) -> Content:
    """The facts of a model, in sections."""
    owner, _, name = model.id.partition("/")
    parts = [
        Content.styled(one_line(name or owner, 140), "bold $accent"),
        Content.styled(one_line(model.id, 140), "$foreground-muted"),
        *_state(model),
    ]
    if model.note:
        parts += [Content(""), Content(one_line(model.note, 600))]
    kind = _RELATION.get(model.relation, "")
    size = human_size(model.size) if model.size else ""
    count = f"{human_count(model.parameters)} parameters" if model.parameters else ""
    facts = (
        ("domain", model.domain),
        ("task", model.task),
        ("language", ", ".join(model.languages[:8])),
        ("licence", model.licence),
        ("kind", kind),
        ("base", model.base),
        ("formats", ", ".join(model.formats)),
        ("size", " · ".join(filter(None, (size, count)))),
        ("downloads", f"{model.downloads:,} in 30 days" if model.downloads else ""),
        ("likes", f"{model.likes:,}" if model.likes else ""),
        ("updated", day(model.updated)),
        ("revision", model.revision[:12]),
        ("tags", ", ".join(model.tags[:12])),
    )
    parts += [Content(""), *(_fact(label, value) for label, value in facts if value)]
    if model.datasets:
        parts += [Content(""), Content.styled("data its card names", "bold")]
        parts += [Content(one_line(each, 140)) for each in model.datasets[:12]]
    if model.files:
        parts += [Content(""), Content.styled("files", "bold")]
        parts += [_file(each.path, each.size) for each in model.files[:FILES]]
        if len(model.files) > FILES:
            rest = f"… and {len(model.files) - FILES:,} more"
            parts.append(Content.styled(rest, "$foreground-muted"))
    return Content("\n").join(parts)


def _state(model: HubModel) -> list[Content]:
    lines = []
    if model.here:
        lines.append(Content.styled("● on this machine", "$text-success"))
    if model.missing:
        lines.append(
            Content.styled("The Hub no longer has it, or you may not see it.", "$text-error")
        )
    if model.gated:
        lines.append(
            Content.styled(
                "gated: ask for access on its page, then set HF_TOKEN to your token",
                "$text-warning",
            )
        )
    if model.is_learnware:
        lines.append(Content.styled("a learnware: its specification is published", "$accent"))
    return lines


def _fact(name: str, value: str) -> Content:
    return Content.assemble((f"{name:<9} ", "$foreground-muted"), one_line(value, 400))


def _file(path: str, size: int) -> Content:
    return Content.assemble(one_line(path, 200), (f"  {human_size(size)}", "$foreground-muted"))
