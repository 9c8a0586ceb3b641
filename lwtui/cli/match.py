"""``lwtui match``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from lwtui.cli.dataset_options import dataset_options, parse_fields
from lwtui.cli.match_output import print_result, result_facts
from lwtui.cli.mixture import match_mixture_command
from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.progress import job
from lwtui.cli.requirements import check_free, match_saved_command, saved_needs_data
from lwtui.errors import BadInput
from lwtui.match.result import Filters
from lwtui.workflow.match import match
from lwtui.workflow.requirements import RANKED, save_requirement
from lwtui.workflow.specify import DEFAULT_RECIPE


@click.command("match")
@click.argument(
    "requirement", metavar="FOLDER|SPEC", type=click.Path(path_type=Path), required=False
)
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@click.option("--domain", default="", help="Only this domain.")
@click.option("--base", default="", help="Only adapters on this base.")
@click.option("--licence", "--license", default="", help="Only this licence.")
@click.option("--language", default="", help="Only models for this language (en, de, …).")
@click.option("--max-size", metavar="MB", type=click.FloatRange(min=0), help="With its base.")
@click.option("--here", is_flag=True, help="Only what can run now, nothing of the Hub.")
@click.option(
    "--verify",
    is_flag=True,
    help="Run the best and their bare base on rows held back, and re-rank.",
)
@click.option(
    "--verify-top",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="How many of the best --verify runs. Of a clear match it runs the winner alone, and the "
    "others only if that does not beat the base; of a close call all, halving them on the way.",
)
@click.option(
    "--save",
    metavar="NAME",
    help="Save the requirement (its specification, no row of the data) to match it again later.",
)
@click.option(
    "--requirement",
    "saved",
    metavar="NAME",
    help="Match a saved requirement again, in the place of FOLDER: what is new since last time. "
    "The data is not read. See `lwtui requirements`.",
)
@click.option(
    "--mixture",
    is_flag=True,
    help="Find the few learnwares that cover a dataset of several tasks.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --mixture: where to write it, for lwtui chat --mixture FILE.",
)
@dataset_options
@json_option
def match_command(
    requirement: Path | None,
    top: int,
    domain: str,
    base: str,
    licence: str,
    language: str,
    max_size: float | None,
    here: bool,
    verify: bool,
    verify_top: int,
    save: str | None,
    saved: str | None,
    mixture: bool,
    output: Path | None,
    space: str,
    recipe: str,
    rows: int,
    seed: int,
    fields: str | None,
    as_json: bool,
) -> None:
    """Rank the learnwares on this machine, and those of the Hub whose specification is here, for a
    dataset in FOLDER (or one file), or for a specification that `lwtui spec` wrote. The best comes
    first. The network is not asked: nobody learns what you are looking for.

    A winner is "clear" when it is right with 90 % probability, else it is a "close call". When
    nothing here fits the data, the bare base is recommended instead.
    """
    limit = int(max_size * 1_000_000) if max_size else 0
    filters = Filters(domain, base, licence, language, limit, here)
    if output and not mixture:
        raise BadInput("-o needs --mixture: a match alone leaves nothing to write.")
    if saved is not None:
        if requirement is not None or save or mixture:
            raise BadInput("--requirement NAME goes with no FOLDER, --save or --mixture.")
        if verify:
            raise saved_needs_data(saved)
        match_saved_command(saved, filters, top, as_json)
        return
    if requirement is None:
        raise click.UsageError("Missing argument 'FOLDER|SPEC', or --requirement NAME.")
    if save:
        check_free(save)
    if mixture:
        if verify or recipe != DEFAULT_RECIPE:
            other = "--verify" if verify else f"--recipe {recipe}"
            raise BadInput(f"--mixture does not go with {other}.", hint="Leave one of them out.")
        fields_given = parse_fields(fields)
        match_mixture_command(
            requirement, output, as_json,
            filters=filters, space=space, rows=rows, seed=seed, fields=fields_given,
        )  # fmt: skip
        return
    with job() as context:
        result = match(
            requirement,
            filters=filters,
            top=max(top, RANKED) if save else top,
            verify=verify_top if verify else 0,
            space=space,
            recipe=recipe,
            rows=rows,
            seed=seed,
            fields=parse_fields(fields),
            context=context,
        )
    if save:
        save_requirement(save, result, requirement, parse_fields(fields))
        result = dataclasses.replace(result, matches=result.matches[:top])
    name = result.dataset or requirement.name
    if as_json:
        print_json(result_facts(result, name))
    else:
        print_result(result, name, from_data=requirement.suffix != ".safetensors")
        if save:
            print_text(f"Saved. When there are more learnwares: lwtui match --requirement {save}")
