"""What a job works on at once: the files of a pull, each with its bar."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lwtui.jobs import Part
from lwtui.tui.text import bar, fit_middle, human_size, one_line

SHOWN = 30
BAR = 16


class JobParts(VerticalScroll, can_focus=False):
    """Hidden while there are none."""

    DEFAULT_CSS = """
    JobParts {
        display: none; height: auto; max-height: 8; padding: 0 1; margin-top: 1;
        scrollbar-size-vertical: 1;
        & > Static { height: auto; text-wrap: nowrap; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, parts: tuple[Part, ...]) -> None:
        self.display = bool(parts)
        if parts:
            width = max(12, min(60, self.app.size.width - BAR - 34))
            lines = [part_line(part, width) for part in parts[:SHOWN]]
            if len(parts) > SHOWN:
                lines.append(Content(f"… and {len(parts) - SHOWN} more"))
            self.query_one(Static).update(Content("\n").join(lines))


def part_line(part: Part, width: int) -> Content:
    """Its name, a bar, and how much of it is here; ``width`` cells for the name."""
    name = fit_middle(one_line(part.name, 300), width)
    if not part.total:
        return Content.assemble(name, (f"  {human_size(part.done)}", "$foreground-muted"))
    share = max(0.0, min(1.0, part.done / part.total))
    much = f" {share:4.0%}  {human_size(part.done)} of {human_size(part.total)}"
    return Content.assemble(f"{name}  ", (bar(share, BAR), "$accent"), (much, "$foreground-muted"))
