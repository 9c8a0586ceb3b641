"""The beginning of a dataset: which fields were found, some rows, what was skipped."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from lwtui.dataset.example import Example
from lwtui.tui.services import DatasetView
from lwtui.tui.text import one_line
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COLUMNS = (
    Column("", 3, right=True, rank=2),
    Column("prompt", 24, flex=3),
    Column("answer", 12, flex=1),
)
PROBLEMS = 3
"""How many of the skipped lines are named."""
_KEY = ("  f changes them", "$foreground-muted")


class DataPreview(Vertical):
    """Shows a :class:`DatasetView`."""

    DEFAULT_CSS = """
    DataPreview {
        & > Static { height: auto; padding: 0 1; }
        & > #preview-head { margin-bottom: 1; }
        & > RowTable { height: 1fr; }
        & > #preview-problems { margin-top: 1; max-height: 5; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._examples: tuple[Example, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(id="preview-head", markup=False)
        yield RowTable(COLUMNS, self._cells, id="preview-rows")
        yield Static(id="preview-problems", markup=False)

    def show(self, view: DatasetView) -> None:
        self._examples = view.examples
        self.query_one("#preview-head", Static).update(_head(view))
        self.query_one(RowTable).set_rows(len(view.examples))
        problems = self.query_one("#preview-problems", Static)
        problems.display = bool(view.skipped or view.problems)
        problems.update(_problems(view))

    def _cells(self, row: int) -> list[Cell]:
        example = self._examples[row]
        prompt = one_line(example.question, 400)
        choices = " / ".join(one_line(choice, 80) for choice in example.choices[:6])
        if choices:
            prompt = f"{prompt}  [{choices}]"
        answer: Cell = ("–", "dim") if example.answer is None else one_line(example.answer, 400)
        return [(str(row + 1), "dim"), prompt, answer]


def _head(view: DatasetView) -> Content:
    rows = "" if view.rows is None else f"about {view.rows:,} rows"
    files = f"{view.files:,} file{'s' * (view.files != 1)}" if view.files else ""
    facts = " · ".join(filter(None, (rows, files, one_line(view.layout, 60))))
    fields = ", ".join(f"{role} = {one_line(name, 40)}" for role, name in view.fields)
    lines = [
        Content.assemble(
            (one_line(view.name, 80), "bold $accent"), (f"   {facts}", "$foreground-muted")
        )
    ]
    if fields:
        given = "fields: " if view.choice.fields else "fields found: "
        lines.append(Content.assemble((given, "$foreground-muted"), fields, _KEY))
    lines.append(Content.styled(sampling(view), "$foreground-muted"))
    if not any(example.answer is not None for example in view.examples):
        lines.append(
            Content.styled("no answers: the prompts alone will be matched", "$foreground-muted")
        )
    return Content("\n").join(lines)


def sampling(view: DatasetView) -> str:
    """How many rows will be specified, of how many, and how they are chosen."""
    wanted = view.choice.rows
    if view.rows is not None and view.rows <= wanted:
        return f"to be specified: all {view.rows:,} rows"
    of = "" if view.rows is None else f" of about {view.rows:,}"
    return f"to be specified: {wanted:,}{of} rows, drawn at random"


def _problems(view: DatasetView) -> Content:
    lines = [Content.styled(f"{view.skipped:,} skipped, the rest is used", "$text-warning")]
    lines += [
        Content.styled(f"  {one_line(str(problem), 200)}", "$foreground-muted")
        for problem in view.problems[:PROBLEMS]
    ]
    if len(view.problems) > PROBLEMS:
        lines.append(
            Content.styled(f"  and {len(view.problems) - PROBLEMS} more", "$foreground-muted")
        )
    return Content("\n").join(lines)
