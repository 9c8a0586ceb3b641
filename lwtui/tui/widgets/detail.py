"""Everything known about one learnware, as text that can be selected and copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lwtui.learnware.grade import grade_of
from lwtui.tui.card_text import card_content
from lwtui.tui.text import clean, human_count, human_size, one_line

if TYPE_CHECKING:
    from lwtui.learnware.model import Learnware, Score
    from lwtui.tui.services import About


class LearnwareDetail(VerticalScroll, can_focus=True):
    """The pane beside a list. ``lead`` is put before the description (why it matched)."""

    DEFAULT_CSS = """
    LearnwareDetail {
        background: $background; border-left: solid $border; padding: 0 1;
        scrollbar-size-vertical: 1;
        &:focus { border-left: solid $accent; }
        & > Static { width: 1fr; height: auto; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.learnware: Learnware | None = None
        self._lead: Content | None = None
        self._more = Content("")

    def compose(self) -> ComposeResult:
        yield Static(markup=False)
        yield Static(id="more", markup=False)

    def show(
        self,
        learnware: Learnware | None,
        lead: Content | None = None,
        more: Content | None = None,
    ) -> None:
        """Show a learnware, or nothing; ``more`` comes after what its manifest says."""
        if learnware is not self.learnware:
            self.scroll_home(animate=False)
        if (learnware, lead) != (self.learnware, self._lead) or learnware is None:
            facts = describe(learnware, lead) if learnware is not None else Content("")
            self.query(Static).first().update(facts)
        self.learnware, self._lead = learnware, lead
        more = more or Content("")
        if more != self._more:  # every update lays the screen out anew
            self._more = more
            self.query_one("#more", Static).update(more)


def more(about: About) -> Content:
    """Where a learnware was used, and its card. Made in a worker: a card may be long."""
    parts = _section("evaluated in", [Content(one_line(line, 300)) for line in about.runs])
    parts += _section("talked with in", [Content(one_line(line, 300)) for line in about.chats])
    card = card_content(about.card)
    return Content("\n").join([*parts, card] if card.plain else parts)


def describe(learnware: Learnware, lead: Content | None = None) -> Content:
    """All of a learnware as one content, in sections."""
    semantic, model = learnware.semantic, learnware.model
    title = one_line(semantic.title) or learnware.name
    parts: list[Content] = [Content.styled(title, "bold $accent")]
    parts.append(Content.styled(learnware.id, "$foreground-muted"))
    if lead is not None:
        parts += [Content(""), lead]
    elif not learnware.pulled:
        parts.append(Content.styled(_away(learnware), "$accent"))
    if semantic.description:
        parts += [Content(""), Content(clean(semantic.description).strip())]
    parts.append(Content(""))
    languages = ", ".join(semantic.languages)
    facts = [
        ("domain", semantic.domain),
        ("task", semantic.task),
        ("language", languages),
        ("licence", semantic.licence),
        ("tags", ", ".join(semantic.tags)),
        ("kind", {"adapter": "LoRA adapter", "base": "base model", "model": "model"}[model.kind]),
        ("base", model.base),
        ("size", _size(learnware)),
        ("context", f"{model.context_length:,} tokens" if model.context_length else ""),
    ]
    parts += [_fact(name, value) for name, value in facts if value]
    parts += _section("measured", [_score(score) for score in learnware.scores])
    data = []
    for source in semantic.data:
        rows = f"{source.rows:,} rows" if source.rows else ""
        data.append(_line(source.name, ", ".join(filter(None, (source.licence, rows)))))
        if source.source:
            data.append(Content.styled(f"  {one_line(source.source)}", "$foreground-muted"))
    parts += _section("data", data)
    files = [_line(file.path, human_size(file.size)) for file in model.files]
    if learnware.pulled or learnware.provenance.revision:  # else they are not known
        parts += _section("files", files)
    entries = [
        _line(
            f"{entry.type} · {entry.recipe} · {entry.space}", _specified(entry.rows, entry.origin)
        )
        for entry in learnware.specifications
    ]
    parts += _section(
        "specifications",
        entries or [Content.styled("none: it cannot be matched yet", "$text-warning")],
    )
    origin = learnware.provenance
    where = [
        _fact(name, value)
        for name, value in (
            ("source", origin.source),
            ("from", origin.location),
            ("revision", origin.revision),
            ("added", origin.added),
            ("made by", origin.made_by),
        )
        if value
    ]
    parts += _section("provenance", where)
    return Content("\n").join(parts)


def _away(learnware: Learnware) -> str:
    """Where one is known from whose weights are not here."""
    told = learnware.extra.get("known")
    source = one_line(str(told.get("from", "")), 120) if isinstance(told, dict) else ""
    named = {"catalogue": "the catalogue", "hub": "its repository"}.get(source, source)
    return "on the Hub: p pulls it" + (f" · known from {named}" if named else "")


def _section(title: str, lines: list[Content]) -> list[Content]:
    return [Content(""), Content.styled(title, "bold"), *lines] if lines else []


def _fact(name: str, value: str) -> Content:
    return Content.assemble((f"{name:<9} ", "$foreground-muted"), one_line(value))


def _line(text: str, note: str) -> Content:
    return Content.assemble(
        one_line(text), (f"  {one_line(note)}" if note else "", "$foreground-muted")
    )


def _size(learnware: Learnware) -> str:
    parameters = learnware.model.parameters
    count = f" · {human_count(parameters)} parameters" if parameters else ""
    return human_size(learnware.size) + count


def _specified(rows: int, origin: str) -> str:
    grade = f"grade {grade_of(origin).letter}" if origin else ""
    return ", ".join(filter(None, (f"{rows:,} rows" if rows else "", origin, grade)))


def _score(score: Score) -> Content:
    """``banking77 accuracy 0.81 (base 0.02)``, green where it beats the base."""
    text = f"{one_line(score.task)} · {one_line(score.metric)} "
    value = f"{score.value:.3g}"
    if score.base is None:
        return Content.assemble(text, (value, "bold"))
    lower_is_better = "loss" in score.metric
    better = (score.value < score.base) if lower_is_better else (score.value > score.base)
    style = "bold $text-success" if better else "bold $text-warning"
    return Content.assemble(text, (value, style), (f"  base {score.base:.3g}", "$foreground-muted"))
