"""One line under the prompt: how full the model's context is, and how it is asked."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from lwtui.tui.text import bar, fit, one_line
from lwtui.workflow.chat_context import ContextUsage

BAR = 10
NEARLY = 0.75
"""Share of the context from which on it is worth a look."""
_MARKS = {True: (" ✓", "$text-success"), False: (" ✗", "$text-warning"), None: ("", "")}
"""Whether the expected answer was given; None: that cannot be told from its words."""


class ContextMeter(Static):
    """Empty while there is no conversation. Shows what it is told and asks nobody."""

    DEFAULT_CSS = """
    ContextMeter { height: 1; padding: 0 1; color: $foreground-muted; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._usage: ContextUsage | None = None
        self._draft = ""
        self._asked = ""
        self._expected: tuple[str, bool | None] | None = None

    def show(
        self,
        usage: ContextUsage | None,
        asked: str,
        expected: tuple[str, bool | None] | None = None,
    ) -> None:
        """``asked``: what was chosen of the settings; ``expected``: the answer of the data's row,
        and whether the model gave it."""
        self._usage, self._asked, self._expected = usage, asked, expected
        self._paint()

    def draft(self, text: str) -> None:
        """What is being typed counts too."""
        if text != self._draft:
            self._draft = text
            self._paint()

    def on_resize(self) -> None:
        self._paint()

    def _paint(self) -> None:
        width = self.content_size.width or self.size.width - 2
        left = self._left()
        right = self._right(width - cell_len(left.plain) - 2)
        gap = width - cell_len(left.plain) - cell_len(right.plain)
        self.update(left + Content(" " * max(0, gap)) + right)

    def _left(self) -> Content:
        usage = self._usage
        if usage is None:
            return Content("")
        usage = usage.with_draft(self._draft)
        about = "" if usage.exact else "~"
        if not usage.length:
            return Content(f"{about}{usage.tokens:,} tokens")
        look = "$text-error" if usage.full else "$text-warning" if _near(usage) else "$accent"
        parts: list[tuple[str, str]] = [
            (bar(usage.fraction, BAR).replace(" ", "░"), look),
            (f" {about}{usage.tokens:,} of {usage.length:,} tokens", look if _near(usage) else ""),
        ]
        if usage.left_out:
            plural = "s" * (usage.left_out != 1)
            parts.append((f" · {usage.left_out} oldest message{plural} left out", "$text-warning"))
        elif usage.full:
            parts.append((" · the oldest messages will be left out", "$text-error"))
        return Content.assemble(*parts)

    def _right(self, room: int) -> Content:
        if self._expected is not None:
            answer, given = self._expected
            mark, look = _MARKS[given]
            text = f"expected: {one_line(answer, 200)}{mark}"
        else:
            text, look = self._asked, ""
        if room < 8 or not text:
            return Content("")
        return Content.styled(fit(text, min(room, cell_len(text))), look)


def _near(usage: ContextUsage) -> bool:
    return usage.full or usage.fraction >= NEARLY
