"""``lwtui list`` and ``lwtui show``."""

from __future__ import annotations

import click

from lwtui.cli.output import json_option, print_json, print_pairs, print_table, print_text
from lwtui.cli.present import everything, pairs, summary
from lwtui.learnware.grade import best_grade
from lwtui.learnware.index import Where
from lwtui.learnware.storage import human_size
from lwtui.workflow.browse import open_collection


@click.command("list")
@click.argument("text", required=False, default="")
@click.option("--domain", default="", help="Only this domain.")
@click.option("--base", default="", help="Only adapters on this base.")
@click.option("--licence", "--license", default="", help="Only this licence.")
@click.option("--kind", type=click.Choice(["base", "adapter", "model"]), help="Only this kind.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--known", "within", flag_value="known", help="Those of the Hub that are not here.")
@click.option("--all", "within", flag_value="all", help="Those that are here and those known.")
@json_option
def list_command(
    text: str,
    domain: str,
    base: str,
    licence: str,
    kind: str | None,
    limit: int | None,
    within: Where | None,
    as_json: bool,
) -> None:
    """List the learnwares on this machine, sorted by id.

    With TEXT, those where every word of it occurs in the id, title, description, domain, task,
    tags or data names.
    """
    kind = kind or ""
    where: Where = within or "here"
    with open_collection() as collection:
        found = collection.list(
            text, domain=domain, base=base, licence=licence, kind=kind, where=where, limit=limit
        )
        total = collection.count(
            text, domain=domain, base=base, licence=licence, kind=kind, where=where
        )
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
