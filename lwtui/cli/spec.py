"""``lwtui spec``."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click

from lwtui.cli.dataset_options import dataset_options, parse_fields
from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.progress import job
from lwtui.errors import BadInput
from lwtui.spec.privacy import DELTA
from lwtui.workflow.specify import specify

_PLAIN = (
    "It holds no row of the data, but no noise either: whoever gets it can often tell whether a "
    "row they hold went in, and may reconstruct text. --epsilon adds noise."
)


@click.command("spec")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; <folder>-pave-<space>.safetensors here unless given.",
)
@click.option(
    "--epsilon",
    type=click.FloatRange(min=0, min_open=True),
    help="Add noise: taking any one row's part away changes what is written no more than "
    "differential privacy with this ε allows. 8 costs little from 64 rows on, 1 much; needs "
    "lwtui[privacy]. A second specification of the same rows spends the same again.",
)
@click.option(
    "--delta",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    help=f"The δ that goes with --epsilon; {DELTA:g} unless given.",
)
@dataset_options
@json_option
def spec_command(
    folder: Path,
    output: Path | None,
    space: str,
    recipe: str,
    rows: int,
    seed: int,
    fields: str | None,
    epsilon: float | None,
    delta: float | None,
    as_json: bool,
) -> None:
    """Compute the specification of the dataset in FOLDER (or one file) and write it as
    safetensors.

    No row of the data is in it, and nothing leaves this machine. But it is made of gradients, and
    text can be reconstructed from gradients: before you give it away, add noise (--epsilon) or ask
    whether the rows could be shown. Of fewer than 16 different rows none is written.
    """
    if delta is not None and epsilon is None:
        raise BadInput("It goes with --epsilon.", field="delta")
    target = output or Path(f"{_name(folder)}-pave-{_slug(space)}.safetensors")
    _check_target(target, chosen=output is not None)
    with job() as context:
        found = specify(
            folder,
            space=space,
            recipe=recipe,
            rows=rows,
            seed=seed,
            fields=parse_fields(fields),
            epsilon=epsilon,
            delta=delta,
            export=True,
            context=context,
        )
    found.export(target)
    facts = {
        "file": str(target),
        "dataset": found.name,
        "type": "pave",
        "recipe": found.recipe,
        "space": found.space,
        "parts": sorted(found.parts),
        "rows": found.rows,
        "skipped": found.skipped,
        "problems": list(found.problems),
        "seed": found.seed,
        "privacy": dataclasses.asdict(found.privacy) if found.privacy else None,
        "sha256": found.digest(),
        "seconds": round(found.seconds, 3),
    }
    if as_json:
        print_json(facts)
        return
    print_text(
        f"Wrote {target}: {found.rows} rows of {found.name}, {' + '.join(sorted(found.parts))}, "
        f"space {found.space}, recipe {found.recipe}, {found.seconds:.1f} s."
    )
    print_text(found.privacy.text if found.privacy else _PLAIN)
    print_skipped(found.skipped, found.problems)


def print_skipped(count: int, problems: tuple[str, ...]) -> None:
    """Say on standard error what of a dataset was left out."""
    if count or problems:
        print_text(f"{count} left out:" if count else "Left out:", err=True)
    for problem in problems[:5]:
        print_text(f"  {problem}", err=True)


def _check_target(target: Path, *, chosen: bool) -> None:
    """Before minutes of work: can the result be written?"""
    if target.suffix != ".safetensors":
        raise BadInput("A specification's file name ends in .safetensors.", file=target)
    if not target.parent.is_dir():
        raise BadInput("There is no such folder to write to.", file=target.parent)
    if target.is_dir():
        raise BadInput("This is a folder.", file=target)
    if target.exists() and not chosen:
        raise BadInput(
            "This file exists already.", file=target, hint="Name it with -o to replace it."
        )


def _name(folder: Path) -> str:
    path = folder.expanduser().absolute()
    return _slug(path.stem if path.is_file() else path.name)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "dataset"
