"""``lwtui specify``."""

from __future__ import annotations

import click

from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.present import everything
from lwtui.cli.progress import job
from lwtui.learnware.grade import grade_of
from lwtui.learnware.model import MINIMUM_ROWS, SpecificationEntry
from lwtui.workflow.specify import DEFAULT_ROWS
from lwtui.workflow.specify_learnware import Method, specify_learnware


@click.command("specify")
@click.argument("id")
@click.option(
    "--method",
    type=click.Choice(["auto", "published", "datasets", "answers"]),
    default="auto",
    show_default=True,
    help="published: the one in its repository (grade A); datasets: of a sample of the datasets "
    "its card names (B); answers: of its own answers to fixed prompts (C); auto: the first of "
    "these that works.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=MINIMUM_ROWS),
    default=DEFAULT_ROWS,
    show_default=True,
    help="Rows to sample of its datasets.",
)
@json_option
def specify_command(id: str, method: Method, rows: int, as_json: bool) -> None:
    """Give the learnware ID a specification, so that matching can find it.

    Where it came from is recorded, and shown as a grade. A better one that is there is never
    replaced. Of datasets on the Hub only a part is fetched, and no row of it is kept.
    """
    with job() as context:
        learnware = specify_learnware(id, method=method, rows=rows, context=context)
    if as_json:
        print_json(everything(learnware))
        return
    for entry in learnware.specifications:
        print_text(words(learnware.id, entry))


def words(identifier: str, entry: SpecificationEntry) -> str:
    """What a specification is and where it came from, in a line or two."""
    grade = grade_of(entry.origin)
    told = f"{identifier}: {entry.type} in {entry.space}, {entry.rows} rows; "
    told += f"grade {grade.letter}, {grade.words}."
    return f"{told}\n  {entry.made_by}" if entry.made_by else told
