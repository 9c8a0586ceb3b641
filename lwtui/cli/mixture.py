"""``lwtui match --mixture``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lwtui.cli.output import print_json, print_table, print_text
from lwtui.cli.progress import job
from lwtui.cli.spec import print_skipped
from lwtui.errors import BadInput
from lwtui.match.mixture import Member, Mixture
from lwtui.workflow.mixture import match_mixture


def match_mixture_command(
    dataset: Path, output: Path | None, as_json: bool, **options: Any
) -> None:
    """Find the set, write it to ``output`` if given, and print it. ``options`` are
    :func:`match_mixture`'s."""
    if output is not None:
        _check_target(output)
    with job() as context:
        found = match_mixture(dataset, context=context, **options)
    if output is not None:
        found.router.save(output)
    if as_json:
        print_json(mixture_facts(found, output))
    else:
        _print(found, output)


def _check_target(target: Path) -> None:
    """Before the work: can the result be written?"""
    if target.suffix != ".safetensors":
        raise BadInput("A mixture's file name ends in .safetensors.", file=target)
    if not target.parent.is_dir():
        raise BadInput("There is no such folder to write to.", file=target.parent)
    if target.is_dir():
        raise BadInput("This is a folder.", file=target)


def mixture_facts(found: Mixture, output: Path | None = None) -> dict[str, Any]:
    """A mixture as JSON. ``share`` is of the rows, 0 to 1; gains are nats/token."""
    return {
        "dataset": found.dataset,
        "space": found.space,
        "recipe": found.recipe,
        "rows": found.rows,
        "one": found.is_one,
        "learnwares": [_member_facts(each) for each in found.members],
        "expected_gain": found.expected_gain,
        "alone": {"id": found.alone, "expected_gain": found.alone_gain},
        "file": str(output) if output else None,
        "rows_skipped": found.rows_skipped,
        "problems": list(found.problems),
        "seconds": round(found.seconds, 3),
    }


def _member_facts(member: Member) -> dict[str, Any]:
    semantic = member.learnware.semantic
    return {
        "id": member.learnware.id,
        "is_base": member.is_base,
        "share": member.share,
        "rows": member.rows,
        "expected_gain": member.expected_gain,
        "similarity": member.similarity,
        "title": semantic.title,
        "description": semantic.description,
        "domain": semantic.domain,
        "task": semantic.task,
        "licence": semantic.licence,
    }


def _print(found: Mixture, output: Path | None) -> None:
    print_text(f"{found.dataset}: {found.rows} rows, space {found.space}, recipe {found.recipe}.")
    count = len(found.members)
    if found.is_one:
        only = found.members[0]
        what = "Its bare base covers" if only.is_base else "One learnware covers"
        print_text(f"{what} this dataset: {only.learnware.id}.")
    else:
        print_text(f"{count} learnwares cover this dataset, each its share of the rows.")
    rows = []
    for member in found.members:
        semantic = member.learnware.semantic
        gain = "" if member.expected_gain is None else f"{member.expected_gain:+.2f}"
        words = "the bare base: nothing here is expected to do better"
        text = words if member.is_base else semantic.description or semantic.title
        rows.append([f"{round(100 * member.share)} %", member.learnware.id, gain, text])
    print_table(["rows", "id", "gain", "what it is for"], rows, shrink=3, right="r r")
    if found.expected_gain is not None and found.alone_gain is not None:
        print_text(
            "Gain: how much lower than the bare base's the loss of its answers is expected to be "
            "on its rows, nats/token."
        )
        if not found.is_one:
            print_text(
                f"All rows: {found.expected_gain:+.2f}; the best one alone, {found.alone}: "
                f"{found.alone_gain:+.2f}."
            )
    print_skipped(found.rows_skipped, found.problems)
    if found.is_one:
        print_text(f"Chat with it: lwtui chat {found.members[0].learnware.id}", err=True)
    elif output is not None:
        print_text(f"Chat with all of them: lwtui chat --mixture {output}", err=True)
    else:
        print_text("Write it with -o FILE to chat with all of them.", err=True)
