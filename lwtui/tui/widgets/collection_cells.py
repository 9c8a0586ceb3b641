"""How a learnware looks as a row, and what is said about a list of them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from lwtui.learnware.fuzzy import highlights
from lwtui.learnware.grade import best_grade
from lwtui.learnware.model import Learnware
from lwtui.tui.services import Query, Sort
from lwtui.tui.text import human_size, one_line
from lwtui.tui.widgets.row_table import Cell, Column

COLUMNS = (
    Column("learnware", 26, flex=3),
    Column("domain", 11, flex=1, rank=1),
    Column("task", 16, flex=2, rank=3),
    Column("base", 14, flex=1, rank=4),
    Column("licence", 12, flex=1, rank=5),
    Column("size", 7, right=True, rank=2),
    Column("spec", 6, rank=1),
)
WITH_KNOWN = (*COLUMNS[:1], Column("where", 10), *COLUMNS[1:])
SORTS: tuple[Sort, ...] = ("name", "domain", "task", "base", "licence", "size", "grade")
"""What each of ``COLUMNS`` sorts by."""
SORTS_WITH_KNOWN: tuple[Sort, ...] = (*SORTS[:1], "where", *SORTS[1:])
LARGEST_FIRST = ("size", "grade", "added")
"""Sorted by these, what one looks for stands at the other end."""
KEYS = "f filters · o orders"
FORMATS = {"peft": "adapters", "safetensors": "safetensors", "gguf": "GGUF"}
NAMES = {"name": "name", "grade": "specification", "added": "date"}
FILTERS = {
    "max_bytes": "size",
    "fits": "fits this machine",
    "specified": "has a specification",
}


def cells(learnware: Learnware, query: Query) -> list[Cell]:
    semantic = learnware.semantic
    words = query.text.casefold().split()

    def found(text: str, look: str = "dim") -> Cell:
        places: Sequence[int] = highlights(words, text) if words else ()
        return (text, look, places) if places else (text, look)

    row: list[Cell] = [
        found(learnware.id, ""),
        found(one_line(semantic.domain, 80)),
        found(one_line(semantic.task, 80)),
        found(one_line(learnware.model.base, 120) or "–"),
        (one_line(semantic.licence, 60) or "–", "dim"),
        (human_size(learnware.size), "dim"),
        specified(learnware),
    ]
    if query.known:
        row.insert(1, ("here", "good") if learnware.pulled else ("on the Hub", "accent"))
    return row


def specified(learnware: Learnware) -> Cell:
    """Whether it can be matched, and the grade of what says so."""
    grade = best_grade(learnware.specifications)
    if grade is None:
        return ("○", "dim")
    letter = grade.letter
    if letter == "?":
        return ("●", "good")
    return (f"● {letter}", "good" if letter == "A" else "accent" if letter == "B" else "dim")


def headline(query: Query, total: int, exact: int | None = None) -> str:
    """What the list shows, on one line."""
    parts = [f"“{one_line(query.text, 40)}”"] if query.text else []
    parts += filters(query)
    if exact is not None and exact < total:
        near = total - exact
        parts.append(f"{exact:,} found, {near:,} near miss{'es' * (near != 1)}")
    else:
        parts.append(f"{total:,} learnware{'s' * (total != 1)}")
    order = query.sort or ("" if query.text else "name")
    arrow = " ▼" if query.descending else " ▲" if query.sort else ""
    parts.append(f"by {NAMES.get(order, order)}{arrow}" if order else "best first")
    return " · ".join(parts)


def filters(query: Query) -> list[str]:
    """The filters in words."""
    parts = [one_line(query.domain, 30)] if query.domain else []
    parts += [f"on {one_line(query.base, 60)}"] if query.base else []
    parts += [one_line(query.licence, 30)] if query.licence else []
    parts += [FORMATS[query.format]] if query.format else []
    parts += [f"up to {human_size(query.max_bytes)}"] if query.max_bytes else []
    parts += ["fits this machine"] if query.fits else []
    parts += ["specified"] if query.specified else []
    return parts


def nothing(query: Query, hidden: Sequence[tuple[str, int]]) -> Content:
    """What to do about an empty list."""
    if query.empty:
        return Content.assemble(
            ("No learnwares yet.\n\n", "bold"),
            "A learnware is a model and a specification of what it is good at.\n"
            "Add one from a folder on this machine (an adapter, a model, a GGUF file):\n\n",
            ("  lwtui add FOLDER", "$accent"),
            "\n\nThen press ",
            ("r", "bold $accent"),
            " to read the collection again. Or press ",
            ("s", "bold $accent"),
            " until Hub is marked,\nand ",
            ("p", "bold $accent"),
            " pulls a model from there.",
        )
    parts: list[Content | str | tuple[str, str]] = [("Nothing found.\n\n", "bold")]
    if query.text:
        parts.append("The words are looked for in name, title, description, task and data.\n")
    for name, count in hidden:
        parts += [f"The filter {FILTERS.get(name, name)} hides ", (f"{count:,}", "bold"), ".\n"]
    if query.filters and not hidden:
        parts.append("No filter alone is the reason: together they let nothing through.\n")
    if query.filters:
        parts += [("f", "bold $accent"), " changes the filters; "]
    parts += [
        ("escape", "bold $accent"),
        f" empties the search{' and the filters' if query.filters else ''};\n",
        ("s", "bold $accent"),
        " looks on the Hub; ",
        ("m", "bold $accent"),
        " finds a learnware by your own data instead of by words.",
    ]
    return Content.assemble(*parts)
