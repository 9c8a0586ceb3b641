"""``lwtui requirements``: what was matched and saved, to be matched again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lwtui.cli.output import json_option, print_json, print_pairs, print_table, print_text
from lwtui.cli.progress import job
from lwtui.errors import BadInput
from lwtui.match.result import Filters, percent
from lwtui.workflow.requirements import find_ranking, match_again

if TYPE_CHECKING:
    from lwtui.match.compare import Comparison
    from lwtui.match.ranking import Ranking
    from lwtui.match.requirements import Requirement


@click.group("requirements", invoke_without_command=True)
@json_option
@click.pass_context
def requirements_command(ctx: click.Context, as_json: bool) -> None:
    """List the saved requirements, and work with them. `lwtui match FOLDER --save NAME` saves one,
    `lwtui match --requirement NAME` matches it again."""
    if ctx.invoked_subcommand is None:
        _list(as_json)


@requirements_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List them, the last matched first."""
    _list(as_json)


def _list(as_json: bool) -> None:
    from lwtui.match.requirements import Requirements

    found, problems = Requirements().list()
    if as_json:
        print_json({"requirements": [_facts(each) for each in found], "problems": problems})
        return
    for problem in problems:
        print_text(f"Left out: {problem}", err=True)
    if not found:
        print_text("None is saved yet: lwtui match FOLDER --save NAME", err=True)
        return
    rows = []
    for each in found:
        latest = each.latest
        best = latest.best if latest else None
        similarity = f"{best.similarity:.3f}" if best else ""
        rows.append(
            [each.name, each.dataset, _day(latest.when if latest else each.saved),
             str(len(each.rankings)), best.id if best else "", similarity]
        )  # fmt: skip
    head = ["name", "dataset", "last matched", "times", "best then", "similarity"]
    print_table(head, rows, shrink=4, right="   r r", drop=(1, 3))


@requirements_command.command("show")
@click.argument("name")
@json_option
def show_command(name: str, as_json: bool) -> None:
    """Show a saved requirement and what its matches found."""
    from lwtui.match.requirements import Requirements

    found = Requirements().load(name)
    if as_json:
        print_json(_facts(found, rankings=True))
        return
    fields = ", ".join(f"{role}={column}" for role, column in found.fields.items())
    seen = f" of {found.rows_seen:,}" if found.rows_seen else ""
    there = "" if not found.data or Path(found.data).exists() else " (gone)"
    print_pairs(
        [
            ("name", found.name),
            ("dataset", found.dataset),
            ("data", found.data + there),
            ("fields", fields),
            ("rows", f"{found.rows}{seen}"),
            ("saved", _time(found.saved)),
        ]
    )
    rows = []
    for number, each in enumerate(found.rankings, 1):
        sure = "" if each.probability is None else f", {percent(each.probability)}"
        rows.append([f"@{number}", _time(each.when), each.selected, each.confidence + sure])
    print_text()
    print_table(["match", "when", "selected", "confidence"], rows, shrink=2)


@requirements_command.command("compare")
@click.argument("before")
@click.argument("after")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@json_option
def compare_command(before: str, after: str, top: int, as_json: bool) -> None:
    """Lay two matches side by side. BEFORE and AFTER are each the NAME of a saved requirement (its
    latest match), NAME@N (an earlier one, see `show`), or a FILE.json of `lwtui match --json`."""
    from lwtui.match.compare import compare

    found = compare(find_ranking(before), find_ranking(after))
    if as_json:
        print_json(comparison_facts(found))
    else:
        print_comparison(found, top)


@requirements_command.command("rename")
@click.argument("name")
@click.argument("new")
def rename_command(name: str, new: str) -> None:
    """Give one another name."""
    from lwtui.match.requirements import Requirements

    Requirements().rename(name, new)
    print_text("Renamed.")


@requirements_command.command("delete")
@click.argument("name")
def delete_command(name: str) -> None:
    """Delete one with its specification and its rankings. The data is not touched."""
    from lwtui.match.requirements import Requirements

    Requirements().delete(name)
    print_text("Deleted.")


# Parts of ``lwtui match``


def match_saved_command(name: str, filters: Filters, top: int, as_json: bool) -> None:
    """``lwtui match --requirement NAME``."""
    from lwtui.cli.match_output import print_result, result_facts

    with job() as context:
        found = match_again(name, filters=filters, top=top, context=context)
    if as_json:
        since = comparison_facts(found.comparison) if found.comparison is not None else None
        print_json({**result_facts(found.result, found.requirement.dataset), "since": since})
        return
    print_result(found.result, found.requirement.dataset, from_data=False)
    if found.comparison is not None:
        print_text()
        print_text(_since(found.comparison))


def _since(found: Comparison) -> str:
    """What changed since the match before, in a few sentences."""
    when = _time(found.before.when)
    told = [f"{len(found.new)} new among them since {when}: {_named(found.new)}."]
    if not found.new:
        told = [f"Nothing new since {when}."]
    if found.gone:
        told.append(f"Gone: {_named(found.gone)}.")
    if not found.same_winner:
        was = found.before.selected or "nothing"
        told.append(f"It was {was} that was recommended then.")
    return " ".join(told)


def _named(lines: tuple[Any, ...]) -> str:
    shown = ", ".join(f"{line.id} (place {line.after or line.before})" for line in lines[:5])
    return shown + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")


def check_free(name: str) -> None:
    """Raise ``BadInput`` before the work if a requirement cannot be saved under this name."""
    from lwtui.match.requirements import Requirements

    Requirements().check_free(name)


def saved_needs_data(name: str) -> BadInput:
    """Why a saved requirement cannot be verified, and what can."""
    from lwtui.match.requirements import Requirements

    data = Requirements().load(name).data
    there = bool(data) and Path(data).exists()
    return BadInput(
        "A saved requirement holds no rows, so a match with it cannot be verified.",
        hint=f"Give the data itself: lwtui match {data} --verify"
        if there
        else "The data it was made of is not there any more.",
    )


def print_comparison(found: Comparison, top: int) -> None:
    """A table of the first ``top`` lines and of all that is gone, and what to make of it."""
    print_text(f"before: {_title(found.before)}")
    print_text(f"after:  {_title(found.after)}")
    for note in found.notes:
        print_text(note)
    rows = []
    for line in [*found.lines[:top], *(each for each in found.gone if each in found.lines[top:])]:
        change = "" if line.change is None else f"{line.change:+.3f}"
        rows.append(
            [str(line.after or "–"), str(line.before or "–"), line.id, f"{line.similarity:.3f}",
             change, line.word]
        )  # fmt: skip
    print_table(
        ["after", "before", "id", "similarity", "change", ""], rows, shrink=2, right="rr rr"
    )
    if not found.same_winner:
        print_text(f"Recommended then: {found.before.selected or 'nothing'}; now: "
                   f"{found.after.selected or 'nothing'}.")  # fmt: skip


def comparison_facts(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON. Places count from 1; ``change`` of the similarity, after - before."""
    return {
        "before": _head(found.before),
        "after": _head(found.after),
        "same_selected": found.same_winner,
        "notes": list(found.notes),
        "lines": [{**dataclasses.asdict(line), "word": line.word} for line in found.lines],
    }


def _head(ranking: Ranking) -> dict[str, Any]:
    facts = ranking.to_facts()
    facts["matches"] = len(ranking.matches)
    return facts


def _title(ranking: Ranking) -> str:
    sure = "" if ranking.probability is None else f", {percent(ranking.probability)} sure"
    when = f", {_time(ranking.when)}" if ranking.when else ""
    selected = ranking.selected or "nothing fits"
    return f"{ranking.dataset}{when}: {selected} ({ranking.confidence}{sure})"


def _facts(found: Requirement, rankings: bool = False) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": found.name,
        "dataset": found.dataset,
        "data": found.data or None,
        "fields": found.fields,
        "rows": found.rows,
        "rows_seen": found.rows_seen,
        "saved": found.saved,
        "matched": len(found.rankings),
        "latest": _head(found.latest) if found.latest else None,
    }
    if rankings:
        facts["rankings"] = [each.to_facts() for each in found.rankings]
    return facts


def _day(when: str) -> str:
    return when[:10]


def _time(when: str) -> str:
    return when[:16].replace("T", " ")
