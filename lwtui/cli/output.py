"""What the verbs print: one JSON document, plain aligned columns, errors."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from lwtui.errors import LwtuiError
from lwtui.safe_text import clean, one_line

_NARROWEST = 8
"""Cells that a column keeps however narrow the terminal is."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(value: Any) -> None:
    """One JSON document and a line feed on standard output; numbers without a value are null."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    click.echo(json.dumps(_finite(value), ensure_ascii=encoding != "utf8", indent=2))


def print_error(error: LwtuiError, as_json: bool) -> int:
    """``Error: …`` on standard error, with ``--json`` the same as a document on standard output;
    return the exit code."""
    label = "" if error.exit_code == 130 else "Error: "
    click.echo(label + clean(str(error)), err=True)
    if as_json:
        names = ("message", "hint", "file", "line", "field")
        facts = {name: getattr(error, name) for name in names}
        print_json({"error": {**facts, "exit_code": error.exit_code}})
    return error.exit_code


def print_text(text: str = "", *, err: bool = False) -> None:
    """Text that may come from outside, cleaned."""
    click.echo(clean(text), err=err)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """``name  value`` lines with the values aligned; pairs without a value are left out."""
    kept = [(name, value) for name, value in pairs if value]
    width = max((cells(name) for name, _ in kept), default=0)
    for name, value in kept:
        lines = clean(value).splitlines() or [""]
        click.echo(f"{fit(name, width)}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * (width + 2) + line)


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    shrink: int = 0,
    right: str = "",
    drop: Sequence[int] = (),
) -> None:
    """Aligned columns. In a terminal, too long a line is made to fit: column ``shrink`` is cut,
    then the columns ``drop`` are left out one by one, then the widest is cut. Elsewhere nothing
    is. ``right`` has an ``r`` for each column that aligns right."""
    cleaned = [[one_line(cell) for cell in row] for row in rows]
    table = [list(head), *cleaned]
    widths = {column: max(cells(row[column]) for row in table) for column in range(len(head))}
    if sys.stdout.isatty():
        _make_fit(widths, shutil.get_terminal_size().columns, shrink, drop)
    for row in table:
        parts = [
            fit(row[column], width, right=right[column : column + 1] == "r")
            for column, width in widths.items()
        ]
        click.echo("  ".join(parts).rstrip())


def _make_fit(widths: dict[int, int], room: int, shrink: int, drop: Sequence[int]) -> None:
    """Change the widths of the columns, or leave columns out, until a line takes ``room``."""

    def over() -> int:
        return sum(widths.values()) + 2 * (len(widths) - 1) - room

    def cut(column: int) -> None:
        narrow = max(_NARROWEST, widths[column] - max(0, over()))
        widths[column] = min(widths[column], narrow)

    cut(shrink)
    for column in drop:
        if over() > 0:
            del widths[column]
    for column in sorted(widths, key=lambda column: -widths[column]):
        cut(column)


def cells(text: str) -> int:
    """Columns of the terminal that a text takes: wide characters count two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """``text`` in exactly ``width`` cells, cut with an ellipsis."""
    length = cells(text)
    if length > width:
        from rich.cells import set_cell_size

        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - length)
    return pad + text if right else text + pad


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
