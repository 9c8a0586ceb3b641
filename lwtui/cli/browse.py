"""``lwtui list`` and ``lwtui show``."""

from __future__ import annotations

import re
from typing import Any

import click

from lwtui.cli.output import json_option, print_json, print_pairs, print_table, print_text
from lwtui.cli.present import everything, pairs, summary
from lwtui.learnware.grade import best_grade
from lwtui.learnware.query import SORTED_BY, Query, SortKey
from lwtui.learnware.storage import human_size
from lwtui.workflow.browse import open_collection, weights_that_fit

SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class Size(click.ParamType):
    """Bytes, as ``500MB`` or ``2 GB``; powers of 1,000."""

    name = "size"

    def convert(self, value: object, *_: object) -> int:
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*", str(value).lower())
        if found is None or not float(found[1]):
            self.fail(f"{value!r} is no size: write it as 500MB or 2GB.")
        return int(float(found[1]) * SIZES[found[2]])


class Sort(click.ParamType):
    """``COLUMN`` or ``COLUMN:desc``."""

    name = "column[:desc]"

    def convert(self, value: object, *_: object) -> tuple[str, bool]:
        column, direction = (*str(value).lower().split(":", 1), "")[:2]
        if column not in SORTED_BY:
            self.fail(f"{column!r} is no column: take {', '.join(SORTED_BY)}.")
        if direction not in ("", "asc", "desc"):
            self.fail(f"{direction!r} is no direction: take asc or desc.")
        return column, direction == "desc"


@click.command("list")
@click.argument("text", required=False, default="")
@click.option("--domain", default="", help="Only this domain.")
@click.option("--base", default="", help="Only adapters on this base.")
@click.option("--licence", "--license", default="", help="Only this licence.")
@click.option("--kind", type=click.Choice(["base", "adapter", "model"]), help="Only this kind.")
@click.option(
    "--format", "form", type=click.Choice(["safetensors", "peft", "gguf"]), help="Only this format."
)
@click.option("--max-size", type=Size(), help="At most so large, as 500MB.")
@click.option("--fits", is_flag=True, help="Only what runs on this machine now, with its base.")
@click.option("--specified", is_flag=True, help="Only those with a specification.")
@click.option("--near", is_flag=True, help="With TEXT: near misses too, the best first.")
@click.option("--sort", type=Sort(), help="By this column.  [default: name]")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--known", "within", flag_value="known", help="Those of the Hub that are not here.")
@click.option("--all", "within", flag_value="all", help="Those that are here and those known.")
@json_option
def list_command(
    text: str,
    form: str | None,
    max_size: int | None,
    fits: bool,
    near: bool,
    sort: tuple[SortKey, bool] | None,
    limit: int | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """List the learnwares on this machine, sorted by id.

    With TEXT, those where every word of it occurs in the id, title, description, domain, task,
    tags or data names. With --near also those where it nearly does, and the best come first.

    Columns to sort by: name, domain, task, base, licence, kind, format, size, grade, added, where.
    """
    given = {name: value for name, value in wanted.items() if value}
    column, descending = sort if sort is not None else ("", False)
    if not near and not column:
        column = "name"
    query = Query(
        text,
        format=form or "",
        max_size=max_size or 0,
        most_weights=weights_that_fit() if fits else 0,
        sort=column,
        descending=descending,
        near=near,
        **given,
    )
    with open_collection() as collection:
        found, total = collection.select(query, limit)
        problems = collection.problems
    if as_json:
        summaries = [summary(learnware) for learnware in found]
        print_json({"learnwares": summaries, "count": total, "problems": problems})
        return
    rows = (
        (
            each.id if each.pulled else f"{each.id} ○",
            each.semantic.domain,
            each.model.base or each.model.kind,
            human_size(each.size) if each.size else "",
            grade.letter if (grade := best_grade(each.specifications)) else "",
            each.semantic.title,
        )
        for each in found
    )
    if found:
        head = ("id", "domain", "base", "size", "spec", "title")
        print_table(head, rows, shrink=5, right="   r", drop=(2, 3, 1))
    else:
        print_text("No learnware matches.", err=True)
    if any(not each.pulled for each in found):
        print_text("○ beside a name: on the Hub, `lwtui pull ID` brings it here.", err=True)
    if total > len(found):
        print_text(f"{len(found)} of {total}.", err=True)
    for problem in problems:
        print_text(f"Left out: {problem}", err=True)


@click.command("show")
@click.argument("id")
@json_option
def show_command(id: str, as_json: bool) -> None:
    """Show all that is known of the learnware ID (owner/name)."""
    with open_collection() as collection:
        learnware = collection.get(id)
        builtin = collection.is_builtin(learnware)
        base = collection.base_of(learnware)
    if as_json:
        found = base.id if base else None
        print_json({**everything(learnware), "builtin": builtin, "base_found": found})
        return
    print_pairs(pairs(learnware))
    if not learnware.pulled:
        print_text(f"Its weights are on the Hub: lwtui pull {learnware.id}", err=True)
    elif learnware.model.kind == "adapter" and base is None:
        print_text("Its base is not on this machine: it cannot run yet.", err=True)
