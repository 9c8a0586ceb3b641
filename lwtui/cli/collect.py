"""``lwtui add`` and ``lwtui remove``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lwtui.cli.output import json_option, print_json, print_text
from lwtui.cli.present import everything, summary
from lwtui.cli.progress import job
from lwtui.learnware.storage import human_size
from lwtui.workflow import collect
from lwtui.workflow.browse import show


@click.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--id", "identifier", help="Call it owner/name; local/<folder> unless given.")
@click.option("--base", help="The learnware that an adapter builds on.")
@click.option("--in-place", is_flag=True, help="Leave the weights where they are.")
@json_option
def add_command(
    path: Path, identifier: str | None, base: str | None, in_place: bool, as_json: bool
) -> None:
    """Add what lies at PATH: a PEFT adapter's folder, a Hugging Face model's folder, a .gguf file,
    or a folder with learnware.toml. Everything is checked before anything is copied."""
    with job() as context:
        learnware = collect.add(path, id=identifier, base=base, in_place=in_place, context=context)
    if as_json:
        print_json(everything(learnware))
        return
    size = human_size(learnware.size)
    print_text(f"Added {learnware.id} ({', '.join(learnware.formats)}, {size}).")
    if not learnware.specifications:
        print_text("It has no specification yet, so matching cannot find it.", err=True)


@click.command("remove")
@click.argument("id")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
def remove_command(id: str, yes: bool, as_json: bool) -> None:
    """Remove the learnware ID that you added, with its files. Files used in place stay."""
    if not (yes or as_json) and sys.stdin.isatty() and sys.stderr.isatty():
        learnware = show(id)
        size = human_size(0 if learnware.model.folder else learnware.size)
        click.confirm(f"Remove {learnware.id} and {size} of files?", abort=True, err=True)
    learnware = collect.remove(id)
    if as_json:
        print_json({"removed": summary(learnware)})
        return
    print_text(f"Removed {learnware.id}.")
